//! What the working set is busy with.

use crate::instance::{CallPhase, Stage};

use super::Kernel;
use super::slot::Slot;

/// What the working set is busy with, counted when asked: it walks over every root in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Roots in memory or on their way there.
    pub roots: usize,
    /// How many may stay there while nothing of theirs is under way.
    pub roots_max: usize,
    /// Roots that left memory since the start.
    pub evicted: u64,
    /// Roots that came into memory since the start, each time they did.
    pub loaded: u64,
    /// Calls that another process had left under way, found since the start.
    pub interrupted: u64,
    /// Calls under way.
    pub in_flight: usize,
    /// Calls of which nobody knows whether they happened, under way or not.
    pub in_doubt: usize,
    /// Instances that are being undone.
    pub undoing: usize,
}

impl Kernel {
    /// Counts what the working set is busy with.
    pub fn census(&self) -> Census {
        let mut census = Census {
            roots: self.roots.len(),
            roots_max: self.settings.working_set_max,
            ..self.turnover
        };
        for slot in self.roots.values() {
            let Slot::Live(live) = slot else { continue };
            for instance in live.root.instances.values() {
                census.undoing +=
                    usize::from(matches!(instance.stage, Stage::Cancelling | Stage::Compensating));
                for call in instance.runs.values().filter_map(crate::instance::Run::call) {
                    census.in_flight += usize::from(matches!(call.phase, CallPhase::InFlight { .. }));
                    census.in_doubt += usize::from(call.doubt.is_some());
                }
            }
        }
        census
    }
}
