//! Tryton's JSON for values that JSON lacks, and its commands inside one2many and many2many fields.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value as Json, json};

/// A record as it travels and as it is kept.
pub(super) type Record = Map<String, Json>;

/// `{"__class__": "Decimal", "decimal": "22.4900"}`; whole numbers and their text are taken too.
pub(super) fn decimal(json: &Json) -> Option<Decimal> {
    match json {
        Json::Object(object) if object.get("__class__")? == "Decimal" => {
            object.get("decimal")?.as_str()?.parse().ok()
        }
        Json::Number(number) => number.to_string().parse().ok(),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

pub(super) fn encode(decimal: Decimal) -> Json {
    json!({"__class__": "Decimal", "decimal": decimal.to_string()})
}

/// A quantity as Tryton reads it back: a float, whatever was written.
pub(super) fn float(json: &Json) -> Json {
    json.as_f64()
        .map_or_else(|| json.clone(), |quantity| json!(quantity))
}

/// Half to even, to so many digits, with all of them written.
pub(super) fn rounded(amount: Decimal, digits: u32) -> Decimal {
    let mut amount = amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointNearestEven);
    amount.rescale(digits);
    amount
}

/// An amount in minor units.
pub(super) fn minor(amount: Decimal, digits: u32) -> Option<i64> {
    i64::try_from(rounded(amount, digits).mantissa()).ok()
}

/// The records of every `["create", [...]]` command of a one2many field.
pub(super) fn created(field: Option<&Json>) -> Vec<Record> {
    commands(field, "create")
        .filter_map(|record| record.as_object().cloned())
        .collect()
}

/// The ids of every `["add", [...]]` command of a many2many field.
pub(super) fn added(field: Option<&Json>) -> Vec<i64> {
    commands(field, "add").filter_map(Json::as_i64).collect()
}

fn commands<'a>(field: Option<&'a Json>, verb: &'a str) -> impl Iterator<Item = &'a Json> {
    let commands = field.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let ours = commands
        .iter()
        .filter(move |command| command.get(0).and_then(Json::as_str) == Some(verb));
    ours.filter_map(|command| command.get(1).and_then(Json::as_array))
        .flatten()
}

/// The text of a field; empty if it has none.
pub(super) fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{added, created, decimal, encode, minor, rounded};

    #[test]
    fn decimals_travel_as_objects() {
        let amount = decimal(&json!({"__class__": "Decimal", "decimal": "22.4951"})).unwrap();
        assert_eq!(
            encode(rounded(amount, 2)),
            json!({"__class__": "Decimal", "decimal": "22.50"})
        );
        assert_eq!(minor(amount, 2), Some(2250));
        assert_eq!(decimal(&json!("22.49")), None);
    }

    #[test]
    fn commands_are_found_among_others() {
        let field = json!([["add", [1, 2]], ["create", [{"a": 1}]], ["remove", [3]], ["create", [{"a": 2}]]]);
        assert_eq!(added(Some(&field)), [1, 2]);
        assert_eq!(created(Some(&field)).len(), 2);
        assert!(created(None).is_empty());
    }
}
