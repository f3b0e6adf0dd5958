//! Workflow definitions besides the shipped ones.

use super::key::{Entry, Key};
use super::path::ExistingFolder;
use super::section::Section;

const FOLDER: Key<ExistingFolder> = Key::optional(
    "folder",
    "only the shipped definitions",
    "Folder of definitions (`*.toml`). One with the name of a shipped definition must have another version.",
);

/// Keys of `[definitions]`.
pub const KEYS: &[Entry] = &[FOLDER.entry()];

/// `[definitions]`
#[derive(Debug, Clone)]
pub struct Definitions {
    /// Folder of further definitions.
    pub folder: Option<ExistingFolder>,
}

impl Definitions {
    /// Reads `[definitions]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("definitions");
        let definitions = Self {
            folder: section.optional(&FOLDER),
        };
        section.end();
        definitions
    }
}
