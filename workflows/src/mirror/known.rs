//! What we knew of an order after the last comparison.

use std::collections::BTreeMap;

use amends_engine::{Digest, Value};
use serde::{Deserialize, Serialize};

use crate::model::{Content, Order, Standing};

use super::OwnWrite;

/// What is kept of an order to notice what changes. No personal data: addresses are digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// The site the order lives on; empty when never named.
    pub site: String,
    /// Tells two orders with one id apart; empty when never named.
    pub identity: String,
    /// What mattered of the order when last seen; `None` when it was never seen as more than gone.
    pub content: Option<Content>,
    /// The storefront's date of change when last seen, epoch milliseconds.
    pub modified_ms: i64,
    /// When the last read that was believed began; 0 when none was.
    pub read_begun_ms: i64,
    /// Whether it was ever seen as an order that the buyer placed.
    pub placed: bool,
    /// Whether it is still there.
    pub gone: Gone,
    /// Currency code.
    pub currency: String,
    /// What the buyer pays, in minor units.
    pub total_minor: i64,
    /// Shipping without tax.
    pub shipping_minor: i64,
    /// Fees without tax.
    pub fees_minor: i64,
    /// What was ordered.
    pub lines: Vec<KnownLine>,
    /// Refunds by id, in minor units.
    pub refunds: BTreeMap<i64, i64>,
    /// Digest of the address the goods go to.
    pub shipping_address: Digest,
    /// Digest of the address the bill goes to.
    pub billing_address: Digest,
}

/// One ordered article, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLine {
    /// Line id within the order.
    pub id: i64,
    /// Article number.
    pub sku: String,
    /// Pieces.
    pub quantity: i64,
    /// Amount without tax.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
}

/// Whether an order is still in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gone {
    /// It is there.
    Present,
    /// It is in the bin and may come back.
    Trashed,
    /// It was deleted for ever.
    Deleted,
}

impl Mirror {
    /// Remembers `order`, first seen on `site`.
    pub(super) fn of(order: &Order, site: &str) -> Self {
        Self {
            site: site.to_owned(),
            identity: order.identity.clone(),
            content: Some(order.content()),
            modified_ms: order.modified_ms,
            read_begun_ms: 0,
            placed: order.standing() != Standing::Unplaced,
            gone: Gone::Present,
            currency: order.currency.clone(),
            total_minor: order.total_minor,
            shipping_minor: order.shipping_minor,
            fees_minor: fees(order),
            lines: order
                .lines
                .iter()
                .map(|line| KnownLine {
                    id: line.id,
                    sku: line.sku.clone(),
                    quantity: line.quantity,
                    net_minor: line.net_minor,
                    tax_minor: line.tax_minor,
                })
                .collect(),
            refunds: order
                .refunds
                .iter()
                .map(|refund| (refund.id, refund.amount_minor))
                .collect(),
            shipping_address: address(order, "shipping"),
            billing_address: address(order, "billing"),
        }
    }

    /// Remembers an order that was never seen as more than gone.
    pub(super) fn absent(gone: Gone, site: &str) -> Self {
        Self {
            site: site.to_owned(),
            identity: String::new(),
            content: None,
            modified_ms: 0,
            read_begun_ms: 0,
            placed: false,
            gone,
            currency: String::new(),
            total_minor: 0,
            shipping_minor: 0,
            fees_minor: 0,
            lines: Vec::new(),
            refunds: BTreeMap::new(),
            shipping_address: Digest::of(b""),
            billing_address: Digest::of(b""),
        }
    }

    /// This mirror as the `own` writes left the order: those that landed after it was last seen, and no later than
    /// `until_ms`.
    pub(super) fn after(&self, own: &[OwnWrite], until_ms: i64) -> Self {
        let mut after = self.clone();
        let Some(content) = &mut after.content else {
            return after;
        };
        let known_ms = self.read_begun_ms.max(self.modified_ms);
        let landed = own.iter().filter_map(|write| Some((write.landed_ms?, write)));
        let unseen = landed.filter(|(at, _)| (known_ms..=until_ms).contains(at));
        if let Some((_, last)) = unseen.max_by_key(|(at, _)| *at) {
            last.status.clone_into(&mut content.status);
        }
        after
    }

    /// Whether `order` holds nothing new: it is what we knew, or that with a status of our `own`.
    pub(super) fn knows(&self, order: &Order, own: &[OwnWrite]) -> bool {
        let seen = order.content();
        self.gone == Gone::Present
            && self
                .content
                .as_ref()
                .is_some_and(|known| *known == seen || echoes(known, &seen, order, own))
    }
}

/// A status that marks an order as paid also sets the date of payment where there was none; that date is as much an
/// echo as the status.
fn echoes(known: &Content, seen: &Content, order: &Order, own: &[OwnWrite]) -> bool {
    own.iter().any(|write| write.status == seen.status)
        && known.agreement == seen.agreement
        && (known.payment == seen.payment || known.payment == order.undated_payment())
}

pub(super) fn fees(order: &Order) -> i64 {
    order
        .fees
        .iter()
        .map(|fee| fee.net_minor)
        .fold(0, i64::saturating_add)
}

pub(super) fn address(order: &Order, which: &str) -> Digest {
    order.to_value().get(which).map_or(Digest::of(b""), Value::digest)
}
