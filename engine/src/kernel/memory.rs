//! The working set: who is in memory, and for how long.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide;
use crate::instance::CallPhase;
use crate::root::Root;
use crate::{Digest, Millis, RootKey, Value};

use super::Kernel;
use super::output::Output;
use super::slot::{Live, Slot};

impl Kernel {
    /// What was asked for is here. Without having been asked for, it may be older than what is in memory.
    pub(super) fn loaded(
        &mut self,
        key: &RootKey,
        state: Option<Box<Root>>,
        values: BTreeMap<Digest, Arc<Value>>,
        output: &mut Output,
    ) {
        let waiting = match self.roots.get_mut(key) {
            Some(Slot::Loading(waiting)) => std::mem::take(waiting),
            Some(Slot::Live(_)) | None => return,
        };
        let state = state.map_or_else(|| Root::new(key.clone()), |state| *state);
        let unseen = self
            .settings
            .restored_at
            .is_some_and(|restored| state.updated_at < restored);
        let interrupted = state
            .open_calls()
            .filter(|call| matches!(call.phase, CallPhase::InFlight { .. }))
            .count();
        self.turnover.loaded += 1;
        self.turnover.interrupted += interrupted as u64;
        let live = Live::new(state, values);
        self.roots.insert(key.clone(), Slot::Live(Box::new(live)));
        let input = if unseen {
            decide::Input::Restored
        } else {
            decide::Input::Recovered
        };
        self.apply(key, &input, output);
        for input in waiting {
            self.take(input, output);
        }
    }

    pub(super) fn touch(&mut self, key: &RootKey) {
        let Some(Slot::Live(live)) = self.roots.get_mut(key) else {
            return;
        };
        self.by_use.remove(&(live.used, key.clone()));
        self.uses += 1;
        live.used = self.uses;
        self.by_use.insert((live.used, key.clone()));
    }

    /// Roots used least recently leave, if nothing of theirs is under way or not yet durable.
    pub(super) fn evict(&mut self, output: &mut Output) {
        if self.roots.len() <= self.settings.working_set_max {
            return;
        }
        let surplus = self.roots.len() - self.settings.working_set_max;
        let idle = |key: &RootKey| matches!(self.roots.get(key), Some(Slot::Live(live)) if !live.is_busy() && live.written <= self.durable);
        let leaving: Vec<(u64, RootKey)> = self
            .by_use
            .iter()
            .filter(|(_, key)| idle(key))
            .take(surplus)
            .cloned()
            .collect();
        for (used, key) in leaving {
            self.by_use.remove(&(used, key.clone()));
            if let Some(Slot::Live(live)) = self.roots.remove(&key) {
                if let Some(timer) = live.timer {
                    self.timers.remove(&(timer, key));
                }
                self.turnover.evicted += 1;
                output.evict.push(Arc::unwrap_or_clone(live.root));
            }
        }
    }

    pub(super) fn next_wake(&self) -> Option<Millis> {
        let timer = self.timers.first().map(|(due, _)| *due);
        let gates = self.gates.values().filter_map(|gate| gate.next_at(self.now));
        gates.chain(timer).min()
    }
}
