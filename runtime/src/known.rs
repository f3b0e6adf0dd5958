//! What is known of an order before something new about it is compared: its mirror, and what we wrote to its shop.

use amends_engine::instance::{Run, RunState};
use amends_engine::root::Root;
use amends_engine::{Digest, Millis, OperationName, RootKey, Value};
use amends_storage::Store;

use crate::ingest::Ingest;
use crate::reading::{LoadError, load_root, load_value};

/// The role whose calls change orders in the shop, and therefore come back as deliveries.
const STOREFRONT: &str = "storefront";

/// What the interpreter may compare with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MirrorState {
    /// The revision of the record; 0 for none.
    pub revision: u64,
    /// The record.
    pub state: Option<Vec<u8>>,
    /// What was written to the shop about the order.
    pub sent: Vec<Sent>,
    /// What is kept about the ingest of the order's shop.
    pub ingest: Ingest,
}

/// A call to the storefront that left, or may have left. It is journaled before it leaves, so its echo never comes
/// before this is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What was asked.
    pub operation: OperationName,
    /// With what.
    pub args: Value,
    /// When it was known to have landed; `None` while it may have.
    pub landed_at: Option<Millis>,
}

/// What the store knows of the order `key` of `shop`.
///
/// # Errors
/// [`LoadError`] when the store failed or something is damaged.
pub fn known<S: Store>(store: &S, shop: &str, key: &RootKey) -> Result<MirrorState, LoadError> {
    let ingest = Ingest::read(store, shop)?;
    let Some(loaded) = load_root(store, key)? else {
        return Ok(MirrorState {
            ingest,
            ..MirrorState::default()
        });
    };
    let sent = calls(&loaded.root).map(|(operation, args, landed_at)| {
        let args = match loaded.values.get(&args) {
            Some(value) => value.as_ref().clone(),
            None => load_value(store, key, &args)?,
        };
        Ok(Sent {
            operation,
            args,
            landed_at,
        })
    });
    let sent = sent.collect::<Result<_, LoadError>>()?;
    let (revision, state) = match loaded.root.mirror {
        Some(mirror) => (mirror.revision, Some(mirror.state)),
        None => (0, None),
    };
    Ok(MirrorState {
        revision,
        state,
        sent,
        ingest,
    })
}

fn calls(root: &Root) -> impl Iterator<Item = (OperationName, Digest, Option<Millis>)> {
    let runs = root
        .instances
        .values()
        .flat_map(|instance| instance.runs.values());
    runs.filter_map(left)
        .filter(|(contract, ..)| contract.role.as_str() == STOREFRONT)
        .map(|(contract, args, landed_at)| (contract.operation.clone(), args, landed_at))
}

/// The forward call of a run, unless it is known to have changed nothing.
fn left(run: &Run) -> Option<(&amends_engine::contract::Contract, Digest, Option<Millis>)> {
    let (pinned, landed_at) = match &run.state {
        RunState::Calling(call) => ((call.tries > 0).then_some(&call.pinned)?, None),
        RunState::Landed { at, .. } => (run.pinned.as_ref()?, Some(*at)),
        // Given up in doubt: it may still have arrived.
        RunState::Skipped(_) => (run.pinned.as_ref()?, None),
        RunState::Waiting { .. }
        | RunState::Deciding { .. }
        | RunState::Blocked { .. }
        | RunState::Failed
        | RunState::Cancelled => return None,
    };
    Some((&pinned.contract, pinned.args, landed_at))
}
