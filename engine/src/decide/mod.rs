//! All the rules: what happens to a root when something reaches it.
//!
//! A decision works on a draft of the root: each event is applied as soon as it is decided, so that the next
//! rule sees it, until nothing more follows. The result is the events and the root they lead to.

mod approval;
mod call;
mod command;
mod doubt;
mod draft;
mod edit;
mod fact;
mod fan;
mod finish;
mod forward;
mod ledger;
mod retry;
mod rewind;
mod signal;
mod sla;
mod undo;
mod waive;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use draft::Decision;
use draft::Draft;

use crate::command::{Command, Refusal};
use crate::contract::Contract;
use crate::definition::Definition;
use crate::event::Report;
use crate::expr::Evaluator;
use crate::fact::Fact;
use crate::instance::Site;
use crate::ledger::Posting;
use crate::root::Root;
use crate::{
    ConnectorId, Digest, FactName, InstanceId, Millis, OperationName, RoleName, RootKey, StoreId, Value,
};

/// Something that reaches a root.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The inbound edge compared the order and derived facts.
    Observed(Observation),
    /// A person wishes something.
    Command(Command),
    /// A gate lets a call through.
    Granted {
        /// The instance.
        instance: InstanceId,
        /// The call.
        site: Site,
    },
    /// An errand came back.
    Ended {
        /// The instance.
        instance: InstanceId,
        /// The call.
        site: Site,
        /// The epoch the errand belongs to.
        epoch: u32,
        /// Its number in the epoch.
        attempt: u32,
        /// What it said.
        report: Report,
    },
    /// Time has passed.
    Due,
    /// The root was loaded by a process that did not start its errands: they are in doubt.
    Recovered,
    /// The store was restored from a backup after the root's last event: what is owed may have left as well.
    Restored,
}

/// What the inbound edge derived from a delivery or a reading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// The edge's new record, compared against the given revision (0 for none).
    pub mirror: Option<(u64, Vec<u8>)>,
    /// The order's content, when it changed.
    pub subject: Option<Arc<Value>>,
    /// Facts, old and new; those recorded before add nothing.
    pub facts: Vec<Fact>,
}

/// What the rules may ask: definitions, contracts, values by digest. Answers never change for one digest.
pub trait Book {
    /// The definition with this digest.
    fn definition(&self, digest: &Digest) -> Option<Arc<Definition>>;
    /// What a new `fact` about `root` starts.
    fn starts(&self, root: &RootKey, fact: &Fact, subject: Option<&Value>) -> Vec<Start>;
    /// What a fact that a person reports by hand moves.
    fn reports(&self, fact: &FactName, payload: &Value) -> Vec<Posting>;
    /// What an operation of a connector promises.
    fn contract(
        &self,
        connector: &ConnectorId,
        role: &RoleName,
        operation: &OperationName,
    ) -> Option<Contract>;
}

/// An instance that a fact starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The definition.
    pub definition: Arc<Definition>,
    /// Which connector serves each role.
    pub routes: BTreeMap<RoleName, ConnectorId>,
    /// What expressions read as `shop`.
    pub settings: Value,
}

/// Everything a decision may look at besides the root.
pub struct Context<'a> {
    /// Definitions and contracts.
    pub book: &'a dyn Book,
    /// Evaluates expressions.
    pub evaluator: &'a dyn Evaluator,
    /// Part of every idempotency key.
    pub store: &'a StoreId,
    /// Now.
    pub at: Millis,
    /// Values by digest: the subject and the arguments of open calls.
    pub values: &'a BTreeMap<Digest, Arc<Value>>,
}

/// Decides what `input` means for `root`.
///
/// # Errors
/// A [`Refusal`] changes nothing. Only commands and observations are refused; reports never are.
pub fn decide(context: &Context<'_>, root: &Root, input: &Input) -> Result<Decision, Refusal> {
    let mut draft = Draft::new(context, root);
    match input {
        Input::Observed(observation) => fact::observe(&mut draft, observation)?,
        Input::Command(command) => command::obey(&mut draft, command)?,
        Input::Granted { instance, site } => call::grant(&mut draft, instance, site),
        Input::Ended {
            instance,
            site,
            epoch,
            attempt,
            report,
        } => {
            call::end(&mut draft, instance, site, (*epoch, *attempt), report);
        }
        Input::Due => fact::pass_time(&mut draft),
        Input::Recovered => call::interrupt(&mut draft),
        Input::Restored => {
            call::interrupt(&mut draft);
            doubt::restored(&mut draft);
        }
    }
    forward::settle(&mut draft);
    Ok(draft.finish())
}
