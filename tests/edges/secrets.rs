//! Secrets stay where they belong: a server that logs everything it can, and a whole order with every credential in
//! use, leave none of them in the log, and none in the store.

use std::net::TcpListener;
use std::path::Path;

use amends_connectors::sandbox::{Callback, Login, Options, Shop, World};
use amends_engine::Digest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Home, token};

const WEBHOOK: &str = "whsec-that-nobody-may-see";
const ERP: &str = "erp-password-that-nobody-may-see";
const PAYMENTS: &str = "sk-that-nobody-may-see";
const WAREHOUSE: &str = "warehouse-key-that-nobody-may-see";
const CALLBACK: &str = "callback-secret-that-nobody-may-see";
const CONSUMER_KEY: &str = "ck-that-nobody-may-see";
const CONSUMER_SECRET: &str = "cs-that-nobody-may-see";
const MISTAKEN: &str = "a-token-of-another-server-that-nobody-may-see";

fn config(world: &World, port: u16) -> String {
    let at = world.addresses();
    let (storefront, digest) = (at.shops["demo"], Digest::of(token("admin").as_bytes()));
    format!(
        r#"
[server]
listen = "127.0.0.1:{port}"
tokens.admin = {{ digest = "sha256:{digest}", role = "admin" }}
[store]
folder = "store"
[log]
level = "trace"
format = "json"
[shops.demo]
url = "http://{storefront}"
secrets = [{{ literal = "{WEBHOOK}" }}]
country = "US"
rest = {{ consumer_key = {{ literal = "{CONSUMER_KEY}" }}, consumer_secret = {{ literal = "{CONSUMER_SECRET}" }} }}
connectors = {{ erp = "erp", payments = "payments", warehouse = "warehouse", storefront = "storefront" }}
[shops.demo.gateways]
stripe = {{ taken_by = "shop-captured" }}
stripe-manual = {{ taken_by = "shop-authorised" }}
cod = {{ taken_by = "offline", tender = "cash-on-delivery", on_delivery = true }}
[connectors.erp]
recipe = "sandbox-erp"
base_url = "http://{}"
secrets = {{ password = {{ literal = "{ERP}" }} }}
[connectors.payments]
recipe = "sandbox-payments"
base_url = "http://{}"
secrets = {{ api_key = {{ literal = "{PAYMENTS}" }} }}
[connectors.warehouse]
recipe = "sandbox-warehouse"
base_url = "http://{}"
secrets = {{ callback = {{ literal = "{CALLBACK}" }}, api_key = {{ literal = "{WAREHOUSE}" }} }}
[connectors.storefront]
recipe = "woocommerce"
base_url = "http://{storefront}"
secrets = {{ consumer_key = {{ literal = "{CONSUMER_KEY}" }}, consumer_secret = {{ literal = "{CONSUMER_SECRET}" }} }}
"#,
        at.erp, at.payments, at.warehouse
    )
}

async fn world(server: &str) -> World {
    let shop = Shop {
        consumer_key: CONSUMER_KEY.to_owned(),
        consumer_secret: CONSUMER_SECRET.to_owned(),
        ..Shop::default()
    };
    let defaults = Options::default();
    let options = Options {
        shops: vec![shop.announcing_to(&format!("{server}/hooks/woocommerce/demo"), WEBHOOK)],
        erp_login: Login {
            password: ERP.to_owned(),
            ..defaults.erp_login.clone()
        },
        payments_secret: PAYMENTS.to_owned(),
        warehouse_api_key: WAREHOUSE.to_owned(),
        callback: Callback {
            url: Some(format!("{server}/callbacks/warehouse")),
            secret: CALLBACK.to_owned(),
        },
        ..defaults
    };
    World::start(options).await.expect("the world starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_logged_or_stored() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a free port").port();
    let world = world(&format!("http://127.0.0.1:{port}")).await;
    let home = Home::with(&config(&world, port));
    let server = home.serve_with(&[("RUST_LOG", "trace")]);

    let generate = format!("http://{}/demo/_control/generate", world.addresses().control);
    let mix = json!({ "stripe": 50, "stripe-manual": 50, "bacs": 0, "cod": 0, "free": 0 });
    let asked = reqwest::Client::new()
        .post(generate)
        .json(&json!({ "count": 4, "seed": 3, "mix": mix }));
    asked
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .expect("orders are made");
    let at_rest = |status: &Value| {
        let of = |state: &str| status["orders"][state].as_u64().unwrap_or_default();
        of("completed") == 4
    };
    server.until("/api/v1/status", at_rest).await;
    let made = json!({ "name": "kim", "role": "viewer" });
    let kim = server
        .ask("admin", Method::POST, "/api/v1/tokens", Some(made))
        .await
        .json()["token"]
        .clone();
    let kim = kim.as_str().expect("a token").to_owned();
    for wrong in [MISTAKEN, &kim] {
        server
            .send(server.request(Method::POST, "/api/v1/backups").bearer_auth(wrong))
            .await;
    }
    let unsigned = server.request(Method::POST, "/hooks/woocommerce/demo").body("{}");
    server
        .send(unsigned.header("x-wc-webhook-signature", "bm90IGEgc2lnbmF0dXJl"))
        .await;
    let orders = server.get("admin", "/api/v1/orders?state=completed").await.json();
    let root = orders["orders"][0]["root"].as_str().expect("an order").to_owned();
    let requests = server
        .get("admin", &format!("/api/v1/orders/{root}/requests?reveal=true"))
        .await;
    assert!(requests.text.contains("sale.sale.create"), "{requests:?}");
    let (_, log) = server.stop();
    world.shutdown().await;

    let admin = token("admin");
    let secrets = [
        WEBHOOK,
        ERP,
        PAYMENTS,
        WAREHOUSE,
        CALLBACK,
        CONSUMER_KEY,
        CONSUMER_SECRET,
        MISTAKEN,
        &kim,
        &admin,
    ];
    assert!(
        log.lines().count() > 500 && log.contains("\"level\":\"TRACE\""),
        "the log is not loud enough"
    );
    let stored = bytes(&home.path("store"));
    for secret in secrets {
        let at = log.lines().find(|line| line.contains(secret));
        assert_eq!(at, None, "{secret} is in the log");
        assert!(
            !requests.text.contains(secret),
            "{secret} is shown with the requests"
        );
        let found = stored
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in the store");
    }
    let plain: Value = serde_json::from_str(
        log.lines()
            .find(|line| line.contains("\"ready\""))
            .unwrap_or("null"),
    )
    .unwrap_or_default();
    assert_eq!(plain["level"], "INFO", "log lines are JSON objects");
}

/// Everything in the files of `folder`.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else {
            all.extend(std::fs::read(path).expect("the file reads"));
        }
    }
    all
}
