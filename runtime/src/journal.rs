//! Events as the payload of a frame.

use amends_engine::event::Event;
use amends_storage::codec;
use amends_storage::{DecodeError, EncodeError, Kind};
use thiserror::Error;

const VERSION: u16 = 1;

/// Why the events of a frame could not be written or read.
#[derive(Debug, Error)]
pub enum EventsError {
    /// They are too large or not encodable.
    #[error("the events cannot be written: {0}")]
    Encode(#[from] EncodeError),
    /// They are damaged or from a newer release.
    #[error("the events cannot be read: {0}; run `amends journal verify`")]
    Decode(#[from] DecodeError),
}

/// The payload of a frame that holds `events`.
///
/// # Errors
/// [`EventsError::Encode`] beyond the size limit of a value.
pub fn encode_events(events: &[Event]) -> Result<Vec<u8>, EventsError> {
    Ok(codec::encode(Kind::Events, VERSION, events)?)
}

/// The events in the payload of a frame.
///
/// # Errors
/// [`EventsError::Decode`] when they are damaged or from a newer release.
pub fn decode_events(payload: &[u8]) -> Result<Vec<Event>, EventsError> {
    let (_, events) = codec::decode(Kind::Events, payload)?;
    Ok(events)
}
