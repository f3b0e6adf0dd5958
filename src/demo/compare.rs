//! What the witness saw against what the journal says.

use std::collections::{BTreeMap, BTreeSet};

use amends_connectors::sandbox::Effect;
use amends_engine::event::{Event, InstanceEvent, Verdict};
use amends_engine::instance::Stage;
use amends_engine::root::{Root, cause};
use amends_engine::{RootKey, StoreId};
use amends_runtime::{LoadError, history, load_root, refold};
use amends_storage::{Direction, Key, Prefix, Span, Store};
use amends_workflows::catalogue;

/// Frames of one root that are read; an order has some fifty.
const FRAMES_MAX: usize = 100_000;

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Orders by where they stand.
    pub stages: BTreeMap<String, u64>,
    /// Open incidents by cause.
    pub waiting: BTreeMap<String, u64>,
    /// Effects that landed according to the journal.
    pub landed: u64,
    /// Effects the witness saw.
    pub witnessed: u64,
    /// Everything that does not agree; empty when all is well.
    pub differences: Vec<String>,
}

/// Compares all orders of `store` with all `rows` of the witness.
///
/// # Errors
/// [`LoadError`] when the store cannot be read.
pub fn compare<S: Store>(store: &S, rows: &[Effect]) -> Result<Comparison, LoadError> {
    let mut found = Comparison {
        witnessed: rows.len() as u64,
        ..Comparison::default()
    };
    let mut journal = Journal::default();
    let id = StoreId::new(store.identity().store_id.clone());
    for key in roots(store)? {
        let Some(loaded) = load_root(store, &key)? else {
            found
                .differences
                .push(format!("{key} is listed, but has no journal"));
            continue;
        };
        journal.read(store, &key, &id)?;
        check_root(store, &loaded.root, &mut found)?;
    }
    found.landed = journal.landed.len() as u64;
    check_rows(&journal, rows, &mut found.differences);
    Ok(found)
}

fn roots<S: Store>(store: &S) -> Result<Vec<RootKey>, LoadError> {
    let (mut roots, mut span) = (Vec::new(), Some(Span::all(Prefix::Root)));
    while let Some(rest) = span.take() {
        let page = store.scan(&rest, 512, Direction::Ascending)?;
        roots.extend(page.entries.into_iter().filter_map(|(key, _)| {
            let Key::Root(root) = key else { return None };
            Some(RootKey::new(root))
        }));
        span = page.rest;
    }
    Ok(roots)
}

#[derive(Debug, Default)]
struct Journal {
    /// Keys under which something left.
    sent: BTreeSet<String>,
    /// Keys under which an effect landed by our own doing, with the operation.
    landed: BTreeMap<String, String>,
    /// Keys whose duplicates an incident names.
    named: BTreeSet<String>,
}

impl Journal {
    fn read<S: Store>(&mut self, store: &S, root: &RootKey, id: &StoreId) -> Result<(), LoadError> {
        let mut operations: BTreeMap<String, String> = BTreeMap::new();
        for (_, _, events) in history(store, root, 0, FRAMES_MAX)? {
            for event in &events {
                self.note(event, root, id, &mut operations);
            }
        }
        Ok(())
    }

    fn note(
        &mut self,
        event: &Event,
        root: &RootKey,
        id: &StoreId,
        operations: &mut BTreeMap<String, String>,
    ) {
        if let Event::IncidentOpened { incident, .. } = event
            && incident.cause == cause::DUPLICATE_EFFECT
        {
            self.named.insert(root.to_string());
        }
        let Event::Of { instance, event } = event else {
            return;
        };
        if let InstanceEvent::CallDue { site, pinned, .. } = event {
            let name = format!("{}.{}", pinned.contract.role, pinned.contract.operation);
            operations.insert(format!("{instance}/{site}"), name);
        }
        if let InstanceEvent::AttemptStarted { site, epoch, .. } = event {
            self.sent.insert(site.key(id, instance, *epoch));
        }
        if let InstanceEvent::AttemptEnded {
            site,
            verdict: Verdict::Landed { landing, key, .. },
            ..
        } = event
        {
            let operation = operations
                .get(&format!("{instance}/{site}"))
                .cloned()
                .unwrap_or_default();
            if !landing.adopted && has_effect(&operation) {
                self.landed.insert(key.clone(), operation);
            }
        }
    }
}

/// Reading leaves no row at the witness, and finding a customer may.
fn has_effect(operation: &str) -> bool {
    let (role, name) = operation.split_once('.').unwrap_or_default();
    catalogue::operation(role, name).is_some_and(|known| !known.harmless)
}

fn check_root<S: Store>(store: &S, root: &Root, found: &mut Comparison) -> Result<(), LoadError> {
    let key = &root.key;
    if refold(store, key)?.as_ref() != Some(root) {
        found
            .differences
            .push(format!("{key}: the snapshot is not what its journal folds to"));
    }
    let main = root.instances.values().find(|instance| instance.only.is_none());
    let stage = main.map_or("none", |instance| instance.stage.name());
    *found.stages.entry(stage.to_owned()).or_default() += 1;
    for incident in root.incidents.values() {
        *found.waiting.entry(incident.cause.clone()).or_default() += 1;
    }
    for instance in root.instances.values().filter(|instance| !instance.is_terminal()) {
        if !root
            .wake_causes()
            .iter()
            .any(|cause| cause.instance == instance.id)
        {
            found
                .differences
                .push(format!("{}: nothing will ever wake it", instance.id));
        }
    }
    let ended = main.is_some_and(|instance| matches!(instance.stage, Stage::Completed | Stage::Compensated));
    for imbalance in root.ledger.imbalances() {
        if ended && root.obligations.is_empty() {
            found.differences.push(format!(
                "{key}: {} is off by {} and nobody is named for it",
                imbalance.rule, imbalance.difference
            ));
        }
    }
    Ok(())
}

fn check_rows(journal: &Journal, rows: &[Effect], differences: &mut Vec<String>) {
    let mut seen: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    for row in rows {
        keys.insert(&row.key);
        *seen
            .entry((
                &row.key,
                &row.operation,
                if is_parcel(row) { &row.reference } else { "" },
            ))
            .or_default() += 1;
    }
    for (key, operation) in &journal.landed {
        if !keys.contains(key.as_str()) {
            differences.push(format!(
                "LOST: {operation} landed under {key}, and the witness saw nothing"
            ));
        }
    }
    for key in &keys {
        if is_ours(key) && !journal.sent.contains(*key) {
            differences.push(format!(
                "UNKNOWN: the witness saw {key}, and the journal sent nothing under it"
            ));
        }
    }
    for ((key, operation, _), times) in &seen {
        let undone = seen
            .get(&(key, operation.replace("create", "cancel").as_str(), ""))
            .copied()
            .unwrap_or(0);
        let named = journal
            .named
            .iter()
            .any(|root| key.contains(&format!("/{root}/")));
        if *times > 1 && *times - undone > 1 && !named {
            differences.push(format!("TWICE: {operation} took place {times} times under {key}"));
        }
    }
}

fn is_parcel(row: &Effect) -> bool {
    row.operation.starts_with("parcel")
}

/// Keys of ours have a store, an instance, a step, a side and an epoch.
fn is_ours(key: &str) -> bool {
    key.split('/').count() >= 6 && key.contains(':')
}
