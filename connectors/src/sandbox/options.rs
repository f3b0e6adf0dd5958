//! How a world is set up.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::erp::{Login, Repeat};
use super::front::desk::Latency;
use super::front::plan::Rule;
use super::warehouse::Dispatch;

/// Where the warehouse reports to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The whole URL; without one, reports wait.
    #[serde(default)]
    pub url: Option<String>,
    /// What they are signed with.
    pub secret: String,
}

/// A webhook of the storefront.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// `order.created`, `order.updated`, `order.deleted` or `order.restored`.
    pub topic: String,
    /// Where it is delivered to.
    pub url: String,
    /// What it is signed with.
    pub secret: String,
}

/// One shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its name, as the configuration of Amends has it: orders become `<name>:<id>`.
    pub name: String,
    /// Port on the loopback interface, 0 for any.
    pub port: u16,
    /// User of the REST API.
    pub consumer_key: String,
    /// Password of the REST API.
    pub consumer_secret: String,
    /// The site its webhooks say they come from, with scheme and slash; its own address if absent.
    pub source: Option<String>,
    /// How far the shop's clock is ahead of UTC, in minutes.
    pub utc_offset_min: i32,
    /// Where it announces changes.
    pub hooks: Vec<Hook>,
    /// How long its queue takes before it delivers a webhook.
    pub webhook_delay_ms: u64,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            name: "demo".into(),
            port: 0,
            consumer_key: "ck_sandbox".into(),
            consumer_secret: "cs_sandbox".into(),
            source: None,
            utc_offset_min: -300,
            hooks: Vec::new(),
            webhook_delay_ms: 0,
        }
    }
}

impl Shop {
    /// The webhooks that an integration needs, all to one URL under one secret.
    #[must_use]
    pub fn announcing_to(mut self, url: &str, secret: &str) -> Self {
        let topics = [
            "order.created",
            "order.updated",
            "order.deleted",
            "order.restored",
        ];
        self.hooks = topics
            .into_iter()
            .map(|topic| Hook {
                topic: topic.into(),
                url: url.into(),
                secret: secret.into(),
            })
            .collect();
        self
    }
}

/// How a world is set up; the default is quiet, fast, faultless and on free ports.
#[derive(Debug, Clone)]
pub struct Options {
    /// What every draw comes from.
    pub seed: u64,
    /// Ports on the loopback interface, 0 for any.
    pub ports: Ports,
    /// The base URL of the witness; without one, effects are told to nobody.
    pub witness: Option<String>,
    /// The shops.
    pub shops: Vec<Shop>,
    /// The user of the ERP.
    pub erp_login: Login,
    /// What the ERP does when a button is pressed that was pressed already.
    pub erp_repeat: Repeat,
    /// The key of the payment provider's API.
    pub payments_secret: String,
    /// The key of the warehouse's API.
    pub warehouse_api_key: String,
    /// Where the warehouse reports to.
    pub callback: Callback,
    /// When releases leave.
    pub dispatch: Dispatch,
    /// How many releases in a hundred leave in two parcels.
    pub partial_percent: u64,
    /// Units on hand of articles that `stock` does not name.
    pub default_stock: i64,
    /// Units on hand.
    pub stock: BTreeMap<String, i64>,
    /// What [`World::remember`](super::World::remember) gave at the end of an earlier run.
    pub memory: Option<serde_json::Value>,
    /// How long each system takes.
    pub latency: Latency,
    /// Faults, by system: `erp`, `payments`, `warehouse`, or the name of a shop.
    pub faults: BTreeMap<String, Vec<Rule>>,
}

/// Ports on the loopback interface, 0 for any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The ERP.
    pub erp: u16,
    /// The payment provider.
    pub payments: u16,
    /// The warehouse.
    pub warehouse: u16,
    /// The control API of all systems, which works while they are down.
    pub control: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            ports: Ports::default(),
            witness: None,
            shops: vec![Shop::default()],
            erp_login: Login::default(),
            erp_repeat: Repeat::default(),
            payments_secret: "sk_sandbox".into(),
            warehouse_api_key: "sandbox-key".into(),
            callback: Callback {
                url: None,
                secret: "sandbox-callback-secret".into(),
            },
            dispatch: Dispatch::default(),
            partial_percent: 0,
            default_stock: 1_000_000,
            stock: BTreeMap::new(),
            memory: None,
            latency: Latency::default(),
            faults: BTreeMap::new(),
        }
    }
}

/// The loopback interface at this port: the sandbox listens nowhere else.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
