//! What the kernel wants done.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::command::Refusal;
use crate::contract::Contract;
use crate::event::Event;
use crate::gate::{BreakerState, Gate};
use crate::instance::{Errand, Site};
use crate::ledger::Ledger;
use crate::root::Root;
use crate::{Digest, InstanceId, Millis, RootKey, Value};

/// Names somebody who waits for a reply; handed out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyId(pub u64);

/// Everything one input led to. Order matters: frames are appended in order, before anything is released.
#[derive(Debug, Default)]
pub struct Output {
    /// Frames to append to the log.
    pub append: Vec<Frame>,
    /// Errands that may leave now.
    pub release: Vec<Effect>,
    /// Replies that may be given now.
    pub replies: Vec<(ReplyId, Reply)>,
    /// Roots to load.
    pub load: Vec<RootKey>,
    /// Roots that left the working set; each may be stored as a snapshot at its sequence.
    pub evict: Vec<Root>,
    /// When to send the next [`super::Input::Tick`]; `None` when time alone moves nothing in memory.
    pub wake_at: Option<Millis>,
}

/// Events of one root that become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its place in the log, from 1.
    pub sequence: u64,
    /// The root.
    pub root: RootKey,
    /// Its place among the frames of the root, from 1.
    pub root_sequence: u64,
    /// When.
    pub at: Millis,
    /// What happened.
    pub events: Vec<Event>,
    /// Values the events name by digest and that are new.
    pub values: BTreeMap<Digest, Arc<Value>>,
    /// The root after the events: what read models are made from.
    pub after: Arc<Root>,
}

/// An errand that leaves for an outside system.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The root.
    pub root: RootKey,
    /// The instance.
    pub instance: InstanceId,
    /// The call.
    pub site: Site,
    /// Part of the key.
    pub epoch: u32,
    /// Its number in the epoch.
    pub attempt: u32,
    /// What leaves.
    pub errand: Errand,
    /// The idempotency key, also our reference at the other side.
    pub key: String,
    /// What the operation promises, and who serves it.
    pub contract: Contract,
    /// The arguments.
    pub args: Arc<Value>,
    /// Nothing was ever sent under this or an earlier key of the call.
    pub first: bool,
    /// How long it may take, in milliseconds.
    pub timeout_ms: i64,
}

/// An answer to somebody who waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done and durable.
    Done {
        /// The root's revision after it.
        revision: u64,
    },
    /// Nothing was changed.
    Refused(Refusal),
    /// What a command would do.
    Preview(Box<Preview>),
}

/// How a connector's gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateState {
    /// Requests that wait.
    pub waiting: usize,
    /// Requests under way.
    pub under_way: u32,
    /// The circuit breaker.
    pub breaker: BreakerState,
    /// Whether the other side answered when it was last asked; `false` before it was.
    pub answers: bool,
    /// Whether a person stopped it.
    pub paused: bool,
}

impl GateState {
    pub(super) fn of(gate: &Gate, now: Millis) -> Self {
        Self {
            waiting: gate.waiting(),
            under_way: gate.under_way(),
            breaker: gate.breaker(now),
            answers: gate.answers(),
            paused: gate.is_paused(),
        }
    }
}

/// What a command would do, with nothing done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The revision it was decided on.
    pub revision: u64,
    /// The events it would journal.
    pub events: Vec<Event>,
    /// Calls that would become due: `role.operation` with their keys.
    pub effects: Vec<(String, String)>,
    /// Money and stock after it.
    pub ledger: Ledger,
}
