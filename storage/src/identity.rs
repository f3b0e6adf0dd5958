//! Which store this is.

use serde::{Deserialize, Serialize};

/// The newest layout of keys and values that this release reads, and the one it writes.
pub const FORMAT: u16 = 1;

/// Which store this is. Store id and epoch are part of every idempotency key, so that a copy of a store never
/// shares keys with its original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Eight lower-case letters or digits: any base32 alphabet.
    pub store_id: String,
    /// 0 in a new store; one more with each restore.
    pub epoch: u32,
    /// When the store was made: Unix milliseconds, UTC.
    pub created_ms: i64,
    /// Layout of keys and values.
    pub format: u16,
}

/// A store id that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no store id: give eight lower-case letters or digits, for example k3x9m2ab")]
pub struct IdentityError {
    /// What was given.
    pub text: String,
}

impl Identity {
    /// The identity of a new store.
    ///
    /// # Errors
    /// [`IdentityError`] if `store_id` is not eight lower-case letters or digits.
    pub fn new(store_id: &str, created_ms: i64) -> Result<Self, IdentityError> {
        let valid = store_id.len() == 8 && store_id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
        if !valid {
            return Err(IdentityError {
                text: store_id.to_owned(),
            });
        }
        Ok(Self {
            store_id: store_id.to_owned(),
            epoch: 0,
            created_ms,
            format: FORMAT,
        })
    }
}

/// Why effects are paused: written by a restore under [`crate::Key::paused`], removed by the person who resumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// When the store was restored: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// The store the backup was made of.
    pub origin: Identity,
    /// The last sequence of the backup. What happened after it is unknown here and may have left.
    pub cut: u64,
    /// Time of the frame at the cut; 0 if there is none. Deliveries received after it have to be read again.
    pub cut_at_ms: i64,
}
