//! Who may hand something in: the shops by their webhook secrets, other systems by their recipe's signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_api::{Admission, Door, Knock, Refused};
use amends_connectors::woocommerce::delivery::{Delivery, Headers, classify};
use amends_connectors::woocommerce::signature::{SignatureError, verify};
use amends_runtime::Arrival;

use super::callback::Callbacks;
use super::shop::Shop;

/// The kind of deliveries that are callbacks.
pub const CALLBACK: &str = "callback";

/// Headers of a delivery worth keeping: what tells where it came from. None of them is signed.
const KEPT: [&str; 7] = [
    "content-type",
    "user-agent",
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
    "x-wc-webhook-id",
    "x-wc-webhook-delivery-id",
    "x-wc-webhook-signature",
];

/// The door of one server.
pub struct ServerDoor {
    /// Shops by name.
    pub shops: Arc<BTreeMap<String, Shop>>,
    /// Systems that call back.
    pub callbacks: Arc<Callbacks>,
}

impl Door for ServerDoor {
    fn hook(&self, knock: &Knock<'_>) -> Admission {
        let Some(shop) = self.shops.get(knock.name) else {
            return Admission::Refuse {
                why: Refused::Unknown,
                detail: format!(
                    "no shop `{}` is configured: deliver to /hooks/woocommerce/<shop>",
                    knock.name
                ),
            };
        };
        let headers = Headers::from_pairs(
            knock
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let signature = header(knock, "x-wc-webhook-signature");
        let delivery = classify(&headers, knock.body, &shop.limits());
        if let (Delivery::Ping { webhook }, None) = (&delivery, signature) {
            return Admission::Nothing {
                note: format!("webhook {webhook} can reach this shop's address"),
            };
        }
        match verify(&shop.secrets, knock.body, signature) {
            Ok(_) => Admission::Accept(arrival(knock, word(&delivery))),
            Err(error @ (SignatureError::Missing | SignatureError::Malformed)) => Admission::Refuse {
                why: Refused::Unsigned,
                detail: error.to_string(),
            },
            Err(error @ (SignatureError::Mismatch | SignatureError::Unconfigured)) => Admission::Refuse {
                why: Refused::BadSignature,
                detail: error.to_string(),
            },
        }
    }

    fn callback(&self, knock: &Knock<'_>) -> Admission {
        match self.callbacks.verify(knock) {
            Ok(()) => Admission::Accept(Arrival {
                source: knock.name.to_owned(),
                kind: CALLBACK.to_owned(),
                headers: knock
                    .headers
                    .iter()
                    .filter(|(name, _)| name.starts_with("x-"))
                    .cloned()
                    .collect(),
                body: knock.body.to_vec(),
            }),
            Err(refusal) => refusal,
        }
    }
}

fn header<'k>(knock: &Knock<'k>, name: &str) -> Option<&'k str> {
    knock
        .headers
        .iter()
        .find(|(header, _)| header == name)
        .map(|(_, value)| value.as_str())
}

fn arrival(knock: &Knock<'_>, kind: &str) -> Arrival {
    let kept = knock
        .headers
        .iter()
        .filter(|(name, _)| KEPT.contains(&name.as_str()));
    Arrival {
        source: knock.name.to_owned(),
        kind: kind.to_owned(),
        headers: kept.cloned().collect(),
        body: knock.body.to_vec(),
    }
}

fn word(delivery: &Delivery) -> &'static str {
    amends_connectors::woocommerce::answer::of(delivery).case
}
