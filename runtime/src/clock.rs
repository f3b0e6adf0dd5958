//! Wall time that never falls, checked against the monotonic clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use amends_engine::Millis;
use amends_engine::limits::CLOCK_JUMP_MS;

/// The time of this process.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    started_wall_ms: i64,
    last_ms: AtomicI64,
}

/// Whether the wall clock can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// It agrees with the monotonic clock.
    Steady,
    /// It jumped by this many milliseconds; until it agrees again, time goes on by the monotonic clock.
    Jumped(i64),
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            started_wall_ms: wall_ms(),
            last_ms: AtomicI64::new(0),
        }
    }
}

impl Clock {
    /// Now. Never earlier than any answer before, also when the wall clock is set back; a jump forward beyond
    /// the limit is not believed, so that it fires no deadline.
    pub fn now(&self) -> Millis {
        let steady = self.steady_ms();
        let wall = wall_ms();
        let now = if (wall - steady).abs() > CLOCK_JUMP_MS {
            steady
        } else {
            wall
        };
        Millis(self.last_ms.fetch_max(now, Ordering::Relaxed).max(now))
    }

    /// Whether the wall clock agrees with the monotonic one.
    pub fn state(&self) -> ClockState {
        let jump = wall_ms() - self.steady_ms();
        if jump.abs() > CLOCK_JUMP_MS {
            ClockState::Jumped(jump)
        } else {
            ClockState::Steady
        }
    }

    fn steady_ms(&self) -> i64 {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.started_wall_ms.saturating_add(passed)
    }
}

fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_falls_and_starts_at_the_wall_clock() {
        let clock = Clock::default();
        let readings: Vec<Millis> = (0..1_000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
        assert_eq!(clock.state(), ClockState::Steady);
        assert!((readings[0].0 - wall_ms()).abs() < CLOCK_JUMP_MS);
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_named_and_not_believed() {
        let hour = 3_600_000;
        let clock = Clock {
            started_wall_ms: wall_ms() - hour,
            ..Clock::default()
        };
        assert!(matches!(clock.state(), ClockState::Jumped(jump) if jump > hour / 2));
        assert!(clock.now().0 < wall_ms() - hour / 2);
    }
}
