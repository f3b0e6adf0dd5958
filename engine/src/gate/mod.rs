//! What limits requests to one outside system: concurrency, rate and a circuit breaker. One pure machine per
//! connector; its state is not journaled.

mod breaker;
mod queue;
mod rate;

pub use breaker::{BreakerLimits, BreakerState};
pub use queue::{Class, Ticket};
pub use rate::RateLimits;

use breaker::Breaker;
use queue::Queue;
use rate::Rate;

use crate::Millis;

/// The limits of one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once.
    pub concurrency_max: u32,
    /// Requests per second.
    pub rate: Option<RateLimits>,
    /// When to stop sending for a while.
    pub breaker: Option<BreakerLimits>,
}

impl Default for Limits {
    /// Eight requests at once, no rate limit, and a pause of 15 s after ten failures in a row.
    fn default() -> Self {
        Self {
            concurrency_max: 8,
            rate: None,
            breaker: Some(BreakerLimits {
                failures: 10,
                open_ms: 15_000,
            }),
        }
    }
}

/// What an errand said about the health of the other side. A business rejection is a healthy answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answered.
    Good,
    /// It did not, or failed.
    Bad,
    /// It said nothing about health: throttled, or never sent.
    Neutral,
}

/// The gate of one connector.
#[derive(Debug, Clone)]
pub struct Gate {
    limits: Limits,
    under_way: u32,
    rate: Rate,
    breaker: Breaker,
    queue: Queue,
    paused: bool,
}

impl Gate {
    /// A gate with nothing under way; rate windows begin empty.
    pub fn new(limits: Limits) -> Self {
        Self {
            rate: Rate::new(limits.rate),
            breaker: Breaker::new(limits.breaker),
            limits,
            under_way: 0,
            queue: Queue::default(),
            paused: false,
        }
    }

    /// Lines `ticket` up.
    pub fn ask(&mut self, ticket: Ticket) {
        self.queue.push(ticket);
    }

    /// The next ticket that may go at `now`; call until it gives none.
    ///
    /// Undos and look-ups go first, also through a half-open breaker, and one slot is kept for them.
    pub fn grant(&mut self, now: Millis) -> Option<Ticket> {
        if self.paused || self.under_way >= self.limits.concurrency_max {
            return None;
        }
        if !self.breaker.admits(now, self.under_way) || !self.rate.has_token(now) {
            return None;
        }
        let last_slot = self.limits.concurrency_max > 1 && self.under_way + 1 == self.limits.concurrency_max;
        let ticket = if last_slot {
            self.queue.pop_recovery()
        } else {
            self.queue.pop(now)
        }?;
        self.rate.take();
        self.under_way += 1;
        Some(ticket)
    }

    /// A granted ticket came back at `now`.
    pub fn ended(&mut self, now: Millis, health: Health) {
        self.under_way = self.under_way.saturating_sub(1);
        self.breaker.note(now, health);
    }

    /// A granted ticket was not owed any more: nothing left, and nothing is known about the other side.
    pub fn not_needed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.rate.give_back();
    }

    /// When waiting alone may let the next ticket through; `None` when nothing waits or only answers help.
    pub fn next_at(&self, now: Millis) -> Option<Millis> {
        if self.paused || self.queue.is_empty() || self.under_way >= self.limits.concurrency_max {
            return None;
        }
        self.breaker.opens_at(now).or_else(|| self.rate.next_at(now))
    }

    /// Stops or lets go on.
    pub fn pause(&mut self, paused: Paused) {
        self.paused = paused == Paused::Yes;
    }

    /// Whether people stopped it.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Tickets that wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Requests under way.
    pub fn under_way(&self) -> u32 {
        self.under_way
    }

    /// Whether the other side answered when it was last asked; `false` before it was.
    pub fn answers(&self) -> bool {
        self.breaker.answers()
    }

    /// The breaker's state at `now`.
    pub fn breaker(&self, now: Millis) -> BreakerState {
        self.breaker.state(now)
    }
}

/// Whether a gate is stopped by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// Nothing is let through.
    Yes,
    /// Limits alone decide.
    No,
}
