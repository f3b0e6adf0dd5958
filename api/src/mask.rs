//! Values without what may be personal.
//!
//! An allow-list, because a shop's orders carry fields nobody foresaw: numbers stay, and text only under names that
//! are known to hold none.

use amends_engine::Value;
use serde_json::{Map, Value as Json};

/// Stands for a text that is not shown.
const HIDDEN: &str = "•••";

/// Names under which text is never about a person.
const PLAIN: &[&str] = &[
    "carrier",
    "code",
    "country",
    "created_via",
    "currency",
    "invoice",
    "job",
    "key",
    "method",
    "number",
    "order",
    "order_key",
    "parcel",
    "payment",
    "rate",
    "reservation",
    "shop",
    "sku",
    "status",
    "taken_by",
    "tender",
    "transaction",
];

/// Whether personal data is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything, after a line in the audit trail.
    Revealed,
    /// Only what cannot be personal.
    Masked,
}

/// `value` as JSON; decimals are text, so that no reader makes floats of them.
pub(crate) fn json(value: &Value, sight: Sight) -> Json {
    named("", value, sight)
}

fn named(name: &str, value: &Value, sight: Sight) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Decimal(number) => Json::String(number.to_string()),
        Value::Text(text) if text.is_empty() || sight == Sight::Revealed || PLAIN.contains(&name) => {
            Json::String(text.clone())
        }
        Value::Text(_) => Json::String(HIDDEN.to_owned()),
        Value::List(elements) => elements
            .iter()
            .map(|element| named(name, element, sight))
            .collect(),
        Value::Map(fields) => {
            let fields = fields.iter();
            let shown = fields.map(|(name, value)| (name.clone(), named(name, value, sight)));
            Json::Object(shown.collect::<Map<String, Json>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_show_text() {
        let billing = [("name", "Ada"), ("country", "DE"), ("line2", "")];
        let order = Value::map([
            ("number", Value::text("1042")),
            ("total_minor", Value::Int(2249)),
            (
                "billing",
                Value::map(billing.map(|(name, text)| (name, Value::text(text)))),
            ),
            ("meta", Value::map([("_vat", Value::text("DE123"))])),
            ("notes", Value::List(vec![Value::text("ring twice")])),
        ]);
        let masked = json(&order, Sight::Masked).to_string();
        let expect = r#"{"billing":{"country":"DE","line2":"","name":"•••"},"meta":{"_vat":"•••"},"notes":["•••"],"number":"1042","total_minor":2249}"#;
        assert_eq!(masked, expect);
        let revealed = json(&order, Sight::Revealed).to_string();
        assert!(revealed.contains("Ada") && revealed.contains("ring twice") && revealed.contains("DE123"));
    }
}
