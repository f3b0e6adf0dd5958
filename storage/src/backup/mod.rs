//! Backups: one file, made from a running store, cut at a sequence.
//!
//! It holds the frames up to the cut and the authoritative values; derived ones ([`crate::Prefix::is_derived`])
//! are left out, and the owner of a restored store folds them again. Orders that have left for an archive are in it by
//! their place alone: their files are copied beside it. Deliveries still pending are read in the same
//! moment as the cut, so that none falls between the two (as long as they fit one page of a scan).
//!
//! File: `"AMENDSBK" | format u16`, then blocks (`block.rs`): `h` header, `f` frame, `v` value (`key length u16 | key | value`),
//! `z` footer with the counts and the SHA-256 of everything before it. Nothing follows the footer.

mod read;
mod restore;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use restore::{Restore, Restored, inspect, restore};
pub use write::{Cut, backup};

use crate::identity::Identity;
use crate::limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

const MAGIC: [u8; 8] = *b"AMENDSBK";
/// The newest format of backup files that this release reads, and the one it writes.
const FORMAT: u16 = 1;
const START_BYTES: usize = MAGIC.len() + 2;
/// Largest body: a value with its key, or a frame with its envelope.
const BODY_BYTES_MAX: usize = 16 + KEY_BYTES_MAX + VALUE_BYTES_MAX;
/// Records between two reports of progress.
const REPORT_EVERY: u64 = 256;

const HEADER: u8 = b'h';
const FRAME: u8 = b'f';
const VALUE: u8 = b'v';
const FOOTER: u8 = b'z';

/// What a backup says of itself first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The store it was made of.
    pub identity: Identity,
    /// Sequence of the last frame in it.
    pub cut: u64,
    /// Time of that frame in Unix milliseconds; 0 if there is none.
    pub cut_at_ms: i64,
    /// When it was made: Unix milliseconds, UTC.
    pub made_ms: i64,
}

/// What a backup says of itself last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Footer {
    frames: u64,
    values: u64,
    digest: [u8; 32],
}

/// A backup file, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What it is of.
    pub header: Header,
    /// Frames in it.
    pub frames: u64,
    /// Other values in it.
    pub values: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// The folder a path lies in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// What a system call on a file was refused with.
struct Refused {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Notes what was tried on which file.
fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Refused + use<> {
    let path = path.to_owned();
    move |source| Refused { doing, path, source }
}

impl From<Refused> for crate::error::BackupError {
    fn from(Refused { doing, path, source }: Refused) -> Self {
        Self::File { doing, path, source }
    }
}

impl From<Refused> for crate::error::RestoreError {
    fn from(Refused { doing, path, source }: Refused) -> Self {
        Self::File { doing, path, source }
    }
}
