//! The envelope: `format u8 | kind u8 | version u16 | length u32 | crc32 u32 | payload`, numbers big-endian.
//! The checksum covers everything but itself.

use super::{DecodeError, EncodeError, Kind};
use crate::limits::VALUE_BYTES_MAX;

/// First byte of every envelope of this layout.
const FORMAT: u8 = 0xA1;
/// Bytes before the payload.
pub const HEADER_BYTES: usize = 12;
/// Bytes of the header that the checksum covers.
const COVERED_BYTES: usize = 8;

/// A checked envelope: known kind, known version, whole payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    kind: Kind,
    version: u16,
    payload: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The version of the payload: between 0 and [`Kind::newest`].
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The payload.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// Wraps `payload` as `version` of `kind`.
///
/// # Errors
/// [`EncodeError::TooLarge`] beyond [`VALUE_BYTES_MAX`].
pub fn seal(kind: Kind, version: u16, payload: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let too_large = || EncodeError::TooLarge {
        kind,
        bytes: payload.len(),
        limit: VALUE_BYTES_MAX - HEADER_BYTES,
    };
    if payload.len() + HEADER_BYTES > VALUE_BYTES_MAX {
        return Err(too_large());
    }
    let length = u32::try_from(payload.len()).map_err(|_| too_large())?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.push(FORMAT);
    bytes.push(kind.number());
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    let checksum = checksum(&bytes, payload);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Checks an envelope that should be of `expected`.
///
/// # Errors
/// Every [`DecodeError`] but `Malformed`.
pub fn open(expected: Kind, bytes: &[u8]) -> Result<Sealed<'_>, DecodeError> {
    let sealed = open_any(bytes)?;
    if sealed.kind == expected {
        Ok(sealed)
    } else {
        Err(DecodeError::WrongKind {
            expected,
            found: sealed.kind,
        })
    }
}

/// Checks an envelope of any known kind.
pub(crate) fn open_any(bytes: &[u8]) -> Result<Sealed<'_>, DecodeError> {
    let truncated = DecodeError::Truncated {
        have: bytes.len(),
        need: HEADER_BYTES,
    };
    let Some((covered, rest)) = bytes.split_first_chunk::<COVERED_BYTES>() else {
        return Err(truncated);
    };
    let Some((stated, payload)) = rest.split_first_chunk::<4>() else {
        return Err(truncated);
    };
    let [format, kind, version_high, version_low, length @ ..] = *covered;
    if format != FORMAT {
        return Err(DecodeError::Format {
            found: format,
            known: FORMAT,
        });
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length != payload.len() {
        return Err(DecodeError::Length {
            stated: length,
            found: payload.len(),
        });
    }
    let (stated, found) = (u32::from_be_bytes(*stated), checksum(covered, payload));
    if stated != found {
        return Err(DecodeError::Checksum { stated, found });
    }
    let kind = Kind::from_number(kind).ok_or(DecodeError::UnknownKind { found: kind })?;
    let version = u16::from_be_bytes([version_high, version_low]);
    if version > kind.newest() {
        return Err(DecodeError::NewerVersion {
            kind,
            found: version,
            newest: kind.newest(),
        });
    }
    Ok(Sealed {
        kind,
        version,
        payload,
    })
}

/// Whether `bytes` look like an envelope, by header alone: cheap enough for the commit path.
pub fn is_sealed(bytes: &[u8]) -> bool {
    let Some(([format, kind, _, _, length @ ..], _)) = bytes.split_first_chunk::<COVERED_BYTES>() else {
        return false;
    };
    let stated = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    *format == FORMAT
        && Kind::from_number(*kind).is_some()
        && stated.checked_add(HEADER_BYTES) == Some(bytes.len())
}

fn checksum(covered: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(covered);
    hasher.update(payload);
    hasher.finalize()
}
