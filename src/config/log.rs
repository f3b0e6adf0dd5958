//! What the server prints about itself.

use super::choice::choice;
use super::key::{Entry, Key};
use super::section::Section;

const FORMAT: Key<Format> = Key::new(
    "format",
    "\"text\"",
    "Lines for people, or one JSON object a line.",
);
const LEVEL: Key<Level> = Key::new(
    "level",
    "\"info\"",
    "The least important kind of line still printed.",
);

/// Keys of `[log]`.
pub const KEYS: &[Entry] = &[FORMAT.entry(), LEVEL.entry()];

choice! {
    /// What a line looks like.
    Format {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

choice! {
    /// How important a line is.
    Level {
        /// Somebody must act.
        Error = "error",
        /// Somebody should look.
        Warn = "warn",
        /// What happened.
        Info = "info",
        /// What was decided, for one who looks for a fault.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// What a line looks like.
    pub format: Format,
    /// The least important kind of line still printed.
    pub level: Level,
}

impl Log {
    /// Reads `[log]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("log");
        let log = Self {
            format: section.get(&FORMAT),
            level: section.get(&LEVEL),
        };
        section.end();
        log
    }
}
