//! All systems of the sandbox together.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::erp::{self, Erp};
use super::front::control;
use super::front::counters::Counts;
use super::front::desk::{Desk, Down};
use super::front::plan::Rule;
use super::front::{Front, System};
use super::memory::Remember;
use super::options::{Options, Shop, loopback};
use super::payments::{self, Payments};
use super::server::{Door, Server, StartError};
use super::storefront::{self, Sender, Storefront};
use super::warehouse::{self, Floor, Warehouse};
use super::witness::Reporter;

/// Connections to one host that are kept open for the next callback.
const IDLE_CONNECTIONS: usize = 32;
const CONNECT_MS: u64 = 2_000;

/// Where the systems of a world listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The ERP; its JSON-RPC is at `/shop/rpc/`.
    pub erp: SocketAddr,
    /// The payment provider; its API is below `/v1/`.
    pub payments: SocketAddr,
    /// The warehouse.
    pub warehouse: SocketAddr,
    /// The shops by name; their REST APIs are below `/wp-json/wc/v3/`.
    pub shops: BTreeMap<String, SocketAddr>,
    /// The control API of all systems: `/<system>/_control/`.
    pub control: SocketAddr,
}

/// A running world; dropping it ends all of its tasks and connections.
#[derive(Debug)]
pub struct World {
    addresses: Addresses,
    desks: BTreeMap<String, Arc<Desk>>,
    systems: BTreeMap<String, Arc<dyn Remember>>,
    _control_door: watch::Sender<Door>,
    servers: Vec<Server>,
    tasks: JoinSet<()>,
}

/// What is needed to start one system after the other.
struct Builder {
    options: Options,
    client: reqwest::Client,
    desks: BTreeMap<String, Arc<Desk>>,
    systems: BTreeMap<String, Arc<dyn Remember>>,
    servers: Vec<Server>,
    tasks: JoinSet<()>,
    control: Router,
}

impl World {
    /// Starts every system.
    ///
    /// # Errors
    /// If an address cannot be listened on.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        tracing::info!(seed = options.seed, "sandbox world starts");
        let mut builder = Builder {
            client: client()?,
            options,
            desks: BTreeMap::new(),
            systems: BTreeMap::new(),
            servers: Vec::new(),
            tasks: JoinSet::new(),
            control: Router::new(),
        };
        let erp = builder.start_erp().await?;
        let payments = builder.start_payments().await?;
        let warehouse = builder.start_warehouse().await?;
        let mut shops = BTreeMap::new();
        for shop in builder.options.shops.clone() {
            let name = shop.name.clone();
            shops.insert(name, builder.start_shop(shop, payments).await?);
        }
        builder.finish(erp, payments, warehouse, shops).await
    }

    /// Where everything listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Adds a fault to a system (`erp`, `payments`, `warehouse`, or the name of a shop); `false` if there is none
    /// of that name.
    #[must_use]
    pub fn inject(&self, system: &str, rule: Rule) -> bool {
        self.desks.get(system).map(|desk| desk.add_rule(rule)).is_some()
    }

    /// Ends all faults of all systems and brings up those that are down.
    pub fn heal(&self) {
        for desk in self.desks.values() {
            desk.clear_rules();
            desk.take_down(Down::Up);
        }
    }

    /// Takes a system down, or up again; `false` if there is none of that name.
    #[must_use]
    pub fn take_down(&self, system: &str, down: Down) -> bool {
        self.desks.get(system).map(|desk| desk.take_down(down)).is_some()
    }

    /// What each system counted.
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.desks
            .iter()
            .map(|(name, desk)| (name.clone(), desk.counters.counts()))
            .collect()
    }

    /// What all systems have on record, for [`Options::memory`] of a later run.
    pub fn remember(&self) -> Json {
        let systems = self.systems.iter();
        Json::Object(
            systems
                .map(|(name, system)| (name.clone(), system.remember()))
                .collect(),
        )
    }

    /// Lives until the future is done: the whole life of a world's process.
    pub async fn run_until(self, end: impl Future<Output = ()>) {
        end.await;
        self.shutdown().await;
    }

    /// Ends every server and task, and waits for the tasks.
    pub async fn shutdown(mut self) {
        self.servers.clear();
        self.tasks.shutdown().await;
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_millis(CONNECT_MS))
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build()
}

impl Builder {
    /// Has the system go on with what it had on record in an earlier run.
    fn recall(&mut self, name: &str, system: Arc<dyn Remember>) -> Result<(), StartError> {
        let memory = self.options.memory.as_ref().and_then(|memory| memory.get(name));
        if let Some(records) = memory {
            system.recall(records).map_err(|source| StartError::Memory {
                system: name.to_owned(),
                source,
            })?;
        }
        self.systems.insert(name.to_owned(), system);
        Ok(())
    }

    fn desk(&mut self, name: &str) -> Arc<Desk> {
        let reporter = Reporter::new(self.client.clone(), self.options.witness.as_deref());
        let rules = self.options.faults.get(name).cloned().unwrap_or_default();
        let desk = Arc::new(Desk::new(
            name,
            self.options.seed,
            self.options.latency,
            rules,
            reporter,
        ));
        self.desks.insert(name.to_owned(), Arc::clone(&desk));
        desk
    }

    async fn serve<S: System>(
        &mut self,
        front: &Front<S>,
        port: u16,
        extra: impl Fn() -> Router,
    ) -> Result<SocketAddr, StartError> {
        let desk = &front.desk;
        let router = || control::router(Arc::clone(desk)).merge(extra());
        let server = Server::start(loopback(port), front.router(router()), desk.door()).await?;
        let addr = server.addr();
        self.servers.push(server);
        let control = std::mem::take(&mut self.control);
        self.control = control.nest(&format!("/{}/_control", desk.name), router());
        Ok(addr)
    }

    async fn start_erp(&mut self) -> Result<SocketAddr, StartError> {
        let desk = self.desk("erp");
        let options = &self.options;
        let mut stock: BTreeMap<String, i64> = super::ARTICLES
            .iter()
            .map(|(sku, ..)| ((*sku).to_owned(), options.default_stock))
            .collect();
        stock.extend(options.stock.clone());
        let erp = Erp::new(
            options.erp_login.clone(),
            options.default_stock,
            &stock,
            options.erp_repeat,
        );
        let front = Front::new(erp, desk);
        self.recall("erp", front.system.clone())?;
        let port = self.options.ports.erp;
        self.serve(&front, port, || erp::control_router(Arc::clone(&front.system)))
            .await
    }

    async fn start_payments(&mut self) -> Result<SocketAddr, StartError> {
        let desk = self.desk("payments");
        let front = Front::new(
            Payments::new(self.options.payments_secret.clone(), desk.seed),
            desk,
        );
        self.recall("payments", front.system.clone())?;
        let port = self.options.ports.payments;
        self.serve(&front, port, || {
            payments::control_router(Arc::clone(&front.system))
        })
        .await
    }

    async fn start_warehouse(&mut self) -> Result<SocketAddr, StartError> {
        let desk = self.desk("warehouse");
        let floor = Floor::new(
            self.options.dispatch,
            self.options.partial_percent,
            self.options.callback.clone(),
            self.client.clone(),
            Arc::clone(&desk),
        );
        self.tasks.spawn(floor.clone().work());
        let front = Front::new(
            Warehouse::new(self.options.warehouse_api_key.clone(), floor),
            desk,
        );
        self.recall("warehouse", front.system.clone())?;
        let port = self.options.ports.warehouse;
        self.serve(&front, port, || {
            warehouse::control_router(Arc::clone(&front.system))
        })
        .await
    }

    async fn start_shop(&mut self, shop: Shop, payments: SocketAddr) -> Result<SocketAddr, StartError> {
        let desk = self.desk(&shop.name);
        let port = shop.port;
        let gateway = (format!("http://{payments}"), self.client.clone());
        let front = Front::new(Storefront::new(shop, Some(gateway)), Arc::clone(&desk));
        self.recall(&desk.name, front.system.clone())?;
        let extra = || storefront::control_router(Arc::clone(&front.system));
        let addr = self.serve(&front, port, extra).await?;
        let sender = Sender::new(Arc::clone(&front.system), desk, self.client.clone(), addr);
        self.tasks.spawn(sender.work());
        Ok(addr)
    }

    async fn finish(
        self,
        erp: SocketAddr,
        payments: SocketAddr,
        warehouse: SocketAddr,
        shops: BTreeMap<String, SocketAddr>,
    ) -> Result<World, StartError> {
        let mut servers = self.servers;
        let (door, watched) = watch::channel(Door::Open);
        let control = Server::start(loopback(self.options.ports.control), self.control, watched).await?;
        let addresses = Addresses {
            erp,
            payments,
            warehouse,
            shops,
            control: control.addr(),
        };
        servers.push(control);
        Ok(World {
            addresses,
            desks: self.desks,
            systems: self.systems,
            _control_door: door,
            servers,
            tasks: self.tasks,
        })
    }
}
