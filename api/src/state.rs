//! What every request shares.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use amends_engine::Millis;
use amends_engine::decide::Book;
use amends_runtime::{Handle, Inbox};
use amends_storage::ReadError;
use tokio::sync::watch;

use crate::audit::Audit;
use crate::backups::{Backup, Backups};
use crate::bulk::Desk;
use crate::door::Door;
use crate::feed::{Feed, Listeners};
use crate::limits::Limits;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::repeat::Lanes;
use crate::ring::Ring;
use crate::sensitive::Sensitive;
use crate::token::Token;

/// Everything the API needs. The composition root fills it in and gives it to [`crate::router`].
pub struct Setup {
    /// The running engine.
    pub handle: Handle,
    /// Deliveries, started on the same `reader`.
    pub inbox: Inbox<Reader>,
    /// Durable state.
    pub reader: Reader,
    /// Definitions, for the titles of steps.
    pub book: Arc<dyn Book + Send + Sync>,
    /// Looks at what arrives.
    pub door: Arc<dyn Door>,
    /// Tokens of the configuration; those of the store are read from `reader` besides.
    pub tokens: Vec<Token>,
    /// What can be named in a path.
    pub names: Names,
    /// Who is told of what happens.
    pub listeners: Listeners,
    /// Turns `true` when the server stops: what never ends by itself ends then.
    pub stopping: watch::Receiver<bool>,
    /// Commands that take a second person.
    pub sensitive: Sensitive,
    /// Bounds of the configuration.
    pub limits: Limits,
    /// Everything measured in this process, in the text format of Prometheus.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Writes backups.
    pub backup: Backup,
    /// The time: `Clock::now` of the process.
    pub now: Arc<dyn Fn() -> Millis + Send + Sync>,
}

/// What the configuration knows, so that a slip of the pen is told from an empty list.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Shops.
    pub shops: BTreeSet<String>,
    /// Connectors.
    pub connectors: BTreeSet<String>,
}

impl Names {
    /// Whether deliveries can come from `source`.
    pub(crate) fn has_source(&self, source: &str) -> bool {
        self.shops.contains(source) || self.connectors.contains(source)
    }
}

/// [`Setup`] and what this process keeps besides. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) setup: Setup,
    pub(crate) audit: Audit,
    pub(crate) refused: Ring,
    pub(crate) feed: Feed,
    pub(crate) backups: Backups,
    /// One token is made at a time, so that two of one name cannot be.
    pub(crate) naming: tokio::sync::Mutex<()>,
    /// One waiting command is decided at a time, so that it is decided once.
    pub(crate) deciding: tokio::sync::Mutex<()>,
    pub(crate) lanes: Lanes,
    pub(crate) bulk: Desk,
    /// Who looks after an incident is changed by one at a time.
    pub(crate) caring: tokio::sync::Mutex<()>,
    document: OnceLock<String>,
}

impl App {
    pub(crate) fn new(setup: Setup) -> Result<Self, ReadError> {
        let audit = Audit::open(setup.handle.clone(), &setup.reader)?;
        let feed = Feed::new(setup.reader.clone(), setup.book.clone());
        Ok(Self(Arc::new(Shared {
            setup,
            audit,
            feed,
            refused: Ring::default(),
            backups: Backups::default(),
            naming: tokio::sync::Mutex::new(()),
            deciding: tokio::sync::Mutex::new(()),
            lanes: Lanes::default(),
            bulk: Desk::default(),
            caring: tokio::sync::Mutex::new(()),
            document: OnceLock::new(),
        })))
    }

    pub(crate) fn now(&self) -> Millis {
        (self.0.setup.now)()
    }

    /// Keeps the document of the routes, once they are put together.
    pub(crate) fn publish(&self, document: &utoipa::openapi::OpenApi) {
        let text = document.to_json().unwrap_or_default();
        self.0.document.get_or_init(|| text);
    }

    /// The OpenAPI document.
    pub(crate) fn document(&self) -> String {
        self.0.document.get().cloned().unwrap_or_default()
    }

    /// Reads the store beside the tasks that answer: a scan may take some milliseconds.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&App) -> Result<T, Problem> + Send + 'static,
    {
        let app = self.clone();
        tokio::task::spawn_blocking(move || look(&app))
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "a reading failed");
                Err(Problem::internal())
            })
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
