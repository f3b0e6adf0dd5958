//! Files and folders a document names; relative ones start at the document's own folder.

use std::path::{Path, PathBuf};

use super::problem::Code;
use super::setting::{Mistake, Node, Setting, quoted};

/// A file that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingFile(PathBuf);

/// A folder that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingFolder(PathBuf);

impl AsRef<Path> for ExistingFile {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for ExistingFolder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

/// The mistake of naming something that is not there.
pub(super) fn absent(what: &str, path: &Path) -> Mistake {
    Mistake::new(
        Code::FileMissing,
        format!("there is no {what} {}", path.display()),
        "relative paths start at the folder of this document",
    )
}

impl Setting for PathBuf {
    const KIND: &'static str = "path";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        Ok(node.reading.resolve(node.text("a path in quotes")?))
    }

    fn blank() -> Self {
        Self::new()
    }

    fn show(&self) -> String {
        quoted(&self.display().to_string())
    }
}

impl Setting for ExistingFile {
    const KIND: &'static str = "path of a file";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let path = PathBuf::read(node)?;
        if path.is_file() {
            Ok(Self(path))
        } else {
            Err(absent("file", &path))
        }
    }

    fn blank() -> Self {
        Self(PathBuf::new())
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl Setting for ExistingFolder {
    const KIND: &'static str = "path of a folder";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let path = PathBuf::read(node)?;
        if path.is_dir() {
            Ok(Self(path))
        } else {
            Err(absent("folder", &path))
        }
    }

    fn blank() -> Self {
        Self(PathBuf::new())
    }

    fn show(&self) -> String {
        self.0.show()
    }
}
