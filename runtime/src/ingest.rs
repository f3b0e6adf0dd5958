//! Whether what a shop sends is believed. A stop outlives the process; only a person lifts it.

use std::collections::BTreeSet;

use amends_engine::Millis;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;
const INGEST: &str = "ingest/";
/// Shops read at once; a configuration has a dozen.
const SHOPS_MAX: usize = 1_000;

/// What a shop's deliveries and readings are worth.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ingest {
    /// Why nothing is believed now.
    pub stop: Option<IngestStop>,
    /// Former sites that a person called this same shop.
    pub sites: BTreeSet<String>,
    /// Sites and orders that a person set aside: what is said about them is kept and never followed.
    pub aside: BTreeSet<Aside>,
}

/// What is never followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Aside {
    /// An order by its root: its id belongs to another order now.
    Order(String),
    /// A site that delivers with this shop's secret.
    Site(String),
}

/// Why a shop's ingest stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestStop {
    /// Since when: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// Who stopped it: a token's name, or `amends`.
    pub by: String,
    /// What is wrong.
    pub why: StopReason,
    /// A sentence for people.
    pub text: String,
}

/// What is wrong with a shop's ingest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// An order's id came back with another order key.
    OtherOrder {
        /// The order.
        root: String,
    },
    /// A known order now lives on another site: the shop moved, or the configuration names a copy.
    OtherSite {
        /// The site its orders are known from.
        known: String,
    },
    /// A delivery names a site that is not the configured one.
    ForeignDelivery {
        /// The site it names.
        site: String,
    },
    /// A person paused it.
    Paused,
}

impl StopReason {
    /// The stable code, also the cause of the incident.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherOrder { .. } => "other-order",
            Self::OtherSite { .. } => "other-site",
            Self::ForeignDelivery { .. } => "wrong-source",
            Self::Paused => "ingest-paused",
        }
    }

    /// What resuming decides, for people.
    pub fn consequence(&self) -> String {
        match self {
            Self::OtherOrder { root } => {
                format!("{root} is set aside: nothing the shop says about it is followed")
            }
            Self::OtherSite { known } => {
                format!("orders known from {known} are taken for orders of this shop")
            }
            Self::ForeignDelivery { site } => {
                format!("what {site} delivers is set aside: it is kept and never followed")
            }
            Self::Paused => "everything that waited is looked at".to_owned(),
        }
    }
}

impl Ingest {
    /// What is kept about `shop`; the default when nothing is.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S, shop: &str) -> Result<Self, ReadError> {
        let key = key(shop);
        match store.get(&key)? {
            Some(sealed) => decode(store, &key, &sealed),
            None => Ok(Self::default()),
        }
    }

    /// Shops whose ingest stands still, with what is kept about them.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or an entry is damaged.
    pub fn stopped<S: Store>(store: &S) -> Result<Vec<(String, IngestStop)>, ReadError> {
        let span = Span::starting(Prefix::Meta, INGEST);
        let page = store.scan(&span, SHOPS_MAX, Direction::Ascending)?;
        let mut stopped = Vec::new();
        for (key, sealed) in &page.entries {
            let Key::Meta(name) = key else { continue };
            let shop = name.strip_prefix(INGEST).unwrap_or(name).to_owned();
            stopped.extend(decode(store, key, sealed)?.stop.map(|stop| (shop, stop)));
        }
        Ok(stopped)
    }

    /// Stopped for this reason. A stop that stands stays as it is: the first reason is the one to look at.
    #[must_use]
    pub fn stopping(mut self, stop: IngestStop) -> Self {
        self.stop.get_or_insert(stop);
        self
    }

    /// Going again, with what a person thereby decided about the reason.
    #[must_use]
    pub fn resuming(mut self) -> Self {
        match self.stop.take().map(|stop| stop.why) {
            Some(StopReason::OtherOrder { root }) => {
                self.aside.insert(Aside::Order(root));
            }
            Some(StopReason::ForeignDelivery { site }) => {
                self.aside.insert(Aside::Site(site));
            }
            Some(StopReason::OtherSite { known }) => {
                self.sites.insert(known);
            }
            Some(StopReason::Paused) | None => {}
        }
        self
    }

    /// What keeps it.
    ///
    /// # Errors
    /// [`EncodeError`] when it is too large.
    pub fn write(&self, shop: &str) -> Result<Write, EncodeError> {
        Ok(Write::Put {
            key: key(shop),
            value: codec::encode(Kind::Meta, VERSION, self)?,
        })
    }
}

impl IngestStop {
    /// A stop that Amends made by itself.
    pub fn found(why: StopReason, text: String, now: Millis) -> Self {
        Self {
            since_ms: now.0,
            by: "amends".to_owned(),
            why,
            text,
        }
    }
}

fn key(shop: &str) -> Key {
    Key::Meta(format!("{INGEST}{shop}"))
}

fn decode<S: Store>(store: &S, key: &Key, sealed: &[u8]) -> Result<Ingest, ReadError> {
    codec::decode(Kind::Meta, sealed)
        .map(|(_, ingest)| ingest)
        .map_err(|error| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        })
}
