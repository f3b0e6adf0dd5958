//! Amounts as people write them.

use amends_engine::ledger::Currency;

/// `1234` with two places is `12.34`.
pub fn decimal(minor: i64, places: u32) -> String {
    let places = usize::try_from(places).unwrap_or(2);
    if places == 0 {
        return minor.to_string();
    }
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part}")
}

/// An amount with its currency: `12.34 EUR`.
pub fn money(minor: i64, code: &str) -> String {
    let places = Currency::parse(code).map_or(2, |currency| currency.exponent());
    format!("{} {code}", decimal(minor, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        assert_eq!(money(5, "EUR"), "0.05 EUR");
        assert_eq!(money(-123_456, "EUR"), "-1234.56 EUR");
        assert_eq!(money(1_200, "JPY"), "1200 JPY");
        assert_eq!(money(1_001, "KWD"), "1.001 KWD");
        assert_eq!(decimal(i64::MIN, 2), "-92233720368547758.08");
    }
}
