//! What every system has at its front desk: its name, faults, latency, counters and a line to the witness.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::counters::Counters;
use super::fault::{Fault, Nature, Operation};
use super::plan::{Plan, Rule};
use crate::sandbox::random::draw;
use crate::sandbox::server::Door;
use crate::sandbox::witness::{Effect, Reporter};

/// How long a system takes to do something: evenly spread between the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// The shortest time.
    pub min_ms: u64,
    /// The longest time.
    pub max_ms: u64,
}

/// Whether a system works at all (F8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Down {
    /// It works.
    #[default]
    Up,
    /// Connecting is refused; open connections are cut.
    Refuse,
    /// Every request is answered with 503.
    Unavailable,
    /// Every connection is closed without a byte.
    HangUp,
}

/// The state shared by all requests to one system.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) counters: Counters,
    plan: Mutex<Plan>,
    latency: Mutex<Latency>,
    down: Mutex<Down>,
    door: watch::Sender<Door>,
    reporter: Reporter,
    slept: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Now, in milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Desk {
    /// A desk with these rules, whose every draw comes from `seed` and the name.
    pub(crate) fn new(name: &str, seed: u64, latency: Latency, rules: Vec<Rule>, reporter: Reporter) -> Self {
        let seed = draw(seed, name, 0);
        Self {
            name: name.to_owned(),
            seed,
            counters: Counters::default(),
            plan: Mutex::new(Plan::new(seed, rules)),
            latency: Mutex::new(latency),
            down: Mutex::default(),
            door: watch::Sender::new(Door::Open),
            reporter,
            slept: AtomicU64::new(0),
        }
    }

    /// The door its server listens behind.
    pub(crate) fn door(&self) -> watch::Receiver<Door> {
        self.door.subscribe()
    }

    /// The fault for this request, counted.
    pub(crate) fn strike(&self, operation: &Operation) -> Option<Fault> {
        let fault = locked(&self.plan).strike(operation)?;
        self.counters.fault(fault.name());
        Some(fault)
    }

    /// The fault for something about to be sent, counted.
    pub(crate) fn strike_sending(&self, what: &str) -> Option<Fault> {
        let fault = locked(&self.plan).strike_sending(&Operation::new(what, Nature::Effect))?;
        self.counters.fault(fault.name());
        Some(fault)
    }

    pub(crate) fn rules(&self) -> Vec<Rule> {
        locked(&self.plan).rules().to_vec()
    }

    pub(crate) fn add_rule(&self, rule: Rule) {
        locked(&self.plan).add(rule);
    }

    pub(crate) fn clear_rules(&self) {
        locked(&self.plan).clear();
    }

    pub(crate) fn latency(&self) -> Latency {
        *locked(&self.latency)
    }

    pub(crate) fn change_latency(&self, latency: Latency) {
        *locked(&self.latency) = latency;
    }

    pub(crate) fn down(&self) -> Down {
        *locked(&self.down)
    }

    pub(crate) fn take_down(&self, down: Down) {
        *locked(&self.down) = down;
        let door = match down {
            Down::Refuse => Door::Shut,
            Down::Up | Down::Unavailable | Down::HangUp => Door::Open,
        };
        self.door.send_replace(door);
    }

    /// Takes the time the system takes.
    pub(crate) async fn take_time(&self) {
        let latency = self.latency();
        let spread = latency.max_ms.saturating_sub(latency.min_ms) + 1;
        let nth = self.slept.fetch_add(1, Ordering::Relaxed);
        let ms = latency.min_ms + draw(self.seed, "latency", nth) % spread;
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    /// Tells the witness, before anybody is answered.
    pub(crate) async fn report(&self, effects: &[Effect]) {
        for effect in effects {
            let told = self.reporter.report(effect).await;
            self.counters.count(|counts| {
                counts.effects += 1;
                counts.unwitnessed += u64::from(!told);
            });
        }
    }
}
