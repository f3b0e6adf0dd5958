//! What a delivery is, told by the shape of its signed body.
//!
//! The topic, the webhook's id and the delivery's id are headers, and headers are not signed: whoever has seen one
//! genuine body can send it again under any topic. So the body alone decides. The one use of the topic is to tell
//! `{"id":22}` of a binned product from that of a binned order, where a wrong topic can only cause a look.

use amends_workflows::mirror::Hint;

use super::node::{Fields, Node, NodeError};
use super::source::site;

/// The headers that matter, found without regard to upper and lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `X-WC-Webhook-Topic`, for people and for bare ids of other resources.
    pub topic: Option<String>,
    /// `X-WC-Webhook-Source`, the shop's home page.
    pub source: Option<String>,
    /// `X-WC-Webhook-Signature`.
    pub signature: Option<String>,
    /// `X-WC-Webhook-Delivery-ID`. Not unique: two orders in one second share it.
    pub delivery: Option<String>,
}

impl Headers {
    /// Picks the headers that matter; of a repeated one the last counts.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            let slot = match name.to_ascii_lowercase().as_str() {
                "content-type" => &mut headers.content_type,
                "x-wc-webhook-topic" => &mut headers.topic,
                "x-wc-webhook-source" => &mut headers.source,
                "x-wc-webhook-signature" => &mut headers.signature,
                "x-wc-webhook-delivery-id" => &mut headers.delivery,
                _ => continue,
            };
            *slot = Some(value.to_owned());
        }
        headers
    }
}

/// What an endpoint expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_max: usize,
    /// URLs of the shop, any of which may be the source; empty accepts every source.
    pub sources: Vec<String>,
}

/// The largest body taken when the configuration says nothing: an order of 500 lines with meta has about 600 KiB.
pub const BODY_MAX: usize = 2 * 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max: BODY_MAX,
            sources: Vec::new(),
        }
    }
}

/// What a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The shop tries the address when the webhook is made.
    Ping {
        /// The webhook's id in the shop.
        webhook: i64,
    },
    /// A whole order, as it was when the delivery left.
    Snapshot {
        /// The order.
        order: i64,
    },
    /// Something happened to an order; the body says no more than its id.
    Bare {
        /// The order.
        order: i64,
        /// What the body says happened.
        hint: Hint,
    },
    /// Something happened to a refund; the body does not say of which order.
    Refund {
        /// The refund.
        refund: i64,
    },
    /// A note for the customer; it changes nothing about the order.
    Note {
        /// The order.
        order: i64,
    },
    /// The shop delivers an error in place of an order: it was deleted first, or the webhook's owner lost rights.
    ShopError {
        /// The shop's code, for example `woocommerce_rest_cannot_view`.
        code: String,
    },
    /// A product, customer or coupon: not ours to follow.
    Ignored {
        /// What it is.
        resource: Resource,
    },
    /// Signed JSON of no known shape.
    Unknown {
        /// What it looks like: the action, or the first names of its fields.
        shape: String,
    },
    /// Nothing that could be acted on.
    Unusable(Unusable),
}

/// What we do not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A product or its stock.
    Product,
    /// A customer account.
    Customer,
    /// A coupon.
    Coupon,
}

/// Why nothing can be done with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing arrived.
    #[error("the body is empty")]
    Empty,
    /// More than the limit.
    #[error("the body has {size} bytes, the limit is {max}")]
    Oversized {
        /// Its size.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// Not a JSON object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// It names another shop.
    #[error("the delivery comes from {found}, the shop is configured as {expected}")]
    WrongSource {
        /// What the header says.
        found: String,
        /// What the configuration says.
        expected: String,
    },
    /// The body's id and the order's own link name different orders.
    #[error("the body says order {body}, its own link says order {link}")]
    IdMismatch {
        /// `id`.
        body: i64,
        /// The number at the end of `_links.self`.
        link: i64,
    },
}

/// Says what a delivery is. Never fails and never panics, whatever the bytes are.
pub fn classify(headers: &Headers, body: &[u8], limits: &Limits) -> Delivery {
    match shape(headers, body, limits) {
        Ok(delivery) => delivery,
        Err(unusable) => Delivery::Unusable(unusable),
    }
}

fn shape(headers: &Headers, body: &[u8], limits: &Limits) -> Result<Delivery, Unusable> {
    if body.len() > limits.body_max {
        return Err(Unusable::Oversized {
            size: body.len(),
            max: limits.body_max,
        });
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| Unusable::NotJson(format!("byte {} is not UTF-8", error.valid_up_to())))?
        .trim();
    if text.is_empty() {
        return Err(Unusable::Empty);
    }
    if let Some(webhook) = ping(headers, text) {
        return Ok(Delivery::Ping { webhook });
    }
    check_source(headers, limits)?;
    let node = Node::parse(text).map_err(|error| Unusable::NotJson(error.to_string()))?;
    if !node.is_object() {
        return Err(Unusable::NotJson("it is JSON, but no object".into()));
    }
    let fields = node
        .fields()
        .map_err(|error| Unusable::NotJson(error.to_string()))?;
    // Where a field that tells shapes apart holds something strange, the shape is unknown.
    Ok(object(headers, &fields).unwrap_or_else(|_| Delivery::Unknown {
        shape: names(&fields),
    }))
}

fn ping(headers: &Headers, text: &str) -> Option<i64> {
    let form = headers.content_type.as_deref()?.to_ascii_lowercase();
    if !form.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    text.strip_prefix("webhook_id=")?.parse().ok()
}

/// A missing header proves nothing, since anybody can leave it out; another shop's name is worth a stop.
fn check_source(headers: &Headers, limits: &Limits) -> Result<(), Unusable> {
    let Some(source) = headers.source.as_deref().filter(|_| !limits.sources.is_empty()) else {
        return Ok(());
    };
    let found = site(source);
    let known: Vec<String> = limits.sources.iter().map(|source| site(source)).collect();
    if known.contains(&found) {
        Ok(())
    } else {
        Err(Unusable::WrongSource {
            found,
            expected: known.join(" or "),
        })
    }
}

fn object(headers: &Headers, fields: &Fields<'_>) -> Result<Delivery, NodeError> {
    if fields.has("action") && fields.has("arg") {
        return action(&fields.get("action").text()?, &fields.get("arg"));
    }
    if !fields.has("id") {
        return Ok(if fields.has("code") && fields.has("message") {
            Delivery::ShopError {
                code: fields.get("code").text()?,
            }
        } else {
            Delivery::Unknown { shape: names(fields) }
        });
    }
    let id = fields.get("id").int()?;
    if fields.has("line_items") && fields.has("status") {
        return Ok(snapshot(id, fields));
    }
    Ok(match resource(headers, fields) {
        Some(resource) => Delivery::Ignored { resource },
        None if fields.len() == 1 => Delivery::Bare {
            order: id,
            hint: Hint::Trashed,
        },
        None => Delivery::Unknown { shape: names(fields) },
    })
}

fn snapshot(id: i64, fields: &Fields<'_>) -> Delivery {
    match linked(fields) {
        Some(link) if link != id => Delivery::Unusable(Unusable::IdMismatch { body: id, link }),
        Some(_) | None => Delivery::Snapshot { order: id },
    }
}

/// The id at the end of the order's link to itself.
fn linked(fields: &Fields<'_>) -> Option<i64> {
    let links = fields.get("_links").fields().ok()?.get("self").list().ok()?;
    let href = links.first()?.fields().ok()?.get("href").text().ok()?;
    href.rsplit_once("/orders/")?.1.parse().ok()
}

fn resource(headers: &Headers, fields: &Fields<'_>) -> Option<Resource> {
    let topic = headers.topic.as_deref().unwrap_or_default();
    let is = |name: &str, marks: &[&str]| {
        topic.starts_with(name) && fields.len() == 1
            || marks.iter().all(|mark| fields.has(mark)) && fields.len() > 1
    };
    if is("product.", &["sku", "stock_status"]) {
        Some(Resource::Product)
    } else if is("customer.", &["email", "username"]) {
        Some(Resource::Customer)
    } else if is("coupon.", &["code", "discount_type"]) {
        Some(Resource::Coupon)
    } else {
        None
    }
}

/// Custom topics carry the name of the hook and its first argument, both signed.
fn action(name: &str, arg: &Node<'_>) -> Result<Delivery, NodeError> {
    let hook = name
        .strip_prefix("woocommerce_")
        .or_else(|| name.strip_prefix("wc_"))
        .unwrap_or(name);
    if hook.starts_with("new_customer_note") || hook.contains("order_note") {
        let order = if arg.is_object() {
            arg.fields()?.get("order_id").int()?
        } else {
            arg.int()?
        };
        return Ok(Delivery::Note { order });
    }
    if arg.is_object() {
        return Ok(object_argument(name, &arg.fields()?));
    }
    let Ok(id) = arg.int() else {
        return Ok(Delivery::Unknown {
            shape: name.to_owned(),
        });
    };
    let bare = |hint| Delivery::Bare { order: id, hint };
    Ok(match hook {
        "delete_order" | "before_delete_order" => bare(Hint::Deleted),
        "trash_order" | "before_trash_order" => bare(Hint::Trashed),
        _ if hook.contains("refund") && !hook.starts_with("order_") => Delivery::Refund { refund: id },
        _ if hook.contains("product") => Delivery::Ignored {
            resource: Resource::Product,
        },
        _ if hook.contains("coupon") => Delivery::Ignored {
            resource: Resource::Coupon,
        },
        _ if hook.contains("order") || hook.starts_with("payment_") => bare(Hint::Touched),
        _ if hook.contains("customer") => Delivery::Ignored {
            resource: Resource::Customer,
        },
        _ => Delivery::Unknown {
            shape: name.to_owned(),
        },
    })
}

fn object_argument(name: &str, arg: &Fields<'_>) -> Delivery {
    match arg.get("order_id").int() {
        Ok(order) if order > 0 => Delivery::Bare {
            order,
            hint: Hint::Touched,
        },
        Ok(_) | Err(_) => Delivery::Unknown {
            shape: name.to_owned(),
        },
    }
}

/// Names of fields shown of an unknown shape.
const NAMES_SHOWN: usize = 8;

fn names(fields: &Fields<'_>) -> String {
    let mut names: Vec<&str> = fields.names().take(NAMES_SHOWN).collect();
    if fields.len() > NAMES_SHOWN {
        names.push("…");
    }
    names.join(", ")
}
