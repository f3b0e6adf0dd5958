//! Times as people and programs read them.

use amends_engine::Millis;
use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339 in UTC with milliseconds; the number itself where it is no date.
pub(crate) fn text(at: Millis) -> String {
    DateTime::<Utc>::from_timestamp_millis(at.0).map_or_else(
        || at.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

/// Date and time to the second, in UTC, for sentences.
pub(crate) fn words(at: Millis) -> String {
    DateTime::<Utc>::from_timestamp_millis(at.0).map_or_else(
        || at.to_string(),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
