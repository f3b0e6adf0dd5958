//! What the witness saw against what the journal says, order by order and key by key.

use std::collections::{BTreeMap, BTreeSet};

use amends_connectors::sandbox::Effect;
use amends_engine::instance::{Instance, Stage};
use amends_engine::root::Root;
use amends_engine::{InstanceId, RootKey, StoreId};
use amends_runtime::{LoadError, load_root, refold};
use amends_storage::verify::verify;
use amends_storage::{Direction, Key, Prefix, ReadError, Span, Store, VerifyError};
use thiserror::Error;

use super::books::Books;
use super::journal::Journal;
use super::{effects, ends};

/// Everything that is compared.
#[derive(Debug)]
pub struct Evidence<'e> {
    /// What the journal says, read to its end.
    pub journal: &'e Journal,
    /// What the witness saw.
    pub rows: &'e [Effect],
    /// What the ERP has on record.
    pub books: &'e Books,
}

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
    /// Drafts at the ERP that were given up for new ones.
    pub drafts_left: u64,
    /// How often the workflow of each order runs.
    pub mains: BTreeMap<RootKey, usize>,
    /// Everything that does not agree; empty when all is well.
    pub differences: Vec<String>,
}

/// Why a store could not be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// An order cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The list of orders cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The walk over the whole store could not go on.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// Compares all orders of `store` with the evidence.
///
/// # Errors
/// [`CompareError`] when the store cannot be read.
pub fn compare<S: Store>(store: &S, evidence: &Evidence<'_>) -> Result<Comparison, CompareError> {
    let mut found = Comparison {
        witnessed: evidence.rows.len() as u64,
        drafts_left: evidence.books.drafts(),
        ..Comparison::default()
    };
    let id = StoreId::new(store.identity().store_id.clone());
    let by_order = by_order(evidence.rows);
    let mut over = BTreeSet::new();
    for key in roots(store)? {
        let Some(loaded) = load_root(store, &key)? else {
            found
                .differences
                .push(format!("MISSING: {key} is listed and has no journal"));
            continue;
        };
        let root = loaded.root;
        if refold(store, &key)?.as_ref() != Some(&root) {
            found.differences.push(format!(
                "DAMAGED: {key}: the snapshot is not what its journal folds to"
            ));
        }
        let rows = by_order.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        found
            .differences
            .extend(check_root(&root, &id, rows, evidence.books));
        count(&root, &mut found);
        over.extend(ended(&root).map(|instance| instance.id.clone()));
        let orders = main_instances(&root).count();
        found.mains.insert(key, orders);
    }
    found.differences.extend(damage(store)?);
    found.landed = landed(evidence.journal);
    let is_over = |sent: &super::journal::Sent| over.contains::<InstanceId>(&sent.instance);
    found.differences.extend(effects::check(
        evidence.journal,
        evidence.rows,
        evidence.books,
        &is_over,
    ));
    Ok(found)
}

/// Damage below what orders are read from: a gap in the log, a broken chain, content under another's name.
fn damage<S: Store>(store: &S) -> Result<Option<String>, CompareError> {
    let report = verify(store, |_| {})?;
    Ok(report
        .first
        .map(|damage| format!("DAMAGED: {}: {}", damage.key, damage.meaning)))
}

fn landed(journal: &Journal) -> u64 {
    let landed = journal
        .all_sent()
        .filter(|(_, sent)| sent.fate == super::journal::Fate::Landed && sent.has_effect());
    landed.count() as u64
}

fn by_order(rows: &[Effect]) -> BTreeMap<&str, Vec<&Effect>> {
    let mut by_order: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for row in rows {
        if let Some(order) = &row.order_key {
            by_order.entry(order).or_default().push(row);
        }
    }
    by_order
}

fn roots<S: Store>(store: &S) -> Result<Vec<RootKey>, ReadError> {
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

fn main_instances(root: &Root) -> impl Iterator<Item = &Instance> {
    root.instances.values().filter(|instance| instance.only.is_none())
}

fn ended(root: &Root) -> impl Iterator<Item = &Instance> {
    root.instances.values().filter(|instance| instance.is_terminal())
}

fn count(root: &Root, found: &mut Comparison) {
    let stage = main_instances(root)
        .next()
        .map_or("none", |instance| instance.stage.name());
    *found.stages.entry(stage.to_owned()).or_default() += 1;
    for incident in root.incidents.values() {
        *found.waiting.entry(incident.cause.clone()).or_default() += 1;
    }
}

/// One order: what has not ended has a named cause that wakes it, what has ended is at rest.
fn check_root(root: &Root, store: &StoreId, rows: &[&Effect], books: &Books) -> Vec<String> {
    let causes = root.wake_causes();
    let live = root.instances.values().filter(|instance| !instance.is_terminal());
    let asleep = live.filter(|instance| !causes.iter().any(|cause| cause.instance == instance.id));
    let mut differences: Vec<String> = asleep
        .map(|instance| format!("ASLEEP: nothing will ever wake {}", instance.id))
        .collect();
    let all_ended = ended(root).count() == root.instances.len();
    for instance in main_instances(root).filter(|_| all_ended) {
        match instance.stage {
            Stage::Completed => {
                differences.extend(ends::check_rest(root));
                differences.extend(ends::check_money(root, rows));
            }
            Stage::Compensated => {
                differences.extend(ends::check_rest(root));
                differences.extend(ends::check_money(root, rows));
                differences.extend(ends::check_undone(root, store, rows, books));
            }
            // A person took a closed one over; the rest is theirs.
            Stage::Closed
            | Stage::Running
            | Stage::Committing
            | Stage::Committed
            | Stage::Cancelling
            | Stage::Rewinding
            | Stage::Compensating => {}
        }
    }
    differences
}

/// Every order that the shop took is one order here, and none is made up.
pub fn check_shop(taken: &BTreeSet<RootKey>, mains: &BTreeMap<RootKey, usize>) -> Vec<String> {
    let mut differences = Vec::new();
    for key in taken {
        match mains.get(key) {
            Some(1) => {}
            Some(0) => differences.push(format!("LOST: the shop took {key}, and no workflow runs for it")),
            Some(instances) => differences.push(format!("TWICE: {key} runs {instances} times")),
            None => differences.push(format!("LOST: the shop took {key}, and nobody here knows it")),
        }
    }
    let made_up = mains.keys().filter(|key| !taken.contains(*key));
    differences.extend(made_up.map(|key| format!("UNKNOWN: the shop never took {key}")));
    differences
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use amends_engine::RootKey;

    use super::check_shop;

    #[test]
    fn every_order_of_the_shop_is_one_order_here() {
        let taken = ["demo:1", "demo:2"].map(RootKey::new).into();
        let mains = |all: &[(&str, usize)]| -> BTreeMap<RootKey, usize> {
            all.iter()
                .map(|(key, count)| (RootKey::new(*key), *count))
                .collect()
        };
        assert_eq!(
            check_shop(&taken, &mains(&[("demo:1", 1), ("demo:2", 1)])),
            Vec::<String>::new()
        );
        let planted = [
            ("LOST", mains(&[("demo:1", 1)])),
            ("TWICE", mains(&[("demo:1", 1), ("demo:2", 2)])),
            ("LOST", mains(&[("demo:1", 1), ("demo:2", 0)])),
            ("UNKNOWN", mains(&[("demo:1", 1), ("demo:2", 1), ("demo:3", 1)])),
        ];
        for (word, mains) in planted {
            let told = check_shop(&taken, &mains);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|told| told.starts_with(word)), "{told:?}");
        }
    }
}
