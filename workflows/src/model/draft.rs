//! What a storefront said, in exact decimals, before any judgement.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Address;

/// An order as the storefront sent it, freed from the storefront's own field names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The storefront's id, unique within the shop.
    pub id: i64,
    /// The number people use; plugins change it, so it never identifies.
    pub number: String,
    /// Status, as text: plugins add their own.
    pub status: String,
    /// Currency code as sent.
    pub currency: String,
    /// When it was created, epoch milliseconds UTC.
    pub created_ms: i64,
    /// When it was last changed, epoch milliseconds UTC; storefronts keep whole seconds.
    pub modified_ms: i64,
    /// `checkout`, `rest-api`, `store-api`, `subscription`, ...
    pub created_via: String,
    /// What tells two orders with one id apart (a shop restored from a copy), already digested by the adapter.
    pub identity: String,
    /// What the buyer pays.
    pub total: Decimal,
    /// Tax within the total, as the order's head says.
    pub total_tax: Decimal,
    /// Shipping without tax, as the order's head says.
    pub shipping_total: Decimal,
    /// Tax on shipping, as the order's head says.
    pub shipping_tax: Decimal,
    /// Discount without tax; already inside the line amounts.
    pub discount_total: Decimal,
    /// Account id; 0 for a guest.
    pub customer_id: i64,
    /// Where the bill goes.
    pub billing: Address,
    /// Where the goods go; blank when it equals billing.
    pub shipping: Address,
    /// What was ordered.
    pub lines: Vec<DraftLine>,
    /// How it travels.
    pub shipping_lines: Vec<DraftCharge>,
    /// Fees; negative ones are discounts by another name.
    pub fees: Vec<DraftCharge>,
    /// Tax by rate.
    pub taxes: Vec<DraftTax>,
    /// Coupons used.
    pub coupons: Vec<DraftCoupon>,
    /// Refunds recorded by the shop.
    pub refunds: Vec<DraftRefund>,
    /// How it is paid.
    pub payment: DraftPayment,
    /// The adapter's full order meta, by key, scalars as text.
    pub meta: BTreeMap<String, String>,
}

/// One ordered article.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftLine {
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
    /// Pieces, exactly as sent.
    pub quantity: Decimal,
    /// Amount of the whole line without tax, after discounts.
    pub net: Decimal,
    /// Tax of the whole line.
    pub tax: Decimal,
    /// Variation attributes and what the buyer typed, by key.
    pub attributes: BTreeMap<String, String>,
}

/// A shipping line or a fee.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftCharge {
    /// Line id within the order.
    pub id: i64,
    /// What the buyer read.
    pub title: String,
    /// Machine name of the method; empty for fees.
    pub method: String,
    /// Amount without tax.
    pub net: Decimal,
    /// Tax.
    pub tax: Decimal,
}

/// Tax of one rate over the whole order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftTax {
    /// The shop's code of the rate.
    pub rate: String,
    /// What the buyer read.
    pub label: String,
    /// Per cent.
    pub percent: Decimal,
    /// Amount, on goods and shipping together.
    pub amount: Decimal,
}

/// A coupon.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftCoupon {
    /// The code typed in.
    pub code: String,
    /// Discount without tax.
    pub discount: Decimal,
}

/// A refund the shop recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftRefund {
    /// Its id, unique within the shop.
    pub id: i64,
    /// What goes back to the buyer, positive.
    pub amount: Decimal,
}

/// How the order is paid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftPayment {
    /// The gateway's machine name; empty when nothing is to be paid.
    pub method: String,
    /// What the buyer read.
    pub title: String,
    /// The provider's transaction.
    pub transaction: String,
    /// When the shop counted it as paid.
    pub paid_ms: Option<i64>,
}
