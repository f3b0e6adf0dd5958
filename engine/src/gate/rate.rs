//! A token bucket in whole numbers.

use crate::Millis;

/// Requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Steady rate.
    pub per_second: u32,
    /// How many may go at once after a pause.
    pub burst: u32,
}

/// Tokens are counted in thousandths, so that a rate below one per millisecond stays exact.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    limits: Option<RateLimits>,
    tokens_milli: i64,
    counted_at: Option<Millis>,
}

impl Rate {
    pub(super) fn new(limits: Option<RateLimits>) -> Self {
        Self {
            limits,
            tokens_milli: 0,
            counted_at: None,
        }
    }

    pub(super) fn has_token(&mut self, now: Millis) -> bool {
        let Some(limits) = self.limits else { return true };
        let passed = self.counted_at.map_or(0, |counted| now.since(counted).max(0));
        if self.counted_at.is_none() {
            // A window begins empty but for one request: a restart must not burst.
            self.tokens_milli = 1_000;
        }
        let gained = passed.saturating_mul(i64::from(limits.per_second));
        let most = i64::from(limits.burst.max(1)).saturating_mul(1_000);
        self.tokens_milli = self.tokens_milli.saturating_add(gained).min(most);
        self.counted_at = Some(self.counted_at.map_or(now, |counted| counted.max(now)));
        self.tokens_milli >= 1_000
    }

    pub(super) fn take(&mut self) {
        if self.limits.is_some() {
            self.tokens_milli -= 1_000;
        }
    }

    pub(super) fn give_back(&mut self) {
        if self.limits.is_some() {
            self.tokens_milli += 1_000;
        }
    }

    pub(super) fn next_at(&self, now: Millis) -> Option<Millis> {
        let limits = self.limits?;
        let missing = 1_000 - self.tokens_milli;
        let rate = i64::from(limits.per_second.max(1));
        (missing > 0).then(|| {
            self.counted_at
                .unwrap_or(now)
                .plus((missing + rate - 1) / rate)
                .max(now.plus(1))
        })
    }
}
