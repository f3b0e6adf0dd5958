//! The last deliveries that were refused, for whoever asks why nothing arrives.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use amends_engine::Millis;

use crate::limits::{REFUSED_BYTES, REFUSED_KEPT};

/// A refused delivery. It proves nothing: anybody can send one.
#[derive(Debug, Clone)]
pub(crate) struct RefusedDelivery {
    pub(crate) at: Millis,
    /// The shop or connector in the path.
    pub(crate) source: String,
    /// The problem's code.
    pub(crate) code: String,
    pub(crate) detail: String,
    /// Bytes that came.
    pub(crate) size: usize,
    /// The first of them.
    pub(crate) start: Vec<u8>,
}

/// A bounded ring in memory: a flood of refused bodies costs no disk, and the newest win.
#[derive(Debug, Default)]
pub(crate) struct Ring(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    count: u64,
    last: VecDeque<RefusedDelivery>,
}

impl Ring {
    pub(crate) fn push(&self, mut refused: RefusedDelivery) {
        refused.start.truncate(REFUSED_BYTES);
        let mut held = self.held();
        held.count += 1;
        held.last.push_front(refused);
        held.last.truncate(REFUSED_KEPT);
    }

    /// How many were refused since the start, and the last of them, newest first.
    pub(crate) fn list(&self) -> (u64, Vec<RefusedDelivery>) {
        let held = self.held();
        (held.count, held.last.iter().cloned().collect())
    }

    pub(crate) fn count(&self) -> u64 {
        self.held().count
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_costs_bounded_memory_and_the_newest_stay() {
        let ring = Ring::default();
        for at in 0..1_000 {
            ring.push(RefusedDelivery {
                at: Millis(at),
                source: "eu-shop".to_owned(),
                code: String::new(),
                detail: String::new(),
                size: 1 << 20,
                start: vec![0; 1 << 20],
            });
        }
        let (count, last) = ring.list();
        assert_eq!(
            (count, last.len(), last[0].at),
            (1_000, REFUSED_KEPT, Millis(999))
        );
        assert!(last.iter().all(|refused| refused.start.len() == REFUSED_BYTES));
    }
}
