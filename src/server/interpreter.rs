//! What deliveries mean: the storefront's by comparison with the order's mirror, other systems' by their recipe.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::woocommerce::delivery::{Delivery as Kind, Headers, Unusable, classify};
use amends_connectors::woocommerce::order;
use amends_engine::RootKey;
use amends_engine::fact::Fact;
use amends_runtime::{
    Alarm, Alike, Aside, Clock, Delivery, Ingest, Interpret, Interpretation, MirrorState, Scope, Sent,
    StopReason,
};
use amends_workflows::mirror::{
    Comparison, Gone, Mirror, Observation, OwnWrite, Seen, Source, Stop, compare, duplicate,
};
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
        match kind(shop, delivery) {
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
        known: &'a MirrorState,
    ) -> BoxFuture<'a, Interpretation> {
        async move {
            if delivery.kind == super::door::CALLBACK {
                return self.callbacks.interpret(delivery);
            }
            let Some(shop) = self.shops.get(&delivery.source) else {
                let text = format!(
                    "no shop `{}` is configured any more: add it again, then replay this delivery",
                    delivery.source
                );
                return failed("no-shop", text);
            };
            self.pushed(shop, delivery, known).await
        }
        .boxed()
    }

    fn duplicate(&self, earlier: &Alike, later: &Alike) -> Option<Fact> {
        let shop = self.shops.get(later.root.as_str().split(':').next()?)?;
        let apart_ms = later.placed_ms.saturating_sub(earlier.placed_ms);
        let window_ms = shop.duplicate_window_ms;
        (window_ms > 0 && apart_ms <= window_ms).then(|| duplicate(earlier.root.as_str(), apart_ms))
    }
}

impl Interpreter {
    async fn pushed(&self, shop: &Shop, delivery: &Delivery, known: &MirrorState) -> Interpretation {
        let kind = kind(shop, delivery);
        let case = amends_connectors::woocommerce::answer::of(&kind).case;
        let (order, seen) = match kind {
            Kind::Snapshot { order } => match order::parse(&delivery.body, &shop.model) {
                Ok(parsed) => (order, Seen::Order(Box::new(parsed))),
                Err(error) => return failed("unparsable-order", error.to_string()),
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
                return Interpretation::Failed(Alarm {
                    cause: case,
                    text: format!(
                        "the shop sent the error {code} in place of an order: check that the webhook's owner may \
                         read orders, and look in the shop for what was deleted"
                    ),
                    scope: Scope::Shop,
                });
            }
            Kind::Unknown { shape } => return failed(case, format!("a body of no known shape: {shape}")),
            Kind::Unusable(Unusable::WrongSource { found, expected }) => {
                return foreign(known, found, &expected);
            }
            Kind::Unusable(why) => return failed(case, why.to_string()),
        };
        let look = Observation {
            source: Source::Push {
                received_ms: delivery.received_ms,
            },
            site: shop.site.clone(),
            order,
            seen,
        };
        self.compare(shop, look, known).await
    }

    /// Whether the order was there when it was last seen.
    pub(super) fn is_present(known: &MirrorState) -> bool {
        let mirror = known.state.as_deref().map(decode);
        matches!(mirror, Some(Ok(mirror)) if mirror.gone == Gone::Present)
    }

    /// Compares one look at an order with what was known, reading the order where only that can tell.
    pub(super) async fn compare(
        &self,
        shop: &Shop,
        look: Observation,
        known: &MirrorState,
    ) -> Interpretation {
        let key = root(shop, look.order);
        if known.ingest.aside.contains(&Aside::Order(key.to_string())) {
            return Interpretation::Nothing("a person set this order aside: it is not followed".to_owned());
        }
        let mirror = match known.state.as_deref().map(decode).transpose() {
            Ok(mirror) => mirror.map(|mirror| moved(mirror, &known.ingest)),
            Err(reason) => return failed("record-unreadable", reason),
        };
        let own: Vec<OwnWrite> = known.sent.iter().filter_map(own_write).collect();
        let compared = compare(mirror.as_ref(), &own, &look, shop.confirm);
        let Comparison::NeedsRead { why } = compared else {
            return conclude(compared, mirror.as_ref(), &key);
        };
        let begun_ms = self.clock.now().0;
        let seen = match self.orders.read(&shop.name, look.order).await {
            Ok(seen) => seen,
            Err(ReadFailure::Later(reason)) => return Interpretation::Later(format!("{why}; {reason}")),
            Err(ReadFailure::Never(reason)) => return failed("order-unreadable", format!("{why}; {reason}")),
        };
        let read = Observation {
            source: Source::Read { begun_ms },
            seen,
            ..look
        };
        conclude(
            compare(mirror.as_ref(), &own, &read, shop.confirm),
            mirror.as_ref(),
            &key,
        )
    }
}

fn failed(cause: &'static str, text: String) -> Interpretation {
    Interpretation::Failed(Alarm {
        cause,
        text,
        scope: Scope::Delivery,
    })
}

fn foreign(known: &MirrorState, site: String, expected: &str) -> Interpretation {
    let text = format!("a delivery signed with this shop's secret comes from {site}, the shop is {expected}");
    if known.ingest.aside.contains(&Aside::Site(site.clone())) {
        return Interpretation::Failed(Alarm {
            cause: "set-aside",
            text: format!("{text}: what that site delivers was set aside; remove its webhooks"),
            scope: Scope::Shop,
        });
    }
    Interpretation::Stop {
        why: StopReason::ForeignDelivery { site },
        text,
    }
}

/// An order known from a site that a person called this same shop follows it.
fn moved(mut mirror: Mirror, ingest: &Ingest) -> Mirror {
    if ingest.sites.contains(&mirror.site) {
        mirror.site.clear();
    }
    mirror
}

fn conclude(comparison: Comparison, before: Option<&Mirror>, key: &RootKey) -> Interpretation {
    match comparison {
        Comparison::Accept {
            mirror,
            facts,
            subject,
        } => {
            let names: Vec<String> = facts.iter().map(Fact::natural_id).collect();
            let note = if names.is_empty() {
                "seen".to_owned()
            } else {
                names.join(", ")
            };
            let alarm = (before.is_none() && mirror.gone != Gone::Present).then(|| unread(key));
            match encode(&mirror) {
                Ok(record) => Interpretation::Observe {
                    mirror: Some(record),
                    subject: subject.map(Arc::new),
                    facts,
                    note,
                    alarm,
                },
                Err(reason) => failed("record-unreadable", reason),
            }
        }
        Comparison::Unchanged => Interpretation::Nothing("nothing new".to_owned()),
        Comparison::NeedsRead { why } => Interpretation::Later(why.to_string()),
        Comparison::StopIngest { why } => Interpretation::Stop {
            text: why.to_string(),
            why: match why {
                Stop::OtherOrder => StopReason::OtherOrder {
                    root: key.to_string(),
                },
                Stop::OtherSite { known, .. } => StopReason::OtherSite { known },
            },
        },
    }
}

/// Orders come and go before anybody read them: whether goods or money moved, only the shop can tell.
fn unread(key: &RootKey) -> Alarm {
    Alarm {
        cause: "order-vanished-unread",
        text: format!(
            "{key} was binned or deleted before it was ever read, so nothing was done for it: look in the shop and at \
             the payment provider whether money was taken"
        ),
        scope: Scope::Shop,
    }
}

/// Only what sets a status comes back as news: meta of ours is not part of what is compared, and notes change nothing.
fn own_write(sent: &Sent) -> Option<OwnWrite> {
    Some(OwnWrite {
        status: sent.args.get("status")?.as_text()?.to_owned(),
        landed_ms: sent.landed_at.map(|at| at.0),
    })
}

fn kind(shop: &Shop, delivery: &Delivery) -> Kind {
    let headers = delivery
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    classify(&Headers::from_pairs(headers), &delivery.body, &shop.limits())
}

pub(super) fn root(shop: &Shop, order: i64) -> RootKey {
    RootKey::new(format!("{}:{order}", shop.name))
}

pub(super) fn order_id(root: &RootKey) -> Option<i64> {
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
