//! Progress of long work, on standard error.

use amends_storage::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// One bar for all stages of one piece of work. Silent where standard error is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} {per_sec}");
        Self(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
    }

    pub(super) fn show(&self, progress: Progress) {
        self.0.set_message(progress.stage.to_string());
        if let Some(total) = progress.total {
            self.0.set_length(total);
        }
        self.0.set_position(progress.done);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
