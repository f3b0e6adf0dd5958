//! Times as people and programs read them.

use amends_engine::Millis;
use chrono::{DateTime, SecondsFormat, Utc};

use crate::problem::{Code, Problem};

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

/// A time in the past: so long before `now` (`90s`, `15m`, `4h`, `7d`), or a time as RFC 3339 writes it.
pub(crate) fn before(text: &str, now: Millis) -> Result<Millis, Problem> {
    read(text, |span_ms| now.plus(-span_ms))
}

/// A time to come: so long after `now`, or a time as RFC 3339 writes it.
pub(crate) fn ahead(text: &str, now: Millis) -> Result<Millis, Problem> {
    read(text, |span_ms| now.plus(span_ms))
}

fn read(text: &str, from: impl Fn(i64) -> Millis) -> Result<Millis, Problem> {
    if let Some(span_ms) = span_ms(text) {
        return Ok(from(span_ms));
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| Millis(time.timestamp_millis()))
        .map_err(|_| {
            let detail =
                format!("`{text}` is no time: write `90s`, `15m`, `4h`, `7d`, or 2026-11-25T14:02:00Z");
            Problem::new(Code::BadQuery, detail)
        })
}

/// A span of up to some hundred years.
fn span_ms(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    i64::from(number)
        .checked_mul(unit_ms)
        .filter(|span_ms| *span_ms < 1 << 43)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Millis(1_000_000_000);
        assert_eq!(before("90s", now), Ok(Millis(999_910_000)));
        assert_eq!(before("2h", now), Ok(Millis(992_800_000)));
        assert_eq!(ahead("1d", now), Ok(Millis(1_086_400_000)));
        assert_eq!(before("1970-01-01T00:00:01Z", now), Ok(Millis(1_000)));
        for wrong in [
            "",
            "h",
            "4",
            "-4h",
            "4w",
            "4 h",
            "1.5h",
            "99999999999d",
            "4294967295d",
            "yesterday",
            "\u{e9}",
        ] {
            assert_eq!(
                before(wrong, now).unwrap_err().code,
                Code::BadQuery.as_str(),
                "{wrong}"
            );
        }
    }
}
