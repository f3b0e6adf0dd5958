//! All definitions of one installation: those that ship and those of its own folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amends_engine::{Digest, WorkflowName};
use miette::Diagnostic;
use thiserror::Error;

use super::{Loaded, Problems, read};
use crate::cel::CelEvaluator;

/// The definitions that ship: file name and text.
pub const SHIPPED: &[(&str, &str)] = &[(
    "order-to-cash.toml",
    include_str!("../../definitions/order-to-cash.toml"),
)];

/// Files in a folder of definitions. A shop has a handful; more means the wrong folder.
const FILES_MAX: usize = 500;

/// Why a definition is not taken in.
#[derive(Debug, Error, Diagnostic)]
pub enum LibraryError {
    /// The document is wrong.
    #[error("{0}")]
    #[diagnostic(transparent)]
    Wrong(Problems),
    /// The document changed and its version did not.
    #[error(
        "{file}: `{name}` version {version} has changed, and orders may be running on the old one; raise `version`"
    )]
    #[diagnostic(code("definition/changed-without-version"))]
    ChangedWithoutVersion {
        /// The changed file.
        file: String,
        /// The workflow.
        name: WorkflowName,
        /// The version both have.
        version: u32,
    },
    /// The folder or a file in it cannot be read.
    #[error("{path}: {source}; check the path and its permissions")]
    #[diagnostic(code("definition/unreadable"))]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder holds more files than definitions there can be.
    #[error("{path} holds more than {FILES_MAX} definitions; is it the right folder?")]
    #[diagnostic(code("definition/limit-exceeded"))]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
    },
}

/// Definitions by name and version.
#[derive(Debug)]
pub struct Library {
    evaluator: Arc<CelEvaluator>,
    definitions: BTreeMap<(WorkflowName, u32), Arc<Loaded>>,
    /// Digests of versions that instances were started on, read or not.
    known: BTreeMap<(WorkflowName, u32), Digest>,
}

impl Library {
    /// A library without definitions, which compiles expressions into `evaluator`.
    pub fn new(evaluator: Arc<CelEvaluator>) -> Self {
        Self {
            evaluator,
            definitions: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// The definitions that ship.
    ///
    /// # Errors
    /// None as shipped; [`LibraryError::Wrong`] if a release were broken.
    pub fn shipped(evaluator: Arc<CelEvaluator>) -> Result<Self, LibraryError> {
        let mut library = Self::new(evaluator);
        for (file, text) in SHIPPED {
            library.add(file, text)?;
        }
        Ok(library)
    }

    /// Remembers what a version was when instances were started on it, as the store has it.
    pub fn remember(&mut self, name: WorkflowName, version: u32, digest: Digest) {
        self.known.insert((name, version), digest);
    }

    /// Reads the definition in `text` and takes it in. The same document again changes nothing.
    ///
    /// # Errors
    /// [`LibraryError::Wrong`], or [`LibraryError::ChangedWithoutVersion`] for another document of a known name and
    /// version; the library is unchanged then.
    pub fn add(&mut self, file: &str, text: &str) -> Result<Arc<Loaded>, LibraryError> {
        let loaded = read(file, text, &self.evaluator).map_err(LibraryError::Wrong)?;
        let definition = &loaded.definition;
        let id = (definition.name.clone(), definition.version);
        if self
            .known
            .get(&id)
            .is_some_and(|digest| *digest != definition.digest)
        {
            return Err(LibraryError::ChangedWithoutVersion {
                file: file.to_owned(),
                name: id.0,
                version: id.1,
            });
        }
        self.known.insert(id.clone(), definition.digest);
        let loaded = Arc::new(loaded);
        self.definitions.insert(id, Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Takes in every `*.toml` of `folder`, in the order of their names; returns how many.
    ///
    /// # Errors
    /// As [`Library::add`], and when the folder or a file cannot be read.
    pub fn add_folder(&mut self, folder: &Path) -> Result<usize, LibraryError> {
        let files = documents(folder)?;
        for path in &files {
            let text = std::fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
            self.add(&path.display().to_string(), &text)?;
        }
        Ok(files.len())
    }

    /// The definition of exactly this name and version.
    pub fn get(&self, name: &WorkflowName, version: u32) -> Option<&Arc<Loaded>> {
        self.definitions.get(&(name.clone(), version))
    }

    /// The highest version of a name: what new instances start on.
    pub fn latest(&self, name: &WorkflowName) -> Option<&Arc<Loaded>> {
        let versions = self
            .definitions
            .range((name.clone(), 0)..=(name.clone(), u32::MAX));
        versions.map(|(_, loaded)| loaded).next_back()
    }

    /// The definition whose document has this digest.
    pub fn by_digest(&self, digest: &Digest) -> Option<&Arc<Loaded>> {
        self.definitions
            .values()
            .find(|loaded| loaded.definition.digest == *digest)
    }

    /// All definitions, by name and version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Loaded>> {
        self.definitions.values()
    }
}

fn documents(folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            return Err(LibraryError::TooManyFiles {
                path: folder.to_owned(),
            });
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, source: std::io::Error) -> LibraryError {
    LibraryError::Unreadable {
        path: path.to_owned(),
        source,
    }
}
