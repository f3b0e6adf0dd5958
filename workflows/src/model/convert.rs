//! The canonical order as the value that expressions read.

use std::collections::BTreeMap;

use amends_engine::Value;

use super::{Address, Charge, Line, Order};

impl Order {
    /// `order`, as expressions know it.
    pub fn to_value(&self) -> Value {
        Value::map([
            ("key", Value::text(&self.key)),
            ("shop", Value::text(&self.shop)),
            ("id", self.id.into()),
            ("number", Value::text(&self.number)),
            ("status", Value::text(&self.status)),
            ("currency", Value::text(&self.currency)),
            ("created_ms", self.created_ms.into()),
            ("modified_ms", self.modified_ms.into()),
            ("created_via", Value::text(&self.created_via)),
            ("total", self.total.into()),
            ("total_minor", self.total_minor.into()),
            ("tax_minor", self.tax_minor.into()),
            ("shipping_minor", self.shipping_minor.into()),
            ("discount_minor", self.discount_minor.into()),
            ("rounding_minor", self.rounding_minor.into()),
            ("customer", self.customer_value()),
            ("billing", billing(&self.billing)),
            ("shipping", Value::map(place(&self.shipping))),
            ("lines", list(&self.lines, line)),
            ("shipping_lines", list(&self.shipping_lines, shipping_line)),
            ("fees", list(&self.fees, fee)),
            ("taxes", self.taxes_value()),
            ("coupons", self.coupons_value()),
            ("refunds", self.refunds_value()),
            ("payment", self.payment_value()),
            ("findings", self.findings_value()),
            ("likeness", Value::Text(self.likeness())),
            ("meta", texts(&self.meta)),
        ])
    }

    fn customer_value(&self) -> Value {
        Value::map([
            ("reference", Value::text(&self.customer.reference)),
            ("guest", self.customer.guest.into()),
            ("email", Value::text(&self.customer.email)),
            ("name", Value::text(&self.customer.name)),
            ("company", Value::text(&self.customer.company)),
            ("phone", Value::text(&self.customer.phone)),
        ])
    }

    fn taxes_value(&self) -> Value {
        list(&self.taxes, |tax| {
            Value::map([
                ("rate", Value::text(&tax.rate)),
                ("label", Value::text(&tax.label)),
                ("percent", tax.percent.into()),
                ("amount_minor", tax.amount_minor.into()),
            ])
        })
    }

    fn coupons_value(&self) -> Value {
        list(&self.coupons, |coupon| {
            Value::map([
                ("code", Value::text(&coupon.code)),
                ("discount_minor", coupon.discount_minor.into()),
            ])
        })
    }

    fn refunds_value(&self) -> Value {
        list(&self.refunds, |refund| {
            Value::map([
                ("id", refund.id.into()),
                ("amount_minor", refund.amount_minor.into()),
            ])
        })
    }

    fn payment_value(&self) -> Value {
        let payment = &self.payment;
        Value::map([
            ("method", Value::text(&payment.method)),
            ("title", Value::text(&payment.title)),
            ("taken_by", payment.gateway.taken_by.as_str().into()),
            ("tender", Value::text(&payment.gateway.tender)),
            ("transaction", Value::text(&payment.transaction)),
            ("paid", payment.paid_ms.is_some().into()),
            ("paid_ms", payment.paid_ms.map_or(Value::Null, Value::Int)),
            ("on_delivery", payment.gateway.on_delivery.into()),
            ("patience_ms", payment.gateway.patience_ms.into()),
        ])
    }

    fn findings_value(&self) -> Value {
        list(&self.findings, |finding| {
            Value::map([
                ("code", finding.code.as_str().into()),
                ("text", Value::text(&finding.text)),
            ])
        })
    }
}

pub(super) fn place(address: &Address) -> Vec<(&'static str, Value)> {
    vec![
        ("name", Value::text(&address.name)),
        ("company", Value::text(&address.company)),
        ("line1", Value::text(&address.line1)),
        ("line2", Value::text(&address.line2)),
        ("city", Value::text(&address.city)),
        ("state", Value::text(&address.state)),
        ("postcode", Value::text(&address.postcode)),
        ("country", Value::text(&address.country)),
        ("phone", Value::text(&address.phone)),
    ]
}

pub(super) fn billing(address: &Address) -> Value {
    Value::map(
        place(address)
            .into_iter()
            .chain([("email", Value::text(&address.email))]),
    )
}

pub(super) fn line(line: &Line) -> Value {
    Value::map([
        ("id", line.id.into()),
        ("sku", Value::text(&line.sku)),
        ("name", Value::text(&line.name)),
        ("product_id", line.product_id.into()),
        ("variation_id", line.variation_id.into()),
        ("quantity", line.quantity.into()),
        ("net", line.net.into()),
        ("tax", line.tax.into()),
        ("net_minor", line.net_minor.into()),
        ("tax_minor", line.tax_minor.into()),
        ("attributes", texts(&line.attributes)),
    ])
}

pub(super) fn shipping_line(charge: &Charge) -> Value {
    Value::map([
        ("id", charge.id.into()),
        ("title", Value::text(&charge.title)),
        ("method", Value::text(&charge.method)),
        ("net_minor", charge.net_minor.into()),
        ("tax_minor", charge.tax_minor.into()),
    ])
}

pub(super) fn fee(charge: &Charge) -> Value {
    Value::map([
        ("id", charge.id.into()),
        ("name", Value::text(&charge.title)),
        ("net_minor", charge.net_minor.into()),
        ("tax_minor", charge.tax_minor.into()),
    ])
}

pub(super) fn list<T>(elements: &[T], value: impl Fn(&T) -> Value) -> Value {
    Value::List(elements.iter().map(value).collect())
}

pub(super) fn texts(texts: &BTreeMap<String, String>) -> Value {
    Value::map(texts.iter().map(|(key, text)| (key.as_str(), Value::text(text))))
}
