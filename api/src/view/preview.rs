//! What a command would do.

use amends_engine::kernel::Preview;
use amends_engine::ledger::Ledger;
use serde_json::{Value, json};

use crate::words::Teller;

use super::ledger::changes;
use super::machine;

/// Events in words and as they would be journaled, calls that go out, and what changes in the ledger.
pub(crate) fn preview(preview: &Preview, before: &Ledger, mut teller: Teller<'_>) -> Value {
    let events: Vec<String> = preview.events.iter().map(|event| teller.tell(event)).collect();
    let journal: Vec<Value> = preview.events.iter().map(machine::event).collect();
    let calls: Vec<Value> = preview
        .effects
        .iter()
        .map(|(operation, key)| json!({ "operation": operation, "key": key }))
        .collect();
    json!({
        "revision": preview.revision,
        "events": events,
        "journal": journal,
        "calls": calls,
        "ledger": changes(before, &preview.ledger),
    })
}
