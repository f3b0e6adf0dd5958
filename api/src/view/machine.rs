//! Journaled events as JSON for programs.
//!
//! The shape is the one the engine's types have; digests are hexadecimal, values plain JSON with decimals as text.
//! The edge's own record of an order is its own format, may name people, and shows only its size.

use amends_engine::event::Event;
use serde_json::{Map, Value, json};

/// Names of fields that hold a value of the engine.
const VALUES: &[&str] = &["payload", "result", "settings", "value"];

/// One event.
pub(crate) fn event(event: &Event) -> Value {
    if let Event::Observed { mirror } = event {
        return json!({ "Observed": { "bytes": mirror.len() } });
    }
    serde_json::to_value(event).map_or(Value::Null, |raw| plain("", raw))
}

fn plain(name: &str, raw: Value) -> Value {
    match raw {
        Value::Array(elements) => bytes(&elements)
            .unwrap_or_else(|| elements.into_iter().map(|element| plain(name, element)).collect()),
        Value::Object(fields) => tagged(fields),
        Value::String(text) if text == "Null" && VALUES.contains(&name) => Value::Null,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// A digest as hexadecimal, a currency code as text.
fn bytes(elements: &[Value]) -> Option<Value> {
    let byte = |element: &Value| u8::try_from(element.as_u64()?).ok();
    let bytes = elements.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(digest) => Some(Value::String(amends_engine::Digest(digest).to_string())),
        Err(_) if bytes.len() == 3 && bytes.iter().all(u8::is_ascii_uppercase) => {
            String::from_utf8(bytes).ok().map(Value::String)
        }
        Err(_) => None,
    }
}

fn tagged(fields: Map<String, Value>) -> Value {
    if fields.len() == 1
        && let Some((tag, inner)) = fields.iter().next()
        && let Some(value) = engine_value(tag, inner)
    {
        return value;
    }
    let fields = fields.into_iter().map(|(name, raw)| {
        let value = plain(&name, raw);
        (name, value)
    });
    fields.collect::<Map<String, Value>>().into()
}

/// A value of the engine without its tag; `None` when this is none.
fn engine_value(tag: &str, inner: &Value) -> Option<Value> {
    match (tag, inner) {
        ("Bool", Value::Bool(_)) | ("Int", Value::Number(_)) | ("Decimal" | "Text", Value::String(_)) => {
            Some(inner.clone())
        }
        ("List", Value::Array(elements)) => Some(elements.iter().map(element).collect()),
        ("Map", Value::Object(fields)) => {
            let fields = fields.iter().map(|(name, raw)| (name.clone(), element(raw)));
            Some(Value::Object(fields.collect()))
        }
        _ => None,
    }
}

/// What stands inside a list or map of the engine.
fn element(raw: &Value) -> Value {
    let tagged = raw.as_object().and_then(|fields| fields.iter().next());
    match tagged.and_then(|(tag, inner)| engine_value(tag, inner)) {
        Some(value) => value,
        None if raw == "Null" => Value::Null,
        None => raw.clone(),
    }
}

#[cfg(test)]
mod tests {
    use amends_engine::event::InstanceEvent;
    use amends_engine::fact::Fact;
    use amends_engine::instance::Place;
    use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
    use amends_engine::{Digest, FactName, InstanceId, StepId, Value as EngineValue};

    use super::*;

    fn check(event: &Event, expect: &str) {
        assert_eq!(super::event(event).to_string(), expect);
    }

    #[test]
    fn facts_are_plain_json() {
        let payload = EngineValue::map([
            ("Int", EngineValue::Int(5)),
            ("none", EngineValue::Null),
            ("list", EngineValue::List(vec![EngineValue::text("Null")])),
        ]);
        let line = Line::Money {
            currency: Currency::parse("EUR").unwrap(),
            tender: None,
        };
        let posting = Posting {
            account: Account::Agreed,
            line,
            amount: 5,
            phase: Phase::Landed,
        };
        let fact = Fact {
            name: FactName::new("order.placed"),
            id: "16".to_owned(),
            payload,
            postings: vec![posting],
        };
        let expect = r#"{"FactRecorded":{"fact":{"name":"order.placed","id":"16","payload":{"Int":5,"list":["Null"],"none":null},"postings":[{"account":"Agreed","line":{"Money":{"currency":"EUR","tender":null}},"amount":5,"phase":"Landed"}]}}}"#;
        check(&Event::FactRecorded { fact }, expect);
    }

    #[test]
    fn events_are_plain_json() {
        let event = InstanceEvent::WaitMet {
            place: Place::once(&StepId::new("clear")),
            fact: "order.cleared#1".to_owned(),
            result: EngineValue::Null,
        };
        let instance = InstanceId::new("s:1/w");
        let expect = r#"{"Of":{"instance":"s:1/w","event":{"WaitMet":{"place":{"step":"clear","item":null},"fact":"order.cleared#1","result":null}}}}"#;
        check(&Event::Of { instance, event }, expect);
        check(
            &Event::Observed { mirror: vec![65; 32] },
            r#"{"Observed":{"bytes":32}}"#,
        );
        let subject = Digest::of(b"x");
        let expect = format!(r#"{{"SubjectRevised":{{"subject":"{subject}"}}}}"#);
        check(&Event::SubjectRevised { subject }, &expect);
    }
}
