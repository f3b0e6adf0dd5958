//! Webhooks: who is told of what, and how they give up.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::Delivery;
use super::failure::Failure;
use crate::sandbox::options;

/// At this many failures in a row, the next one disables the webhook.
const FAILURES_MAX: u32 = 6;

/// One webhook.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) id: u64,
    pub(super) topic: String,
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) active: bool,
    pub(super) failures: u32,
}

/// The webhooks of a shop and the deliveries that wait for its queue.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    hooks: BTreeMap<u64, Webhook>,
    waiting: BTreeSet<Delivery>,
}

impl Webhook {
    fn json(&self) -> Json {
        json!({
            "id": self.id,
            "name": self.topic,
            "status": if self.active { "active" } else { "disabled" },
            "topic": self.topic,
            "delivery_url": self.url,
        })
    }
}

impl Hooks {
    pub(super) fn new(hooks: &[options::Hook]) -> Self {
        let mut all = Self::default();
        for hook in hooks {
            all.add(hook.clone());
        }
        all
    }

    /// Adds a webhook; it is active at once.
    pub(crate) fn add(&mut self, hook: options::Hook) -> u64 {
        let id = self.hooks.len() as u64 + 1;
        let webhook = Webhook {
            id,
            topic: hook.topic,
            url: hook.url,
            secret: hook.secret,
            active: true,
            failures: 0,
        };
        self.hooks.insert(id, webhook);
        id
    }

    /// The deliveries to queue; one that already waits for the same webhook and order is not queued twice.
    pub(super) fn enqueue(&mut self, topic: &str, order: i64) -> Vec<Delivery> {
        let active = self
            .hooks
            .values()
            .filter(|hook| hook.active && hook.topic == topic);
        let wanted = active.map(|hook| Delivery { hook: hook.id, order });
        wanted.filter(|delivery| self.waiting.insert(*delivery)).collect()
    }

    /// The webhook of a delivery that is about to be made, if it still is active.
    pub(super) fn begin(&mut self, delivery: Delivery) -> Option<Webhook> {
        self.waiting.remove(&delivery);
        self.hooks.get(&delivery.hook).filter(|hook| hook.active).cloned()
    }

    /// A success forgets all failures; the seventh failure in a row disables the webhook, silently.
    pub(super) fn finish(&mut self, hook: u64, success: bool) {
        let Some(hook) = self.hooks.get_mut(&hook) else {
            return;
        };
        if success {
            hook.failures = 0;
        } else if hook.failures >= FAILURES_MAX {
            hook.active = false;
        } else {
            hook.failures += 1;
        }
    }

    pub(super) fn create(&mut self, body: &Json) -> Result<Json, Failure> {
        let text = |name: &'static str| {
            let given = body.get(name).and_then(Json::as_str);
            given
                .map(str::to_owned)
                .ok_or_else(|| Failure::invalid_param(name))
        };
        let id = self.add(options::Hook {
            topic: text("topic")?,
            url: text("delivery_url")?,
            secret: text("secret").unwrap_or_default(),
        });
        self.show(i64::try_from(id).unwrap_or_default())
    }

    pub(super) fn show(&self, id: i64) -> Result<Json, Failure> {
        let hook = u64::try_from(id).ok().and_then(|id| self.hooks.get(&id));
        hook.map(Webhook::json).ok_or_else(Failure::invalid_id)
    }

    /// Activates or pauses a webhook; the failures it had are not forgotten by that.
    pub(super) fn change(&mut self, id: i64, body: &Json) -> Result<Json, Failure> {
        let hook = u64::try_from(id).ok().and_then(|id| self.hooks.get_mut(&id));
        let hook = hook.ok_or_else(Failure::invalid_id)?;
        if let Some(status) = body.get("status").and_then(Json::as_str) {
            hook.active = status == "active";
        }
        if let Some(url) = body.get("delivery_url").and_then(Json::as_str) {
            url.clone_into(&mut hook.url);
        }
        if let Some(secret) = body.get("secret").and_then(Json::as_str) {
            secret.clone_into(&mut hook.secret);
        }
        self.show(id)
    }

    pub(super) fn all(&self) -> Vec<Json> {
        let shown = |hook: &Webhook| {
            let mut json = hook.json();
            if let Some(fields) = json.as_object_mut() {
                fields.insert("failures".into(), json!(hook.failures));
            }
            json
        };
        self.hooks.values().map(shown).collect()
    }

    /// Activates all of them; the failures they had are not forgotten by that.
    pub(super) fn activate(&mut self) {
        for hook in self.hooks.values_mut() {
            hook.active = true;
        }
    }

    /// Removes all of them.
    pub(super) fn clear(&mut self) {
        self.hooks.clear();
        self.waiting.clear();
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Hooks, options};

    fn hooks() -> Hooks {
        Hooks::new(&[options::Hook {
            topic: "order.updated".into(),
            url: "http://127.0.0.1:1/".into(),
            secret: "s".into(),
        }])
    }

    #[test]
    fn the_seventh_failure_in_a_row_disables_and_reactivating_forgives_nothing() {
        let mut hooks = hooks();
        for _ in 0..6 {
            hooks.finish(1, false);
        }
        assert_eq!(hooks.show(1).unwrap()["status"], "active");
        hooks.finish(1, false);
        assert_eq!(hooks.show(1).unwrap()["status"], "disabled");
        hooks.change(1, &serde_json::json!({"status": "active"})).unwrap();
        hooks.finish(1, false);
        assert_eq!(hooks.show(1).unwrap()["status"], "disabled");
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let mut hooks = hooks();
        for nth in 0..20 {
            hooks.finish(1, nth % 6 == 5);
        }
        assert_eq!(hooks.show(1).unwrap()["status"], "active");
    }

    #[test]
    fn a_waiting_delivery_covers_later_changes() {
        let mut hooks = hooks();
        let first = hooks.enqueue("order.updated", 16);
        assert_eq!(first.len(), 1);
        assert!(hooks.enqueue("order.updated", 16).is_empty());
        assert_eq!(hooks.enqueue("order.updated", 17).len(), 1);
        assert!(hooks.begin(first[0]).is_some());
        assert_eq!(hooks.enqueue("order.updated", 16).len(), 1);
    }
}
