//! The canonical order.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Address, Customer, Finding, Gateway};

/// An order as everything behind the edge sees it. Amounts named `*_minor` are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// `{shop}:{id}`: the root everything about this order hangs on.
    pub key: String,
    /// The shop's name.
    pub shop: String,
    /// The storefront's id.
    pub id: i64,
    /// The number people use.
    pub number: String,
    /// Status, as the storefront spells it.
    pub status: String,
    /// Currency code.
    pub currency: String,
    /// Epoch milliseconds UTC.
    pub created_ms: i64,
    /// Epoch milliseconds UTC; storefronts keep whole seconds, so it orders nothing inside one.
    pub modified_ms: i64,
    /// Where it was made: `checkout`, `rest-api`, ...
    pub created_via: String,
    /// Tells two orders with one id apart; not shown to expressions.
    pub identity: String,
    /// What the buyer pays, exactly as sent.
    pub total: Decimal,
    /// What the buyer pays.
    pub total_minor: i64,
    /// All tax: on lines, shipping and fees.
    pub tax_minor: i64,
    /// All shipping without tax.
    pub shipping_minor: i64,
    /// Discounts without tax; already inside the lines.
    pub discount_minor: i64,
    /// What rounded parts lack of the rounded total; only a rounding policy makes it other than 0.
    pub rounding_minor: i64,
    /// Who ordered.
    pub customer: Customer,
    /// Where the bill goes.
    pub billing: Address,
    /// Where the goods go.
    pub shipping: Address,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// How it travels.
    pub shipping_lines: Vec<Charge>,
    /// Fees; negative ones are discounts.
    pub fees: Vec<Charge>,
    /// Tax by rate.
    pub taxes: Vec<Tax>,
    /// Coupons used.
    pub coupons: Vec<Coupon>,
    /// Refunds the shop recorded, by id.
    pub refunds: Vec<Refund>,
    /// How it is paid.
    pub payment: Payment,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// Selected order meta.
    pub meta: BTreeMap<String, String>,
}

/// One ordered article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Line id within the order.
    pub id: i64,
    /// Article number; empty when the product is gone.
    pub sku: String,
    /// What the buyer read.
    pub name: String,
    /// Product id; 0 when the product is gone.
    pub product_id: i64,
    /// Variation id; 0 for none.
    pub variation_id: i64,
    /// Pieces; 0 when what was sent is no whole number (a finding says so).
    pub quantity: i64,
    /// Amount of the line without tax, exactly as sent.
    pub net: Decimal,
    /// Tax of the line, exactly as sent.
    pub tax: Decimal,
    /// Amount of the line without tax.
    pub net_minor: i64,
    /// Tax of the line.
    pub tax_minor: i64,
    /// Variation attributes and what the buyer typed.
    pub attributes: BTreeMap<String, String>,
}

/// A shipping line or a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Line id within the order.
    pub id: i64,
    /// What the buyer read.
    pub title: String,
    /// Machine name of the shipping method; empty for fees.
    pub method: String,
    /// Amount without tax.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
}

/// Tax of one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// The shop's code of the rate.
    pub rate: String,
    /// What the buyer read.
    pub label: String,
    /// Per cent.
    pub percent: Decimal,
    /// Amount on goods and shipping together.
    pub amount_minor: i64,
}

/// A coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// The code typed in.
    pub code: String,
    /// Discount without tax.
    pub discount_minor: i64,
}

/// A refund the shop recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id within the shop.
    pub id: i64,
    /// What goes back to the buyer, positive.
    pub amount_minor: i64,
}

/// How the order is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The gateway's machine name.
    pub method: String,
    /// What the buyer read.
    pub title: String,
    /// The provider's transaction; empty when there is none yet.
    pub transaction: String,
    /// When the shop counted it as paid.
    pub paid_ms: Option<i64>,
    /// How the configuration says this method behaves.
    pub gateway: Gateway,
}

/// What a status means for the lifecycle. Only these few are told apart: any status can follow any other, and
/// plugins add their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The buyer has not ordered yet.
    Unplaced,
    /// Ordered; nothing says it ended.
    Open,
    /// Cancelled.
    Cancelled,
    /// Paid back in full.
    Refunded,
    /// In the shop's bin.
    Trashed,
}

/// Why an order may go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearance {
    /// The shop has, or has reserved, the money.
    Paid,
    /// The shop agreed to deliver first.
    Terms,
    /// Nothing is to be paid.
    ZeroTotal,
}

impl Clearance {
    /// The public spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Terms => "terms",
            Self::ZeroTotal => "zero-total",
        }
    }
}

impl Order {
    /// What the status means.
    pub fn standing(&self) -> Standing {
        match self.status.as_str() {
            "checkout-draft" | "auto-draft" | "draft" | "new" => Standing::Unplaced,
            "cancelled" => Standing::Cancelled,
            "refunded" => Standing::Refunded,
            "trash" => Standing::Trashed,
            _ => Standing::Open,
        }
    }

    /// Whether, and why, the shop lets the order go ahead. Money counts even on an order cancelled since: somebody
    /// has to give it back.
    pub fn clearance(&self) -> Option<Clearance> {
        let accepted = matches!(self.status.as_str(), "processing" | "completed");
        let paid = self.payment.paid_ms.is_some();
        if self.total_minor == 0 && self.total.is_zero() {
            (accepted || paid).then_some(Clearance::ZeroTotal)
        } else if paid || self.is_authorised() {
            Some(Clearance::Paid)
        } else {
            (accepted && self.payment.gateway.delivers_first()).then_some(Clearance::Terms)
        }
    }

    /// A gateway that only reserves leaves the order on hold, without a date of payment, but with the
    /// reservation's transaction.
    fn is_authorised(&self) -> bool {
        self.payment.gateway.taken_by == super::TakenBy::ShopAuthorised
            && !self.payment.transaction.is_empty()
            && matches!(self.status.as_str(), "on-hold" | "processing" | "completed")
    }
}
