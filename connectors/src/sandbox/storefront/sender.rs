//! Delivers webhooks: the body is built when the delivery is made, signed over its raw bytes, and sent once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::hooks::Webhook;
use super::{Delivery, Storefront, php};
use crate::sandbox::front::desk::{Desk, now_ms};
use crate::sandbox::front::fault::Fault;
use crate::sandbox::random::draw;
use crate::sandbox::sign;

/// How many deliveries are under way at once.
const CONCURRENT: usize = 16;
/// What WordPress gives a delivery.
const TIMEOUT_MS: u64 = 60_000;

/// The shop's queue runner.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    storefront: Arc<Storefront>,
    desk: Arc<Desk>,
    client: reqwest::Client,
    source: String,
}

/// What is sent.
struct Message {
    hook: Webhook,
    body: String,
}

impl Sender {
    pub(crate) fn new(
        storefront: Arc<Storefront>,
        desk: Arc<Desk>,
        client: reqwest::Client,
        addr: SocketAddr,
    ) -> Self {
        let own = || format!("http://{addr}/");
        let source = storefront.shop.source.clone().unwrap_or_else(own);
        Self {
            storefront,
            desk,
            client,
            source,
        }
    }

    /// Works until dropped.
    pub(crate) async fn work(self) {
        let slots = Arc::new(Semaphore::new(CONCURRENT));
        let mut sending = JoinSet::new();
        loop {
            let delivery = self.storefront.outbox().next().await;
            while sending.try_join_next().is_some() {}
            let Some(message) = self.message(delivery) else {
                continue;
            };
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let (sender, times, delay_ms) = match self.desk.strike_sending("webhook") {
                Some(Fault::DropCallback) => {
                    self.desk.counters.count(|counts| counts.callbacks.dropped += 1);
                    continue;
                }
                Some(Fault::DuplicateCallback) => {
                    self.desk
                        .counters
                        .count(|counts| counts.callbacks.duplicated += 1);
                    (self.clone(), 2, 0)
                }
                Some(Fault::ReorderCallback { within_ms }) => {
                    self.desk.counters.count(|counts| counts.callbacks.reordered += 1);
                    let drawn = draw(self.desk.seed, &message.body, 0);
                    (self.clone(), 1, drawn % (within_ms + 1))
                }
                Some(_) | None => (self.clone(), 1, 0),
            };
            sending.spawn(async move {
                if delay_ms > 0 {
                    // Its place in the queue is free for others while it is held back.
                    drop(slot);
                    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                }
                for _ in 0..times {
                    sender.deliver(&message).await;
                }
            });
        }
    }

    /// The webhook and the body as the order is now; a deleted order gives a signed error.
    fn message(&self, delivery: Delivery) -> Option<Message> {
        let mut store = self.storefront.store();
        let hook = store.hooks.begin(delivery)?;
        let body = if hook.topic == "order.deleted" {
            json!({"id": delivery.order})
        } else {
            match store.orders.get(delivery.order) {
                Ok(order) => order.clone(),
                Err(failure) => failure.body(),
            }
        };
        let body = php::encode(&body);
        Some(Message { hook, body })
    }

    async fn deliver(&self, message: &Message) {
        let success = self.post(message).await;
        self.storefront.store().hooks.finish(message.hook.id, success);
        self.desk.counters.count(|counts| {
            counts.callbacks.sent += 1;
            let outcome = if success {
                &mut counts.callbacks.delivered
            } else {
                &mut counts.callbacks.failed
            };
            *outcome += 1;
        });
    }

    async fn post(&self, message: &Message) -> bool {
        let Message { hook, body } = message;
        let (resource, event) = hook.topic.split_once('.').unwrap_or((&hook.topic, ""));
        let request = self
            .client
            .post(&hook.url)
            .timeout(Duration::from_millis(TIMEOUT_MS))
            .header("user-agent", "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)")
            .header("content-type", "application/json")
            .header("x-wc-webhook-source", &self.source)
            .header("x-wc-webhook-topic", &hook.topic)
            .header("x-wc-webhook-resource", resource)
            .header("x-wc-webhook-event", event)
            .header(
                "x-wc-webhook-signature",
                sign::woocommerce(&hook.secret, body.as_bytes()),
            )
            .header("x-wc-webhook-id", hook.id.to_string())
            .header("x-wc-webhook-delivery-id", delivery_id(hook.id, now_ms() / 1000))
            .header("connection", "close")
            .body(body.clone());
        match request.send().await {
            Ok(reply) => (200..=302).contains(&reply.status().as_u16()),
            Err(error) => {
                tracing::debug!(%error, url = hook.url, "webhook not delivered");
                false
            }
        }
    }
}

/// Not unique, as in the original: it depends on the webhook and the second alone.
fn delivery_id(hook: u64, unix_s: i64) -> String {
    let digest = Sha256::digest(format!("{hook}{unix_s}"));
    sign::hex(digest.get(..16).unwrap_or_default())
}
