//! Deliveries: stored durably before they are answered, understood afterwards, listed and replayed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amends_engine::command::Refusal;
use amends_engine::decide::Observation;
use amends_engine::kernel::Reply;
use amends_engine::{Millis, RootKey};
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::handle::{Handle, Stopped};
use crate::known::{MirrorState, known};
use crate::reading::LoadError;

/// Deliveries understood at once. Each may wait for a reading of the shop.
const WORKERS: usize = 16;
/// Deliveries that may wait in memory for a worker; the rest wait in the store.
const QUEUE_MAX: usize = 4_096;
/// Comparisons made again because the order moved meanwhile, before the delivery is put back.
const COMPARISONS_MAX: u32 = 8;
/// The pause before a delivery that could not be understood yet is looked at again.
const LATER: Duration = Duration::from_secs(3);

/// Something that arrived and is not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The shop or connector it came from, as named in the configuration.
    pub source: String,
    /// What it seems to be, in one word, for lists.
    pub kind: String,
    /// The headers worth keeping.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
}

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The shop or connector it came from, as named in the configuration.
    pub source: String,
    /// When: Unix milliseconds, UTC.
    pub received_ms: i64,
    /// Its id, unique in the store and ordered by time.
    pub id: String,
    /// What it seems to be, in one word, for lists.
    pub kind: String,
    /// The headers worth keeping.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// What became of it.
    pub state: DeliveryState,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It waits to be understood.
    Pending,
    /// It was understood.
    Done {
        /// The order it is about, if any.
        root: Option<String>,
        /// What it meant, for people.
        note: String,
    },
    /// It cannot be understood.
    Failed {
        /// Why, for people.
        reason: String,
    },
}

/// What a delivery means.
#[derive(Debug)]
pub enum Interpretation {
    /// Nothing, for this reason.
    Nothing(String),
    /// This about the order it names. `None` for the mirror leaves the record as it is.
    Observe {
        /// The edge's new record of the order.
        mirror: Option<Vec<u8>>,
        /// The order's content, when it changed.
        subject: Option<Arc<amends_engine::Value>>,
        /// Facts.
        facts: Vec<amends_engine::fact::Fact>,
        /// For people.
        note: String,
    },
    /// It cannot be told now (the shop does not answer): look again later.
    Later(String),
    /// It can never be told.
    Failed(String),
}

/// Understands deliveries.
pub trait Interpret: Send + Sync + 'static {
    /// The order a delivery is about; `None` when it is about none.
    fn root_of(&self, delivery: &Delivery) -> Option<RootKey>;
    /// What it means, compared with what was last seen of the order.
    fn interpret<'a>(
        &'a self,
        delivery: &'a Delivery,
        mirror: &'a MirrorState,
    ) -> BoxFuture<'a, Interpretation>;
}

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
    queue: mpsc::Sender<Key>,
}

impl<R: Store + Clone + Send + Sync + 'static> Inbox<R> {
    /// Starts the workers; they first take up what an earlier process left. They end when every clone is gone.
    ///
    /// # Errors
    /// [`ReadError`] when what was left cannot be read.
    pub fn start(
        handle: &Handle,
        reader: R,
        interpreter: &Arc<dyn Interpret>,
    ) -> Result<(Self, JoinSet<()>), ReadError> {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let queued = Arc::new(tokio::sync::Mutex::new(queued));
        let busy = Arc::new(Mutex::new(BTreeSet::new()));
        let inbox = Self {
            handle: handle.clone(),
            reader: reader.clone(),
            queue,
        };
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let worker = Worker {
                handle: handle.clone(),
                reader: reader.clone(),
                interpreter: interpreter.clone(),
                busy: busy.clone(),
            };
            workers.spawn(worker.run(queued.clone()));
        }
        // Read once before anything is taken, so that damage is found at the start.
        inbox.pending()?;
        workers.spawn(requeue(inbox.queue.downgrade(), reader));
        Ok((inbox, workers))
    }

    /// Keeps an arrival; when this returns it survives power loss. Gives its id.
    ///
    /// # Errors
    /// [`AcceptError`]; then it must not be acknowledged.
    pub async fn accept(&self, arrival: Arrival, now: Millis) -> Result<String, AcceptError> {
        let delivery = Delivery {
            source: arrival.source,
            received_ms: now.0,
            id: uuid::Uuid::now_v7().simple().to_string(),
            kind: arrival.kind,
            headers: arrival.headers,
            body: arrival.body,
            state: DeliveryState::Pending,
        };
        let key = delivery.key();
        let pending = codec::encode(Kind::Pending, 1, &(&delivery.source, delivery.received_ms))?;
        let writes = vec![
            delivery.write()?,
            Write::Put {
                key: Key::Pending(delivery.id.clone()),
                value: pending,
            },
        ];
        self.handle.write(writes).await?;
        // A full queue is no loss: the store knows what is pending, and the workers come back to it.
        let _ = self.queue.try_send(key);
        Ok(delivery.id)
    }

    /// Looks at a delivery again as if it had just arrived.
    ///
    /// # Errors
    /// [`AcceptError`] when the engine stopped.
    pub async fn replay(&self, delivery: &Delivery, now: Millis) -> Result<String, AcceptError> {
        let arrival = Arrival {
            source: delivery.source.clone(),
            kind: delivery.kind.clone(),
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
        };
        self.accept(arrival, now).await
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
        let mut span = Some(Span::deliveries(source, i64::MIN));
        while let Some(rest) = span.take() {
            let page = self.reader.scan(&rest, 256, Direction::Descending)?;
            for (key, value) in &page.entries {
                if matches!(key, Key::Delivery { id: found, .. } if found == id) {
                    return decode(&self.reader, key, value).map(Some);
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
        let keys = pending(&reader).unwrap_or_else(|error| {
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

impl Delivery {
    fn key(&self) -> Key {
        Key::Delivery {
            shop: self.source.clone(),
            received_ms: self.received_ms,
            id: self.id.clone(),
        }
    }

    fn write(&self) -> Result<Write, EncodeError> {
        Ok(Write::Put {
            key: self.key(),
            value: codec::encode(Kind::Delivery, 1, self)?,
        })
    }

    /// The header called `name`, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn decode<R: Store>(reader: &R, key: &Key, value: &[u8]) -> Result<Delivery, ReadError> {
    let damaged = |error: amends_storage::DecodeError| ReadError::Damaged {
        key: key.stored(reader.partition()),
        meaning: error.to_string(),
    };
    codec::decode(Kind::Delivery, value)
        .map(|(_, delivery)| delivery)
        .map_err(damaged)
}

#[derive(Debug, Error)]
enum WorkError {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

struct Worker<R> {
    handle: Handle,
    reader: R,
    interpreter: Arc<dyn Interpret>,
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

    async fn understand(&self, key: &Key) -> Result<(), WorkError> {
        let Some(value) = self.reader.get(key)? else {
            return Ok(());
        };
        let mut delivery = decode(&self.reader, key, &value)?;
        if delivery.state != DeliveryState::Pending {
            return Ok(());
        }
        let Some(state) = self.compare(&delivery).await? else {
            return Ok(());
        };
        delivery.state = state;
        let done = vec![
            delivery.write()?,
            Write::Delete {
                key: Key::Pending(delivery.id.clone()),
            },
        ];
        Ok(self.handle.write(done).await?)
    }

    /// What became of it; `None` when it has to be looked at again.
    async fn compare(&self, delivery: &Delivery) -> Result<Option<DeliveryState>, WorkError> {
        let Some(root) = self.interpreter.root_of(delivery) else {
            let nothing = self
                .interpreter
                .interpret(delivery, &MirrorState::default())
                .await;
            return Ok(settled(None, nothing));
        };
        for _ in 0..COMPARISONS_MAX {
            let mirror = known(&self.reader, &root)?;
            let (observation, note) = match self.interpreter.interpret(delivery, &mirror).await {
                Interpretation::Observe {
                    mirror: record,
                    subject,
                    facts,
                    note,
                } => {
                    let mirror = record.map(|record| (mirror.revision, record));
                    (
                        Observation {
                            mirror,
                            subject,
                            facts,
                        },
                        note,
                    )
                }
                other @ (Interpretation::Nothing(_)
                | Interpretation::Later(_)
                | Interpretation::Failed(_)) => {
                    return Ok(settled(Some(&root), other));
                }
            };
            match self.handle.observe(root.clone(), observation).await? {
                Reply::Done { .. } | Reply::Preview(_) => {
                    return Ok(Some(DeliveryState::Done {
                        root: Some(root.to_string()),
                        note,
                    }));
                }
                Reply::Refused(Refusal::MirrorMoved { .. }) => {}
                Reply::Refused(refusal) => {
                    return Ok(Some(DeliveryState::Failed {
                        reason: refusal.to_string(),
                    }));
                }
            }
        }
        Ok(None)
    }
}

fn settled(root: Option<&RootKey>, interpretation: Interpretation) -> Option<DeliveryState> {
    match interpretation {
        Interpretation::Nothing(note) | Interpretation::Observe { note, .. } => Some(DeliveryState::Done {
            root: root.map(ToString::to_string),
            note,
        }),
        Interpretation::Failed(reason) => Some(DeliveryState::Failed { reason }),
        Interpretation::Later(reason) => {
            tracing::info!(reason, "a delivery waits");
            None
        }
    }
}
