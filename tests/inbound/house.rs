//! A server with a store of its own, and the sandbox around it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use amends::config::Config;
use amends::server::{Server, Tests, start};
use amends_api::client::Client;
use amends_api::role::Role;
use amends_api::token::{self, Wanted};
use amends_connectors::sandbox::{Callback, Made, Mix, Options, Payment, Shop, Workload, World};
use amends_connectors::woocommerce::signature::{Secret, sign};
use amends_engine::Millis;
use amends_storage::{Commit, Identity, Log as _, Options as StoreOptions, Sled};
use serde_json::Value;

/// How long a test waits for something to come true.
const PATIENCE: Duration = Duration::from_mins(1);
const SECRET: &str = "whsec-inbound";
/// The shop's orders are older than the test.
const ALL_ORDERS: &str = "orders_since = 2020-01-01T00:00:00Z";

/// How the house is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The shop announces changes itself.
    pub(crate) announcing: bool,
    /// Orders from before the server first started are none of its business; otherwise all of them are.
    pub(crate) newly_met: bool,
    /// More keys of `[shops.demo]`.
    pub(crate) shop: &'static str,
    /// More keys of `[shops.demo.rest]`.
    pub(crate) rest: &'static str,
}

pub(crate) struct House {
    pub(crate) world: World,
    config: Config,
    token: String,
    url: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// A server that runs in the house.
pub(crate) struct Running {
    server: Server,
    pub(crate) client: Client,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}

impl House {
    pub(crate) async fn new(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let shop = if plan.announcing {
            Shop::default().announcing_to(&format!("{url}/hooks/woocommerce/demo"), SECRET)
        } else {
            Shop::default()
        };
        let options = Options {
            shops: vec![shop],
            callback: Callback {
                url: Some(format!("{url}/callbacks/warehouse")),
                secret: "sandbox-callback-secret".into(),
            },
            ..Options::default()
        };
        let world = World::start(options).await.unwrap();
        let config = config(&world, plan, port, &folder.path().join("store"));
        let token = token(&config);
        Self {
            world,
            config,
            token,
            url,
            http: reqwest::Client::new(),
            _folder: folder,
        }
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token of an admin.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn serve(&self) -> Running {
        self.serve_changed(|_| {}).await
    }

    /// Serves a configuration changed like this.
    pub(crate) async fn serve_changed(&self, change: impl FnOnce(&mut Config)) -> Running {
        let mut config = self.config.clone();
        change(&mut config);
        let server = start(&config, Tests::default()).await.unwrap();
        let client = Client::new(&self.url, &self.token);
        Running { server, client }
    }

    /// What the control API of the world answers.
    pub(crate) async fn control(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("http://{}{path}", self.world.addresses().control);
        let answer = self.http.request(method, url).json(body).send().await.unwrap();
        let answer = answer.error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    /// Puts an order on record in the shop without announcing it.
    pub(crate) async fn seed(&self, order: &Value) {
        let path = "/demo/_control/orders?quiet=true";
        self.control(reqwest::Method::POST, path, order).await;
    }

    /// Puts an order on record and delivers it; gives its root.
    pub(crate) async fn place(&self, order: &Value) -> String {
        self.seed(order).await;
        let body = serde_json::to_vec(order).unwrap();
        assert_eq!(self.deliver("order.updated", &body).await, 200);
        format!("demo:{}", order["id"])
    }

    /// The address of the shop, as deliveries name it.
    pub(crate) fn site(&self) -> String {
        format!("http://{}/", self.world.addresses().shops["demo"])
    }

    /// Delivers `body` under `topic`, signed, as the shop would; gives the status.
    pub(crate) async fn deliver(&self, topic: &str, body: &[u8]) -> u16 {
        self.deliver_from(&self.site(), topic, body).await
    }

    /// Delivers as another site would that knows the secret.
    pub(crate) async fn deliver_from(&self, site: &str, topic: &str, body: &[u8]) -> u16 {
        let signature = sign(&Secret::new(SECRET), body);
        let request = self
            .http
            .post(format!("{}/hooks/woocommerce/demo", self.url))
            .header("content-type", "application/json")
            .header("x-wc-webhook-source", site)
            .header("x-wc-webhook-topic", topic)
            .header("x-wc-webhook-signature", signature)
            .body(body.to_vec());
        request.send().await.unwrap().status().as_u16()
    }

    pub(crate) async fn ready(&self) -> Value {
        let answer = self
            .http
            .get(format!("{}/readyz", self.url))
            .send()
            .await
            .unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

impl Running {
    /// The order once it is known.
    pub(crate) async fn order(&self, root: &str) -> Option<Value> {
        self.client.order(root).await.ok()
    }

    /// Waits for an order of which `check` holds.
    pub(crate) async fn order_where(&self, root: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let last = std::cell::RefCell::new(None);
        let look = || async {
            let order = self.order(root).await;
            last.borrow_mut().clone_from(&order);
            order.filter(|order| check(order))
        };
        match within(PATIENCE, look).await {
            Some(order) => order,
            None => panic!(
                "waited too long for {what} of {root}: {:#}",
                last.take().unwrap_or_default()
            ),
        }
    }

    /// Waits until every delivery was understood, failed, or waits for a person.
    pub(crate) async fn quiet(&self) {
        eventually("all deliveries understood", || async {
            let status = self.client.status().await.ok()?;
            (status.get("deliveries_pending")?.as_u64()? == 0).then_some(())
        })
        .await;
    }

    /// Gives a command, written as the API takes it.
    pub(crate) async fn command(&self, root: &str, wish: Value) {
        let wish = serde_json::from_value(wish).unwrap();
        let answer = self.client.command(root, &wish, None).await;
        answer.unwrap_or_else(|error| panic!("{root}: {error}"));
    }

    pub(crate) async fn shop(&self) -> Value {
        self.client.shop("demo").await.unwrap()
    }

    /// Waits for the shop's incident of this cause.
    pub(crate) async fn incident(&self, cause: &str) -> Value {
        eventually(cause, || async { found(&self.shop().await, "incidents", cause) }).await
    }

    /// Causes of the order's open incidents.
    pub(crate) async fn causes(&self, root: &str) -> Vec<String> {
        let order = self.order(root).await.unwrap_or_default();
        let mut causes: Vec<String> = rows(&order, "incidents")
            .iter()
            .map(|incident| text(incident, "cause").to_owned())
            .collect();
        causes.sort();
        causes
    }

    /// Everything that happened to the order, in words.
    pub(crate) async fn told(&self, root: &str) -> Vec<String> {
        let history = self.client.history(root).await.unwrap();
        rows(&history, "history")
            .iter()
            .map(|entry| text(entry, "words").to_owned())
            .collect()
    }
}

pub(crate) fn found(value: &Value, list: &str, cause: &str) -> Option<Value> {
    rows(value, list)
        .iter()
        .find(|incident| text(incident, "cause") == cause)
        .cloned()
}

pub(crate) fn rows<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Polls until `look` finds something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let found = within(PATIENCE, look).await;
    found.unwrap_or_else(|| panic!("waited too long for: {what}"))
}

async fn within<T, F: Future<Output = Option<T>>>(patience: Duration, look: impl Fn() -> F) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let found = look().await;
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// An order as a checkout makes it, paid on delivery.
pub(crate) fn cash_order(id: i64, seed: u64) -> Value {
    made(id, seed, Payment::Cod).order
}

/// What a checkout makes of an order paid this way.
pub(crate) fn made(id: i64, seed: u64, payment: Payment) -> Made {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = i64::try_from(now.unwrap().as_millis()).unwrap();
    Workload::new(seed, Mix::only(payment)).order(id, now_ms)
}

/// Whether the order's first workflow ended forward.
pub(crate) fn completed(order: &Value) -> bool {
    rows(order, "instances")
        .first()
        .is_some_and(|instance| text(instance, "stage") == "completed")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn token(config: &Config) -> String {
    let identity = Identity::new(&amends::server::identity::new_store_id(), 0).unwrap();
    let mut store = Sled::open_or_create(&config.store.folder, &StoreOptions::default(), identity).unwrap();
    let created = token::create(&[], &Wanted::new("kim", Role::Admin), "test", Millis(0)).unwrap();
    let commit = Commit {
        writes: created.writes,
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    created.secret.reveal().to_owned()
}

fn config(world: &World, plan: &Plan, port: u16, store: &std::path::Path) -> Config {
    let at = world.addresses();
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:{port}"
[store]
folder = "{store}"
[shops.demo]
url = "http://{shop}"
secrets = [{{ literal = "{SECRET}" }}]
country = "US"
{shop_keys}
[shops.demo.rest]
consumer_key = {{ literal = "ck_sandbox" }}
consumer_secret = {{ literal = "cs_sandbox" }}
{since}
{rest_keys}
[shops.demo.connectors]
erp = "erp"
payments = "payments"
warehouse = "warehouse"
storefront = "storefront"
[shops.demo.gateways]
stripe = {{ taken_by = "shop-captured" }}
stripe-manual = {{ taken_by = "shop-authorised" }}
cod = {{ taken_by = "offline", tender = "cash-on-delivery", on_delivery = true }}
[connectors.erp]
recipe = "sandbox-erp"
base_url = "http://{erp}"
secrets = {{ password = {{ literal = "sandbox-password" }} }}
[connectors.payments]
recipe = "sandbox-payments"
base_url = "http://{payments}"
secrets = {{ api_key = {{ literal = "sk_sandbox" }} }}
[connectors.warehouse]
recipe = "sandbox-warehouse"
base_url = "http://{warehouse}"
secrets = {{ callback = {{ literal = "sandbox-callback-secret" }}, api_key = {{ literal = "sandbox-key" }} }}
[connectors.storefront]
recipe = "woocommerce"
base_url = "http://{shop}"
secrets = {{ consumer_key = {{ literal = "ck_sandbox" }}, consumer_secret = {{ literal = "cs_sandbox" }} }}
"#,
        store = store.display(),
        shop = at.shops["demo"],
        shop_keys = plan.shop,
        since = if plan.newly_met { "" } else { ALL_ORDERS },
        rest_keys = plan.rest,
        erp = at.erp,
        payments = at.payments,
        warehouse = at.warehouse,
    );
    Config::parse(&text, std::path::Path::new("amends.toml"), &|_| None).unwrap()
}
