//! `[callback]`: signature, event id, facts.

use amends_workflows::catalogue::{self, Shape};

use super::super::callback::{CallbackRules, Digits, FactRule, Layout, Signature};
use super::super::error::Code;
use super::super::formula::Names;
use super::super::limits::TOLERANCE_MS;
use super::super::table::Table;
use super::super::template::is_name;
use super::rule::{formula, named_formulas};

/// The table `[callback]`.
pub(super) fn rules(top: &Table<'_>, names: &Names) -> Option<CallbackRules> {
    let table = top.table("callback")?;
    let mut names = names.clone();
    names.insert("body".to_owned(), Shape::Any);
    names.insert("headers".to_owned(), Shape::Dictionary(Box::new(Shape::Text)));
    let signature = table.need("signature").and_then(|item| {
        let fields = table.as_table("[callback.signature]", "signature", item)?;
        let signature = signature(&fields);
        fields.finish();
        signature
    });
    if !table.has("event") {
        table.missing("event");
    }
    let event = formula(&table, "event", &names);
    if !table.has("facts") {
        table.missing("facts");
    }
    let facts = table
        .tables("facts")
        .into_iter()
        .filter_map(|fields| {
            let rule = fact(&fields, &names);
            fields.finish();
            rule
        })
        .collect();
    table.finish();
    Some(CallbackRules {
        signature: signature?,
        event: event?,
        facts,
    })
}

fn signature(table: &Table<'_>) -> Option<Signature> {
    let header = table.need_text("header");
    let layouts = [("t-v1", Layout::Timestamped), ("body", Layout::Plain)];
    let layout = table.choice("layout", &layouts);
    let encoding = table.choice("encoding", &[("hex", Digits::Hex), ("base64", Digits::Base64)]);
    let secrets = secrets(table);
    let tolerance_ms = table.duration_ms("tolerance").unwrap_or(TOLERANCE_MS);
    Some(Signature {
        header: header?.0.to_ascii_lowercase(),
        layout: layout.unwrap_or(Layout::Timestamped),
        encoding: encoding.unwrap_or(Digits::Hex),
        secrets: secrets?,
        tolerance_ms,
    })
}

/// The names of the secrets that may sign: several while one replaces another.
fn secrets(table: &Table<'_>) -> Option<Vec<String>> {
    let item = table.need("secrets")?;
    let elements = item.value.as_array();
    let names: Vec<String> = elements
        .into_iter()
        .flatten()
        .filter_map(|element| element.get_ref().as_str())
        .filter(|name| is_name(name))
        .map(str::to_owned)
        .collect();
    if names.is_empty() || elements.is_none_or(|elements| elements.len() != names.len()) {
        let message = "`secrets` is a list of names of secrets: [\"callback\", \"callback_old\"]";
        table.desk.report(item.at, Code::BadValue, message);
        return None;
    }
    Some(names)
}

fn fact(table: &Table<'_>, names: &Names) -> Option<FactRule> {
    for key in ["when", "id", "root"] {
        if !table.has(key) {
            table.missing(key);
        }
    }
    let name = table.need_text("name").filter(|(name, at)| {
        let known = catalogue::fact(name).is_some();
        if !known {
            let message =
                format!("there is no fact `{name}`; see the list of facts in the guide to definitions");
            table.desk.report(*at, Code::BadValue, message);
        }
        known
    });
    let when = formula(table, "when", names);
    let id = formula(table, "id", names);
    let root = formula(table, "root", names);
    let payload = named_formulas(table, "payload", names).into_iter().collect();
    Some(FactRule {
        when: when?,
        name: name?.0.to_owned(),
        id: id?,
        root: root?,
        payload,
    })
}
