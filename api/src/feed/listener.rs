//! Somebody outside who is told of what happens, and how that goes.

use serde::Serialize;
use tokio::sync::watch;

use super::Cursor;

/// How telling one listener goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listener {
    /// Its name in the configuration.
    pub name: String,
    /// Up to where it has been told.
    pub told: Cursor,
    /// Since when it does not take a notice: Unix milliseconds, UTC.
    pub failing_since_ms: Option<i64>,
    /// Why not.
    pub problem: Option<String>,
    /// Notices it never took within the time given for one; they are in the feed.
    pub passed_over: u64,
}

/// All listeners, as they are now.
#[derive(Debug, Clone, Default)]
pub struct Listeners(pub Vec<watch::Receiver<Listener>>);

impl Listeners {
    /// How it goes with each.
    pub fn now(&self) -> Vec<Listener> {
        self.0.iter().map(|listener| listener.borrow().clone()).collect()
    }
}
