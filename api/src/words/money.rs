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

/// An amount with its currency: `12.34 EUR`. Of a currency nobody knows the places of, minor units are told.
pub fn money(minor: i64, code: &str) -> String {
    let places = Currency::parse(code).map_or(0, |currency| currency.exponent());
    format!("{} {code}", decimal(minor, places)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        let written = [
            (44_445, "USD", "444.45 USD"),
            (5, "EUR", "0.05 EUR"),
            (-4_445, "USD", "-44.45 USD"),
            (-123_456, "EUR", "-1234.56 EUR"),
            (1_200, "JPY", "1200 JPY"),
            (1_234, "KWD", "1.234 KWD"),
            (0, "", "0"),
        ];
        for (minor, currency, text) in written {
            assert_eq!(money(minor, currency), text);
        }
        assert_eq!(decimal(i64::MIN, 2), "-92233720368547758.08");
    }
}
