//! JSON text to values and back, without floats.

use std::fmt::Write as _;

use amends_engine::Value;
use rust_decimal::Decimal;

/// The value of some JSON text.
///
/// Numbers with a fraction become exact decimals of the digits as written (up to the 17 a double carries); a number
/// no decimal can hold stays text.
///
/// # Errors
/// If `bytes` are not JSON.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<serde_json::Value>(bytes).map(from_json)
}

/// The value of parsed JSON.
pub(super) fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => from_number(&number),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(elements) => Value::List(elements.into_iter().map(from_json).collect()),
        serde_json::Value::Object(fields) => {
            Value::map(fields.into_iter().map(|(name, value)| (name, from_json(value))))
        }
    }
}

fn from_number(number: &serde_json::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        return Value::Int(whole);
    }
    let digits = number.to_string();
    Decimal::from_str_exact(&digits)
        .or_else(|_| Decimal::from_scientific(&digits))
        .map_or(Value::Text(digits), Value::Decimal)
}

/// The value as JSON text: names sorted, no blanks, decimals as plain numbers.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value);
    text
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => write!(text, "{number}").unwrap_or_default(),
        Value::Decimal(number) => write!(text, "{number}").unwrap_or_default(),
        Value::Text(content) => append_text(text, content),
        Value::List(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                append(text, element);
            }
            text.push(']');
        }
        Value::Map(fields) => {
            text.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                append_text(text, name);
                text.push(':');
                append(text, field);
            }
            text.push('}');
        }
    }
}

fn append_text(text: &mut String, content: &str) {
    text.push_str(&serde_json::Value::from(content).to_string());
}

#[cfg(test)]
mod tests {
    use amends_engine::Value;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::{parse, write};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-999_999_999_i64..999_999_999, 1_u32..5)
                .prop_map(|(units, scale)| Value::Decimal(Decimal::new(units * 10 + 1, scale))),
            ".*".prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(value in value()) {
            prop_assert_eq!(parse(write(&value).as_bytes()).unwrap(), value);
        }
    }

    #[test]
    fn numbers_never_pass_through_rounding() {
        let read = |text: &str| parse(text.as_bytes()).unwrap();
        assert_eq!(read("22.49"), Value::Decimal("22.49".parse().unwrap()));
        assert_eq!(read("0.1"), Value::Decimal("0.1".parse().unwrap()));
        assert_eq!(read("1e2").as_decimal(), Some(Decimal::from(100)));
        assert_eq!(read("1e300"), Value::text("1e+300"));
    }
}
