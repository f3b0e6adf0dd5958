//! A WooCommerce shop: the orders of its REST API (wc/v3), and webhooks about them with all their habits.

pub(super) mod calendar;
mod control;
mod failure;
mod hooks;
mod listing;
mod notes;
mod orders;
mod php;
mod refunds;
mod sender;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

pub(crate) use self::control::router as control_router;
use self::failure::Failure;
use self::hooks::Hooks;
use self::orders::Orders;
pub(crate) use self::sender::Sender;
use super::front::fault::{Fault, Nature, Operation};
use super::front::request::{Reply, Request, first, order_in_key};
use super::front::{Done, System};
use super::memory::Remember;
use super::options::Shop;
use super::outbox::Outbox;
use super::witness::Effect;

/// What a shop knows.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) orders: Orders,
    pub(crate) hooks: Hooks,
}

/// A delivery to be made: which webhook, about which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delivery {
    pub(crate) hook: u64,
    pub(crate) order: i64,
}

/// What happened to an order, as far as webhooks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Created,
    Updated,
    Trashed,
    Restored,
}

impl Happening {
    fn topic(self) -> &'static str {
        match self {
            Self::Created => "order.created",
            Self::Updated => "order.updated",
            Self::Trashed => "order.deleted",
            Self::Restored => "order.restored",
        }
    }
}

/// A shop.
#[derive(Debug)]
pub(crate) struct Storefront {
    shop: Shop,
    store: Arc<Mutex<Store>>,
    outbox: Arc<Outbox<Delivery>>,
    /// The provider that its gateway works with: base URL and client, to seed intents of generated orders.
    payments: Option<(String, reqwest::Client)>,
}

impl Storefront {
    pub(crate) fn new(shop: Shop, payments: Option<(String, reqwest::Client)>) -> Self {
        let store = Store {
            orders: Orders::new(shop.utc_offset_min),
            hooks: Hooks::new(&shop.hooks),
        };
        Self {
            shop,
            store: Arc::new(Mutex::new(store)),
            outbox: Arc::default(),
            payments,
        }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn outbox(&self) -> &Outbox<Delivery> {
        &self.outbox
    }

    /// Queues a delivery per webhook of the topic; one that waits already covers this happening too.
    pub(crate) fn announce(&self, store: &mut Store, happening: Happening, order: i64, now_ms: i64) {
        let due = now_ms + i64::try_from(self.shop.webhook_delay_ms).unwrap_or(0);
        for delivery in store.hooks.enqueue(happening.topic(), order) {
            self.outbox.push(due, delivery);
        }
    }

    fn knows(&self, request: &Request) -> bool {
        let (key, secret) = (&self.shop.consumer_key, &self.shop.consumer_secret);
        if let Some((user, password)) = request.basic() {
            return user == *key && password == *secret;
        }
        let query = request.query();
        first(&query, "consumer_key") == Some(key) && first(&query, "consumer_secret") == Some(secret)
    }

    fn answer(&self, request: &Request, now_ms: i64, effects: &mut Vec<Effect>) -> Result<Reply, Failure> {
        let segments = request.segments();
        let ["wp-json", "wc", "v3", path @ ..] = segments.as_slice() else {
            return Err(Failure::no_route());
        };
        if !self.knows(request) {
            return Err(Failure::cannot_view());
        }
        let mut store = self.store();
        match (request.method.as_str(), path) {
            ("GET", ["orders"]) => store.orders.list(&request.query(), &request.uri),
            ("GET", ["orders", id]) => store.orders.get(number(id)?).map(ok),
            ("PUT" | "POST" | "PATCH", ["orders", id]) => {
                let (id, body) = (number(id)?, request.json());
                let changed = store.orders.update(id, &body, now_ms)?;
                self.announce(&mut store, Happening::Updated, id, now_ms);
                if changed {
                    effects.push(self.effect("orders.update", id, request, &body.to_string()));
                }
                store.orders.get(id).map(ok)
            }
            ("GET", ["orders", id, "refunds"]) => store.orders.refunds(number(id)?).map(|all| ok(&all)),
            ("GET", ["orders", id, "notes"]) => store.orders.notes(number(id)?).map(|all| ok(&all)),
            ("POST", ["orders", id, "notes"]) => {
                let (id, body) = (number(id)?, request.json());
                let note = store.orders.add_note(id, &body, now_ms)?;
                effects.push(self.effect("notes.create", id, request, &body.to_string()));
                Ok(php::reply(StatusCode::CREATED, &note))
            }
            ("POST", ["webhooks"]) => store
                .hooks
                .create(&request.json())
                .map(|hook| php::reply(StatusCode::CREATED, &hook)),
            ("GET", ["webhooks", id]) => store.hooks.show(number(id)?).map(|hook| ok(&hook)),
            ("PUT" | "POST", ["webhooks", id]) => store
                .hooks
                .change(number(id)?, &request.json())
                .map(|hook| ok(&hook)),
            ("GET", ["system_status"]) => Ok(ok(&json!({"environment": {"version": "11.0.1"}}))),
            _ => Err(Failure::no_route()),
        }
    }

    fn effect(&self, operation: &str, order: i64, request: &Request, body: &str) -> Effect {
        let order_key = format!("{}:{order}", self.shop.name);
        let derived = format!("{order_key}#{operation}#{body}");
        let key = request.key().map_or(derived, str::to_owned);
        Effect {
            system: self.shop.name.clone(),
            operation: operation.into(),
            order_key: order_in_key(&key).or(Some(order_key)),
            key,
            reference: order.to_string(),
            ..Effect::default()
        }
    }
}

fn ok(body: &Json) -> Reply {
    php::reply(StatusCode::OK, body)
}

fn number(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::no_route())
}

impl Remember for Storefront {
    fn remember(&self) -> Json {
        json!(self.store().orders)
    }

    /// Webhooks that had not been sent are lost, as with a real shop whose queue is emptied.
    fn recall(&self, records: &Json) -> Result<(), serde_json::Error> {
        self.store().orders = Orders::deserialize(records)?;
        Ok(())
    }
}

impl System for Storefront {
    fn operation(&self, request: &Request) -> Operation {
        let write = request.method != axum::http::Method::GET;
        let nature = if write { Nature::Effect } else { Nature::Read };
        let segments = request.segments();
        let path = segments
            .strip_prefix(&["wp-json", "wc", "v3"])
            .unwrap_or_default();
        let name = match (write, path) {
            (false, ["orders"]) => "orders.list",
            (false, ["orders", _]) => "orders.retrieve",
            (true, ["orders", _]) => "orders.update",
            (false, ["orders", _, "refunds"]) => "refunds.list",
            (false, ["orders", _, "notes"]) => "notes.list",
            (true, ["orders", _, "notes"]) => "notes.create",
            (_, ["webhooks", ..]) => "webhooks",
            _ => "unknown",
        };
        Operation::new(name, nature)
    }

    fn perform(&self, request: &Request, _fault: Option<&Fault>, now_ms: i64) -> Done {
        let mut effects = Vec::new();
        let result = self.answer(request, now_ms, &mut effects);
        let reply = result.unwrap_or_else(|failure| failure.reply());
        Done { reply, effects }
    }

    fn refuse(&self, _request: &Request, fault: &Fault) -> Reply {
        if matches!(fault, Fault::ErrorInside { .. }) {
            return Failure::invalid_param("status").reply();
        }
        Failure::critical().reply()
    }
}
