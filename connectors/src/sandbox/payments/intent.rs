//! Payment intents: authorise, capture at once or in parts, cancel.

use serde_json::{Value as Json, json};

use super::Desk;
use super::form::Form;
use super::ledger::{Intent, Status};
use super::trouble::Trouble;
use crate::sandbox::front::fault::Fault;
use crate::sandbox::front::request::first;

/// Test cards that are declined.
const DECLINED: [&str; 3] = [
    "pm_card_chargeDeclined",
    "pm_card_visa_chargeDeclined",
    "pm_card_declined",
];

impl Desk<'_> {
    pub(super) fn create_intent(&mut self, form: &Form) -> Result<Json, Trouble> {
        let amount = form.amount("amount")?;
        let amount = amount.ok_or_else(|| Trouble::parameter("amount", "Missing required param: amount."))?;
        let currency = form.required("currency")?.to_lowercase();
        let payment_method = form.get("payment_method").map(str::to_owned);
        let intent = Intent {
            id: self.ledger.fresh_id("pi"),
            amount,
            received: 0,
            refunded: 0,
            currency,
            status: match payment_method {
                Some(_) => Status::RequiresConfirmation,
                None => Status::RequiresPaymentMethod,
            },
            manual: form.get("capture_method") == Some("manual"),
            payment_method,
            metadata: form.map("metadata"),
            created_ms: self.now_ms,
            authorised_ms: None,
            cancellation_reason: None,
            declines: false,
        };
        let id = intent.id.clone();
        self.ledger.keep(intent);
        if form.get("confirm") == Some("true") {
            return self.confirm_intent(&id, form);
        }
        Ok(self.ledger.intent(&id)?.json())
    }

    pub(super) fn confirm_intent(&mut self, id: &str, form: &Form) -> Result<Json, Trouble> {
        let now_ms = self.now_ms;
        let decline = matches!(self.fault, Some(Fault::Decline));
        let intent = self.ledger.intent(id)?;
        if let Some(method) = form.get("payment_method") {
            intent.payment_method = Some(method.to_owned());
        }
        match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation => {}
            Status::RequiresCapture | Status::Succeeded | Status::Canceled => {
                return Err(unexpected(intent, "confirmed"));
            }
        }
        let method = intent.payment_method.clone().unwrap_or_default();
        if decline || method.is_empty() || DECLINED.contains(&method.as_str()) {
            intent.status = Status::RequiresPaymentMethod;
            return Err(Trouble::declined());
        }
        intent.authorised_ms = Some(now_ms);
        let operation = if intent.manual {
            intent.status = Status::RequiresCapture;
            "payment_intents.authorise"
        } else {
            intent.status = Status::Succeeded;
            intent.received = intent.amount;
            "payment_intents.charge"
        };
        let done = intent.clone();
        self.witness_intent(operation, &done, done.amount);
        Ok(done.json())
    }

    /// Takes up to what is left of the authorised amount. The rest is released, unless the request says that this is
    /// not the final capture.
    pub(super) fn capture_intent(&mut self, id: &str, form: &Form) -> Result<Json, Trouble> {
        let asked = form.amount("amount_to_capture")?;
        let fault = self.fault;
        let intent = self.ledger.intent(id)?;
        if intent.status != Status::RequiresCapture {
            return Err(unexpected(intent, "captured"));
        }
        let asked = asked.unwrap_or_else(|| intent.capturable());
        if asked > intent.capturable() {
            let message = format!(
                "The requested amount {asked} exceeds the amount that can be captured {}.",
                intent.capturable()
            );
            return Err(Trouble::too_large(&message));
        }
        if intent.declines || matches!(fault, Some(Fault::Decline)) {
            return Err(Trouble::declined());
        }
        let taken = match fault {
            Some(Fault::CaptureLess { percent }) => {
                asked * i64::try_from((*percent).min(100)).unwrap_or(100) / 100
            }
            _ => asked,
        };
        intent.received += taken;
        let more = form.get("final_capture") == Some("false") && intent.received < intent.amount;
        if !more {
            intent.status = Status::Succeeded;
        }
        let done = intent.clone();
        self.witness_intent("payment_intents.capture", &done, taken);
        Ok(done.json())
    }

    /// Lets an authorisation go, or ends an intent nobody paid.
    pub(super) fn cancel_intent(&mut self, id: &str, form: &Form) -> Result<Json, Trouble> {
        let intent = self.ledger.intent(id)?;
        let held = intent.capturable();
        if matches!(intent.status, Status::Succeeded | Status::Canceled) {
            return Err(unexpected(intent, "canceled"));
        }
        intent.status = Status::Canceled;
        intent.cancellation_reason = form.get("cancellation_reason").map(str::to_owned);
        let done = intent.clone();
        self.witness_intent("payment_intents.cancel", &done, held);
        Ok(done.json())
    }

    pub(super) fn retrieve_intent(&mut self, id: &str, query: &[(String, String)]) -> Result<Json, Trouble> {
        let intent = self.ledger.intent(id)?;
        let mut body = intent.json();
        if first(query, "expand[]") == Some("latest_charge") && intent.authorised_ms.is_some() {
            let charge = intent.charge_json();
            if let Some(latest) = body.get_mut("latest_charge") {
                *latest = charge;
            }
        }
        Ok(body)
    }

    pub(super) fn list_intents(&self) -> Json {
        let data: Vec<Json> = self.ledger.intents().rev().take(100).map(Intent::json).collect();
        json!({"object": "list", "url": "/v1/payment_intents", "has_more": false, "data": data})
    }

    pub(super) fn witness_intent(&mut self, operation: &str, intent: &Intent, amount: i64) {
        self.witness(
            operation,
            &intent.id,
            amount,
            &intent.currency,
            intent.order_key(),
        );
    }
}

fn unexpected(intent: &Intent, verb: &str) -> Trouble {
    let status = intent.status.name();
    Trouble::unexpected_state(&format!(
        "This PaymentIntent could not be {verb} because it has a status of {status}."
    ))
}
