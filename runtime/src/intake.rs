//! Taking in one look at an order: compared with what is known, recorded, and followed up where it concerns others.

use std::sync::Arc;

use amends_engine::command::Refusal;
use amends_engine::decide::Observation;
use amends_engine::fact::Fact;
use amends_engine::kernel::Reply;
use amends_engine::{RootKey, Value};
use amends_storage::{EncodeError, ReadError, Store};
use futures::future::BoxFuture;
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard};

use crate::alike::{Alike, around, looks, of_likeness};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::handle::{Handle, Stopped};
use crate::incident::{IncidentError, Incidents, Origin, Report};
use crate::ingest::{Ingest, IngestStop, StopReason};
use crate::known::{MirrorState, known};
use crate::reading::{LoadError, load_root};

/// Comparisons made again because the order moved meanwhile, before the look is put back.
const COMPARISONS_MAX: u32 = 8;

/// What a look means.
#[derive(Debug)]
pub enum Interpretation {
    /// Nothing, for this reason.
    Nothing(String),
    /// This about the order it names. `None` for the mirror leaves the record as it is.
    Observe {
        /// The edge's new record of the order.
        mirror: Option<Vec<u8>>,
        /// The order's content, when it changed.
        subject: Option<Arc<Value>>,
        /// Facts.
        facts: Vec<Fact>,
        /// For people.
        note: String,
        /// What a person should see besides; kept before the observation, because a look that repeats one already
        /// recorded no longer says it.
        alarm: Option<Alarm>,
    },
    /// It cannot be told now (the shop does not answer): look again later.
    Later(String),
    /// It can never be told.
    Failed(Alarm),
    /// Nothing from this shop may be believed until a person looked.
    Stop {
        /// What is wrong.
        why: StopReason,
        /// A sentence for people.
        text: String,
    },
}

/// What a person should see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The class of the cause, a stable code.
    pub cause: &'static str,
    /// A sentence for people that says what to do, free of personal data.
    pub text: String,
    /// Whom it concerns.
    pub scope: Scope,
}

/// Whom an alarm concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The delivery alone.
    Delivery,
    /// The shop it came from: many deliveries make one incident.
    Shop,
}

/// Understands deliveries, and judges what is alike.
pub trait Interpret: Send + Sync + 'static {
    /// The order a delivery is about; `None` when it is about none.
    fn root_of(&self, delivery: &Delivery) -> Option<RootKey>;
    /// What it means, compared with what is known of the order.
    fn interpret<'a>(
        &'a self,
        delivery: &'a Delivery,
        known: &'a MirrorState,
    ) -> BoxFuture<'a, Interpretation>;
    /// The fact about `later` that it may be `earlier` once more; `None` when they are too far apart.
    fn duplicate(&self, earlier: &Alike, later: &Alike) -> Option<Fact>;
}

/// One look at an order, whose meaning depends on what is known.
pub trait Look: Sync {
    /// What it means.
    fn interpret<'a>(&'a self, known: &'a MirrorState) -> BoxFuture<'a, Interpretation>;
}

/// What became of a look.
#[derive(Debug)]
pub enum Taken {
    /// It was understood.
    Settled {
        /// What it meant, for people.
        note: String,
        /// Whether it told anything new.
        news: bool,
    },
    /// It can never be understood; the caller keeps the alarm.
    Failed(Alarm),
    /// It has to be looked at again, for this reason.
    Later(String),
    /// The shop's ingest stands still.
    Stopped,
}

/// Why a look was not taken in.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// An order cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something is too large for the store.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An incident could not be kept.
    #[error(transparent)]
    Incident(#[from] IncidentError),
}

/// Takes in looks. Cheap to clone.
#[derive(Clone)]
pub struct Intake<R> {
    pub(crate) handle: Handle,
    pub(crate) reader: R,
    pub(crate) interpreter: Arc<dyn Interpret>,
    clock: Arc<Clock>,
    incidents: Incidents<R>,
    ingest: Arc<Mutex<()>>,
}

impl<R: Store + Clone> Intake<R> {
    /// The intake of one store. Make one and clone it.
    pub fn new(handle: Handle, reader: R, interpreter: Arc<dyn Interpret>, clock: Arc<Clock>) -> Self {
        Self {
            incidents: Incidents::new(handle.clone(), reader.clone()),
            handle,
            reader,
            interpreter,
            clock,
            ingest: Arc::default(),
        }
    }
}

impl<R: Store> Intake<R> {
    /// Asks the engine.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Incidents of what is no order.
    pub fn incidents(&self) -> &Incidents<R> {
        &self.incidents
    }

    /// Now.
    pub fn now(&self) -> amends_engine::Millis {
        self.clock.now()
    }

    /// The turn to change what is kept about a shop's ingest: whoever reads, decides and writes holds it.
    pub async fn ingest_turn(&self) -> MutexGuard<'_, ()> {
        self.ingest.lock().await
    }

    /// Takes in one look at `root`, an order of `source` (a shop, or a connector that calls back).
    ///
    /// # Errors
    /// [`IntakeError`]; taking the same look in again is safe.
    pub async fn take(
        &self,
        source: &str,
        root: Option<&RootKey>,
        look: &dyn Look,
    ) -> Result<Taken, IntakeError> {
        for _ in 0..COMPARISONS_MAX {
            let known = self.known(source, root)?;
            if known.ingest.stop.is_some() {
                return Ok(Taken::Stopped);
            }
            match look.interpret(&known).await {
                Interpretation::Later(reason) => return Ok(Taken::Later(reason)),
                Interpretation::Failed(alarm) => return Ok(Taken::Failed(alarm)),
                Interpretation::Stop { why, text } => {
                    self.stop(source, root, why, text).await?;
                    return Ok(Taken::Stopped);
                }
                Interpretation::Nothing(note) => {
                    if let Some(root) = root {
                        self.follow_up(root).await?;
                    }
                    return Ok(Taken::Settled { note, news: false });
                }
                Interpretation::Observe {
                    mirror,
                    subject,
                    mut facts,
                    note,
                    alarm,
                } => {
                    let Some(root) = root else {
                        return Ok(Taken::Later("it names no order".to_owned()));
                    };
                    if let Some(alarm) = alarm {
                        self.raise(source, root, alarm).await?;
                    }
                    facts.extend(self.suspicions(root, subject.as_deref())?);
                    let news = !facts.is_empty();
                    let seen = mirror.is_some();
                    let observation = Observation {
                        mirror: mirror.map(|record| (known.revision, record)),
                        subject,
                        facts,
                    };
                    match self.handle.observe(root.clone(), observation).await? {
                        Reply::Refused(Refusal::MirrorMoved { .. }) => continue,
                        Reply::Refused(refusal) => return Ok(Taken::Failed(refused(&refusal))),
                        Reply::Done { .. } | Reply::Preview(_) => {}
                    }
                    if seen {
                        self.follow_up(root).await?;
                    }
                    return Ok(Taken::Settled { note, news });
                }
            }
        }
        Ok(Taken::Later("the order keeps moving".to_owned()))
    }

    async fn raise(&self, source: &str, root: &RootKey, alarm: Alarm) -> Result<(), IntakeError> {
        let report = Report {
            origin: Origin::Shop(source.to_owned()),
            cause: alarm.cause,
            text: alarm.text,
            about: root.to_string(),
        };
        Ok(self
            .incidents
            .report(&report, Vec::new(), self.clock.now())
            .await?)
    }

    fn known(&self, source: &str, root: Option<&RootKey>) -> Result<MirrorState, LoadError> {
        match root {
            Some(root) => known(&self.reader, source, root),
            None => Ok(MirrorState {
                ingest: Ingest::read(&self.reader, source)?,
                ..MirrorState::default()
            }),
        }
    }

    /// Facts that the order about to be revealed repeats one that is known: recorded together with what starts it, so
    /// that nothing leaves before.
    fn suspicions(&self, root: &RootKey, subject: Option<&Value>) -> Result<Vec<Fact>, ReadError> {
        let Some((likeness, placed_ms)) = subject.and_then(looks) else {
            return Ok(Vec::new());
        };
        let own = Alike {
            root: root.clone(),
            placed_ms,
        };
        let others = of_likeness(&self.reader, &likeness)?;
        let earlier = others
            .iter()
            .filter(|other| other.root != *root && other.is_before(&own));
        Ok(earlier
            .filter_map(|other| self.interpreter.duplicate(other, &own))
            .collect())
    }

    /// Tells the later of each pair, also where it arrived first or both arrived at once. It is asked after every look,
    /// so that a process that died in between is made up for.
    async fn follow_up(&self, root: &RootKey) -> Result<(), IntakeError> {
        let Some((own, others)) = around(&self.reader, root)? else {
            return Ok(());
        };
        for other in &others {
            let (earlier, later) = if own.is_before(other) {
                (&own, other)
            } else {
                (other, &own)
            };
            if let Some(fact) = self.interpreter.duplicate(earlier, later) {
                self.tell(&later.root, fact).await?;
            }
        }
        Ok(())
    }

    async fn tell(&self, root: &RootKey, fact: Fact) -> Result<(), IntakeError> {
        let id = fact.natural_id();
        let told = load_root(&self.reader, root)?.is_some_and(|loaded| loaded.root.facts.contains_key(&id));
        if told {
            return Ok(());
        }
        let observation = Observation {
            facts: vec![fact],
            ..Observation::default()
        };
        if let Reply::Refused(refusal) = self.handle.observe(root.clone(), observation).await? {
            tracing::warn!(%root, %refusal, fact = id, "the order takes no more facts");
        }
        Ok(())
    }

    /// Stops the ingest of `shop`, durably and together with the incident.
    async fn stop(
        &self,
        shop: &str,
        root: Option<&RootKey>,
        why: StopReason,
        text: String,
    ) -> Result<(), IntakeError> {
        let _turn = self.ingest_turn().await;
        let report = Report {
            origin: Origin::Shop(shop.to_owned()),
            cause: why.code(),
            text: format!(
                "{text}. Nothing of this shop is believed until `amends shops resume {shop}`; then {}.",
                why.consequence()
            ),
            about: root.map(ToString::to_string).unwrap_or_default(),
        };
        let now = self.clock.now();
        let ingest = Ingest::read(&self.reader, shop)?.stopping(IngestStop::found(why, text, now));
        let writes = vec![ingest.write(shop)?];
        Ok(self.incidents.report(&report, writes, now).await?)
    }
}

fn refused(refusal: &Refusal) -> Alarm {
    Alarm {
        cause: "facts-refused",
        text: refusal.to_string(),
        scope: Scope::Delivery,
    }
}
