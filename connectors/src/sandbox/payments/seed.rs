//! Intents that exist before Amends does anything: what the storefront's gateway made at checkout.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ledger::{Intent, Ledger, Status};

/// An intent as a shop's checkout leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentSeed {
    /// Its id (the order's `transaction_id`); a fresh one if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// Three letters.
    pub currency: String,
    /// Whether the money was taken already, or only authorised.
    pub captured: bool,
    /// Whether its capture will be declined.
    #[serde(default)]
    pub declines: bool,
    /// For example `order_id` and `order_key`.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Ledger {
    /// Puts the intent on record; no effect of ours, so the witness is not told. Returns its id.
    pub(super) fn seed_intent(&mut self, seed: IntentSeed, now_ms: i64) -> String {
        let id = seed.id.unwrap_or_else(|| self.fresh_id("pi"));
        self.keep(Intent {
            id: id.clone(),
            amount: seed.amount,
            received: if seed.captured { seed.amount } else { 0 },
            refunded: 0,
            currency: seed.currency.to_lowercase(),
            status: if seed.captured {
                Status::Succeeded
            } else {
                Status::RequiresCapture
            },
            manual: !seed.captured,
            payment_method: Some("pm_card_visa".into()),
            metadata: seed.metadata,
            created_ms: now_ms,
            authorised_ms: Some(now_ms),
            cancellation_reason: None,
            declines: seed.declines,
        });
        id
    }
}
