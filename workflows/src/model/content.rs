//! What of an order matters, as digests.

use amends_engine::{Digest, Value};
use serde::{Deserialize, Serialize};

use super::Order;
use super::convert::{billing, fee, line, list, place, shipping_line, texts};

/// The part of an order whose change is news. Dates of change, unselected meta, titles, findings and whatever our
/// own configuration adds are left out, so that meta growth, echoes and saves without a change are no edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The status, as text.
    pub status: String,
    /// What buyer and shop agreed on: money, lines, addresses, customer, selected meta.
    pub agreement: Digest,
    /// How it is paid and what went back.
    pub payment: Digest,
}

impl Content {
    /// One digest over everything that matters.
    pub fn digest(&self) -> Digest {
        let all = format!("{}\n{}\n{}", self.status, self.agreement, self.payment);
        Digest::of(all.as_bytes())
    }
}

impl Order {
    /// What of this order matters.
    pub fn content(&self) -> Content {
        Content {
            status: self.status.clone(),
            agreement: self.agreement().digest(),
            payment: self.paid_at(self.payment.paid_ms).digest(),
        }
    }

    /// The digest [`Content::payment`] would be if the order had no date of payment.
    pub(crate) fn undated_payment(&self) -> Digest {
        self.paid_at(None).digest()
    }

    fn agreement(&self) -> Value {
        Value::map([
            ("currency", Value::text(&self.currency)),
            ("total", self.total.into()),
            ("customer", Value::text(&self.customer.reference)),
            ("billing", billing(&self.billing)),
            ("shipping", Value::map(place(&self.shipping))),
            ("lines", list(&self.lines, line)),
            ("shipping_lines", list(&self.shipping_lines, shipping_line)),
            ("fees", list(&self.fees, fee)),
            ("discount_minor", self.discount_minor.into()),
            ("coupons", list(&self.coupons, |coupon| Value::text(&coupon.code))),
            ("meta", texts(&self.meta)),
        ])
    }

    fn paid_at(&self, paid_ms: Option<i64>) -> Value {
        Value::map([
            ("method", Value::text(&self.payment.method)),
            ("transaction", Value::text(&self.payment.transaction)),
            ("paid_ms", paid_ms.map_or(Value::Null, Value::Int)),
            (
                "refunds",
                list(&self.refunds, |refund| {
                    Value::List(vec![refund.id.into(), refund.amount_minor.into()])
                }),
            ),
        ])
    }
}
