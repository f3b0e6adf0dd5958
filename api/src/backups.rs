//! The backup that is being written, and the last one: one at a time, told about while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amends_engine::Millis;
use amends_storage::Progress;
use serde::Serialize;
use utoipa::ToSchema;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The present time.
    pub at: Millis,
    /// The last frame to be in it; the last there is when not given.
    pub cut: Option<u64>,
}

/// Writes a backup, telling how far it is. Gives where it is and what it holds; the error is a sentence for people.
pub type Backup = Arc<dyn Fn(Wanted, &mut dyn FnMut(Progress)) -> Result<Made, String> + Send + Sync>;

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Backup)]
pub(crate) struct Job {
    /// What to ask about it by.
    pub(crate) id: String,
    state: State,
    /// What is being done.
    stage: Option<String>,
    /// Frames or values done in this stage.
    done: u64,
    /// How many there are in this stage, where that is known beforehand.
    total: Option<u64>,
    /// Whole percent of this stage.
    percent: Option<u64>,
    /// Why it failed, and what to do.
    reason: Option<String>,
    /// The file, once it is whole.
    backup: Option<Made>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupState)]
enum State {
    Running,
    Done,
    Failed,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BackupMade)]
pub struct Made {
    /// The file.
    pub file: String,
    /// Sequence of its last frame.
    pub cut: u64,
    /// Frames in it.
    pub frames: u64,
    /// Other values in it.
    pub values: u64,
    /// Its size.
    pub bytes: u64,
}

/// The last backup that was asked for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backups(Arc<Mutex<Option<Job>>>);

impl Backups {
    /// Begins one in the background; gives the one under way instead, if there is one.
    pub(crate) fn begin(&self, wanted: Wanted, write: Backup) -> Result<Job, Job> {
        let mut last = self.last();
        if let Some(running) = last.as_ref().filter(|job| job.state == State::Running) {
            return Err(running.clone());
        }
        let job = Job::new(wanted.at.0.to_string());
        *last = Some(job.clone());
        tokio::spawn(self.clone().write(wanted, write));
        Ok(job)
    }

    async fn write(self, wanted: Wanted, write: Backup) {
        let told = self.clone();
        let writing = tokio::task::spawn_blocking(move || {
            write(wanted, &mut |progress| told.change(|job| job.advance(progress)))
        });
        // One that broke has ended too, or there would never be another.
        let made = writing
            .await
            .unwrap_or_else(|error| Err(format!("the backup broke: {error}; look in the log")));
        self.change(|job| job.end(made));
    }

    /// The one called `id`, if it is the last.
    pub(crate) fn find(&self, id: &str) -> Option<Job> {
        self.last().as_ref().filter(|job| job.id == id).cloned()
    }

    fn change(&self, change: impl FnOnce(&mut Job)) {
        self.last().as_mut().map(change);
    }

    fn last(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn new(id: String) -> Self {
        Self {
            id,
            state: State::Running,
            stage: None,
            done: 0,
            total: None,
            percent: None,
            reason: None,
            backup: None,
        }
    }

    fn advance(&mut self, progress: Progress) {
        self.stage = Some(progress.stage.to_string());
        self.done = progress.done;
        self.total = progress.total;
        self.percent = progress.percent();
    }

    fn end(&mut self, made: Result<Made, String>) {
        match made {
            Ok(made) => {
                self.state = State::Done;
                self.percent = Some(100);
                self.backup = Some(made);
            }
            Err(reason) => {
                self.state = State::Failed;
                self.reason = Some(reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use amends_storage::Stage;

    use super::*;

    fn until(backups: &Backups, id: &str, is: impl Fn(&Job) -> bool) -> Job {
        let begun = Instant::now();
        loop {
            let job = backups.find(id).expect("the job");
            if is(&job) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{job:?}");
            std::thread::yield_now();
        }
    }

    fn made() -> Made {
        Made {
            file: "x".to_owned(),
            cut: 4,
            frames: 4,
            values: 0,
            bytes: 9,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_runs_at_a_time_and_tells_how_far_it_is() {
        let (go, gone) = mpsc::channel::<()>();
        let gone = Mutex::new(gone);
        let write: Backup = Arc::new(move |wanted, progress| {
            progress(Progress {
                stage: Stage::BackingUp,
                done: 1,
                total: Some(4),
            });
            let _ = gone.lock().expect("the channel").recv();
            match wanted.cut {
                None => Ok(made()),
                Some(0) => panic!("the disk is on fire"),
                Some(cut) => Err(format!("no frame {cut}")),
            }
        });
        let backups = Backups::default();
        let wanted = Wanted {
            at: Millis(7),
            cut: None,
        };
        let job = backups.begin(wanted, write.clone()).expect("the first");
        let second = backups.begin(wanted, write.clone()).expect_err("one at a time");
        assert_eq!(second.id, job.id);
        until(&backups, "7", |job| job.percent == Some(25));
        go.send(()).expect("it waits");
        let job = until(&backups, "7", |job| job.state == State::Done);
        assert_eq!(job.backup, Some(made()));

        let next = Wanted {
            at: Millis(8),
            cut: Some(9),
        };
        backups.begin(next, write.clone()).expect("the next");
        go.send(()).expect("it waits");
        let job = until(&backups, "8", |job| job.state == State::Failed);
        assert_eq!(job.reason.as_deref(), Some("no frame 9"));
        assert!(backups.find("7").is_none());

        let broken = Wanted {
            at: Millis(9),
            cut: Some(0),
        };
        backups.begin(broken, write).expect("the third");
        go.send(()).expect("it waits");
        let job = until(&backups, "9", |job| job.state == State::Failed);
        assert!(
            job.reason
                .is_some_and(|reason| reason.contains("the backup broke"))
        );
    }
}
