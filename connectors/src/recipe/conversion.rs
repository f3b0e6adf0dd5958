//! Conversions a value goes through behind `|`: what the expression language lacks and wire formats need.

use amends_engine::ledger::Currency;
use amends_engine::{Digest, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rust_decimal::{Decimal, RoundingStrategy};
use thiserror::Error;

use super::json;

/// A conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Minor units to an exact decimal: `4824 | major 'USD'` is `48.24`.
    Major,
    /// A decimal, or text that spells one, to minor units: `'48.24' | minor 'USD'` is `4824`.
    Minor,
    /// An amount per piece, rounded to the four decimal places that price fields hold: `10 | per 3` is `3.3333`.
    /// For prices only; the amount of a line is stated where it has to be exact.
    Per,
    /// What lines with `net_minor` and `quantity` lose when each is priced [`Per`](Self::Per) piece and added up again,
    /// in the currency named, as a decimal: one line of 10.00 for 3 pieces at 3.3333 loses nothing, 120 pieces for
    /// 10.00 at 0.0833 lose 0.00, 1000 pieces for 10.04 at 0.0100 lose 0.04.
    Remainder,
    /// Whether the value is the one named.
    Is,
    /// Anything plain as text.
    Text,
    /// Anything as JSON text.
    Json,
    /// Text as Base64.
    Base64,
    /// Sixteen hexadecimal digits that stand for the text, for reference fields too short for a key.
    Digest,
    /// Text in upper case.
    Upper,
}

/// Why a conversion does not apply; the second half of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConversionError {
    /// The value is of the wrong kind.
    #[error("gives {found} where `{conversion}` takes {wanted}")]
    Kind {
        /// The conversion.
        conversion: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// The argument is no currency.
    #[error("is converted with a currency that ISO 4217 does not know")]
    Currency,
    /// A price per nothing.
    #[error("is divided by something that is no number, or zero")]
    Divisor,
    /// The amount has more digits than the currency, or is too large.
    #[error("gives an amount that {0} cannot be charged with exactly")]
    Precision(String),
}

/// Decimal places of price fields: what ERPs hold by default (Tryton's `price_decimal`).
const PRICE_DIGITS: u32 = 4;

const ALL: [Conversion; 10] = [
    Conversion::Major,
    Conversion::Minor,
    Conversion::Per,
    Conversion::Remainder,
    Conversion::Is,
    Conversion::Text,
    Conversion::Json,
    Conversion::Base64,
    Conversion::Digest,
    Conversion::Upper,
];

impl Conversion {
    /// The conversion called `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|conversion| conversion.name() == name)
    }

    /// All names, for messages.
    pub(super) fn all_names() -> String {
        ALL.map(Self::name).join(", ")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Per => "per",
            Self::Remainder => "remainder",
            Self::Is => "is",
            Self::Text => "text",
            Self::Json => "json",
            Self::Base64 => "base64",
            Self::Digest => "digest",
            Self::Upper => "upper",
        }
    }

    pub(super) fn takes_argument(self) -> bool {
        match self {
            Self::Major | Self::Minor | Self::Per | Self::Remainder | Self::Is => true,
            Self::Text | Self::Json | Self::Base64 | Self::Digest | Self::Upper => false,
        }
    }

    /// How it is written.
    pub(super) fn usage(self) -> String {
        let name = self.name();
        match self {
            Self::Major | Self::Minor | Self::Remainder => {
                format!("`{name}` needs a currency behind it: `| {name} args.currency`")
            }
            Self::Per => format!("`{name}` needs a number behind it: `| {name} line.quantity`"),
            Self::Is => format!("`{name}` needs a value behind it: `| {name} args.total_minor`"),
            Self::Text | Self::Json | Self::Base64 | Self::Digest | Self::Upper => {
                format!("`{name}` takes nothing behind it: `| {name}`")
            }
        }
    }

    /// The converted value.
    pub(super) fn apply(self, value: &Value, argument: &Value) -> Result<Value, ConversionError> {
        match self {
            Self::Major => major(value, currency(argument)?),
            Self::Minor => minor(value, currency(argument)?),
            Self::Per => self.per(value, argument),
            Self::Remainder => self.remainder(value, currency(argument)?),
            Self::Is => Ok(Value::Bool(value == argument)),
            Self::Text => self.plain(value).map(Value::Text),
            Self::Json => Ok(Value::Text(json::write(value))),
            Self::Base64 => Ok(Value::Text(BASE64.encode(self.plain(value)?))),
            Self::Digest => Ok(Value::Text(digest(&self.plain(value)?))),
            Self::Upper => Ok(Value::Text(self.plain(value)?.to_uppercase())),
        }
    }

    fn plain(self, value: &Value) -> Result<String, ConversionError> {
        plain(value).ok_or_else(|| self.kind(value, "text, a number or a truth value"))
    }

    fn per(self, value: &Value, argument: &Value) -> Result<Value, ConversionError> {
        let amount = value.as_decimal().ok_or_else(|| self.kind(value, "a number"))?;
        let price = argument
            .as_decimal()
            .and_then(|pieces| amount.checked_div(pieces));
        let price = price.ok_or(ConversionError::Divisor)?;
        Ok(Value::Decimal(price.round_dp(PRICE_DIGITS)))
    }

    fn remainder(self, lines: &Value, currency: Currency) -> Result<Value, ConversionError> {
        let wanted = "lines with net_minor and quantity";
        let lines = lines.as_list().ok_or_else(|| self.kind(lines, wanted))?;
        let mut lost = Decimal::ZERO;
        for line in lines {
            let field = |name: &str| line.get(name).ok_or_else(|| self.kind(line, wanted));
            let net = major(field("net_minor")?, currency)?;
            let pieces = field("quantity")?;
            let price = Self::Per.per(&net, pieces)?;
            let sum = [&net, &price, pieces].map(Value::as_decimal);
            let [Some(net), Some(price), Some(pieces)] = sum else {
                return Err(self.kind(line, wanted));
            };
            let again = price.checked_mul(pieces).ok_or(ConversionError::Divisor)?;
            lost += net - rounded(again, currency);
        }
        Ok(Value::Decimal(lost))
    }

    fn kind(self, value: &Value, wanted: &'static str) -> ConversionError {
        ConversionError::Kind {
            conversion: self.name(),
            wanted,
            found: value.kind(),
        }
    }
}

/// An amount as a document of that currency adds it up: half to even, as Tryton does.
fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(currency.exponent(), RoundingStrategy::MidpointNearestEven)
}

/// Sixteen hexadecimal digits that stand for `text`.
pub(super) fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string().chars().take(16).collect()
}

/// Text, a number or a truth value as text; `None` for nothing, lists and maps.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Decimal(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn currency(argument: &Value) -> Result<Currency, ConversionError> {
    argument
        .as_text()
        .and_then(|code| Currency::parse(&code.to_ascii_uppercase()))
        .ok_or(ConversionError::Currency)
}

fn major(value: &Value, currency: Currency) -> Result<Value, ConversionError> {
    let minor = value
        .as_int()
        .ok_or_else(|| Conversion::Major.kind(value, "a whole number of minor units"))?;
    Ok(Value::Decimal(Decimal::new(minor, currency.exponent())))
}

fn minor(value: &Value, currency: Currency) -> Result<Value, ConversionError> {
    let amount = match value {
        Value::Text(text) => text.trim().parse::<Decimal>().ok(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_) => {
            value.as_decimal()
        }
    }
    .ok_or_else(|| Conversion::Minor.kind(value, "a number or text that spells one"))?;
    amount
        .checked_mul(Decimal::from(10_i64.pow(currency.exponent())))
        .and_then(|minor| Value::Decimal(minor).as_int())
        .map(Value::Int)
        .ok_or_else(|| ConversionError::Precision(currency.to_string()))
}

#[cfg(test)]
mod tests {
    use amends_engine::Value;
    use amends_engine::ledger::Currency;
    use proptest::prelude::*;
    use rust_decimal::{Decimal, RoundingStrategy};

    use super::Conversion;

    #[test]
    fn amounts_change_their_unit_exactly_or_not_at_all() {
        let minor = |text: &str, currency: &str| Conversion::Minor.apply(&text.into(), &currency.into());
        assert_eq!(minor("48.2400", "usd").unwrap(), Value::Int(4824));
        assert_eq!(minor("500", "JPY").unwrap(), Value::Int(500));
        assert_eq!(minor("1.234", "KWD").unwrap(), Value::Int(1234));
        for (amount, currency) in [("48.245", "USD"), ("0.5", "JPY"), ("1", "XX"), ("many", "USD")] {
            assert!(minor(amount, currency).is_err(), "{amount} {currency}");
        }
    }

    #[test]
    fn prices_are_rounded_to_four_places() {
        let per = |amount: i64, pieces: i64| Conversion::Per.apply(&amount.into(), &pieces.into());
        assert_eq!(per(10, 3).unwrap(), Value::Decimal("3.3333".parse().unwrap()));
        assert_eq!(per(10, 4).unwrap(), Value::Decimal("2.5".parse().unwrap()));
        assert!(per(10, 0).is_err());
    }

    proptest! {
        /// Priced by the piece, added up line by line and completed by the remainder: the total of the shop, to the
        /// smallest unit of any currency.
        #[test]
        fn prices_and_the_remainder_add_up_to_the_amounts(
            lines in proptest::collection::vec((-50_000_000_i64..50_000_000, 1_i64..5_000), 0..12),
            currency in "(EUR|JPY|KWD)",
        ) {
            let code = Value::text(&currency);
            let exponent = Currency::parse(&currency).unwrap().exponent();
            let amount = |value: Value| value.as_decimal().unwrap();
            let mut total = Decimal::ZERO;
            let mut documents = Vec::new();
            for (net_minor, quantity) in &lines {
                let net = Conversion::Major.apply(&Value::Int(*net_minor), &code).unwrap();
                let price = Conversion::Per.apply(&net, &Value::Int(*quantity)).unwrap();
                total += (amount(price) * Decimal::from(*quantity))
                    .round_dp_with_strategy(exponent, RoundingStrategy::MidpointNearestEven);
                documents.push(Value::map([
                    ("net_minor", Value::Int(*net_minor)),
                    ("quantity", Value::Int(*quantity)),
                ]));
            }
            total += amount(Conversion::Remainder.apply(&Value::List(documents), &code).unwrap());
            let sum: i64 = lines.iter().map(|(net_minor, _)| net_minor).sum();
            prop_assert_eq!(total, Decimal::new(sum, exponent));
        }

        #[test]
        fn major_and_minor_are_each_others_inverse(units in -9_000_000_000_000_i64..9_000_000_000_000, currency in "(EUR|JPY|KWD)") {
            let major = Conversion::Major.apply(&units.into(), &Value::text(&currency)).unwrap();
            if let Ok(minor) = Conversion::Minor.apply(&major, &Value::text(&currency)) {
                prop_assert_eq!(minor, Value::Int(units));
            }
            prop_assert!(Conversion::Minor.apply(&major, &Value::text(&currency)).is_ok());
        }
    }
}
