//! What deliveries mean: the storefront's by comparison with the order's mirror, other systems' by their recipe.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::woocommerce::delivery::{Delivery as Kind, Headers, Limits, classify};
use amends_connectors::woocommerce::order;
use amends_engine::RootKey;
use amends_runtime::{Clock, Delivery, Interpret, Interpretation, MirrorState, Sent};
use amends_workflows::mirror::{Comparison, Mirror, Observation, OwnWrite, Seen, Source, compare};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::callback::Callbacks;
use super::reader::{OrderReader, ReadFailure};
use super::shop::Shop;

/// Finds the order of a shop's refund, among those recorded here.
pub type RefundIndex = Arc<dyn Fn(&str, i64) -> Option<RootKey> + Send + Sync>;

/// Understands what arrives, for all shops and connectors.
pub struct Interpreter {
    /// Shops by name.
    pub shops: Arc<BTreeMap<String, Shop>>,
    /// Reads orders by REST.
    pub orders: Arc<dyn OrderReader>,
    /// Understands callbacks of other systems.
    pub callbacks: Arc<Callbacks>,
    /// When a reading begins.
    pub clock: Arc<Clock>,
    /// Finds the order of a refund.
    pub refunds: RefundIndex,
}

impl Interpret for Interpreter {
    fn root_of(&self, delivery: &Delivery) -> Option<RootKey> {
        if delivery.kind == super::door::CALLBACK {
            return self.callbacks.root_of(delivery);
        }
        let shop = self.shops.get(&delivery.source)?;
        match kind(delivery) {
            Kind::Snapshot { order } | Kind::Bare { order, .. } => Some(root(shop, order)),
            Kind::Refund { refund } => (self.refunds)(&shop.name, refund),
            Kind::Ping { .. }
            | Kind::Note { .. }
            | Kind::ShopError { .. }
            | Kind::Ignored { .. }
            | Kind::Unknown { .. }
            | Kind::Unusable(_) => None,
        }
    }

    fn interpret<'a>(
        &'a self,
        delivery: &'a Delivery,
        mirror: &'a MirrorState,
    ) -> BoxFuture<'a, Interpretation> {
        async move {
            if delivery.kind == super::door::CALLBACK {
                return self.callbacks.interpret(delivery);
            }
            let Some(shop) = self.shops.get(&delivery.source) else {
                return Interpretation::Failed(format!(
                    "no shop `{}` is configured any more: add it again, then replay this delivery",
                    delivery.source
                ));
            };
            self.pushed(shop, delivery, mirror).await
        }
        .boxed()
    }
}

impl Interpreter {
    async fn pushed(&self, shop: &Shop, delivery: &Delivery, mirror: &MirrorState) -> Interpretation {
        let (order, seen) = match kind(delivery) {
            Kind::Snapshot { order } => match order::parse(&delivery.body, &shop.model) {
                Ok(parsed) => (order, Seen::Order(Box::new(parsed))),
                Err(error) => return Interpretation::Failed(error.to_string()),
            },
            Kind::Bare { order, hint } => (order, Seen::Bare(hint)),
            Kind::Refund { refund } => {
                match (self.refunds)(&shop.name, refund).and_then(|root| order_id(&root)) {
                    Some(order) => (order, Seen::Bare(amends_workflows::mirror::Hint::Touched)),
                    None => {
                        return Interpretation::Nothing(format!(
                            "refund {refund} belongs to no order known here"
                        ));
                    }
                }
            }
            Kind::Ping { webhook } => {
                return Interpretation::Nothing(format!("webhook {webhook} was tried out"));
            }
            Kind::Note { order } => return Interpretation::Nothing(format!("a note on order {order}")),
            Kind::Ignored { .. } => return Interpretation::Nothing("not an order".to_owned()),
            Kind::ShopError { code } => {
                return Interpretation::Failed(format!(
                    "the shop sent the error {code} in place of an order: check that the webhook's owner may read orders"
                ));
            }
            Kind::Unknown { shape } => {
                return Interpretation::Failed(format!("a body of no known shape: {shape}"));
            }
            Kind::Unusable(why) => return Interpretation::Failed(why.to_string()),
        };
        let source = Source::Push {
            received_ms: delivery.received_ms,
        };
        let site = amends_connectors::woocommerce::source::site(
            delivery.header("x-wc-webhook-source").unwrap_or_default(),
        );
        self.compare(
            shop,
            Observation {
                source,
                site,
                order,
                seen,
            },
            mirror,
        )
        .await
    }

    /// Compares one look at an order with what was known, reading the order where only that can tell.
    pub(super) async fn compare(
        &self,
        shop: &Shop,
        look: Observation,
        known: &MirrorState,
    ) -> Interpretation {
        let mirror = match known.state.as_deref().map(decode).transpose() {
            Ok(mirror) => mirror,
            Err(reason) => return Interpretation::Failed(reason),
        };
        let order = look.order;
        let own: Vec<OwnWrite> = known.sent.iter().filter_map(own_write).collect();
        match compare(mirror.as_ref(), &own, &look, shop.confirm) {
            Comparison::NeedsRead { why } => {
                let begun_ms = self.clock.now().0;
                let seen = match self.orders.read(&shop.name, order).await {
                    Ok(seen) => seen,
                    Err(ReadFailure::Later(reason)) => {
                        return Interpretation::Later(format!("{why}; {reason}"));
                    }
                    Err(ReadFailure::Never(reason)) => {
                        return Interpretation::Failed(format!("{why}; {reason}"));
                    }
                };
                let read = Observation {
                    source: Source::Read { begun_ms },
                    site: look.site,
                    order,
                    seen,
                };
                match compare(mirror.as_ref(), &own, &read, shop.confirm) {
                    Comparison::NeedsRead { why } => Interpretation::Later(why.to_string()),
                    other @ (Comparison::Accept { .. }
                    | Comparison::Unchanged
                    | Comparison::StopIngest { .. }) => conclude(other),
                }
            }
            other @ (Comparison::Accept { .. } | Comparison::Unchanged | Comparison::StopIngest { .. }) => {
                conclude(other)
            }
        }
    }
}

fn conclude(comparison: Comparison) -> Interpretation {
    match comparison {
        Comparison::Accept {
            mirror,
            facts,
            subject,
        } => {
            let names: Vec<String> = facts.iter().map(amends_engine::fact::Fact::natural_id).collect();
            let note = if names.is_empty() {
                "seen".to_owned()
            } else {
                names.join(", ")
            };
            match encode(&mirror) {
                Ok(record) => Interpretation::Observe {
                    mirror: Some(record),
                    subject: subject.map(Arc::new),
                    facts,
                    note,
                },
                Err(reason) => Interpretation::Failed(reason),
            }
        }
        Comparison::Unchanged => Interpretation::Nothing("nothing new".to_owned()),
        Comparison::NeedsRead { why } => Interpretation::Later(why.to_string()),
        Comparison::StopIngest { why } => Interpretation::Failed(format!(
            "{why}: nothing of this delivery is believed until a person looked"
        )),
    }
}

/// Only what sets a status comes back as news: meta of ours is not part of what is compared, and notes change nothing.
fn own_write(sent: &Sent) -> Option<OwnWrite> {
    Some(OwnWrite {
        status: sent.args.get("status")?.as_text()?.to_owned(),
        landed_ms: sent.landed_at.map(|at| at.0),
    })
}

fn kind(delivery: &Delivery) -> Kind {
    let headers = delivery
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    classify(&Headers::from_pairs(headers), &delivery.body, &Limits::default())
}

pub(super) fn root(shop: &Shop, order: i64) -> RootKey {
    RootKey::new(format!("{}:{order}", shop.name))
}

fn order_id(root: &RootKey) -> Option<i64> {
    root.as_str().rsplit(':').next()?.parse().ok()
}

const RECORD: u16 = 1;

fn encode(mirror: &Mirror) -> Result<Vec<u8>, String> {
    amends_storage::codec::encode(amends_storage::Kind::Meta, RECORD, mirror)
        .map_err(|error| error.to_string())
}

fn decode(record: &[u8]) -> Result<Mirror, String> {
    let decoded = amends_storage::codec::decode(amends_storage::Kind::Meta, record);
    decoded
        .map(|(_, mirror)| mirror)
        .map_err(|error| format!("the order's record cannot be read: {error}"))
}
