//! Deliveries: stored durably before they are answered, understood afterwards, listed and replayed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amends_engine::{Millis, RootKey};
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use futures::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::delivery::{Arrival, Delivery, DeliveryState, decode, kept, made_ms};
use crate::handle::{Handle, Stopped};
use crate::incident::{Closed, IncidentError, Origin, Report};
use crate::ingest::Ingest;
use crate::intake::{Alarm, Intake, IntakeError, Interpret, Interpretation, Look, Scope, Taken};
use crate::known::MirrorState;

/// Deliveries understood at once. Each may wait for a reading of the shop.
const WORKERS: usize = 16;
/// Deliveries that may wait in memory for a worker; the rest wait in the store.
const QUEUE_MAX: usize = 4_096;
/// The pause before a delivery that could not be understood yet is looked at again.
const LATER: Duration = Duration::from_secs(3);
/// Marks a delivery that a person had looked at again; with the id of the first one.
const REPLAY_OF: &str = "x-amends-replay-of";
/// The kind of deliveries that come from other systems than a shop.
const CALLBACK: &str = "callback";
/// How far the clock that makes ids and the one that stamps deliveries usually differ; beyond it finding one by its id
/// reads all of its source.
const FOUND_WITHIN_MS: i64 = 2_000;
/// Deliveries looked through for the newest of a shop.
const NEWEST_LOOK: usize = 64;

/// Why a delivery was not taken.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// It is too large for the store.
    #[error("the delivery cannot be stored: {0}")]
    Encode(#[from] EncodeError),
}

/// Takes, lists and replays deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Inbox<R> {
    handle: Handle,
    reader: R,
    intake: Intake<R>,
    queue: mpsc::Sender<Key>,
}

impl<R: Store + Clone + Send + Sync + 'static> Inbox<R> {
    /// Starts the workers; they first take up what an earlier process left. They end when every clone is gone.
    ///
    /// # Errors
    /// [`ReadError`] when what was left cannot be read.
    pub fn start(intake: &Intake<R>) -> Result<(Self, JoinSet<()>), ReadError> {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let queued = Arc::new(tokio::sync::Mutex::new(queued));
        let busy = Arc::new(Mutex::new(BTreeSet::new()));
        let inbox = Self {
            handle: intake.handle.clone(),
            reader: intake.reader.clone(),
            intake: intake.clone(),
            queue,
        };
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let worker = Worker {
                intake: intake.clone(),
                busy: busy.clone(),
            };
            workers.spawn(worker.run(queued.clone()));
        }
        // Read once before anything is taken, so that damage is found at the start.
        inbox.pending()?;
        workers.spawn(requeue(inbox.queue.downgrade(), intake.reader.clone()));
        Ok((inbox, workers))
    }

    /// How deliveries are taken in.
    pub fn intake(&self) -> &Intake<R> {
        &self.intake
    }

    /// Keeps an arrival; when this returns it survives power loss. Gives its id.
    ///
    /// # Errors
    /// [`AcceptError`]; then it must not be acknowledged.
    pub async fn accept(&self, arrival: Arrival, now: Millis) -> Result<String, AcceptError> {
        let (delivery, writes) = kept(arrival, now)?;
        self.handle.write(writes).await?;
        self.enqueue(&delivery);
        Ok(delivery.id)
    }

    /// A full queue is no loss: the store knows what is pending, and the workers come back to it.
    fn enqueue(&self, delivery: &Delivery) {
        let _ = self.queue.try_send(delivery.key());
    }

    /// Looks at a delivery again as if it had just arrived, and gives the id of the new one. What was open about the
    /// old one is closed with it: if it still cannot be understood, that is an incident of the new one.
    ///
    /// # Errors
    /// [`IncidentError`]; then nothing of it was kept.
    pub async fn replay(&self, delivery: &Delivery, by: &str, now: Millis) -> Result<String, IncidentError> {
        let mut headers = delivery.headers.clone();
        headers.retain(|(name, _)| name != REPLAY_OF);
        headers.push((REPLAY_OF.to_owned(), delivery.id.clone()));
        let arrival = Arrival {
            source: delivery.source.clone(),
            kind: delivery.kind.clone(),
            headers,
            body: delivery.body.clone(),
        };
        let (again, writes) = kept(arrival, now)?;
        let origin = Origin::Delivery {
            source: delivery.source.clone(),
            id: delivery.id.clone(),
        };
        let closed = Closed {
            at_ms: now.0,
            by: by.to_owned(),
            reason: format!("looked at again as {}", again.id),
        };
        let incidents = self.intake.incidents();
        incidents.close_all_on(&origin, &closed, writes).await?;
        self.enqueue(&again);
        Ok(again.id)
    }

    /// Deliveries of `source`, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or an entry is damaged.
    pub fn list(&self, source: &str, limit: usize) -> Result<Vec<Delivery>, ReadError> {
        let span = Span::deliveries(source, i64::MIN);
        let page = self.reader.scan(&span, limit, Direction::Descending)?;
        page.entries
            .iter()
            .map(|(key, value)| decode(&self.reader, key, value))
            .collect()
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn find(&self, source: &str, id: &str) -> Result<Option<Delivery>, ReadError> {
        if let Some(made_ms) = made_ms(id) {
            let span = Span::deliveries(source, made_ms.saturating_sub(FOUND_WITHIN_MS));
            let last_ms = made_ms.saturating_add(FOUND_WITHIN_MS);
            let found = self.first_of(Some(span), Direction::Ascending, id, last_ms)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let all = Some(Span::deliveries(source, i64::MIN));
        self.first_of(all, Direction::Descending, id, i64::MAX)
    }

    fn first_of(
        &self,
        mut span: Option<Span>,
        direction: Direction,
        wanted: &str,
        last_ms: i64,
    ) -> Result<Option<Delivery>, ReadError> {
        while let Some(rest) = span.take() {
            let page = self.reader.scan(&rest, 256, direction)?;
            for (key, value) in &page.entries {
                let Key::Delivery { id, received_ms, .. } = key else {
                    continue;
                };
                if id == wanted {
                    return decode(&self.reader, key, value).map(Some);
                }
                if *received_ms > last_ms {
                    return Ok(None);
                }
            }
            span = page.rest;
        }
        Ok(None)
    }

    /// How many deliveries wait to be understood.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed.
    pub fn pending_count(&self) -> Result<usize, ReadError> {
        Ok(self.pending()?.len())
    }

    fn pending(&self) -> Result<Vec<Key>, ReadError> {
        pending(&self.reader)
    }
}

/// Puts what waits in the store in line again and again: what an earlier process left, what a full queue turned
/// away, what could not be told yet.
async fn requeue<R: Store>(queue: mpsc::WeakSender<Key>, reader: R) {
    let mut tick = tokio::time::interval(LATER);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let keys = waiting(&reader).unwrap_or_else(|error| {
            tracing::error!(%error, "pending deliveries cannot be read");
            Vec::new()
        });
        let Some(queue) = queue.upgrade() else { return };
        for key in keys {
            if queue.send(key).await.is_err() {
                return;
            }
        }
    }
}

/// What is pending and can be looked at: not of a shop whose ingest stands still.
fn waiting<R: Store>(reader: &R) -> Result<Vec<Key>, ReadError> {
    let mut keys = pending(reader)?;
    let stopped = Ingest::stopped(reader)?;
    keys.retain(|key| {
        let of_stopped =
            matches!(key, Key::Delivery { shop, .. } if stopped.iter().any(|(name, _)| name == shop));
        !of_stopped
    });
    Ok(keys)
}

/// When `shop` last delivered something by itself; `None` when it never did, or nothing among the newest deliveries
/// is its own.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn last_delivered<R: Store>(reader: &R, shop: &str) -> Result<Option<Millis>, ReadError> {
    let span = Span::deliveries(shop, i64::MIN);
    let page = reader.scan(&span, NEWEST_LOOK, Direction::Descending)?;
    for (key, value) in &page.entries {
        let delivery = decode(reader, key, value)?;
        if delivery.kind != CALLBACK && delivery.header(REPLAY_OF).is_none() {
            return Ok(Some(Millis(delivery.received_ms)));
        }
    }
    Ok(None)
}

fn pending<R: Store>(reader: &R) -> Result<Vec<Key>, ReadError> {
    let mut keys = Vec::new();
    let mut span = Some(Span::all(Prefix::Pending));
    while let Some(rest) = span.take() {
        let page = reader.scan(&rest, 256, Direction::Ascending)?;
        for (key, value) in &page.entries {
            let Key::Pending(id) = key else { continue };
            let place = codec::decode::<(String, i64)>(Kind::Pending, value);
            let (_, (source, received_ms)) = place.map_err(|error| ReadError::Damaged {
                key: key.stored(reader.partition()),
                meaning: error.to_string(),
            })?;
            keys.push(Key::Delivery {
                shop: source,
                received_ms,
                id: id.clone(),
            });
        }
        span = page.rest;
    }
    Ok(keys)
}

struct Worker<R> {
    intake: Intake<R>,
    busy: Arc<Mutex<BTreeSet<Key>>>,
}

impl<R: Store> Worker<R> {
    async fn run(self, queued: Arc<tokio::sync::Mutex<mpsc::Receiver<Key>>>) {
        loop {
            let next = queued.lock().await.recv().await;
            let Some(key) = next else { return };
            if !self.begin(&key) {
                continue;
            }
            if let Err(error) = self.understand(&key).await {
                tracing::warn!(%error, "a delivery stays pending");
            }
            self.end(&key);
        }
    }

    /// Whether no other worker has it.
    fn begin(&self, key: &Key) -> bool {
        self.busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone())
    }

    fn end(&self, key: &Key) {
        self.busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }

    async fn understand(&self, key: &Key) -> Result<(), IntakeError> {
        let reader = &self.intake.reader;
        let Some(value) = reader.get(key)? else {
            return Ok(());
        };
        let mut delivery = decode(reader, key, &value)?;
        // The mark counts, not the state: in a restored store a delivery may say it is done, by a frame that was cut off.
        if reader.get(&Key::Pending(delivery.id.clone()))?.is_none() {
            return Ok(());
        }
        let interpreter = self.intake.interpreter.clone();
        let root = interpreter.root_of(&delivery);
        let look = Arrived {
            interpreter: interpreter.as_ref(),
            delivery: &delivery,
        };
        let taken = self.intake.take(&delivery.source, root.as_ref(), &look).await?;
        let (state, alarm) = match taken {
            Taken::Settled { note, .. } => {
                let root = root.as_ref().map(ToString::to_string);
                (DeliveryState::Done { root, note }, None)
            }
            Taken::Failed(alarm) => {
                let reason = alarm.text.clone();
                (DeliveryState::Failed { reason }, Some(alarm))
            }
            Taken::Later(reason) => {
                tracing::info!(reason, "a delivery waits");
                return Ok(());
            }
            Taken::Stopped => return Ok(()),
        };
        delivery.state = state;
        self.settle(&delivery, root.as_ref(), alarm).await
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        root: Option<&RootKey>,
        alarm: Option<Alarm>,
    ) -> Result<(), IntakeError> {
        let writes = vec![
            delivery.write()?,
            Write::Delete {
                key: Key::Pending(delivery.id.clone()),
            },
        ];
        let Some(alarm) = alarm else {
            return Ok(self.intake.handle.write(writes).await?);
        };
        let report = Report {
            origin: match alarm.scope {
                Scope::Shop => Origin::Shop(delivery.source.clone()),
                Scope::Delivery => Origin::Delivery {
                    source: delivery.source.clone(),
                    id: delivery.id.clone(),
                },
            },
            cause: alarm.cause,
            text: alarm.text,
            about: root.map_or_else(|| delivery.id.clone(), ToString::to_string),
        };
        let incidents = self.intake.incidents();
        Ok(incidents.report(&report, writes, self.intake.now()).await?)
    }
}

/// A delivery as a look at its order.
struct Arrived<'a> {
    interpreter: &'a dyn Interpret,
    delivery: &'a Delivery,
}

impl Look for Arrived<'_> {
    fn interpret<'a>(&'a self, known: &'a MirrorState) -> BoxFuture<'a, Interpretation> {
        self.interpreter.interpret(self.delivery, known)
    }
}
