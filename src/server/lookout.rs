//! Looking at orders by ourselves, without a delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_api::Reader;
use amends_connectors::woocommerce::order;
use amends_connectors::woocommerce::rest::{Client, Entry, Looked, RestError};
use amends_runtime::{
    Alarm, Handle, IncidentError, Intake, IntakeError, Interpretation, Look, MirrorState, Origin, Report,
    Scope, Stopped, Taken,
};
use amends_storage::{EncodeError, ReadError};
use amends_workflows::mirror::{Gone, Observation, Seen, Source};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use thiserror::Error;

use super::interpreter::{Interpreter, root};
use super::shop::Shop;

/// The status of an order in the bin.
const TRASH: &str = "trash";

/// Looks at the orders of one shop.
#[derive(Clone)]
pub struct Lookout {
    /// The shop's name.
    pub shop: String,
    /// All shops.
    pub shops: Arc<BTreeMap<String, Shop>>,
    /// Reads it.
    pub client: Client,
    /// Compares.
    pub interpreter: Arc<Interpreter>,
    /// Takes in what was seen.
    pub intake: Intake<Reader>,
    /// Reads what is known.
    pub reader: Reader,
}

/// Why looking did not finish. It begins again where it stood.
#[derive(Debug, Error)]
pub enum LookError {
    /// The shop did not answer.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// What was seen could not be taken in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is kept of it is too large.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An incident could not be kept.
    #[error(transparent)]
    Incident(#[from] IncidentError),
    /// An order cannot be compared now.
    #[error("{order} cannot be compared now: {reason}")]
    Later {
        /// The order.
        order: String,
        /// Why.
        reason: String,
    },
    /// The shop's ingest stands still.
    #[error("the shop's ingest stands still until a person resumes it")]
    IngestStopped,
}

impl LookError {
    /// Whether the engine is gone, so that going on makes no sense.
    pub fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Stopped(_)
                | Self::Intake(IntakeError::Stopped(_) | IntakeError::Incident(IncidentError::Stopped(_)))
                | Self::Incident(IncidentError::Stopped(_))
        )
    }
}

impl Lookout {
    /// Looks at an order as a listing asked for at `begun_ms` shows it; gives whether it had news.
    ///
    /// # Errors
    /// [`LookError`]; looking again is safe.
    pub async fn look(&self, entry: &Entry, begun_ms: i64) -> Result<bool, LookError> {
        let source = Source::Sweep { begun_ms };
        self.see(entry.id, &entry.body, source).await
    }

    /// Looks at one order by itself; gives whether it had news.
    ///
    /// # Errors
    /// [`LookError`]; looking again is safe.
    pub async fn look_at(&self, order: i64) -> Result<bool, LookError> {
        let source = Source::Read {
            begun_ms: self.intake.now().0,
        };
        match self.client.order(order).await? {
            Looked::Order(body) => self.see(order, &body, source).await,
            Looked::Deleted => self.take(order, source, Seen::Absent(Gone::Deleted)).await,
        }
    }

    async fn see(&self, order: i64, body: &[u8], source: Source) -> Result<bool, LookError> {
        let Some(shop) = self.shops.get(&self.shop) else {
            return Ok(false);
        };
        match order::parse(body, &shop.model) {
            Ok(parsed) if parsed.status == TRASH => {
                self.take(order, source, Seen::Absent(Gone::Trashed)).await
            }
            Ok(parsed) => self.take(order, source, Seen::Order(Box::new(parsed))).await,
            Err(error) => {
                let alarm = Alarm {
                    cause: "unparsable-order",
                    text: format!("order {order} cannot be understood as the shop lists it: {error}"),
                    scope: Scope::Shop,
                };
                self.report(alarm, root(shop, order).to_string()).await?;
                Ok(false)
            }
        }
    }

    async fn take(&self, order: i64, source: Source, seen: Seen) -> Result<bool, LookError> {
        let Some(shop) = self.shops.get(&self.shop) else {
            return Ok(false);
        };
        let key = root(shop, order);
        let observation = Observation {
            source,
            site: shop.site.clone(),
            order,
            seen,
        };
        let glance = Glance {
            interpreter: &self.interpreter,
            shop,
            observation,
        };
        match self.intake.take(&self.shop, Some(&key), &glance).await? {
            Taken::Settled { news, .. } => Ok(news),
            Taken::Failed(alarm) => {
                self.report(alarm, key.to_string()).await?;
                Ok(false)
            }
            // Whoever walks breaks off here and begins again with this order: passed over, it would be lost until it changes.
            Taken::Later(reason) => Err(LookError::Later {
                order: key.to_string(),
                reason,
            }),
            Taken::Stopped => Err(LookError::IngestStopped),
        }
    }

    /// Makes entries of the store durable.
    pub fn intake_handle(&self) -> &Handle {
        self.intake.handle()
    }

    /// Opens an incident of the shop, or adds to it.
    ///
    /// # Errors
    /// [`LookError`]; then it was not kept.
    pub async fn report(&self, alarm: Alarm, about: String) -> Result<(), LookError> {
        let report = Report {
            origin: Origin::Shop(self.shop.clone()),
            cause: alarm.cause,
            text: alarm.text,
            about,
        };
        let incidents = self.intake.incidents();
        Ok(incidents.report(&report, Vec::new(), self.intake.now()).await?)
    }

    /// Closes the shop's incident of this cause, if it is open.
    ///
    /// # Errors
    /// [`LookError`]; then it stays open.
    pub async fn clear(&self, cause: &str, reason: &str) -> Result<(), LookError> {
        let id = format!("{}/{cause}", Origin::Shop(self.shop.clone()));
        if amends_runtime::open_incident(&self.reader, &id)?.is_some() {
            let incidents = self.intake.incidents();
            incidents.close(&id, "amends", reason, self.intake.now()).await?;
        }
        Ok(())
    }
}

/// What was seen of an order, as a look.
struct Glance<'a> {
    interpreter: &'a Interpreter,
    shop: &'a Shop,
    observation: Observation,
}

impl Look for Glance<'_> {
    fn interpret<'a>(&'a self, known: &'a MirrorState) -> BoxFuture<'a, Interpretation> {
        self.interpreter
            .compare(self.shop, self.observation.clone(), known)
            .boxed()
    }
}
