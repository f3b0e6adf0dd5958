//! What is committed together.

use crate::codec::{self, EncodeError, Kind};
use crate::frame::Frame;
use crate::key::Key;
use sha2::{Digest as _, Sha256};

/// Frames and writes that are kept together or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// Frames to append, in order of their sequence and without a gap.
    pub frames: Vec<Frame>,
    /// Changes of other entries. Of several for one key the last counts.
    pub writes: Vec<Write>,
    /// Frames that leave for an archive which has them; never the newest of the log.
    pub leaving: Vec<Frame>,
    /// Frames that come back from an archive, whole chains under their old numbers.
    pub returning: Vec<Frame>,
}

/// One change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a value: a sealed envelope, except under the two free index prefixes (see [`crate::Prefix::is_sealed`]).
    Put {
        /// The entry.
        key: Key,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Removes an entry; removing what is not there is no error.
    Delete {
        /// The entry.
        key: Key,
    },
}

impl Write {
    /// Keeps `content` of `root` under its SHA-256, which is returned.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] beyond the limit of a value.
    pub fn blob(root: &str, content: &[u8]) -> Result<(Self, [u8; 32]), EncodeError> {
        let digest = Sha256::digest(content).into();
        Ok((
            Self::Put {
                key: Key::Blob {
                    root: root.to_owned(),
                    digest,
                },
                value: codec::seal(Kind::Blob, 1, content)?,
            },
            digest,
        ))
    }

    /// Keeps the bytes of a definition or recipe under their SHA-256, which is returned.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] beyond the limit of a value.
    pub fn document(kind: Kind, content: &[u8]) -> Result<(Self, [u8; 32]), EncodeError> {
        let digest = Sha256::digest(content).into();
        Ok((
            Self::Put {
                key: Key::Definition(digest),
                value: codec::seal(kind, 1, content)?,
            },
            digest,
        ))
    }

    /// The entry it changes.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}
