//! Many roots: scheduling, write-ahead and the working set.
//!
//! Write-ahead is a rule of the kernel: effects and replies are withheld until the frame they follow from is
//! durable ([`Input::Durable`]). The caller appends what [`Output`] says, in order, and performs what it releases.

mod brake;
mod census;
mod gates;
mod held;
mod memory;
mod output;
mod slot;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use brake::Brake;
pub use census::Census;
pub use output::{Effect, Frame, GateState, Output, Preview, Reply, ReplyId};

use brake::Parked;
use gates::Flight;
use held::Held;
use slot::Slot;

use crate::command::Command;
use crate::decide::{Book, Observation};
use crate::event::Report;
use crate::expr::Evaluator;
use crate::gate::{Gate, Limits, Paused};
use crate::instance::Site;
use crate::root::Root;
use crate::{ConnectorId, Digest, InstanceId, Millis, RootKey, StoreId, Value};

/// How many roots stay in memory. A waiting root costs about 4 KiB; loading one costs two reads.
pub const WORKING_SET_DEFAULT: usize = 20_000;

/// Something for the kernel to handle.
#[derive(Debug)]
pub enum Input {
    /// The inbound edge compared an order.
    Observe {
        /// The order.
        root: RootKey,
        /// What it derived.
        observation: Observation,
        /// Who wants to know when it is durable.
        reply: Option<ReplyId>,
    },
    /// A person commands.
    Command {
        /// The order.
        root: RootKey,
        /// The command.
        command: Command,
        /// Who wants to know.
        reply: ReplyId,
        /// Whether to do it or only to say what it would do.
        run: Mode,
    },
    /// An errand came back.
    Ended {
        /// The order.
        root: RootKey,
        /// The instance.
        instance: InstanceId,
        /// The call.
        site: Site,
        /// The epoch it belongs to.
        epoch: u32,
        /// Its number in the epoch.
        attempt: u32,
        /// What it said.
        report: Report,
    },
    /// Time has passed.
    Tick,
    /// The store says that time alone moves this root now.
    Wake {
        /// The order.
        root: RootKey,
    },
    /// What was asked for by [`Output::load`].
    Loaded {
        /// The order.
        root: RootKey,
        /// Its state; `None` when nothing ever happened to it.
        state: Option<Box<Root>>,
        /// The values it needs by digest.
        values: BTreeMap<Digest, Arc<Value>>,
    },
    /// Everything up to this sequence survives power loss.
    Durable {
        /// The sequence of the last durable frame.
        sequence: u64,
    },
    /// A person pulls or releases a brake.
    Pause {
        /// Which.
        brake: Brake,
        /// Stop or go on.
        paused: Paused,
    },
}

/// Whether a command is done or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    Run,
    /// Say what it would do.
    Preview,
}

/// How a kernel is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Part of every idempotency key.
    pub store: StoreId,
    /// Roots in memory at the most.
    pub working_set_max: usize,
    /// Limits by connector; others get the default ones.
    pub limits: BTreeMap<ConnectorId, Limits>,
    /// The sequence of the last frame in the log.
    pub last_sequence: u64,
    /// When the store was restored from a backup, if it was: what a root owed before then is in doubt.
    pub restored_at: Option<Millis>,
    /// Brakes that are pulled from the start.
    pub brakes: BTreeSet<Brake>,
}

/// Many roots on one thread.
pub struct Kernel {
    settings: Settings,
    book: Arc<dyn Book + Send + Sync>,
    evaluator: Arc<dyn Evaluator + Send + Sync>,
    now: Millis,
    roots: BTreeMap<RootKey, Slot>,
    /// Live roots by when they were last touched; the first is evicted first.
    by_use: BTreeSet<(u64, RootKey)>,
    uses: u64,
    timers: BTreeSet<(Millis, RootKey)>,
    gates: BTreeMap<ConnectorId, Gate>,
    flights: BTreeMap<Flight, ConnectorId>,
    /// Stopped by the brake on money; `None` while it is not pulled.
    parked: Option<Parked>,
    held: Held,
    sequence: u64,
    durable: u64,
    /// What came, left and was found since the start; the other fields stay 0.
    turnover: Census,
}

impl Kernel {
    /// A kernel without roots.
    pub fn new(
        settings: Settings,
        book: Arc<dyn Book + Send + Sync>,
        evaluator: Arc<dyn Evaluator + Send + Sync>,
    ) -> Self {
        let sequence = settings.last_sequence;
        let brakes = settings.brakes.clone();
        let mut kernel = Self {
            settings,
            book,
            evaluator,
            now: Millis::ZERO,
            roots: BTreeMap::new(),
            by_use: BTreeSet::new(),
            uses: 0,
            timers: BTreeSet::new(),
            gates: BTreeMap::new(),
            flights: BTreeMap::new(),
            parked: None,
            held: Held::default(),
            sequence,
            durable: sequence,
            turnover: Census::default(),
        };
        for brake in &brakes {
            kernel.brake(brake, Paused::Yes);
        }
        kernel
    }

    /// Roots in memory.
    pub fn working_set(&self) -> usize {
        self.roots.len()
    }

    /// Whether `root` is in memory or on its way there.
    pub fn has(&self, root: &RootKey) -> bool {
        self.roots.contains_key(root)
    }

    /// A root asked for by [`Output::load`] cannot be read: what waited for it is dropped, nobody gets a reply,
    /// and the next input asks for it again.
    pub fn give_up(&mut self, root: &RootKey) {
        if matches!(self.roots.get(root), Some(Slot::Loading(_))) {
            self.roots.remove(root);
        }
    }

    /// How each connector's gate is.
    pub fn gates(&self) -> impl Iterator<Item = (&ConnectorId, GateState)> {
        self.gates
            .iter()
            .map(|(id, gate)| (id, GateState::of(gate, self.now)))
    }
}
