//! Reading one order from its shop.

use std::collections::BTreeMap;

use amends_connectors::woocommerce::order;
use amends_connectors::woocommerce::rest::{Client, Looked};
use amends_workflows::mirror::{Gone, Seen};
use amends_workflows::model;
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// Reads orders by REST.
pub trait OrderReader: Send + Sync {
    /// The order as the shop has it now.
    fn read<'a>(&'a self, shop: &'a str, order: i64) -> BoxFuture<'a, Result<Seen, ReadFailure>>;
}

/// Why an order could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFailure {
    /// The shop does not answer now.
    Later(String),
    /// Reading again cannot help.
    Never(String),
}

/// Reads orders of configured shops.
pub struct RestReader {
    /// Clients by shop, with what the model needs of each.
    pub shops: BTreeMap<String, (Client, model::Shop)>,
}

impl OrderReader for RestReader {
    fn read<'a>(&'a self, shop: &'a str, order: i64) -> BoxFuture<'a, Result<Seen, ReadFailure>> {
        async move {
            let Some((client, model)) = self.shops.get(shop) else {
                let reason = format!("shop `{shop}` has no REST access: add `[shops.{shop}.rest]`");
                return Err(ReadFailure::Never(reason));
            };
            match client.order(order).await {
                Ok(Looked::Order(body)) => seen(&body, model),
                Ok(Looked::Deleted) => Ok(Seen::Absent(Gone::Deleted)),
                Err(error) => Err(ReadFailure::Later(error.to_string())),
            }
        }
        .boxed()
    }
}

fn seen(body: &[u8], shop: &model::Shop) -> Result<Seen, ReadFailure> {
    let order = order::parse(body, shop).map_err(|error| ReadFailure::Never(error.to_string()))?;
    if order.status == TRASH {
        Ok(Seen::Absent(Gone::Trashed))
    } else {
        Ok(Seen::Order(Box::new(order)))
    }
}

/// The status of an order in the bin.
const TRASH: &str = "trash";
