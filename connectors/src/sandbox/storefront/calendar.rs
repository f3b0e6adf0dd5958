//! Dates as WooCommerce writes them: without a zone, once in the shop's time and once in UTC.

use chrono::{DateTime, NaiveDateTime};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

/// A moment as shown by a clock so many minutes ahead of UTC.
pub(crate) fn text(unix_ms: i64, offset_min: i32) -> String {
    let shifted = unix_ms + i64::from(offset_min) * 60_000;
    DateTime::from_timestamp_millis(shifted)
        .unwrap_or_default()
        .format(FORMAT)
        .to_string()
}

/// The moment, in milliseconds since 1970, that a text means on a clock so many minutes ahead of UTC; a text with
/// a zone of its own means that.
pub(crate) fn moment(text: &str, offset_min: i32) -> Option<i64> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.timestamp_millis());
    }
    let naive = NaiveDateTime::parse_from_str(text.get(..19)?, FORMAT).ok()?;
    Some(naive.and_utc().timestamp_millis() - i64::from(offset_min) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::{moment, text};

    #[test]
    fn a_text_without_zone_means_the_clock_it_is_read_with() {
        let utc = moment("2026-11-23T18:30:06", 0).unwrap();
        assert_eq!(moment("2026-11-23T13:30:06", -300), Some(utc));
        assert_eq!(moment("2026-11-23T18:30:06Z", -300), Some(utc));
        assert_eq!(text(utc, -300), "2026-11-23T13:30:06");
        assert_eq!(moment("yesterday", 0), None);
    }
}
