//! The fields of the canonical order, as expressions see it.

use super::Shape;

/// The shape of `order`.
pub(super) fn shape() -> Shape {
    Shape::record([
        ("key", Shape::Text),
        ("shop", Shape::Text),
        ("id", Shape::Int),
        ("number", Shape::Text),
        ("status", Shape::Text),
        ("currency", Shape::Text),
        ("created_ms", Shape::Int),
        ("modified_ms", Shape::Int),
        ("created_via", Shape::Text),
        ("total", Shape::Decimal),
        ("total_minor", Shape::Int),
        ("tax_minor", Shape::Int),
        ("shipping_minor", Shape::Int),
        ("discount_minor", Shape::Int),
        ("rounding_minor", Shape::Int),
        ("customer", customer()),
        ("billing", address()),
        ("shipping", address()),
        ("lines", Shape::list(line())),
        ("shipping_lines", Shape::list(shipping_line())),
        ("fees", Shape::list(fee())),
        ("taxes", Shape::list(tax())),
        (
            "coupons",
            Shape::list(Shape::record([
                ("code", Shape::Text),
                ("discount_minor", Shape::Int),
            ])),
        ),
        (
            "refunds",
            Shape::list(Shape::record([("id", Shape::Int), ("amount_minor", Shape::Int)])),
        ),
        ("payment", payment()),
        (
            "findings",
            Shape::list(Shape::record([("code", Shape::Text), ("text", Shape::Text)])),
        ),
        ("likeness", Shape::Text),
        ("meta", Shape::Dictionary(Box::new(Shape::Text))),
    ])
}

fn customer() -> Shape {
    Shape::record([
        ("reference", Shape::Text),
        ("guest", Shape::Bool),
        ("email", Shape::Text),
        ("name", Shape::Text),
        ("company", Shape::Text),
        ("phone", Shape::Text),
    ])
}

/// A billing or shipping address; a shipping address has no e-mail.
pub(super) fn address() -> Shape {
    Shape::record([
        ("name", Shape::Text),
        ("company", Shape::Text),
        ("line1", Shape::Text),
        ("line2", Shape::Text),
        ("city", Shape::Text),
        ("state", Shape::Text),
        ("postcode", Shape::Text),
        ("country", Shape::Text),
        ("email", Shape::Text.optional()),
        ("phone", Shape::Text),
    ])
}

fn line() -> Shape {
    Shape::record([
        ("id", Shape::Int),
        ("sku", Shape::Text),
        ("name", Shape::Text),
        ("product_id", Shape::Int),
        ("variation_id", Shape::Int),
        ("quantity", Shape::Int),
        ("net", Shape::Decimal),
        ("tax", Shape::Decimal),
        ("net_minor", Shape::Int),
        ("tax_minor", Shape::Int),
        ("attributes", Shape::Dictionary(Box::new(Shape::Text))),
    ])
}

fn shipping_line() -> Shape {
    Shape::record([
        ("id", Shape::Int),
        ("title", Shape::Text),
        ("method", Shape::Text),
        ("net_minor", Shape::Int),
        ("tax_minor", Shape::Int),
    ])
}

fn fee() -> Shape {
    Shape::record([
        ("id", Shape::Int),
        ("name", Shape::Text),
        ("net_minor", Shape::Int),
        ("tax_minor", Shape::Int),
    ])
}

fn tax() -> Shape {
    Shape::record([
        ("rate", Shape::Text),
        ("label", Shape::Text),
        ("percent", Shape::Decimal),
        ("amount_minor", Shape::Int),
    ])
}

fn payment() -> Shape {
    Shape::record([
        ("method", Shape::Text),
        ("title", Shape::Text),
        ("taken_by", Shape::Text),
        ("tender", Shape::Text),
        ("transaction", Shape::Text),
        ("paid", Shape::Bool),
        ("paid_ms", Shape::Int.optional()),
        ("on_delivery", Shape::Bool),
        ("patience_ms", Shape::Int),
    ])
}
