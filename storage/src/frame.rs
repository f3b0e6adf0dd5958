//! Frames: what the log consists of.
//!
//! Layout of a frame inside its envelope, numbers big-endian:
//! `previous 16 | sequence u64 | root_sequence u64 | at_ms i64 | root length u16 | root | payload`.
//! The chain hash of a frame is the first 16 bytes of the SHA-256 of exactly these bytes.

use sha2::{Digest as _, Sha256};

use crate::codec::{self, DecodeError, EncodeError, Kind};

/// Version of the layout above.
const VERSION: u16 = 1;

/// One decision about one root, as the log keeps it.
///
/// Each root has a chain of its own, so that a finished root can be archived without breaking the others; the
/// global `sequence` has no gaps, so that a missing frame is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Position in the whole log: 1, 2, 3 and so on.
    pub sequence: u64,
    /// The root it is about, for example `eu-shop:1042`.
    pub root: String,
    /// Position among the frames of the root: 1, 2, 3 and so on.
    pub root_sequence: u64,
    /// When it was decided: Unix milliseconds, UTC.
    pub at_ms: i64,
    /// [`Frame::chain_hash`] of the frame before it in the same root; zeroes in the first.
    pub previous: [u8; 16],
    /// The events, sealed as [`Kind::Events`] by their owner.
    pub payload: Vec<u8>,
}

/// End of a root's chain: what the next frame continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// `root_sequence` of the last frame; 0 before the first.
    pub root_sequence: u64,
    /// Chain hash of the last frame; zeroes before the first.
    pub hash: [u8; 16],
}

impl Head {
    /// The frame that follows this head.
    pub fn next(&self, sequence: u64, root: impl Into<String>, at_ms: i64, payload: Vec<u8>) -> Frame {
        Frame {
            sequence,
            root: root.into(),
            root_sequence: self.root_sequence + 1,
            at_ms,
            previous: self.hash,
            payload,
        }
    }
}

impl Frame {
    /// SHA-256, cut to 16 bytes, over the previous hash, the header and the payload.
    pub fn chain_hash(&self) -> [u8; 16] {
        let digest: [u8; 32] = Sha256::digest(self.layout()).into();
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(digest) {
            *to = from;
        }
        hash
    }

    /// The head of its root once this frame is the last.
    pub fn head(&self) -> Head {
        Head {
            root_sequence: self.root_sequence,
            hash: self.chain_hash(),
        }
    }

    /// The stored form.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] if frame and envelope exceed the limit of a value.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        codec::seal(Kind::Frame, VERSION, &self.layout())
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are damaged, newer, or no frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let sealed = codec::open(Kind::Frame, bytes)?;
        Self::from_layout(sealed.payload()).ok_or_else(|| DecodeError::Malformed {
            kind: Kind::Frame,
            version: sealed.version(),
            reason: "the parts of the frame do not fit its length".to_owned(),
        })
    }

    fn layout(&self) -> Vec<u8> {
        // Keys are limited far below this, so that a longer root never reaches the log.
        let root_bytes = u16::try_from(self.root.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(42 + self.root.len() + self.payload.len());
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.root_sequence.to_be_bytes());
        bytes.extend_from_slice(&self.at_ms.to_be_bytes());
        bytes.extend_from_slice(&root_bytes.to_be_bytes());
        bytes.extend_from_slice(self.root.as_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    fn from_layout(bytes: &[u8]) -> Option<Self> {
        let (previous, rest) = bytes.split_first_chunk::<16>()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (root_sequence, rest) = rest.split_first_chunk()?;
        let (at_ms, rest) = rest.split_first_chunk()?;
        let (root_bytes, rest) = rest.split_first_chunk()?;
        let (root, payload) = rest.split_at_checked(usize::from(u16::from_be_bytes(*root_bytes)))?;
        Some(Self {
            sequence: u64::from_be_bytes(*sequence),
            root: String::from_utf8(root.to_vec()).ok()?,
            root_sequence: u64::from_be_bytes(*root_sequence),
            at_ms: i64::from_be_bytes(*at_ms),
            previous: *previous,
            payload: payload.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Frame> {
        (
            any::<(u64, u64, i64)>(),
            any::<[u8; 16]>(),
            ".{0,30}",
            prop::collection::vec(any::<u8>(), 0..60),
        )
            .prop_map(
                |((sequence, root_sequence, at_ms), previous, root, payload)| Frame {
                    sequence,
                    root,
                    root_sequence,
                    at_ms,
                    previous,
                    payload,
                },
            )
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(frame in frames()) {
            prop_assert_eq!(Frame::decode(&frame.encode().unwrap()), Ok(frame));
        }

        #[test]
        fn different_frames_have_different_hashes(one in frames(), other in frames()) {
            prop_assert_eq!(one == other, one.chain_hash() == other.chain_hash());
        }

        #[test]
        fn where_the_root_ends_is_part_of_the_hash(frame in frames(), root in "[a-z:]{8,20}", moved in 1_usize..8) {
            // The same bytes, cut differently into root and payload.
            let (start, tail) = root.split_at(root.len() - moved);
            let payload = [tail.as_bytes(), &frame.payload].concat();
            let one = Frame { root: root.clone(), ..frame.clone() };
            let other = Frame { root: start.to_owned(), payload, ..frame };
            prop_assert_ne!(one.chain_hash(), other.chain_hash());
        }
    }

    #[test]
    fn a_head_is_continued_by_the_next_frame() {
        let first = Head::default().next(7, "eu-shop:16", 1_000, b"a".to_vec());
        let second = first.head().next(9, "eu-shop:16", 2_000, b"b".to_vec());
        assert_eq!((first.root_sequence, first.previous), (1, [0; 16]));
        assert_eq!((second.root_sequence, second.previous), (2, first.chain_hash()));
    }
}
