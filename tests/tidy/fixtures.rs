//! Fixtures belong to the project: it builds and passes its tests with nothing beside it.

use std::path::{Component, Path};

use crate::tree::{File, files, none, read, root};

/// Where paths of one machine begin.
const ELSEWHERE: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "/mnt/"];

#[test]
fn no_source_reads_beyond_the_project() {
    let mut findings = Vec::new();
    for file in files(".", &["rs", "toml"])
        .iter()
        .filter(|file| !file.path.starts_with("tests/tidy/"))
    {
        for (number, line) in file.lines() {
            let escapes = line.split('"').skip(1).step_by(2).any(|text| leaves(file, text));
            if escapes {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("a path leaves the project", &findings);
}

#[test]
fn the_index_and_the_deliveries_agree() {
    let index: serde_json::Value =
        serde_json::from_str(&read("tests/fixtures/woocommerce/INDEX.json")).unwrap();
    let listed: Vec<_> = index
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["file"].as_str().unwrap())
        .collect();
    let absent = listed
        .iter()
        .filter(|name| !root().join("tests/fixtures/woocommerce").join(name).is_file());
    none(
        "INDEX.json lists what is not there",
        &absent.map(|name| (*name).to_owned()).collect::<Vec<_>>(),
    );
}

/// Whether the text of a literal in `file` is a path that leads out of the project: seen from the file's folder, as
/// `include_str!` sees it, and from the crate's, as a running test does.
fn leaves(file: &File, text: &str) -> bool {
    if ELSEWHERE.iter().any(|prefix| text.starts_with(prefix)) {
        return true;
    }
    if !text.contains("../") || text.contains("://") {
        return false;
    }
    let own = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let depth = own.components().count();
    let ups = Path::new(text)
        .components()
        .filter(|part| *part == Component::ParentDir)
        .count();
    ups > depth
}

#[test]
fn paths_that_leave_are_recognised() {
    let file = |path: &str| File {
        path: path.to_owned(),
        text: String::new(),
    };
    for (path, text, expected) in [
        ("engine/src/lib.rs", "../../tests/fixtures/a.json", false),
        ("engine/src/lib.rs", "../../../shared/a.json", true),
        ("tests/whole/main.rs", "/home/somebody/a.json", true),
        ("tests/whole/main.rs", "https://example.test/../x", false),
    ] {
        assert_eq!(leaves(&file(path), text), expected, "{path} {text}");
    }
}
