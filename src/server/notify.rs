//! Tells listeners: posts the notices of the feed they want, signed, in order, each until it is taken.
//!
//! The form is that of Standard Webhooks (standardwebhooks.com, specification 1.0): `webhook-id` is the notice's
//! place in the feed, so that a repetition is recognised; `webhook-signature` is `v1,` and the base64 of the
//! HMAC-SHA256 over `id.timestamp.body`. Where a listener stands is durable: after a restart it is told what it missed.

mod place;
mod signer;

use std::sync::Arc;
use std::time::Duration;

use amends_api::feed::{Feed, FeedError, Filter, Listener, Notice, Part};
use amends_api::role::Shops;
use amends_runtime::{Clock, Handle};
use amends_storage::ReadError;
use tokio::sync::watch;

use crate::config::Notify;

pub use place::Place;
pub use signer::{Signer, SignerError};

/// Notices read at once.
const NOTICES_PER_PART: usize = 64;
/// The pause after the first refusal of a notice; it doubles with each further one.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest pause: a listener that is back waits this long at the most.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// Frames without a notice for the listener, after which its place is kept all the same.
const FRAMES_UNKEPT_MAX: u64 = 10_000;

/// Tells one listener.
pub struct Notifier {
    name: String,
    notify: Notify,
    signer: Signer,
    filter: Filter,
    feed: Feed,
    handle: Handle,
    clock: Arc<Clock>,
    http: reqwest::Client,
    place: Place,
    state: watch::Sender<Listener>,
}

/// Why a listener cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Its place cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its secret signs nothing.
    #[error("notify.{name}.secret: {source}")]
    Signer {
        /// The listener.
        name: String,
        /// Why.
        source: SignerError,
    },
    /// Requests cannot be made.
    #[error("notify.{name}: {source}")]
    Http {
        /// The listener.
        name: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// What became of a notice.
enum Told {
    Taken,
    PassedOver,
}

impl Notifier {
    /// A notifier that goes on where the listener called `name` stands; a new one begins with what happens next.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn new(
        name: &str,
        notify: &Notify,
        feed: Feed,
        handle: Handle,
        clock: Arc<Clock>,
    ) -> Result<(Self, watch::Receiver<Listener>), NotifyError> {
        let signer = Signer::new(notify.secret.reveal()).map_err(|source| NotifyError::Signer {
            name: name.to_owned(),
            source,
        })?;
        let http = reqwest::Client::builder()
            .timeout(notify.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|source| NotifyError::Http {
                name: name.to_owned(),
                source,
            })?;
        let place = Place::read(feed.reader(), name)?.unwrap_or_else(|| Place::at(feed.end()));
        let (state, seen) = watch::channel(Listener {
            name: name.to_owned(),
            told: place.cursor(),
            failing_since_ms: None,
            problem: None,
            passed_over: place.passed_over,
        });
        let notifier = Self {
            name: name.to_owned(),
            filter: Filter {
                kinds: notify.kinds.iter().copied().collect(),
                shops: notify.shops.iter().cloned().collect(),
                sees: Shops::All,
            },
            notify: notify.clone(),
            signer,
            feed,
            handle,
            clock,
            http,
            place,
            state,
        };
        Ok((notifier, seen))
    }

    /// Tells for ever; ends when the engine stops.
    pub async fn run(mut self) {
        let mut handle = self.handle.clone();
        // A new listener's place is kept at once: what happens before the next start is not passed over.
        if !self.keep().await {
            return;
        }
        let mut kept = self.place.cursor().sequence;
        loop {
            let Some(part) = self.part().await else {
                tokio::time::sleep(PAUSE_FIRST).await;
                continue;
            };
            for notice in &part.notices {
                if let Told::PassedOver = self.tell(notice).await {
                    self.place.passed_over += 1;
                }
                self.place.set(notice.id);
                if !self.keep().await {
                    return;
                }
                kept = notice.id.sequence;
            }
            self.place.set(part.next);
            if part.next.sequence.saturating_sub(kept) > FRAMES_UNKEPT_MAX {
                if !self.keep().await {
                    return;
                }
                kept = part.next.sequence;
            }
            if part.is_last && !handle.health_changed().await {
                return;
            }
        }
    }

    async fn part(&mut self) -> Option<Part> {
        let (feed, after, filter) = (self.feed.clone(), self.place.cursor(), self.filter.clone());
        let read = tokio::task::spawn_blocking(move || feed.read(after, &filter, NOTICES_PER_PART)).await;
        match read {
            Ok(Ok(part)) => Some(part),
            Ok(Err(FeedError::Gone { oldest })) => {
                tracing::warn!(listener = self.name, told = %after, %oldest, "what happened in between has left for archives; the listener is told no more of it");
                self.place.set(oldest);
                None
            }
            Ok(Err(error)) => {
                tracing::error!(listener = self.name, %error, "the feed cannot be read");
                None
            }
            Err(error) => {
                tracing::error!(listener = self.name, %error, "reading the feed failed");
                None
            }
        }
    }

    /// Makes the listener's place durable; `false` when the engine has stopped.
    async fn keep(&self) -> bool {
        self.publish(None);
        let write = match self.place.write(&self.name) {
            Ok(write) => write,
            Err(error) => {
                tracing::error!(listener = self.name, %error, "the listener's place cannot be kept");
                return true;
            }
        };
        self.handle.write(vec![write]).await.is_ok()
    }

    fn publish(&self, failure: Option<(i64, String)>) {
        let (since, problem) = failure.unzip();
        self.state.send_replace(Listener {
            name: self.name.clone(),
            told: self.place.cursor(),
            failing_since_ms: since,
            problem,
            passed_over: self.place.passed_over,
        });
    }

    /// Posts `notice` until it is taken or its time is over.
    async fn tell(&self, notice: &Notice) -> Told {
        let began = tokio::time::Instant::now();
        let since_ms = self.clock.now().0;
        let mut pause = PAUSE_FIRST;
        loop {
            let Err(problem) = self.post(notice).await else {
                return Told::Taken;
            };
            if began.elapsed() + pause > self.notify.give_up_after {
                tracing::error!(listener = self.name, notice = %notice.id, problem, "a notice was never taken and is passed over");
                return Told::PassedOver;
            }
            tracing::warn!(listener = self.name, notice = %notice.id, problem, "a notice was not taken; it is sent again");
            self.publish(Some((since_ms, problem)));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn post(&self, notice: &Notice) -> Result<(), String> {
        let body = serde_json::to_vec(notice).map_err(|error| error.to_string())?;
        let (id, timestamp_s) = (notice.id.to_string(), self.clock.now().0 / 1_000);
        let request = self
            .http
            .post(self.notify.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", self.signer.sign(&id, timestamp_s, &body))
            .body(body);
        let response = request
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(format!("it answered {status}"))
    }
}
