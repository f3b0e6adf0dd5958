//! Tryton's search domains: `[["reference", "=", "WC-16"], ["state", "in", ["draft", "quotation"]]]`.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::failure::Failure;
use super::wire::{Record, decimal};

/// Whether a record satisfies a domain: a list of clauses, all of which (or, after `"OR"`, one of which) hold.
pub(super) fn matches(record: &Record, domain: &[Json]) -> Result<bool, Failure> {
    let (any, clauses) = match domain.split_first() {
        Some((Json::String(word), rest)) if word == "OR" => (true, rest),
        Some((Json::String(word), rest)) if word == "AND" => (false, rest),
        _ => (false, domain),
    };
    for clause in clauses {
        if holds(record, clause)? == any {
            return Ok(any);
        }
    }
    Ok(!any || clauses.is_empty())
}

fn holds(record: &Record, clause: &Json) -> Result<bool, Failure> {
    let Some(parts) = clause.as_array() else {
        return Err(Failure::Bug(format!("'{clause}' is not a clause")));
    };
    let [Json::String(field), Json::String(operator), value, ..] = parts.as_slice() else {
        return matches(record, parts);
    };
    let Some(found) = record.get(field.as_str()) else {
        return Err(Failure::Bug(format!("'{field}'")));
    };
    compare(found, operator, value)
}

fn compare(found: &Json, operator: &str, value: &Json) -> Result<bool, Failure> {
    let listed = |value: &Json| {
        value
            .as_array()
            .is_some_and(|values| values.iter().any(|v| same(found, v)))
    };
    Ok(match operator {
        "=" => same(found, value),
        "!=" => !same(found, value),
        "in" => listed(value),
        "not in" => !listed(value),
        "<" => order(found, value) == Some(Ordering::Less),
        ">" => order(found, value) == Some(Ordering::Greater),
        "<=" => matches!(order(found, value), Some(Ordering::Less | Ordering::Equal)),
        ">=" => matches!(order(found, value), Some(Ordering::Greater | Ordering::Equal)),
        "like" | "ilike" => like(found, value),
        _ => return Err(Failure::Bug(format!("'{operator}'"))),
    })
}

/// Equality; a list of ids contains.
fn same(found: &Json, value: &Json) -> bool {
    match (found, value) {
        (Json::Array(ids), Json::Number(_)) => ids.contains(value),
        _ => found == value || order(found, value) == Some(Ordering::Equal),
    }
}

fn order(found: &Json, value: &Json) -> Option<Ordering> {
    match (found, value) {
        (Json::String(found), Json::String(value)) => Some(found.cmp(value)),
        _ => Some(decimal(found)?.cmp(&decimal(value)?)),
    }
}

/// `%` at the ends only, which is how such searches are written.
fn like(found: &Json, value: &Json) -> bool {
    let (Some(found), Some(pattern)) = (found.as_str(), value.as_str()) else {
        return false;
    };
    let (found, pattern) = (found.to_lowercase(), pattern.to_lowercase());
    let inner = pattern.trim_matches('%');
    match (pattern.starts_with('%'), pattern.ends_with('%')) {
        (true, true) => found.contains(inner),
        (true, false) => found.ends_with(inner),
        (false, true) => found.starts_with(inner),
        (false, false) => found == inner,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::matches;

    fn check(domain: &Json, expect: bool) {
        let record = json!({"reference": "WC-16", "state": "draft", "party": 3, "shipments": [4, 5], "total":
            {"__class__": "Decimal", "decimal": "48.24"}});
        let found = matches(record.as_object().unwrap(), domain.as_array().unwrap()).unwrap();
        assert_eq!(found, expect, "{domain}");
    }

    #[test]
    fn clauses_hold_or_not() {
        check(&json!([]), true);
        check(&json!([["reference", "=", "WC-16"]]), true);
        check(
            &json!([["reference", "=", "WC-16"], ["state", "!=", "draft"]]),
            false,
        );
        check(&json!(["OR", ["reference", "=", "x"], ["party", "=", 3]]), true);
        check(&json!([["state", "in", ["draft", "quotation"]]]), true);
        check(&json!([["state", "not in", ["draft"]]]), false);
        check(&json!([["reference", "ilike", "wc-%"]]), true);
        check(&json!([["shipments", "=", 5]]), true);
        check(
            &json!([["total", ">", 48], ["total", "<=", {"__class__": "Decimal", "decimal": "48.240"}]]),
            true,
        );
    }

    #[test]
    fn an_unknown_field_is_a_bug() {
        let record = json!({"reference": "WC-16"});
        let domain = json!([["nope", "=", 1]]);
        assert!(matches(record.as_object().unwrap(), domain.as_array().unwrap()).is_err());
    }
}
