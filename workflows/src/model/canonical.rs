//! From what a storefront said to what we act on.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::finding::Code;
use super::money::{Settled, exponent_of, is_exact, minor, settle};
use super::{
    Address, Charge, Coupon, Customer, Draft, DraftCharge, DraftLine, Finding, Line, Order, Payment, Refund,
    Rounding, Shop, Standing, Tax,
};

impl Order {
    /// Makes `draft` canonical under the settings of `shop`. Never fails: what is wrong with the order becomes a
    /// finding, so that a person sees the whole order and not an error.
    pub fn from_draft(draft: Draft, shop: &Shop) -> Self {
        let exponent = exponent_of(&draft.currency);
        let settled = settle(&parts(&draft), draft.total, exponent, shop.rounding);
        let findings = findings(&draft, shop, &settled, exponent);
        let mut units = settled.parts.iter().copied();
        let lines: Vec<Line> = draft
            .lines
            .into_iter()
            .map(|line| canonical_line(line, &mut units))
            .collect();
        let shipping_lines = charges(draft.shipping_lines, &mut units);
        let fees = charges(draft.fees, &mut units);
        let tax_minor = lines
            .iter()
            .map(|line| line.tax_minor)
            .chain(shipping_lines.iter().chain(&fees).map(|charge| charge.tax_minor))
            .fold(0_i64, i64::saturating_add);
        let customer = Customer {
            reference: Customer::reference_of(&shop.name, draft.customer_id, &draft.billing.email, draft.id),
            guest: draft.customer_id == 0,
            email: draft.billing.email.clone(),
            name: draft.billing.name.clone(),
            company: draft.billing.company.clone(),
            phone: draft.billing.phone.clone(),
        };
        let mut meta = draft.meta;
        meta.retain(|key, _| shop.meta.contains(key));
        let mut order = Self {
            key: format!("{}:{}", shop.name, draft.id),
            shop: shop.name.clone(),
            id: draft.id,
            number: draft.number,
            status: draft.status,
            currency: draft.currency,
            created_ms: draft.created_ms,
            modified_ms: draft.modified_ms,
            created_via: draft.created_via,
            identity: draft.identity,
            total: draft.total,
            total_minor: settled.total,
            tax_minor,
            shipping_minor: shipping_lines
                .iter()
                .map(|line| line.net_minor)
                .fold(0_i64, i64::saturating_add),
            discount_minor: minor(draft.discount_total, exponent),
            rounding_minor: settled.rounding,
            customer,
            shipping: shipping_address(draft.shipping, &draft.billing),
            billing: draft.billing,
            lines,
            shipping_lines,
            fees,
            taxes: draft
                .taxes
                .into_iter()
                .map(|tax| Tax {
                    amount_minor: minor(tax.amount, exponent),
                    rate: tax.rate,
                    label: tax.label,
                    percent: tax.percent,
                })
                .collect(),
            coupons: draft
                .coupons
                .into_iter()
                .map(|coupon| Coupon {
                    discount_minor: minor(coupon.discount, exponent),
                    code: coupon.code,
                })
                .collect(),
            refunds: draft
                .refunds
                .into_iter()
                .map(|refund| Refund {
                    id: refund.id,
                    amount_minor: minor(refund.amount, exponent),
                })
                .collect(),
            payment: Payment {
                gateway: shop.gateways.of(&draft.payment.method).clone(),
                method: draft.payment.method,
                title: draft.payment.title,
                transaction: draft.payment.transaction,
                paid_ms: draft.payment.paid_ms,
            },
            findings,
            meta,
        };
        order.refunds.sort_by_key(|refund| refund.id);
        order.findings.extend(ended_before_start(&order));
        order
    }
}

/// Amounts that together make the total, in the order in which [`Order::from_draft`] takes them back.
fn parts(draft: &Draft) -> Vec<Decimal> {
    let lines = draft.lines.iter().flat_map(|line| [line.net, line.tax]);
    let charges = draft
        .shipping_lines
        .iter()
        .chain(&draft.fees)
        .flat_map(|charge| [charge.net, charge.tax]);
    lines.chain(charges).collect()
}

fn canonical_line(line: DraftLine, units: &mut impl Iterator<Item = i64>) -> Line {
    Line {
        id: line.id,
        sku: line.sku,
        name: line.name,
        product_id: line.product_id,
        variation_id: line.variation_id,
        quantity: whole(line.quantity).unwrap_or(0),
        net: line.net,
        tax: line.tax,
        net_minor: units.next().unwrap_or(0),
        tax_minor: units.next().unwrap_or(0),
        attributes: line.attributes,
    }
}

fn charges(charges: Vec<DraftCharge>, units: &mut impl Iterator<Item = i64>) -> Vec<Charge> {
    charges
        .into_iter()
        .map(|charge| Charge {
            id: charge.id,
            title: charge.title,
            method: charge.method,
            net_minor: units.next().unwrap_or(0),
            tax_minor: units.next().unwrap_or(0),
        })
        .collect()
}

fn whole(quantity: Decimal) -> Option<i64> {
    quantity.fract().is_zero().then(|| quantity.to_i64()).flatten()
}

fn shipping_address(shipping: Address, billing: &Address) -> Address {
    if shipping.is_blank() {
        Address {
            email: String::new(),
            ..billing.clone()
        }
    } else {
        shipping
    }
}

fn findings(draft: &Draft, shop: &Shop, settled: &Settled, exponent: u32) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |code, text| found.push(Finding { code, text });
    if let Some(text) = totals_differ(draft, settled, exponent) {
        say(Code::TotalsDiffer, text);
    }
    if amends_engine::ledger::Currency::parse(&draft.currency).is_none() {
        say(
            Code::CurrencyUnknown,
            format!("\"{}\" is not a currency of ISO 4217.", draft.currency),
        );
    }
    if let Some(amount) = imprecise(draft, exponent).filter(|_| shop.rounding == Rounding::Refuse) {
        say(
            Code::CurrencyPrecision,
            format!(
                "{amount} cannot be charged in {}, which has {exponent} decimal places. Correct the order in the \
                 shop, or give the shop a rounding policy.",
                draft.currency
            ),
        );
    }
    if draft.lines.is_empty() {
        say(Code::NoLines, "The order has no lines.".into());
    }
    for line in &draft.lines {
        if line.sku.is_empty() {
            say(
                Code::SkuMissing,
                format!("Line {} \"{}\" has no article number.", line.id, line.name),
            );
        }
        if whole(line.quantity).is_none_or(|pieces| pieces < 1) {
            let text = format!(
                "Line {} \"{}\" orders {} pieces.",
                line.id,
                line.name,
                line.quantity.normalize()
            );
            say(Code::QuantityInvalid, text);
        }
    }
    let missing = shipping_address(draft.shipping.clone(), &draft.billing).missing();
    if !missing.is_empty() {
        say(
            Code::AddressIncomplete,
            format!("The shipping address lacks: {}.", missing.join(", ")),
        );
    }
    let method = &draft.payment.method;
    if !draft.total.is_zero() && shop.gateways.named(method).is_none() {
        say(
            Code::GatewayUnknown,
            format!("The configuration does not say who takes the money of the payment method \"{method}\"."),
        );
    }
    found
}

/// Lines, shipping, fees and their taxes make the total; discounts are already inside the lines. Shipping is
/// checked against the order's head as well, where shops keep its tax in a field of its own.
fn totals_differ(draft: &Draft, settled: &Settled, exponent: u32) -> Option<String> {
    let sum: Decimal = parts(draft).iter().sum();
    let shipping: Decimal = draft.shipping_lines.iter().map(|line| line.net + line.tax).sum();
    let head = draft.shipping_total + draft.shipping_tax;
    // The head is rounded once, each line by itself.
    let rounding = Decimal::new(1, exponent) * Decimal::from(draft.shipping_lines.len());
    if settled.differ {
        Some(format!(
            "Lines, shipping, fees and taxes add up to {} {}, but the total is {}.",
            sum, draft.currency, draft.total
        ))
    } else if (shipping - head).abs() > rounding {
        Some(format!(
            "Shipping lines add up to {shipping} {}, but the order says {head}.",
            draft.currency
        ))
    } else {
        None
    }
}

/// The first amount that its currency cannot carry.
fn imprecise(draft: &Draft, exponent: u32) -> Option<Decimal> {
    [draft.total]
        .into_iter()
        .chain(parts(draft))
        .chain(draft.refunds.iter().map(|refund| refund.amount))
        .find(|amount| !is_exact(*amount, exponent))
}

fn ended_before_start(order: &Order) -> Option<Finding> {
    match order.standing() {
        Standing::Cancelled => Some(Finding {
            code: Code::CancelledBeforeStart,
            text: "The order was already cancelled when it was first seen.".into(),
        }),
        Standing::Refunded => Some(Finding {
            code: Code::RefundedBeforeStart,
            text: "The order was already refunded in full when it was first seen.".into(),
        }),
        Standing::Open if !order.refunds.is_empty() => Some(Finding {
            code: Code::RefundedBeforeStart,
            text: "Part of the money had already gone back when the order was first seen.".into(),
        }),
        Standing::Open | Standing::Unplaced | Standing::Trashed => None,
    }
}
