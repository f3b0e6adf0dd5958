//! The index entries of a summary, and what turns those of one into those of the next.

use std::collections::BTreeSet;

use amends_engine::RootKey;
use amends_storage::{EncodeError, Key, Kind, Write, codec};

use super::{Summary, VERSION};
use crate::alike::{ALIKE, index_value};
use crate::find::index;

/// The writes that turn the entries of `before` into those of `now`.
pub(crate) fn writes(before: Option<&Summary>, now: &Summary) -> Result<Vec<Write>, EncodeError> {
    let old: BTreeSet<Key> = before.map(index_keys).unwrap_or_default();
    let new = index_keys(now);
    let mut writes: Vec<Write> = old
        .difference(&new)
        .map(|key| Write::Delete { key: key.clone() })
        .collect();
    writes.extend(new.difference(&old).map(|key| Write::Put {
        key: key.clone(),
        value: Vec::new(),
    }));
    let value = codec::encode(Kind::Summary, VERSION, now)?;
    writes.push(Write::Put {
        key: Key::Root(now.root.clone()),
        value,
    });
    Ok(writes)
}

/// Every entry of lists and indexes that a root has besides its summary: one line for each question.
pub(crate) fn index_keys(summary: &Summary) -> BTreeSet<Key> {
    let aged = |name: &str, facet: &str| index::aged(name, facet, summary.created_ms, &summary.root);
    let mut keys = BTreeSet::from([
        aged(index::STATE, summary.state.name()),
        aged(index::SHOP, summary.shop()),
        index::changed(summary),
    ]);
    keys.extend(
        summary
            .causes()
            .into_iter()
            .map(|cause| aged(index::CAUSE, cause)),
    );
    for instance in &summary.instances {
        keys.insert(aged(index::WORKFLOW, &instance.workflow));
        keys.insert(aged(index::STAGE, &instance.stage));
        keys.extend(instance.steps.iter().map(|step| aged(index::STEP, step)));
    }
    let documents = summary.documents.iter().map(|document| index::folded(document));
    keys.extend(documents.map(|document| aged(index::DOCUMENT, &document)));
    if !summary.number.is_empty() {
        keys.insert(aged(index::NUMBER, &index::folded(&summary.number)));
    }
    if !summary.email.is_empty() {
        keys.insert(aged(index::EMAIL, &summary.email));
    }
    keys.extend(summary.at_risk.iter().map(|money| index::risk(summary, money)));
    keys.extend(incident_keys(summary));
    keys.extend(summary.refunds.iter().map(|refund| Key::Index {
        name: "refund".to_owned(),
        value: format!("{}/{refund}", summary.shop()),
        root: summary.root.clone(),
    }));
    keys.extend(summary.looks.as_ref().map(|(likeness, placed_ms)| Key::Index {
        name: ALIKE.to_owned(),
        value: index_value(likeness, *placed_ms),
        root: summary.root.clone(),
    }));
    keys.extend(crate::rest::key(summary));
    keys.extend(summary.due_ms.map(|at_ms| Key::Due {
        at_ms,
        root: summary.root.clone(),
    }));
    keys
}

fn incident_keys(summary: &Summary) -> Vec<Key> {
    let all = summary.incidents.iter().flat_map(|incident| {
        let id = crate::incident::order_id(&summary.root, incident.number);
        let aged = move |name: &str, facet: &str| index::aged(name, facet, incident.opened_ms, &id);
        [
            aged(index::INCIDENT_ON, crate::incident::ORDER),
            aged(index::INCIDENT_CAUSE, &incident.cause),
            aged(
                index::INCIDENT_CAUSE_SHOP,
                &index::cause_in(&incident.cause, summary.shop()),
            ),
            aged(index::INCIDENT_SHOP, summary.shop()),
        ]
    });
    all.collect()
}

/// The key of the root a due-index entry names.
pub(crate) fn due_root(key: &Key) -> Option<RootKey> {
    if let Key::Due { root, .. } = key {
        Some(RootKey::new(root.clone()))
    } else {
        None
    }
}
