//! What a system counts about itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What happened to the callbacks or webhooks a system sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Attempts to send.
    pub sent: u64,
    /// Attempts answered with success.
    pub delivered: u64,
    /// Attempts answered otherwise or not at all.
    pub failed: u64,
    /// Sent once more on purpose.
    pub duplicated: u64,
    /// Delayed on purpose.
    pub reordered: u64,
    /// Not sent on purpose.
    pub dropped: u64,
}

/// Everything a system counted since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests by operation.
    pub requests: BTreeMap<String, u64>,
    /// Answers by status; connections closed without one under 0.
    pub answers: BTreeMap<u16, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Effects reported to the witness.
    pub effects: u64,
    /// Effects the witness could not be told of: its record is short by so many.
    pub unwitnessed: u64,
    /// Answers given again from an idempotency key.
    pub replays: u64,
    /// Requests in progress now.
    pub in_progress: u64,
    /// The most that ever were at once.
    pub peak_concurrency: u64,
    /// What was sent.
    pub callbacks: Callbacks,
}

/// Shared counters.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counts>);

impl Counters {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// Changes some of the counts together.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    pub(crate) fn fault(&self, name: &str) {
        *self.lock().faults.entry(name.to_owned()).or_default() += 1;
    }

    /// Counts a request in; it is counted out when the visit is dropped.
    pub(crate) fn visit(&self, operation: &str) -> Visit<'_> {
        let mut counts = self.lock();
        *counts.requests.entry(operation.to_owned()).or_default() += 1;
        counts.in_progress += 1;
        counts.peak_concurrency = counts.peak_concurrency.max(counts.in_progress);
        Visit(self)
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct Visit<'a>(&'a Counters);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.lock().in_progress -= 1;
    }
}
