//! Durations: "30s", "1h30m", "250ms".

use std::time::Duration;

use super::problem::Code;
use super::setting::{Mistake, Node, Setting, quoted};

/// Units, largest first, with their length in milliseconds.
const UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Understands a duration: one or more numbers, each with a unit.
///
/// # Errors
/// A sentence about what is wrong with `text`.
pub fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total_ms: u64 = 0;
    if rest.is_empty() {
        return Err("the duration is empty".to_owned());
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, char::is_numeric);
        let (unit, after) = split(after, char::is_alphabetic);
        let number: u64 = number
            .parse()
            .map_err(|_| format!("`{text}` does not start with a whole number"))?;
        let unit_ms = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, ms)| *ms)
            .ok_or_else(|| match unit {
                "" => format!("`{text}` has no unit"),
                _ => format!("`{unit}` is not a unit of time"),
            })?;
        let part = number
            .checked_mul(unit_ms)
            .ok_or_else(|| format!("`{text}` is too long"))?;
        total_ms = total_ms
            .checked_add(part)
            .ok_or_else(|| format!("`{text}` is too long"))?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total_ms))
}

/// The shortest text that [`parse`] reads back as `duration`, to the millisecond.
pub fn show(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, unit_ms) in UNITS {
        if rest >= *unit_ms {
            parts.push(format!("{}{unit}", rest / unit_ms));
            rest %= unit_ms;
        }
    }
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.concat()
    }
}

fn split(text: &str, belongs: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

impl Setting for Duration {
    const KIND: &'static str = "duration (`250ms`, `30s`, `5m`, `4h`, `7d`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let wanted = "a duration in quotes, with its unit: \"30s\", \"5m\", \"4h\", \"7d\"";
        parse(node.text(wanted)?)
            .map_err(|message| Mistake::new(Code::BadDuration, message, format!("write {wanted}")))
    }

    fn blank() -> Self {
        Self::ZERO
    }

    fn show(&self) -> String {
        quoted(&show(*self))
    }

    fn magnitude(&self) -> Option<u64> {
        Some(u64::try_from(self.as_millis()).unwrap_or(u64::MAX))
    }

    fn show_magnitude(magnitude: u64) -> String {
        show(Self::from_millis(magnitude))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_reads_back(ms in 0..u64::MAX / 2) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&show(duration)), Ok(duration));
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, ms) in [
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1d 2h", 93_600_000),
            ("250ms", 250),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_named() {
        for (text, message) in [
            ("30", "`30` has no unit"),
            ("30 seconds", "`30 seconds` has no unit"),
            ("5min", "`min` is not a unit of time"),
            ("fast", "`fast` does not start with a whole number"),
            ("", "the duration is empty"),
            ("999999999999999d", "`999999999999999d` is too long"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
