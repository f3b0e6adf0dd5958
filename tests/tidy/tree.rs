//! The files of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that builds and runs make.
const MADE: &[&str] = &["target", ".git", "data", "amends-data"];

/// One file with its path from the root of the project.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Lines with their numbers; the first is 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below `folder` whose name ends in one of `extensions`, in order of the paths.
pub(crate) fn files(folder: &str, extensions: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            (
                path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
                path,
            )
        })
        .filter(|(name, _)| extensions.iter().any(|extension| has_extension(name, extension)))
        .map(|(name, path)| File {
            path: name,
            text: fs::read_to_string(path).unwrap(),
        })
        .collect()
}

/// The text of one file.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with one line per finding.
pub(crate) fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !MADE.contains(&name) {
            collect(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
}
