//! Lengths of time as people write them.

/// Units, longest first, in milliseconds.
const UNITS: &[(&str, i64)] = &[
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("ms", 1),
    ("m", 60_000),
    ("s", 1_000),
];

/// The milliseconds in `30s`, `4h`, `3d` or `1h30m`; `None` when it is not such a text.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit = rest.get(..letters)?;
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*unit_ms)?)?;
        rest = rest.get(letters..)?;
    }
    Some(total)
}

/// Whether the text means to be a length of time rather than an expression.
pub(super) fn looks_fixed(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_time_with_units() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            ("4h", Some(14_400_000)),
            ("3d", Some(259_200_000)),
            ("1h30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2w", Some(1_209_600_000)),
            ("30", None),
            ("3 days", None),
            ("h", None),
            ("", None),
            ("99999999999999999999s", None),
            ("9999999999999w", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
