//! A basket as the JSON of an order.

use serde_json::{Value as Json, json};

use super::basket::{Basket, Line, Rate, Taxed};
use super::people::Buyer;
use super::{Made, Payment, Workload};
use crate::sandbox::payments::IntentSeed;
use crate::sandbox::random::draw;
use crate::sandbox::storefront::calendar;

const CURRENCY: &str = "USD";

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// What the way to pay says about a fresh order.
struct Terms {
    method: &'static str,
    title: &'static str,
    status: &'static str,
    paid: bool,
    card: bool,
}

fn terms(payment: Payment) -> Terms {
    let terms = |method, title, status, paid, card| Terms {
        method,
        title,
        status,
        paid,
        card,
    };
    match payment {
        Payment::Stripe => terms("stripe", "Credit card", "processing", true, true),
        Payment::StripeManual => terms("stripe-manual", "Credit card", "on-hold", false, true),
        Payment::Bacs => terms("bacs", "Direct bank transfer", "on-hold", false, false),
        Payment::Cod => terms("cod", "Cash on delivery", "processing", false, false),
        Payment::Free => terms("", "", "processing", true, false),
    }
}

/// Ids of lines, taxes and meta within an order, each used once in the shop.
struct Ids(i64);

impl Ids {
    fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

pub(super) fn make(workload: &mut Workload, id: i64, now_ms: i64, payment: Payment, basket: &Basket) -> Made {
    let buyer = Buyer::draw(&mut workload.dice);
    let terms = terms(payment);
    let drawn = draw(workload.seed, "transaction", workload.dice.roll());
    let transaction = if terms.card {
        format!("pi_{id}_{drawn:016x}")
    } else {
        String::new()
    };
    let intent = terms.card.then(|| IntentSeed {
        id: Some(transaction.clone()),
        amount: basket.total(),
        currency: CURRENCY.to_lowercase(),
        captured: terms.paid,
        declines: false,
        metadata: [
            ("order_id".to_owned(), id.to_string()),
            ("order_key".to_owned(), format!("{}:{id}", workload.shop)),
        ]
        .into(),
    });
    let mut ids = Ids(id * 40);
    let mut order = head(workload, id, now_ms, &terms, &buyer, &transaction);
    if let (Some(order), Json::Object(rest)) = (order.as_object_mut(), amounts(basket, &mut ids)) {
        order.extend(rest);
    }
    Made { order, intent }
}

fn head(workload: &Workload, id: i64, now_ms: i64, terms: &Terms, buyer: &Buyer, transaction: &str) -> Json {
    let local = calendar::text(now_ms, workload.utc_offset_min);
    let utc = calendar::text(now_ms, 0);
    let paid = |date: &String| if terms.paid { json!(date) } else { Json::Null };
    let secret = draw(workload.seed, "order-key", id.unsigned_abs());
    json!({
        "id": id, "parent_id": 0, "status": terms.status, "currency": CURRENCY, "version": "11.0.1",
        "prices_include_tax": false, "date_created": local, "date_modified": local,
        "customer_id": buyer.customer_id, "order_key": format!("wc_order_{secret:013x}"),
        "billing": buyer.billing, "shipping": buyer.shipping,
        "payment_method": terms.method, "payment_method_title": terms.title, "transaction_id": transaction,
        "customer_ip_address": "127.0.0.1", "customer_user_agent": "Sandbox", "created_via": "checkout",
        "customer_note": "", "date_completed": null, "date_paid": paid(&local), "cart_hash": "",
        "number": id.to_string(), "meta_data": [],
        "payment_url": format!("http://127.0.0.1/checkout/order-pay/{id}/?pay_for_order=true"),
        "is_editable": false, "needs_payment": false, "needs_processing": true,
        "date_created_gmt": utc, "date_modified_gmt": utc, "date_completed_gmt": null,
        "date_paid_gmt": paid(&utc), "currency_symbol": "$",
    })
}

fn amounts(basket: &Basket, ids: &mut Ids) -> Json {
    let rates = 0..basket.rates.len();
    let cart_tax: i64 = rates.clone().map(|rate| basket.cart_tax(rate)).sum();
    let shipping_tax: i64 = rates.map(|rate| basket.shipping_tax(rate)).sum();
    let shipping = basket.shipping.as_ref().map_or(0, |shipping| shipping.cost.net);
    let lines: Vec<Json> = basket
        .lines
        .iter()
        .map(|line| line_item(line, &basket.rates, ids.next()))
        .collect();
    let rate_lines = basket.rates.iter().enumerate();
    let tax_lines: Vec<Json> = rate_lines
        .map(|(position, rate)| tax_line(basket, position, *rate, ids.next()))
        .collect();
    json!({
        "discount_total": money(basket.discount()), "discount_tax": money(basket.discount_tax()),
        "shipping_total": money(shipping), "shipping_tax": money(shipping_tax), "cart_tax": money(cart_tax),
        "total": money(basket.total()), "total_tax": money(cart_tax + shipping_tax),
        "line_items": lines, "tax_lines": tax_lines,
        "shipping_lines": shipping_lines(basket, ids), "fee_lines": fee_lines(basket, ids),
        "coupon_lines": coupon_lines(basket, ids), "refunds": [],
    })
}

fn taxes(total: &Taxed, subtotal: Option<&Taxed>, rates: &[Rate]) -> Json {
    let row = |(position, rate): (usize, &Rate)| {
        let at = |taxed: &Taxed| money(taxed.taxes.get(position).copied().unwrap_or_default());
        json!({"id": rate.id, "total": at(total), "subtotal": subtotal.map(at).unwrap_or_default()})
    };
    Json::Array(rates.iter().enumerate().map(row).collect())
}

fn line_item(line: &Line, rates: &[Rate], id: i64) -> Json {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the genuine field is a float that nobody should use"
    )]
    let price = line.total.net as f64 / line.quantity as f64 / 100.0;
    json!({
        "id": id, "name": line.name, "product_id": line.product_id, "variation_id": 0,
        "quantity": line.quantity, "tax_class": "",
        "subtotal": money(line.subtotal.net), "subtotal_tax": money(line.subtotal.tax()),
        "total": money(line.total.net), "total_tax": money(line.total.tax()),
        "taxes": taxes(&line.total, Some(&line.subtotal), rates), "meta_data": [], "sku": line.sku,
        "global_unique_id": "", "price": price, "image": {"id": "", "src": ""}, "parent_name": null,
    })
}

fn tax_line(basket: &Basket, position: usize, rate: Rate, id: i64) -> Json {
    #[expect(clippy::cast_precision_loss, reason = "the genuine field is a float")]
    let percent = rate.thousandths as f64 / 1000.0;
    json!({
        "id": id, "rate_code": rate.code, "rate_id": rate.id, "label": rate.label, "compound": false,
        "tax_total": money(basket.cart_tax(position)),
        "shipping_tax_total": money(basket.shipping_tax(position)),
        "rate_percent": percent, "meta_data": [],
    })
}

fn shipping_lines(basket: &Basket, ids: &mut Ids) -> Json {
    let line = basket.shipping.as_ref().map(|shipping| {
        json!({
            "id": ids.next(), "method_title": shipping.title, "method_id": shipping.method, "instance_id": "1",
            "total": money(shipping.cost.net), "total_tax": money(shipping.cost.tax()),
            "taxes": taxes(&shipping.cost, None, &basket.rates), "tax_status": "taxable", "meta_data": [],
        })
    });
    Json::Array(line.into_iter().collect())
}

fn fee_lines(basket: &Basket, ids: &mut Ids) -> Json {
    let line = basket.fee.as_ref().map(|fee| {
        json!({
            "id": ids.next(), "name": "Gift wrap", "tax_class": "", "tax_status": "taxable", "amount": "",
            "total": money(fee.net), "total_tax": money(fee.tax()),
            "taxes": taxes(fee, None, &basket.rates), "meta_data": [],
        })
    });
    Json::Array(line.into_iter().collect())
}

fn coupon_lines(basket: &Basket, ids: &mut Ids) -> Json {
    let line = basket.coupon.map(|percent| {
        json!({
            "id": ids.next(), "code": format!("save{percent}"), "discount": money(basket.discount()),
            "discount_tax": money(basket.discount_tax()), "meta_data": [], "discount_type": "percent",
            "nominal_amount": percent, "free_shipping": false,
        })
    });
    Json::Array(line.into_iter().collect())
}
