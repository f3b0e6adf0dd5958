use super::Kind;

/// Why a value could not be turned into bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The type uses a feature that the format cannot hold.
    #[error(
        "a {kind} could not be stored: {reason}. Stored types must be plain serde types without flatten, untagged, \
         skipped fields or self-describing values"
    )]
    Unstorable {
        /// What was to be stored.
        kind: Kind,
        /// The format's own words.
        reason: String,
    },
    /// The value is beyond the limit.
    #[error(
        "a {kind} of {bytes} bytes is larger than the limit of {limit}; split it or refuse it at the edge"
    )]
    TooLarge {
        /// What was to be stored.
        kind: Kind,
        /// Size of the payload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// Why bytes could not be read. Each is a refusal; nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than an envelope has.
    #[error("cut off: {have} bytes where an envelope has at least {need}; restore the entry from a backup")]
    Truncated {
        /// Bytes found.
        have: usize,
        /// Bytes an envelope has at least.
        need: usize,
    },
    /// The first byte is not the one of this format.
    #[error(
        "format byte {found:#04x} is not the known {known:#04x}: either damage or a newer format; \
         use the release that wrote it"
    )]
    Format {
        /// The byte found.
        found: u8,
        /// The byte of this format.
        known: u8,
    },
    /// The stated length is not the length found.
    #[error("the envelope states {stated} bytes of payload and has {found}; restore the entry from a backup")]
    Length {
        /// Payload bytes stated by the header.
        stated: usize,
        /// Payload bytes found.
        found: usize,
    },
    /// Header or payload changed after it was written.
    #[error(
        "checksum {found:08x} does not match {stated:08x}: the bytes changed after they were written; restore the entry from a backup"
    )]
    Checksum {
        /// The stored checksum.
        stated: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// Whole, but of a kind this release does not know.
    #[error("kind {found} is unknown to this release; use the release that wrote it")]
    UnknownKind {
        /// The number found.
        found: u8,
    },
    /// Whole, but not what was asked for.
    #[error("a {found} lies where a {expected} belongs; the entry was written under a wrong key")]
    WrongKind {
        /// What was asked for.
        expected: Kind,
        /// What was found.
        found: Kind,
    },
    /// Whole, but written by a newer release.
    #[error(
        "version {found} of {kind} is newer than {newest}, the newest this release reads; upgrade the program"
    )]
    NewerVersion {
        /// What it is.
        kind: Kind,
        /// The version found.
        found: u16,
        /// The newest version this release reads.
        newest: u16,
    },
    /// Whole, but not a value of the type that was asked for.
    #[error("version {version} of {kind} does not hold what it should: {reason}")]
    Malformed {
        /// What it is.
        kind: Kind,
        /// Its version.
        version: u16,
        /// What is wrong.
        reason: String,
    },
}
