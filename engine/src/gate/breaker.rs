//! The circuit breaker: stops sending to a side that fails, then tries with one request
//! (M. Nygard, "Release It!", stability patterns).

use crate::Millis;

use super::Health;

/// When to stop sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open, in milliseconds.
    pub open_ms: i64,
}

/// What the breaker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Lets requests through.
    Closed,
    /// Lets nothing through until the time given.
    Open(Millis),
    /// Lets one request through at a time.
    HalfOpen,
}

#[derive(Debug, Clone)]
pub(super) struct Breaker {
    limits: Option<BreakerLimits>,
    failures: u32,
    open_until: Option<Millis>,
    /// Whether the last that was heard was good.
    answers: bool,
}

impl Breaker {
    pub(super) fn new(limits: Option<BreakerLimits>) -> Self {
        Self {
            limits,
            failures: 0,
            open_until: None,
            answers: false,
        }
    }

    pub(super) fn state(&self, now: Millis) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if until > now => BreakerState::Open(until),
            Some(_) => BreakerState::HalfOpen,
        }
    }

    pub(super) fn admits(&self, now: Millis, under_way: u32) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open(_) => false,
            BreakerState::HalfOpen => under_way == 0,
        }
    }

    pub(super) fn opens_at(&self, now: Millis) -> Option<Millis> {
        self.open_until.filter(|until| *until > now)
    }

    /// Whether the other side answered when it was last asked; `false` before it was.
    pub(super) fn answers(&self) -> bool {
        self.answers
    }

    pub(super) fn note(&mut self, now: Millis, health: Health) {
        match health {
            Health::Good => self.answers = true,
            Health::Bad => self.answers = false,
            Health::Neutral => {}
        }
        let Some(limits) = self.limits else { return };
        match health {
            Health::Good => {
                self.failures = 0;
                self.open_until = None;
            }
            Health::Bad => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= limits.failures || self.open_until.is_some() {
                    self.open_until = Some(now.plus(limits.open_ms));
                }
            }
            Health::Neutral => {}
        }
    }
}
