//! Values as bytes: a versioned, checksummed envelope around a bincode payload.
//!
//! This is the only module that knows bincode. It is not self-describing, so that stored types may not use
//! `serde_json::Value`, `flatten`, `untagged` or skipped fields, and a changed type needs a new version.

mod envelope;
mod error;
mod kind;

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use envelope::open_any;
pub use envelope::{HEADER_BYTES, Sealed, is_sealed, open, seal};
pub use error::{DecodeError, EncodeError};
pub use kind::Kind;

use crate::limits::VALUE_BYTES_MAX;

type Layout = bincode::config::Configuration<
    bincode::config::BigEndian,
    bincode::config::Varint,
    bincode::config::Limit<VALUE_BYTES_MAX>,
>;

/// Spelled out, so that a changed default of the library cannot change stored bytes. The limit also stops a
/// hostile length prefix before anything is allocated.
fn layout() -> Layout {
    bincode::config::standard()
        .with_big_endian()
        .with_variable_int_encoding()
        .with_limit::<VALUE_BYTES_MAX>()
}

/// Serializes `value` and seals it as `version` of `kind`.
///
/// # Errors
/// [`EncodeError`] if the type cannot be stored or the value is larger than [`VALUE_BYTES_MAX`].
pub fn encode<T: Serialize + ?Sized>(kind: Kind, version: u16, value: &T) -> Result<Vec<u8>, EncodeError> {
    let payload =
        bincode::serde::encode_to_vec(value, layout()).map_err(|error| EncodeError::Unstorable {
            kind,
            reason: error.to_string(),
        })?;
    seal(kind, version, &payload)
}

/// Opens bytes made by [`encode`] and reads them as a `T`. A kind with several versions is better opened with
/// [`open`], so that the version chooses the type.
///
/// # Errors
/// [`DecodeError`] if the bytes are damaged, of another kind, newer than this release, or no `T`.
pub fn decode<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<(u16, T), DecodeError> {
    let sealed = open(kind, bytes)?;
    Ok((sealed.version(), sealed.read()?))
}

impl Sealed<'_> {
    /// Reads the payload as a `T`; the caller chose `T` by [`Sealed::version`].
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the payload is no `T`, or holds more than one.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        let malformed = |reason: String| DecodeError::Malformed {
            kind: self.kind(),
            version: self.version(),
            reason,
        };
        let (value, used) = bincode::serde::decode_from_slice(self.payload(), layout())
            .map_err(|error| malformed(error.to_string()))?;
        if used == self.payload().len() {
            Ok(value)
        } else {
            Err(malformed(format!(
                "{} bytes follow the value",
                self.payload().len() - used
            )))
        }
    }
}

#[cfg(test)]
mod tests;
