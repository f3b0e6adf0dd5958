//! Everything that looks at shops by itself: their REST clients, sweeps and full compares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amends_api::Reader;
use amends_connectors::woocommerce::rest::{Access, Client};
use amends_engine::Millis;
use amends_runtime::{Intake, first_met};
use amends_storage::{Commit, Log as _, Sled};
use tokio::task::JoinSet;

use crate::config::Config;

use super::full_compare::FullCompare;
use super::interpreter::Interpreter;
use super::lookout::Lookout;
use super::run::StartError;
use super::shop::Shop;
use super::sweep::Sweep;

fn client(
    shop: &str,
    config: &crate::config::Shop,
    rest: &crate::config::Rest,
) -> Result<Client, StartError> {
    let access = Access {
        site: config.url.to_string(),
        key: rest.consumer_key.reveal().to_owned(),
        secret: rest.consumer_secret.reveal().to_owned(),
        timeout: Duration::from_secs(30),
    };
    Client::new(access).map_err(|source| StartError::Shop {
        shop: shop.to_owned(),
        source,
    })
}

/// A client for every shop that can be read, with what the model needs of it.
pub(super) fn clients(
    config: &Config,
    shops: &BTreeMap<String, Shop>,
) -> Result<BTreeMap<String, (Client, amends_workflows::model::Shop)>, StartError> {
    let mut clients = BTreeMap::new();
    for (name, shop) in &config.shops {
        if let (Some(rest), Some(known)) = (&shop.rest, shops.get(name)) {
            clients.insert(name.clone(), (client(name, shop, rest)?, known.model.clone()));
        }
    }
    Ok(clients)
}

/// Keeps when the store met each shop that it did not know, before anything of it is read.
pub(super) fn meet(config: &Config, log: &mut Sled, now: Millis) -> Result<(), StartError> {
    let mut commit = Commit::default();
    for name in config.shops.keys() {
        if first_met(log, name)?.is_none() {
            commit.writes.push(amends_runtime::meet(name, now)?);
        }
    }
    if !commit.writes.is_empty() {
        log.commit(&commit)?;
    }
    Ok(())
}

/// From when on a shop's orders are looked at without being told: Unix milliseconds, UTC.
fn since_ms(reader: &Reader, shop: &str, rest: &crate::config::Rest) -> Result<i64, StartError> {
    if let Some(since) = rest.orders_since {
        return Ok(since.timestamp_millis());
    }
    let met = first_met(reader, shop)?.unwrap_or_default();
    Ok(met.0.saturating_sub(ms(rest.overlap)))
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Sweeps and full compares of every shop that can be read.
pub(super) fn patrol(
    config: &Config,
    shops: &Arc<BTreeMap<String, Shop>>,
    interpreter: &Arc<Interpreter>,
    intake: &Intake<Reader>,
    reader: &Reader,
    workers: &mut JoinSet<()>,
) -> Result<(), StartError> {
    for (name, shop) in &config.shops {
        let Some(rest) = &shop.rest else { continue };
        let lookout = Lookout {
            shop: name.clone(),
            shops: shops.clone(),
            client: client(name, shop, rest)?,
            interpreter: interpreter.clone(),
            intake: intake.clone(),
            reader: reader.clone(),
        };
        let since_ms = since_ms(reader, name, rest)?;
        let page = usize::try_from(rest.page).unwrap_or(usize::MAX);
        let sweep = Sweep {
            lookout: lookout.clone(),
            every: rest.sweep_every,
            since_ms,
            overlap_ms: ms(rest.overlap),
            page,
            silent_after_ms: ms(rest.silent_after),
        };
        workers.spawn(sweep.run());
        let compare = FullCompare {
            lookout,
            every_ms: ms(rest.compare_every),
            window_ms: ms(rest.compare_window),
            since_ms,
            page,
            pause: Duration::from_mins(1) / rest.compare_rate,
        };
        workers.spawn(compare.run());
    }
    Ok(())
}
