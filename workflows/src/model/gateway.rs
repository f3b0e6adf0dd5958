//! Who takes the money of a payment method.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who has the money once the shop says "paid".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakenBy {
    /// The shop charged the buyer: we verify it.
    ShopCaptured,
    /// The shop reserved the money: we verify the reservation and capture.
    ShopAuthorised,
    /// Money moves outside of any provider: bank transfer, cheque, cash.
    Offline,
}

impl TakenBy {
    /// The spelling used in the configuration and in `order.payment.taken_by`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ShopCaptured => "shop-captured",
            Self::ShopAuthorised => "shop-authorised",
            Self::Offline => "offline",
        }
    }
}

/// How one payment method behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Who has the money once the shop says "paid".
    pub taken_by: TakenBy,
    /// How the money is kept apart in the ledger: `card`, `gift-card`, `bank`, `cash-on-delivery`.
    pub tender: String,
    /// How long an order may wait to be paid, in milliseconds, before somebody or something gives up on it.
    pub patience_ms: i64,
    /// The buyer pays when the goods arrive: the order runs unpaid.
    #[serde(default)]
    pub on_delivery: bool,
}

impl Gateway {
    /// Whether an order that the shop accepted without payment was meant to be: cash on delivery, or staff
    /// accepting an order on invoice. With a provider in between, an accepted but unpaid order waits.
    pub fn delivers_first(&self) -> bool {
        self.on_delivery || self.taken_by == TakenBy::Offline
    }
}

/// The table of payment methods of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateways {
    /// Used, with the finding `gateway-unknown`, for a method that `methods` does not name.
    pub default: Gateway,
    /// By the storefront's machine name of the method, for example `stripe`.
    #[serde(default)]
    pub methods: BTreeMap<String, Gateway>,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Gateways {
    /// The entry for `method`, if the table names it.
    pub fn named(&self, method: &str) -> Option<&Gateway> {
        self.methods.get(method)
    }

    /// The entry for `method`, or the default.
    pub fn of(&self, method: &str) -> &Gateway {
        self.named(method).unwrap_or(&self.default)
    }

    /// WooCommerce's own methods and Stripe. An hour for cards is WooCommerce's own hold-stock time; ten days
    /// for transfers is what banks need over a holiday.
    pub fn usual() -> Self {
        let row = |taken_by, tender: &str, patience_ms, on_delivery| Gateway {
            taken_by,
            tender: tender.into(),
            patience_ms,
            on_delivery,
        };
        let card = row(TakenBy::ShopCaptured, "card", HOUR_MS, false);
        Self {
            default: card.clone(),
            methods: BTreeMap::from([
                ("stripe".into(), card),
                ("bacs".into(), row(TakenBy::Offline, "bank", 10 * DAY_MS, false)),
                ("cheque".into(), row(TakenBy::Offline, "bank", 10 * DAY_MS, false)),
                (
                    "cod".into(),
                    row(TakenBy::Offline, "cash-on-delivery", DAY_MS, true),
                ),
            ]),
        }
    }
}
