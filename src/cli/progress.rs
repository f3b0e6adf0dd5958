//! Progress of long work, on standard error: a bar on a terminal, now and then a line elsewhere.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use amends_storage::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// One bar for all stages of one piece of work.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    /// When the last line was written, and which stage it told of.
    told: RefCell<Option<(Instant, String)>>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        Self {
            bar,
            told: RefCell::new(None),
        }
    }

    pub(super) fn show(&self, progress: Progress) {
        self.tell(&progress.stage.to_string(), progress.done, progress.total);
    }

    pub(super) fn tell(&self, stage: &str, done: u64, total: Option<u64>) {
        let Some(bar) = &self.bar else {
            return self.line(stage, done, total);
        };
        let template = if total.is_some() {
            "{spinner} {msg} {wide_bar} {human_pos} of {human_len} ({percent} %)"
        } else {
            "{spinner} {msg} {human_pos}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
    }

    /// A line when a stage begins or ends, and every few seconds of it.
    fn line(&self, stage: &str, done: u64, total: Option<u64>) {
        if stage.is_empty() {
            return;
        }
        let mut told = self.told.borrow_mut();
        let due = told
            .as_ref()
            .is_none_or(|(at, last)| last != stage || at.elapsed() >= LINE_EVERY);
        if !due && total != Some(done) {
            return;
        }
        *told = Some((Instant::now(), stage.to_owned()));
        match total {
            Some(total) => {
                let percent = done
                    .min(total)
                    .saturating_mul(100)
                    .checked_div(total)
                    .unwrap_or(100);
                eprintln!("{stage}: {done} of {total} ({percent} %)");
            }
            None => eprintln!("{stage}: {done}"),
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
