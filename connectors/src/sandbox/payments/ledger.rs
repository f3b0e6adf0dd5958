//! The objects the provider keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::trouble::Trouble;
use crate::sandbox::random::draw;

/// How long an authorisation holds: what Visa gives for a card that is not present.
pub(super) const AUTHORISATION_MS: i64 = 7 * 24 * 3600 * 1000;

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// A payment intent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) received: i64,
    pub(super) refunded: i64,
    pub(super) currency: String,
    pub(super) status: Status,
    pub(super) manual: bool,
    pub(super) payment_method: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created_ms: i64,
    pub(super) authorised_ms: Option<i64>,
    pub(super) cancellation_reason: Option<String>,
    /// Whether its capture is declined, as seeded.
    pub(super) declines: bool,
}

impl Intent {
    pub(super) fn capturable(&self) -> i64 {
        if self.status == Status::RequiresCapture {
            self.amount - self.received
        } else {
            0
        }
    }

    /// The order it belongs to, from its metadata.
    pub(super) fn order_key(&self) -> Option<&str> {
        self.metadata.get("order_key").map(String::as_str)
    }

    pub(super) fn charge_id(&self) -> Option<String> {
        self.authorised_ms.map(|_| self.id.replacen("pi_", "ch_", 1))
    }

    pub(super) fn json(&self) -> Json {
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.capturable(),
            "amount_received": self.received,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": if self.manual { "manual" } else { "automatic" },
            "client_secret": format!("{}_secret_sandbox", self.id),
            "created": self.created_ms / 1000,
            "currency": self.currency,
            "latest_charge": self.charge_id(),
            "livemode": false,
            "metadata": self.metadata,
            "payment_method": self.payment_method,
            "status": self.status.name(),
        })
    }
}

/// A refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created_ms: i64,
}

impl Refund {
    pub(super) fn json(&self) -> Json {
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "charge": self.intent.replacen("pi_", "ch_", 1),
            "created": self.created_ms / 1000,
            "currency": self.currency,
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "status": "succeeded",
        })
    }
}

/// Intents and refunds by id.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    seed: u64,
    made: u64,
    intents: BTreeMap<String, Intent>,
    refunds: BTreeMap<String, Refund>,
}

impl Ledger {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            made: 0,
            intents: BTreeMap::new(),
            refunds: BTreeMap::new(),
        }
    }

    /// An id that looks like the provider's and repeats with the seed.
    pub(super) fn fresh_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        let drawn = draw(self.seed, prefix, self.made);
        format!("{prefix}_3{:06}{drawn:016x}", self.made)
    }

    pub(super) fn keep(&mut self, intent: Intent) {
        self.intents.insert(intent.id.clone(), intent);
    }

    pub(super) fn keep_refund(&mut self, refund: Refund) {
        self.refunds.insert(refund.id.clone(), refund);
    }

    pub(super) fn intent(&mut self, id: &str) -> Result<&mut Intent, Trouble> {
        self.intents
            .get_mut(id)
            .ok_or_else(|| Trouble::missing("payment_intent", id))
    }

    pub(super) fn refund(&self, id: &str) -> Result<&Refund, Trouble> {
        self.refunds.get(id).ok_or_else(|| Trouble::missing("refund", id))
    }

    pub(super) fn intents(&self) -> impl DoubleEndedIterator<Item = &Intent> {
        self.intents.values()
    }

    pub(super) fn refunds(&self) -> impl DoubleEndedIterator<Item = &Refund> {
        self.refunds.values()
    }
}
