//! What the ERP itself has on record: every document made under a reference of ours, and its state.

use std::collections::BTreeMap;

use serde_json::Value;

/// The kinds of documents that carry our reference.
pub const MODELS: [&str; 3] = ["sale.sale", "stock.shipment.out", "account.invoice"];

/// Documents by reference: kind and state.
#[derive(Debug, Default)]
pub struct Books {
    by_reference: BTreeMap<String, Vec<(String, String)>>,
}

impl Books {
    /// Enters the records of one kind.
    pub fn enter_all(&mut self, model: &str, records: &[Value]) {
        for record in records {
            let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
            self.enter(model, field("reference"), field("state"));
        }
    }

    /// Enters one document.
    pub fn enter(&mut self, model: &str, reference: &str, state: &str) {
        let documents = self.by_reference.entry(reference.to_owned()).or_default();
        documents.push((model.to_owned(), state.to_owned()));
    }

    /// Whether any document under `reference` counts.
    pub fn stands(&self, reference: &str) -> bool {
        let documents = self.by_reference.get(reference);
        documents.is_some_and(|documents| documents.iter().any(|(_, state)| counts(state)))
    }

    /// Documents that count and whose reference begins with `start`.
    pub fn standing<'b>(&'b self, start: &'b str) -> impl Iterator<Item = (&'b str, &'b str, &'b str)> {
        let range = self.by_reference.range(start.to_owned()..);
        let ours = range.take_while(move |(reference, _)| reference.starts_with(start));
        ours.flat_map(|(reference, documents)| {
            let standing = documents.iter().filter(|(_, state)| counts(state));
            standing.map(move |(model, state)| (model.as_str(), reference.as_str(), state.as_str()))
        })
    }

    /// Drafts that were given up and left behind.
    pub fn drafts(&self) -> u64 {
        let documents = self.by_reference.values().flatten();
        // A delivery is posted as a draft on purpose.
        let left = documents.filter(|(model, state)| match model.as_str() {
            "stock.shipment.out" => state == "waiting",
            _ => state == "draft",
        });
        left.count() as u64
    }
}

/// Whether a document is more than a draft; a shipment that waits has no goods assigned to it.
fn counts(state: &str) -> bool {
    !matches!(state, "draft" | "waiting" | "cancelled")
}
