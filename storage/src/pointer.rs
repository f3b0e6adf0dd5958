//! Values of the sequence index: where in the chains a global sequence lies.
//!
//! Layout: `root_sequence u64 | root`, the number big-endian.

use crate::frame::Frame;
use crate::key::Key;

/// Where the frame of one global sequence lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) root: String,
    pub(crate) root_sequence: u64,
}

impl Pointer {
    pub(crate) fn to(frame: &Frame) -> Self {
        Self {
            root: frame.root.clone(),
            root_sequence: frame.root_sequence,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        [&self.root_sequence.to_be_bytes(), self.root.as_bytes()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (root_sequence, root) = bytes.split_first_chunk()?;
        Some(Self {
            root: String::from_utf8(root.to_vec()).ok()?,
            root_sequence: u64::from_be_bytes(*root_sequence),
        })
    }

    pub(crate) fn key(self) -> Key {
        Key::Event {
            root: self.root,
            root_sequence: self.root_sequence,
        }
    }
}
