//! Progress while it happens: one line that is rewritten on a terminal, and kills as lines of their own.

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
        }
    }

    /// Shows what happened.
    pub fn tell(&self, news: &News<'_>) {
        match news {
            News::Status(status) => self.bar.set_message(words(status, self.begun.elapsed())),
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
fn words(status: &Value, elapsed: Duration) -> String {
    let count = |name: &str| {
        let count = status.pointer(&format!("/orders/{name}"));
        count.and_then(Value::as_u64).unwrap_or(0)
    };
    let (completed, compensated) = (count("completed"), count("compensated"));
    let tenths = (completed + compensated) * 10_000 / u64::try_from(elapsed.as_millis()).unwrap_or(1).max(1);
    format!(
        "{completed} completed, {compensated} compensated, {} wait for a person, {} moving; {}.{} per second",
        count("stuck"),
        count("moving"),
        tenths / 10,
        tenths % 10,
    )
}
