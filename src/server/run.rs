//! Starting and stopping everything in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use amends_api::brakes::Brakes;
use amends_api::feed::{Feed, Listeners};
use amends_api::{Names, Reader, Setup, Tls};
use amends_connectors::woocommerce::rest::AccessError;
use amends_engine::gate::{BreakerLimits, Limits, Paused, RateLimits};
use amends_engine::kernel;
use amends_engine::{ConnectorId, Digest, Millis, RootKey, StoreId};
use amends_runtime::{Clock, Handle, Inbox, Intake, RebuildError, Running, Term, find_archived, rebuild};
use amends_storage::{
    Commit, CommitError, Direction, EncodeError, Identity, IdentityError, Key, Kind, Log as _, OpenError,
    Options, ReadError, Sled, Span, Store as _, Write, codec,
};
use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::{Library, LibraryError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;

use super::book::ServerBook;
use super::breaker::BreakerWatch;
use super::callback::Callbacks;
use super::connectors::{ConnectorError, Connectors};
use super::door::ServerDoor;
use super::identity::new_store_id;
use super::interpreter::{Interpreter, RefundIndex};
use super::metrics;
use super::notify::{Notifier, NotifyError};
use super::patrol::{clients, meet, patrol};
use super::performer::Performer;
use super::reader::RestReader;
use super::shop::Shop;

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be named.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Derived state cannot be made again after a restore.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// A definition cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A connector cannot be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// A shop cannot be read.
    #[error("shop {shop}: {source}")]
    Shop {
        /// The shop.
        shop: String,
        /// Why.
        source: AccessError,
    },
    /// A definition was changed without a new version.
    #[error(
        "{workflow} version {version} is not the document this store knows under that version ({before}, now {now}): raise its `version`"
    )]
    Changed {
        /// The workflow.
        workflow: String,
        /// The version.
        version: u32,
        /// What the store knows.
        before: Box<Digest>,
        /// What was read.
        now: Box<Digest>,
    },
    /// Everybody could do anything.
    #[error(
        "{listen} can be reached from other machines and no token exists: make one with `amends token create`, then start again"
    )]
    Unguarded {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("{listen} cannot be listened on: {source}; set `server.listen` to a free address")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error("server.tls: {0}")]
    Tls(#[from] amends_api::TlsError),
    /// A listener cannot be told.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The API cannot start.
    #[error("the API cannot start: {0}")]
    Api(ReadError),
}

/// Switches that only tests use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tests {
    /// What a commit waits for.
    pub sync: amends_storage::Sync,
    /// When acknowledgements are given.
    pub acknowledge: amends_runtime::Acknowledge,
    /// Milliseconds until a finished order moves to an archive and a body is deleted, in place of the configured days.
    pub retain_ms: Option<i64>,
}

/// A running server.
pub struct Server {
    /// Where it listens: `http://127.0.0.1:7411`.
    pub url: String,
    running: Running,
    stop: watch::Sender<bool>,
    http: JoinHandle<std::io::Result<()>>,
    workers: JoinSet<()>,
}

impl Server {
    /// Asks the engine.
    pub fn handle(&self) -> Handle {
        self.running.handle()
    }

    /// Stops: no new requests, those under way are answered, errands under way may end, everything decided becomes
    /// durable. Takes 15 s at the most: [`amends_api::limits::DRAIN`], then the engine's own bound of 5 s.
    ///
    /// # Errors
    /// [`amends_runtime::CommitterError`] when the store failed.
    pub async fn stop(mut self) -> Result<(), amends_runtime::CommitterError> {
        // Whoever listens to the signal is stopping already when it cannot be sent.
        let _ = self.stop.send(true);
        // The engine goes on until requests under way are answered.
        match self.http.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the HTTP service ended badly"),
            Err(error) => tracing::warn!(%error, "the HTTP service ended badly"),
        }
        self.workers.abort_all();
        self.running.stop().await
    }
}

/// Starts a server as `config` says.
///
/// # Errors
/// [`StartError`]; nothing is left running.
pub async fn start(config: &Config, tests: Tests) -> Result<Server, StartError> {
    metrics::recorder();
    let clock = Arc::new(Clock::default());
    let mut log = open(config, tests, clock.now())?;
    rebuild(&mut log, |done, total| {
        tracing::info!(done, total, "folding restored orders");
    })?;
    let evaluator = Arc::new(CelEvaluator::new());
    let library = library(config, &evaluator, &mut log)?;
    let connectors = Arc::new(Connectors::new(config, &evaluator, &mut log)?);
    let shops: BTreeMap<String, Shop> = config
        .shops
        .iter()
        .map(|(name, shop)| (name.clone(), Shop::new(name, shop)))
        .collect();
    let shops = Arc::new(shops);
    meet(config, &mut log, clock.now())?;
    let reader = Reader::new(log.reader());
    let store = log.reader();
    let restored = paused(&log)?;
    let brakes = Brakes::read(&log)?;
    let book = Arc::new(ServerBook {
        library,
        routing: config.routing.clone(),
        shops: shops.clone(),
        contracts: connectors.contracts(),
    });
    let engine = amends_runtime::Settings {
        kernel: kernel::Settings {
            store: StoreId::new(log.identity().store_id.clone()),
            working_set_max: usize::try_from(config.store.working_set_roots_max).unwrap_or(usize::MAX),
            limits: limits(config),
            last_sequence: 0,
            restored_at: restored,
            brakes: brakes.of_kernel(),
        },
        book: book.clone(),
        evaluator,
        perform: Arc::new(Performer {
            connectors: connectors.clone(),
        }),
        effects: if brakes.stop_effects() {
            Paused::Yes
        } else {
            Paused::No
        },
        acknowledge: tests.acknowledge,
    };
    let running = amends_runtime::start(log, engine)?;
    let callbacks = Arc::new(Callbacks {
        connectors: connectors.clone(),
        clock: clock.clone(),
    });
    let interpreter = Arc::new(Interpreter {
        shops: shops.clone(),
        orders: Arc::new(RestReader {
            shops: clients(config, &shops)?,
        }),
        callbacks: callbacks.clone(),
        clock: clock.clone(),
        refunds: refunds(reader.clone()),
    });
    let dynamic: Arc<dyn amends_runtime::Interpret> = interpreter.clone();
    let intake = Intake::new(running.handle(), reader.clone(), dynamic, clock.clone());
    let (inbox, mut workers) = Inbox::start(&intake)?;
    patrol(config, &shops, &interpreter, &intake, &reader, &mut workers)?;
    workers.spawn(metrics::upkeep());
    workers.spawn(BreakerWatch::new(&intake, &reader).run());
    let feed = Feed::new(reader.clone(), book.clone());
    let mut listeners = Listeners::default();
    for (name, notify) in &config.notify {
        let (notifier, state) = Notifier::new(name, notify, feed.clone(), running.handle(), clock.clone())?;
        workers.spawn(notifier.run());
        listeners.0.push(state);
    }
    let (stop, stopping) = watch::channel(false);
    let retention = super::retention::keep(config, tests, running.handle(), &store, &clock);
    let backup = super::backup::writer(&config.store.folder, store, retention.upkeep.clone());
    workers.spawn(retention.run());
    let setup = Setup {
        handle: running.handle(),
        inbox,
        reader,
        book,
        door: Arc::new(ServerDoor {
            shops: shops.clone(),
            callbacks,
        }),
        tokens: tokens(config),
        sensitive: super::sensitive(&config.sensitive),
        names: names(config),
        listeners,
        stopping,
        limits: api_limits(config),
        metrics: Arc::new(|| metrics::recorder().render()),
        backup,
        now: Arc::new(move || clock.now()),
    };
    serve(config, setup, running, workers, stop).await
}

async fn serve(
    config: &Config,
    setup: Setup,
    running: Running,
    workers: JoinSet<()>,
    stop: watch::Sender<bool>,
) -> Result<Server, StartError> {
    let listen = config.server.listen;
    let tls = config.server.tls.as_ref();
    let tls = tls.map(|tls| Tls::read(tls.certificate.as_ref(), tls.key.as_ref()));
    let tls = tls.transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let router = amends_api::router(setup).map_err(StartError::Api)?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| StartError::Listen { listen, source })?;
    let address = listener
        .local_addr()
        .map_err(|source| StartError::Listen { listen, source })?;
    let mut stopping = stop.subscribe();
    let http = tokio::spawn(amends_api::serve(listener, tls, router, async move {
        // A sender that is gone means the same as the signal.
        let _ = stopping.wait_for(|stop| *stop).await;
    }));
    tracing::info!(%address, "ready");
    Ok(Server {
        url: format!("{scheme}://{address}"),
        running,
        stop,
        http,
        workers,
    })
}

fn open(config: &Config, tests: Tests, now: Millis) -> Result<Sled, StartError> {
    let options = Options {
        sync: tests.sync,
        cache_bytes: u64::from(config.store.cache_mb) * 1024 * 1024,
        ..Options::default()
    };
    let identity = Identity::new(&new_store_id(), now.0)?;
    Ok(Sled::open_or_create(&config.store.folder, &options, identity)?)
}

/// When the store was restored, while nobody has resumed it.
fn paused(log: &Sled) -> Result<Option<Millis>, StartError> {
    let Some(sealed) = log.get(&Key::paused())? else {
        return Ok(None);
    };
    let key = Key::paused();
    let decoded = codec::decode::<amends_storage::Paused>(Kind::Meta, &sealed);
    match decoded {
        Ok((_, paused)) => Ok(Some(Millis(paused.since_ms))),
        Err(error) => Err(ReadError::Damaged {
            key: key.stored(log.partition()),
            meaning: error.to_string(),
        }
        .into()),
    }
}

/// Shipped and own definitions; each is kept by digest while any instance may name it.
fn library(config: &Config, evaluator: &Arc<CelEvaluator>, log: &mut Sled) -> Result<Library, StartError> {
    let mut library = Library::shipped(evaluator.clone())?;
    if let Some(folder) = &config.definitions.folder {
        library.add_folder(folder.as_ref())?;
    }
    let mut commit = Commit::default();
    let mut known = Vec::new();
    for loaded in library.iter() {
        let definition = &loaded.definition;
        let name = format!("definition/{}/{}", definition.name, definition.version);
        known.push((
            definition.name.clone(),
            definition.version,
            definition.digest,
            name,
        ));
        let (document, _) = Write::document(Kind::Definition, loaded.text.as_bytes())?;
        commit.writes.push(document);
    }
    for (workflow, version, digest, name) in known {
        let key = Key::Meta(name);
        if let Some(sealed) = log.get(&key)? {
            if let Ok((_, before)) = codec::decode::<[u8; 32]>(Kind::Meta, &sealed)
                && before != digest.0
            {
                return Err(changed(&workflow, version, Digest(before), digest));
            }
        } else {
            let value = codec::encode(Kind::Meta, 1, &digest.0)?;
            commit.writes.push(Write::Put { key, value });
        }
    }
    log.commit(&commit)?;
    Ok(library)
}

fn changed(workflow: &amends_engine::WorkflowName, version: u32, before: Digest, now: Digest) -> StartError {
    StartError::Changed {
        workflow: workflow.to_string(),
        version,
        before: Box::new(before),
        now: Box::new(now),
    }
}

fn limits(config: &Config) -> BTreeMap<ConnectorId, Limits> {
    let limits = config.connectors.iter().map(|(name, connector)| {
        let limits = Limits {
            concurrency_max: connector.concurrency,
            rate: connector.rate.map(|rate| RateLimits {
                per_second: rate.per_second,
                burst: rate.burst,
            }),
            breaker: Some(BreakerLimits {
                failures: connector.breaker.failures,
                open_ms: i64::try_from(connector.breaker.open_for.as_millis()).unwrap_or(i64::MAX),
            }),
        };
        (ConnectorId::new(name.clone()), limits)
    });
    limits.collect()
}

/// Finds the order a refund belongs to, among those whose refund was recorded here.
fn refunds(reader: Reader) -> RefundIndex {
    Arc::new(move |shop, refund| {
        let known = format!("{shop}/{refund}");
        let page = reader
            .scan(&Span::index("refund", &known), 1, Direction::Ascending)
            .ok()?;
        let found = page.entries.into_iter().find_map(|(key, _)| {
            let Key::Index { root, .. } = key else { return None };
            Some(RootKey::new(root))
        });
        found.or_else(|| {
            find_archived(&reader, Term::Refund, &known, 1)
                .ok()?
                .into_iter()
                .next()
        })
    })
}

/// What can be named in a path.
fn names(config: &Config) -> Names {
    Names {
        shops: config.shops.keys().cloned().collect(),
        connectors: config.connectors.keys().cloned().collect(),
    }
}

fn tokens(config: &Config) -> Vec<amends_api::token::Token> {
    config
        .server
        .tokens
        .iter()
        .map(|(name, token)| super::token(name, token))
        .collect()
}

fn api_limits(config: &Config) -> amends_api::Limits {
    amends_api::Limits {
        body_max: config.server.body_max.bytes(),
    }
}
