//! Keeps readers from seeing a commit before it is durable, and from seeing half of one.
//!
//! sled shows a batch as soon as it is applied, before any barrier, and an iterator locks per step. So the
//! committer holds the gate from the batch to the barrier, and readers hold it for one call. Neither side can
//! starve the other: a commit that ends lets in the readers that waited before the next may begin.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    /// Readers inside.
    reading: usize,
    /// Readers that wait for the committer to leave.
    waiting: usize,
    /// Readers that may still enter before the next commit.
    admitted: usize,
    /// The committer is inside or next.
    committing: bool,
}

/// One committer or many readers, in turns.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

/// Proof that a reader is inside.
pub(super) struct Reading<'a>(&'a Gate);

/// Proof that the committer is inside.
pub(super) struct Committing<'a>(&'a Gate);

impl Gate {
    pub(super) fn read(&self) -> Reading<'_> {
        let mut state = self.lock();
        if state.committing {
            state.waiting += 1;
            while state.admitted == 0 && state.committing {
                state = self.wait(state);
            }
            state.waiting -= 1;
            state.admitted = state.admitted.saturating_sub(1);
        }
        state.reading += 1;
        Reading(self)
    }

    /// To be called by the one committer only.
    pub(super) fn commit(&self) -> Committing<'_> {
        let mut state = self.lock();
        while state.admitted > 0 {
            state = self.wait(state);
        }
        state.committing = true;
        while state.reading > 0 {
            state = self.wait(state);
        }
        Committing(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and the state would be whole if something did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.lock().reading -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.committing = false;
        state.admitted = state.waiting;
        drop(state);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn readers_never_meet_the_committer_and_neither_starves() {
        let gate = Arc::new(Gate::default());
        let (inside, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (gate, inside, stop) = (gate.clone(), inside.clone(), stop.clone());
                thread::spawn(move || {
                    let mut reads = 0_u64;
                    while !stop.load(Ordering::SeqCst) || reads < 200 {
                        let _reading = gate.read();
                        assert!(!inside.load(Ordering::SeqCst));
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let commits = AtomicU64::new(0);
        // Commits without a pause: readers only get in because the gate lets them.
        while commits.fetch_add(1, Ordering::SeqCst) < 2_000 {
            let _committing = gate.commit();
            inside.store(true, Ordering::SeqCst);
            thread::yield_now();
            inside.store(false, Ordering::SeqCst);
        }
        stop.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() >= 200);
        }
    }
}
