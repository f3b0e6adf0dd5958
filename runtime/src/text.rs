//! Reading values back from their canonical text.

use amends_engine::Value;
use rust_decimal::Decimal;
use thiserror::Error;

/// Text that is no canonical value.
#[derive(Debug, Error)]
#[error("not a stored value: {reason}")]
pub struct ValueError {
    reason: String,
}

/// Reads what `Value`'s `Display` wrote.
///
/// # Errors
/// [`ValueError`] when the text is damaged.
pub fn parse_value(text: &str) -> Result<Value, ValueError> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| ValueError {
        reason: error.to_string(),
    })?;
    convert(json)
}

fn convert(json: serde_json::Value) -> Result<Value, ValueError> {
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => {
            let whole = number.as_i64();
            Value::Int(whole.ok_or_else(|| ValueError {
                reason: format!("{number} is no whole number"),
            })?)
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(elements) => {
            Value::List(elements.into_iter().map(convert).collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(fields) => {
            if let Some(decimal) = decimal(&fields) {
                return Ok(Value::Decimal(decimal));
            }
            let fields = fields
                .into_iter()
                .map(|(name, value)| Ok((name, convert(value)?)));
            Value::Map(fields.collect::<Result<_, ValueError>>()?)
        }
    })
}

fn decimal(fields: &serde_json::Map<String, serde_json::Value>) -> Option<Decimal> {
    let text = fields.get("$decimal")?.as_str()?;
    (fields.len() == 1).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (any::<i64>(), 0_u32..10)
                .prop_map(|(n, scale)| Value::Decimal(Decimal::new(n, scale).normalize())),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::btree_map("[a-z_]{1,8}", inner, 0..5).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in values()) {
            let text = value.to_string();
            let read = parse_value(&text).unwrap();
            prop_assert_eq!(read.to_string(), text);
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn damage_is_named() {
        for text in ["", "{", "1.5", "[1,]", "\"a"] {
            assert!(
                parse_value(text)
                    .unwrap_err()
                    .to_string()
                    .starts_with("not a stored value"),
                "{text}"
            );
        }
    }
}
