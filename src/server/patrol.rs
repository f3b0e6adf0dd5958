//! Everything that looks at shops by itself: their REST clients, sweeps and full compares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amends_api::Reader;
use amends_connectors::woocommerce::rest::{Access, Client};
use amends_runtime::Intake;
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

/// Sweeps and full compares of every shop that can be read.
pub(super) fn patrol(
    config: &Config,
    shops: &Arc<BTreeMap<String, Shop>>,
    interpreter: &Arc<Interpreter>,
    intake: &Intake<Reader>,
    reader: &Reader,
    workers: &mut JoinSet<()>,
) -> Result<(), StartError> {
    let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
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
        let sweep = Sweep {
            lookout: lookout.clone(),
            every: rest.sweep_every,
            overlap_ms: ms(rest.overlap),
            silent_after_ms: ms(rest.silent_after),
        };
        workers.spawn(sweep.run());
        let compare = FullCompare {
            lookout,
            every_ms: ms(rest.compare_every),
            window_ms: ms(rest.compare_window),
            pause: Duration::from_mins(1) / rest.compare_rate,
        };
        workers.spawn(compare.run());
    }
    Ok(())
}
