//! Callbacks: signed, sent until answered with 2xx, duplicated and reordered when told to (F5).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::sandbox::front::desk::{Desk, now_ms};
use crate::sandbox::front::fault::Fault;
use crate::sandbox::options::Callback;
use crate::sandbox::outbox::Outbox;
use crate::sandbox::random::draw;
use crate::sandbox::sign;

/// How many callbacks are under way at once.
const CONCURRENT: usize = 16;
const TIMEOUT_MS: u64 = 10_000;
const BACKOFF_MIN_MS: i64 = 100;
const BACKOFF_MAX_MS: i64 = 5_000;

/// A callback to be delivered.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    body: String,
    attempt: u32,
}

impl Outgoing {
    pub(super) fn new(body: String) -> Self {
        Self { body, attempt: 0 }
    }
}

/// Whoever carries the callbacks.
#[derive(Debug, Clone)]
pub(super) struct Courier {
    callback: Arc<Mutex<Callback>>,
    client: reqwest::Client,
    desk: Arc<Desk>,
    outbox: Arc<Outbox<Outgoing>>,
}

impl Courier {
    pub(super) fn new(callback: Callback, client: reqwest::Client, desk: Arc<Desk>) -> Self {
        Self {
            callback: Arc::new(Mutex::new(callback)),
            client,
            desk,
            outbox: Arc::default(),
        }
    }

    fn callback(&self) -> Callback {
        self.callback
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends to another address, or signs with another secret, from now on.
    pub(super) fn redirect(&self, callback: Callback) {
        *self.callback.lock().unwrap_or_else(PoisonError::into_inner) = callback;
    }

    /// How many callbacks nobody has accepted yet.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// The bodies of these.
    pub(super) fn bodies_waiting(&self) -> Vec<String> {
        self.outbox.waiting(|outgoing| outgoing.body.clone())
    }

    /// Takes a callback on.
    pub(super) fn send(&self, outgoing: Outgoing) {
        let now = now_ms();
        match self.desk.strike_sending("callback") {
            Some(Fault::DuplicateCallback) => {
                self.desk
                    .counters
                    .count(|counts| counts.callbacks.duplicated += 1);
                self.outbox.push(now, outgoing.clone());
                self.outbox.push(now, outgoing);
            }
            Some(Fault::ReorderCallback { within_ms }) => {
                self.desk.counters.count(|counts| counts.callbacks.reordered += 1);
                let delay = draw(self.desk.seed, &outgoing.body, 0) % (within_ms + 1);
                self.outbox
                    .push(now + i64::try_from(delay).unwrap_or(0), outgoing);
            }
            // A warehouse retries until it is heard, so nothing of it can get lost.
            Some(_) | None => self.outbox.push(now, outgoing),
        }
    }

    pub(super) async fn keep_sending(&self) {
        let slots = Arc::new(Semaphore::new(CONCURRENT));
        let mut sending = JoinSet::new();
        loop {
            let outgoing = self.outbox.next().await;
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let courier = self.clone();
            sending.spawn(async move {
                courier.deliver(outgoing).await;
                drop(slot);
            });
            while sending.try_join_next().is_some() {}
        }
    }

    async fn deliver(&self, outgoing: Outgoing) {
        let callback = self.callback();
        let delivered = match &callback.url {
            Some(url) => self.post(url, &callback.secret, &outgoing.body).await,
            None => false,
        };
        self.desk.counters.count(|counts| {
            counts.callbacks.sent += 1;
            let outcome = if delivered {
                &mut counts.callbacks.delivered
            } else {
                &mut counts.callbacks.failed
            };
            *outcome += 1;
        });
        if !delivered {
            let backoff = (BACKOFF_MIN_MS << outgoing.attempt.min(10)).min(BACKOFF_MAX_MS);
            let attempt = outgoing.attempt + 1;
            self.outbox
                .push(now_ms() + backoff, Outgoing { attempt, ..outgoing });
        }
    }

    async fn post(&self, url: &str, secret: &str, body: &str) -> bool {
        let signature = sign::warehouse(secret, now_ms() / 1000, body.as_bytes());
        let request = self
            .client
            .post(url)
            .timeout(Duration::from_millis(TIMEOUT_MS))
            .header("content-type", "application/json")
            .header("x-warehouse-signature", signature)
            .body(body.to_owned());
        match request.send().await {
            Ok(reply) if reply.status().is_success() => true,
            Ok(reply) => {
                tracing::debug!(status = %reply.status(), url, "warehouse callback refused");
                false
            }
            Err(error) => {
                tracing::debug!(%error, url, "warehouse callback not delivered");
                false
            }
        }
    }
}
