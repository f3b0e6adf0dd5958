//! A day of the calendar, UTC.

use std::fmt;

use amends_engine::Millis;
use chrono::{DateTime, Days, NaiveDate};

/// A day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(NaiveDate);

impl Day {
    /// The day `at` is in. Times that no calendar has are the first day of 1970.
    pub fn of(at: Millis) -> Self {
        Self(
            DateTime::from_timestamp_millis(at.0)
                .unwrap_or_default()
                .date_naive(),
        )
    }

    /// Reads `2026-11-25`.
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)
    }

    /// The day after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_days(Days::new(1)).unwrap_or(self.0))
    }

    /// Days from `self` to `other`, both counted; 0 when `other` is before it.
    pub fn count_to(self, other: Self) -> u64 {
        u64::try_from((other.0 - self.0).num_days() + 1).unwrap_or(0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}
