//! Text laid out for a terminal of a hundred columns.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// Columns that lines keep within, unless one word alone is longer.
pub(super) const WIDTH: usize = 100;

/// `text` in lines, each behind `indent` blanks, broken between words.
pub(super) fn sentence(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && indent + line + 1 + word.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let blanks = " ".repeat(indent);
    lines
        .iter()
        .map(|line| format!("{blanks}{line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// JSON behind `indent` blanks: whatever fits stands in one line, the rest one element per line.
pub(super) fn json(value: &Json, indent: usize) -> String {
    let mut text = " ".repeat(indent);
    append(value, indent, 0, &mut text);
    text
}

/// Appends `value`, whose first line begins at some place behind `indent` blanks and is followed by `tail` characters.
fn append(value: &Json, indent: usize, tail: usize, text: &mut String) {
    let line = text.rsplit('\n').next().unwrap_or_default().chars().count();
    let short = inline(value);
    if line + short.chars().count() + tail <= WIDTH {
        text.push_str(&short);
        return;
    }
    let inner = indent + 2;
    let elements: Vec<(Option<&String>, &Json)> = match value {
        Json::Array(elements) => elements.iter().map(|element| (None, element)).collect(),
        Json::Object(fields) => fields.iter().map(|(name, field)| (Some(name), field)).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            text.push_str(&short);
            return;
        }
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    for (index, (name, element)) in elements.iter().enumerate() {
        let more = index + 1 < elements.len();
        text.push('\n');
        text.push_str(&" ".repeat(inner));
        if let Some(name) = name {
            let _ = write!(text, "{}: ", Json::from(name.as_str()));
        }
        append(element, inner, usize::from(more), text);
        if more {
            text.push(',');
        }
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// JSON in one line, with blanks behind commas and colons.
fn inline(value: &Json) -> String {
    match value {
        Json::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(inline).collect();
            format!("[{}]", elements.join(", "))
        }
        Json::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, field)| format!("{}: {}", Json::from(name.as_str()), inline(field)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{WIDTH, json, sentence};

    #[test]
    fn sentences_are_broken_between_words() {
        let text = sentence(&"word ".repeat(60), 4);
        assert!(text.lines().count() > 2);
        for line in text.lines() {
            assert!(line.starts_with("    word") && line.len() <= WIDTH, "{line}");
        }
        assert_eq!(sentence("", 2), "  ");
    }

    #[test]
    fn json_is_broken_only_where_it_is_too_long() {
        let line =
            json!({"product": 1, "quantity": 3, "unit_price": {"__class__": "Decimal", "decimal": "8.9567"}});
        let value = json!({"id": 1, "params": [[["create", [line, line]]], {}]});
        let text = json(&value, 4);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.contains("\n      \"id\": 1,\n"), "{text}");
        assert_eq!(json(&json!([1, {"a": "b"}]), 2), "  [1, {\"a\": \"b\"}]");
    }
}
