//! What the witness saw.

use std::collections::BTreeMap;

use serde_json::Value;

/// Effects that we made, not the shop or the warehouse by themselves: their keys are ours.
pub(crate) fn ours(effects: &[Value]) -> usize {
    let keys = effects.iter().filter_map(|effect| effect["key"].as_str());
    keys.filter(|key| key.split('/').count() >= 6 && key.contains(':'))
        .count()
}

/// What sets the same values again when it is sent again: the recipe calls it idempotent.
const IDEMPOTENT: &str = "orders.update";

/// Effects that took place more than once under one key, apart from idempotent ones and those undone in between.
pub(crate) fn twice(effects: &[Value]) -> Vec<String> {
    let mut times: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for effect in effects {
        let text = |name: &str| effect[name].as_str().unwrap_or_default().to_owned();
        let operation = text("operation");
        if operation == IDEMPOTENT {
            continue;
        }
        let reference = if operation.starts_with("parcel") {
            text("reference")
        } else {
            String::new()
        };
        *times.entry((text("key"), operation, reference)).or_default() += 1;
    }
    let undone = |(key, operation, reference): &(String, String, String)| {
        let undo = (
            key.clone(),
            operation.replace("create", "cancel"),
            reference.clone(),
        );
        if undo.1 == *operation {
            0
        } else {
            times.get(&undo).copied().unwrap_or(0)
        }
    };
    times
        .iter()
        .filter(|(key, count)| **count - undone(key) > 1)
        .map(|((key, operation, _), count)| format!("{operation} under {key}: {count} times"))
        .collect()
}
