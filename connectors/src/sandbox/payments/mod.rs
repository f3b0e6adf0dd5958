//! A payment provider in the shape of Stripe: form-encoded requests, minor units, idempotency keys that replay.

mod charge;
mod control;
mod form;
mod idempotency;
mod intent;
mod ledger;
mod refund;
mod search;
mod seed;
mod trouble;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

pub(crate) use self::control::router as control_router;
use self::form::Form;
use self::idempotency::Keys;
use self::ledger::Ledger;
pub use self::seed::IntentSeed;
use self::trouble::Trouble;
use super::front::fault::{Fault, Nature, Operation};
use super::front::request::{Reply, Request, order_in_key};
use super::front::{Admission, Done, System};
use super::memory::Remember;
use super::witness::Effect;

/// The provider.
#[derive(Debug)]
pub(crate) struct Payments {
    secret: String,
    keys: Mutex<Keys>,
    ledger: Mutex<Ledger>,
}

/// What a request may do to the ledger, and what it may leave behind.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    ledger: &'a mut Ledger,
    fault: Option<&'a Fault>,
    now_ms: i64,
    key: String,
    effects: Vec<Effect>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Payments {
    pub(crate) fn new(secret: String, seed: u64) -> Self {
        Self {
            secret,
            keys: Mutex::default(),
            ledger: Mutex::new(Ledger::new(seed)),
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    fn knows(&self, request: &Request) -> bool {
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        bearer == Some(&self.secret) || request.basic().is_some_and(|(user, _)| user == self.secret)
    }
}

impl Remember for Payments {
    fn remember(&self) -> Json {
        json!({"keys": *locked(&self.keys), "ledger": *self.ledger()})
    }

    fn recall(&self, records: &Json) -> Result<(), serde_json::Error> {
        let part = |name: &str| records.get(name).unwrap_or(&Json::Null);
        let (keys, ledger) = (
            Keys::deserialize(part("keys"))?,
            Ledger::deserialize(part("ledger"))?,
        );
        *locked(&self.keys) = keys;
        *self.ledger() = ledger;
        Ok(())
    }
}

impl System for Payments {
    fn operation(&self, request: &Request) -> Operation {
        let segments = request.segments();
        let write = request.method == Method::POST;
        match segments.as_slice() {
            ["v1", "payment_intents", "search"] => Operation::new("payment_intents.search", Nature::Read),
            ["v1", family, _, "cancel"] => Operation::new(format!("{family}.cancel"), Nature::Undo),
            ["v1", family, _, verb] if write => Operation::new(format!("{family}.{verb}"), Nature::Effect),
            ["v1", "refunds"] if write => Operation::new("refunds.create", Nature::Undo),
            ["v1", family] if write => Operation::new(format!("{family}.create"), Nature::Effect),
            ["v1", family] => Operation::new(format!("{family}.list"), Nature::Read),
            ["v1", family, _] => Operation::new(format!("{family}.retrieve"), Nature::Read),
            _ => Operation::new("unknown", Nature::Read),
        }
    }

    fn admit(&self, request: &Request) -> Admission {
        match request.key() {
            Some(key) if request.method == Method::POST && self.knows(request) => {
                locked(&self.keys).begin(key, request)
            }
            _ => Admission::Do,
        }
    }

    fn perform(&self, request: &Request, fault: Option<&Fault>, now_ms: i64) -> Done {
        if !self.knows(request) {
            return Done::only(Trouble::unauthorised().reply());
        }
        let mut ledger = self.ledger();
        let mut desk = Desk {
            ledger: &mut ledger,
            fault,
            now_ms,
            key: request.key().unwrap_or_default().to_owned(),
            effects: Vec::new(),
        };
        let result = desk.answer(request);
        let effects = desk.effects;
        let reply = match result {
            Ok(body) => Reply::ok(&body),
            Err(trouble) => trouble.reply(),
        };
        Done { reply, effects }
    }

    fn refuse(&self, request: &Request, fault: &Fault) -> Reply {
        if matches!(fault, Fault::RefuseUndo) {
            return Trouble::unexpected_state("The object cannot be changed in its present state.").reply();
        }
        if matches!(fault, Fault::ErrorInside { .. }) {
            return Trouble::parameter("amount", "Invalid request.").reply();
        }
        let body = json!({"error": {"type": "api_error", "message": "An unknown error occurred"}});
        let trace = request.key().unwrap_or("none").len();
        Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &body).with("request-id", format!("req_{trace:08}"))
    }

    fn settle(&self, request: &Request, reply: &Reply) {
        if let Some(key) = request.key().filter(|_| request.method == Method::POST) {
            locked(&self.keys).finish(key, reply);
        }
    }
}

impl Desk<'_> {
    fn answer(&mut self, request: &Request) -> Result<Json, Trouble> {
        let segments = request.segments();
        let form = Form::new(request.form());
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "payment_intents"]) => self.create_intent(&form),
            ("GET", ["v1", "payment_intents"]) => Ok(self.list_intents()),
            ("GET", ["v1", "payment_intents", "search"]) => self.search_intents(&request.query()),
            ("GET", ["v1", "payment_intents", id]) => self.retrieve_intent(id, &request.query()),
            ("POST", ["v1", "payment_intents", id, "confirm"]) => self.confirm_intent(id, &form),
            ("POST", ["v1", "payment_intents", id, "capture"]) => self.capture_intent(id, &form),
            ("POST", ["v1", "payment_intents", id, "cancel"]) => self.cancel_intent(id, &form),
            ("GET", ["v1", "charges", id]) => self.retrieve_charge(id),
            ("POST", ["v1", "refunds"]) => self.create_refund(&form),
            ("GET", ["v1", "refunds"]) => Ok(self.list_refunds(&request.query())),
            ("GET", ["v1", "refunds", id]) => self.retrieve_refund(id),
            ("GET", ["v1", "balance"]) => Ok(json!({"object": "balance", "livemode": false})),
            _ => Err(Trouble::unknown_url(request)),
        }
    }

    /// Money that moved (or was set aside or let go) under the request's key.
    fn witness(
        &mut self,
        operation: &str,
        reference: &str,
        amount_minor: i64,
        currency: &str,
        order: Option<&str>,
    ) {
        self.effects.push(Effect {
            system: "payments".into(),
            operation: operation.into(),
            key: if self.key.is_empty() {
                reference.to_owned()
            } else {
                self.key.clone()
            },
            reference: reference.into(),
            amount_minor: Some(amount_minor),
            currency: Some(currency.to_uppercase()),
            order_key: order.map(str::to_owned).or_else(|| order_in_key(&self.key)),
            undo: operation.ends_with("cancel") || operation.starts_with("refunds"),
            lines: Vec::new(),
        });
    }
}
