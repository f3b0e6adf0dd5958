//! An order's JSON, from a webhook or from REST, as a storefront-neutral draft and as the canonical order.

use std::collections::BTreeMap;

use amends_engine::Digest;
use amends_workflows::model::{
    AMOUNT_MAX, Address, Draft, DraftCharge, DraftCoupon, DraftLine, DraftPayment, DraftRefund, DraftTax,
    Order, Shop,
};
use rust_decimal::Decimal;

use super::node::{Fields, Node, NodeError};

/// Lines, refunds, coupons and taxes of one order, each. The core fans out over at most as many items.
pub const ELEMENTS_MAX: usize = 500;

/// Characters of one text. The longest field of a shop's own is an excerpt of a few hundred.
pub const TEXT_MAX: usize = 4_000;

/// Why a body cannot become an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The bytes are not UTF-8.
    #[error("the body is not UTF-8: byte {at} is wrong")]
    Encoding {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// A value cannot mean what its place demands.
    #[error(transparent)]
    Value(#[from] NodeError),
    /// More than we take.
    #[error("{path}: {count} elements, at most {ELEMENTS_MAX} are taken; split the order in the shop")]
    TooMany {
        /// Where.
        path: String,
        /// How many there are.
        count: usize,
    },
    /// A text longer than any real one.
    #[error("{path}: text of {length} characters, at most {TEXT_MAX} are taken")]
    TooLong {
        /// Where.
        path: String,
        /// Its length.
        length: usize,
    },
    /// The id is no id.
    #[error("id: an order's id is above 0, found {0}")]
    Id(i64),
}

/// Reads an order and makes it canonical under the settings of `shop`.
///
/// # Errors
/// When a value that matters cannot be understood; the error names its place.
pub fn parse(body: &[u8], shop: &Shop) -> Result<Order, ParseError> {
    Ok(Order::from_draft(draft(body)?, shop))
}

/// Reads an order. Fields this does not know are ignored, whatever they hold.
///
/// # Errors
/// When a value that matters cannot be understood; the error names its place.
pub fn draft(body: &[u8]) -> Result<Draft, ParseError> {
    let text = std::str::from_utf8(body).map_err(|error| ParseError::Encoding {
        at: error.valid_up_to(),
    })?;
    let order = Node::parse(text)?.fields()?;
    let id = order.required("id")?.int()?;
    if id < 1 {
        return Err(ParseError::Id(id));
    }
    let created = order.get("date_created_gmt").utc_ms()?;
    let modified = order.get("date_modified_gmt");
    // Orders that nobody touched since they were made by import carry no date of change.
    let modified_ms = match modified.utc_ms()?.or(created) {
        Some(modified_ms) => modified_ms,
        None => order.required("date_modified_gmt")?.utc_ms()?.unwrap_or_default(),
    };
    Ok(Draft {
        id,
        number: number(&order, id)?,
        status: text_of(&order.required("status")?)?,
        currency: text_of(&order.required("currency")?)?,
        created_ms: created.unwrap_or(modified_ms),
        modified_ms,
        created_via: field(&order, "created_via")?,
        identity: identity(&order)?,
        total: order.required("total")?.decimal(AMOUNT_MAX)?,
        total_tax: money(&order, "total_tax")?,
        shipping_total: money(&order, "shipping_total")?,
        shipping_tax: money(&order, "shipping_tax")?,
        discount_total: money(&order, "discount_total")?,
        customer_id: order.get("customer_id").int()?,
        billing: address(&order.get("billing"))?,
        shipping: address(&order.get("shipping"))?,
        lines: each(&order, "line_items", line)?,
        shipping_lines: each(&order, "shipping_lines", shipping_line)?,
        fees: each(&order, "fee_lines", fee)?,
        taxes: each(&order, "tax_lines", tax)?,
        coupons: each(&order, "coupon_lines", coupon)?,
        refunds: each(&order, "refunds", refund)?,
        payment: payment(&order)?,
        meta: meta(&order),
    })
}

/// The secret part of the order's own key, digested: it opens the payment page, so it is not kept as it is.
fn identity(order: &Fields<'_>) -> Result<String, ParseError> {
    let key = field(order, "order_key")?;
    if key.is_empty() {
        return Ok(key);
    }
    Ok(format!("{:016x}", Digest::of(key.as_bytes()).leading_u64()))
}

fn number(order: &Fields<'_>, id: i64) -> Result<String, ParseError> {
    let number = field(order, "number")?;
    Ok(if number.is_empty() { id.to_string() } else { number })
}

fn payment(order: &Fields<'_>) -> Result<DraftPayment, ParseError> {
    Ok(DraftPayment {
        method: field(order, "payment_method")?,
        title: field(order, "payment_method_title")?,
        transaction: field(order, "transaction_id")?,
        paid_ms: order.get("date_paid_gmt").utc_ms()?,
    })
}

fn address(node: &Node<'_>) -> Result<Address, ParseError> {
    let part = node.fields()?;
    let name = [field(&part, "first_name")?, field(&part, "last_name")?].join(" ");
    Ok(Address {
        name: name.trim().to_owned(),
        company: field(&part, "company")?,
        line1: field(&part, "address_1")?,
        line2: field(&part, "address_2")?,
        city: field(&part, "city")?,
        state: field(&part, "state")?,
        postcode: field(&part, "postcode")?,
        country: field(&part, "country")?,
        email: field(&part, "email")?,
        phone: field(&part, "phone")?,
    })
}

fn line(line: &Fields<'_>) -> Result<DraftLine, ParseError> {
    Ok(DraftLine {
        id: line.get("id").int()?,
        sku: field(line, "sku")?,
        name: field(line, "name")?,
        product_id: line.get("product_id").int()?,
        variation_id: line.get("variation_id").int()?,
        quantity: line.get("quantity").decimal(AMOUNT_MAX)?,
        net: money(line, "total")?,
        tax: money(line, "total_tax")?,
        attributes: attributes(line),
    })
}

fn shipping_line(line: &Fields<'_>) -> Result<DraftCharge, ParseError> {
    Ok(DraftCharge {
        id: line.get("id").int()?,
        title: field(line, "method_title")?,
        method: field(line, "method_id")?,
        net: money(line, "total")?,
        tax: money(line, "total_tax")?,
    })
}

fn fee(fee: &Fields<'_>) -> Result<DraftCharge, ParseError> {
    Ok(DraftCharge {
        id: fee.get("id").int()?,
        title: field(fee, "name")?,
        method: String::new(),
        net: money(fee, "total")?,
        tax: money(fee, "total_tax")?,
    })
}

fn tax(tax: &Fields<'_>) -> Result<DraftTax, ParseError> {
    Ok(DraftTax {
        rate: field(tax, "rate_code")?,
        label: field(tax, "label")?,
        percent: money(tax, "rate_percent")?,
        amount: money(tax, "tax_total")? + money(tax, "shipping_tax_total")?,
    })
}

fn coupon(coupon: &Fields<'_>) -> Result<DraftCoupon, ParseError> {
    Ok(DraftCoupon {
        code: field(coupon, "code")?,
        discount: money(coupon, "discount")?,
    })
}

/// Within an order a refund has a negative `total`; in the list of refunds a positive `amount`.
pub(super) fn refund(refund: &Fields<'_>) -> Result<DraftRefund, ParseError> {
    let amount = if refund.has("amount") {
        money(refund, "amount")?
    } else {
        money(refund, "total")?
    };
    Ok(DraftRefund {
        id: refund.required("id")?.int()?,
        amount: amount.abs(),
    })
}

/// What the buyer chose or typed. Names with an underscore are the shop's own bookkeeping and change at any time.
fn attributes(line: &Fields<'_>) -> BTreeMap<String, String> {
    let mut attributes = meta(line);
    attributes.retain(|key, _| !key.starts_with('_'));
    attributes
}

/// Meta belongs to plugins and holds anything: what is no short text is left out instead of refused.
fn meta(of: &Fields<'_>) -> BTreeMap<String, String> {
    let entries = of.get("meta_data").list().unwrap_or_default();
    entries.iter().filter_map(pair).collect()
}

fn pair(entry: &Node<'_>) -> Option<(String, String)> {
    let entry = entry.fields().ok()?;
    let key = entry.get("key").text().ok()?;
    let value = entry.get("value").text().ok()?;
    (!key.is_empty() && value.chars().count() <= TEXT_MAX).then_some((key, value))
}

/// Reads every element of the list called `name`.
pub(super) fn each<T>(
    of: &Fields<'_>,
    name: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    let list = of.get(name);
    let elements = list.list()?;
    if elements.len() > ELEMENTS_MAX {
        return Err(ParseError::TooMany {
            path: list.path().to_owned(),
            count: elements.len(),
        });
    }
    elements.iter().map(|element| read(&element.fields()?)).collect()
}

fn money(of: &Fields<'_>, name: &str) -> Result<Decimal, ParseError> {
    Ok(of.get(name).decimal(AMOUNT_MAX)?)
}

fn field(of: &Fields<'_>, name: &str) -> Result<String, ParseError> {
    text_of(&of.get(name))
}

fn text_of(node: &Node<'_>) -> Result<String, ParseError> {
    let text = node.text()?;
    let length = text.chars().count();
    if length > TEXT_MAX {
        return Err(ParseError::TooLong {
            path: node.path().to_owned(),
            length,
        });
    }
    Ok(text)
}
