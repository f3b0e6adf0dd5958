//! The configuration in force: every key with its value and where it came from, secrets masked.

use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The document says it.
    Document,
    /// The document does not say, so the default holds.
    Default,
}

/// One key with the value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The table it stands in: `shops.eu-shop.rest`.
    pub table: String,
    /// Its name.
    pub key: String,
    /// The value as a document would say it; a secret shows where it comes from, never what it is.
    pub shown: String,
    /// Where it came from.
    pub origin: Origin,
}

/// `listen = "127.0.0.1:7411"  # default`
impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, shown, .. } = self;
        match self.origin {
            Origin::Document => write!(f, "{key} = {shown}"),
            Origin::Default => write!(f, "{key} = {shown}  # default"),
        }
    }
}

/// All values in force as a document of their own, table by table.
pub fn render(values: &[Effective]) -> String {
    let mut tables: Vec<(&str, Vec<String>)> = Vec::new();
    for value in values {
        match tables.iter_mut().find(|(table, _)| *table == value.table) {
            Some((_, lines)) => lines.push(value.to_string()),
            None => tables.push((&value.table, vec![value.to_string()])),
        }
    }
    let blocks: Vec<_> = tables
        .into_iter()
        .map(|(table, lines)| format!("{}\n{}\n", header(table), lines.join("\n")))
        .collect();
    blocks.join("\n")
}

/// `[shops.eu-shop]`; for the third of a list, `routing.rule[2]`, it is `[[routing.rule]]`.
fn header(table: &str) -> String {
    match (table.split_once('['), table.split_once(']')) {
        (Some((list, _)), Some((_, ""))) => format!("[[{list}]]"),
        (Some((list, _)), Some((_, inner))) => format!("[{list}{inner}]"),
        (None, _) | (_, None) => format!("[{table}]"),
    }
}
