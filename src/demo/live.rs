//! Progress while it happens: one line that is rewritten on a terminal, and kills as lines of their own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::play::News;

/// How often the line is drawn at the most.
const REDRAW: Duration = Duration::from_millis(100);

/// The line.
pub struct Live {
    bar: ProgressBar,
    begun: Instant,
    pace: Mutex<Pace>,
}

/// How many orders ended since the line appeared, as of the last one that did.
#[derive(Debug, Default)]
struct Pace {
    at_first: Option<u64>,
    ended: u64,
    within: Duration,
}

impl Pace {
    /// Tenths of orders per second, after `elapsed` with so many orders ended.
    fn tenths(&mut self, ended: u64, elapsed: Duration) -> u64 {
        let at_first = *self.at_first.get_or_insert(ended);
        if ended != self.ended {
            (self.ended, self.within) = (ended, elapsed);
        }
        let millis = u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX);
        (self.ended.saturating_sub(at_first) * 10_000)
            .checked_div(millis)
            .unwrap_or(0)
    }
}

impl Live {
    /// A line on the standard error output, hidden where that is no terminal.
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(REDRAW);
        Self {
            bar,
            begun: Instant::now(),
            pace: Mutex::default(),
        }
    }

    /// Shows what happened.
    pub fn tell(&self, news: &News<'_>) {
        match news {
            News::Status(status) => {
                let ended = count(status, "completed") + count(status, "compensated");
                let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
                let tenths = pace.tenths(ended, self.begun.elapsed());
                self.bar.set_message(words(status, tenths));
            }
            News::Killed(kill) => self.print(&kill.words()),
        }
    }

    /// Prints lines above the progress.
    pub fn print(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Removes the line.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// `12 completed, 1 compensated, 4 wait for a person, 43 moving; 3.1 per second`, the most important first because
/// a narrow terminal cuts the end.
fn words(status: &Value, tenths: u64) -> String {
    format!(
        "{} completed, {} compensated, {} wait for a person, {} moving; {}.{} per second",
        count(status, "completed"),
        count(status, "compensated"),
        count(status, "stuck"),
        count(status, "moving"),
        tenths / 10,
        tenths % 10,
    )
}

fn count(status: &Value, name: &str) -> u64 {
    let count = status.pointer(&format!("/orders/{name}"));
    count.and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    #[test]
    fn the_pace_stands_while_nothing_ends_and_leaves_out_earlier_runs() {
        let mut pace = Pace::default();
        assert_eq!(pace.tenths(60, Duration::from_secs(1)), 0);
        assert_eq!(pace.tenths(90, Duration::from_secs(10)), 30);
        assert_eq!(pace.tenths(90, Duration::from_secs(100)), 30);
    }
}
