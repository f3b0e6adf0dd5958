//! The backstop: asks each shop again and again what changed, so that a lost webhook loses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amends_connectors::woocommerce::order;
use amends_connectors::woocommerce::rest::{Client, Entry, RestError, Shelf, Walk};
use amends_engine::command::Refusal;
use amends_engine::decide::Observation;
use amends_engine::kernel::Reply;
use amends_runtime::{Handle, Interpretation, known};
use amends_storage::{Key, Kind, Store, Write, codec};
use amends_workflows::mirror::{Gone, Observation as Look, Seen, Source};
use thiserror::Error;

use super::interpreter::{Interpreter, root};
use super::shop::Shop;

/// Comparisons made again because the order moved meanwhile.
const COMPARISONS_MAX: u32 = 4;

/// Sweeps one shop.
pub struct Sweep<R> {
    /// The shop's name.
    pub shop: String,
    /// All shops.
    pub shops: Arc<BTreeMap<String, Shop>>,
    /// Reads it.
    pub client: Client,
    /// How often.
    pub every: Duration,
    /// How far each sweep reaches back before the last one, in milliseconds: dates of change have a second's grain
    /// and clocks differ.
    pub overlap_ms: i64,
    /// Compares.
    pub interpreter: Arc<Interpreter>,
    /// Takes what was derived.
    pub handle: Handle,
    /// Reads what is known.
    pub reader: R,
}

/// Why a sweep did not finish. It begins again where it stood.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The shop did not answer.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] amends_runtime::Stopped),
    /// The store failed.
    #[error(transparent)]
    Load(#[from] amends_runtime::LoadError),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] amends_storage::ReadError),
    /// The cursor cannot be written or read.
    #[error("the sweep's cursor: {0}")]
    Cursor(String),
}

impl<R: Store> Sweep<R> {
    /// Sweeps for ever; ends when the engine stops.
    pub async fn run(self) {
        let mut tick = tokio::time::interval(self.every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.once().await {
                Ok(news) if news > 0 => {
                    tracing::info!(shop = self.shop, news, "the sweep found what no webhook told");
                }
                Ok(_) => {}
                Err(SweepError::Stopped(_)) => return,
                Err(error) => tracing::warn!(shop = self.shop, %error, "the sweep did not finish"),
            }
        }
    }

    /// One sweep; gives how many orders had news.
    ///
    /// # Errors
    /// [`SweepError`]; the cursor stays where it was.
    pub async fn once(&self) -> Result<usize, SweepError> {
        let Some(shop) = self.shops.get(&self.shop) else {
            return Ok(0);
        };
        let mut news = 0;
        for (shelf, name) in [(Shelf::Shown, "shown"), (Shelf::Binned, "bin")] {
            let key = Key::Meta(format!("sweep/{}/{name}", self.shop));
            let mut walk = Walk::since(shelf, self.cursor(&key)?, self.overlap_ms);
            let begun_ms = self.interpreter.clock.now().0;
            while let Some(page) = self.client.step(&mut walk).await? {
                for entry in page.entries {
                    news += usize::from(self.look(shop, &entry, begun_ms).await?);
                }
                for complaint in page.unreadable {
                    tracing::warn!(
                        shop = self.shop,
                        complaint,
                        "an order of the sweep cannot be read"
                    );
                }
            }
            if let Some(cursor_ms) = walk.cursor_ms() {
                self.keep(key, cursor_ms).await?;
            }
        }
        Ok(news)
    }

    async fn look(&self, shop: &Shop, entry: &Entry, begun_ms: i64) -> Result<bool, SweepError> {
        let parsed = match order::parse(&entry.body, &shop.model) {
            Ok(parsed) => parsed,
            Err(error) => {
                tracing::warn!(shop = self.shop, order = entry.id, %error, "an order of the sweep cannot be read");
                return Ok(false);
            }
        };
        let seen = if parsed.status == "trash" {
            Seen::Absent(Gone::Trashed)
        } else {
            Seen::Order(Box::new(parsed))
        };
        let key = root(shop, entry.id);
        for _ in 0..COMPARISONS_MAX {
            let known = known(&self.reader, &key)?;
            let look = Look {
                source: Source::Sweep { begun_ms },
                site: shop.site.clone(),
                order: entry.id,
                seen: seen.clone(),
            };
            let Interpretation::Observe {
                mirror: record,
                subject,
                facts,
                ..
            } = self.interpreter.compare(shop, look, &known).await
            else {
                return Ok(false);
            };
            let told = !facts.is_empty();
            let mirror = record.map(|record| (known.revision, record));
            let observation = Observation {
                mirror,
                subject,
                facts,
            };
            match self.handle.observe(key.clone(), observation).await? {
                Reply::Refused(Refusal::MirrorMoved { .. }) => {}
                Reply::Refused(refusal) => {
                    tracing::warn!(root = %key, %refusal, "the order takes no more facts");
                    return Ok(false);
                }
                Reply::Done { .. } | Reply::Preview(_) => return Ok(told),
            }
        }
        Ok(false)
    }

    fn cursor(&self, key: &Key) -> Result<i64, SweepError> {
        let Some(sealed) = self.reader.get(key)? else {
            return Ok(0);
        };
        let decoded = codec::decode(Kind::Meta, &sealed);
        decoded
            .map(|(_, cursor_ms)| cursor_ms)
            .map_err(|error| SweepError::Cursor(error.to_string()))
    }

    async fn keep(&self, key: Key, cursor_ms: i64) -> Result<(), SweepError> {
        let value = codec::encode(Kind::Meta, 1, &cursor_ms)
            .map_err(|error| SweepError::Cursor(error.to_string()))?;
        Ok(self.handle.write(vec![Write::Put { key, value }]).await?)
    }
}
