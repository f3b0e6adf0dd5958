//! The other systems of one run: the shop with its orders as they are at the end of the story, ERP, payment
//! provider, warehouse, and the witness that counts what really takes place. Nothing goes wrong and nothing waits.

use std::collections::BTreeMap;
use std::path::Path;

use amends::demo::books::{Books, MODELS};
use amends_connectors::sandbox::{
    Callback, Dispatch, Down, Effect, Fault, IntentSeed, Options, Rule, Shop, Witness, World,
};
use serde_json::{Value, json};

use crate::run::Asks;
use crate::story::{SECRET, SITE, Story};

/// The shop's name: the first part of every order's key.
pub(crate) const SHOP: &str = "fixture";
/// What the warehouse signs its reports with.
pub(crate) const CALLBACK_SECRET: &str = "sandbox-callback-secret";

/// The part of the configuration that gives REST access to the shop.
const REST: &str = r#"confirm = "changes"
rest = { consumer_key = { literal = "ck_sandbox" }, consumer_secret = { literal = "cs_sandbox" }, orders_since = "2020-01-01T00:00:00Z" }
"#;

/// Units on hand before the first order. Five hats are what the shop had when nine were ordered (29).
const STOCK: [(&str, i64); 5] = [
    ("TEE-BLK-M", 100),
    ("MUG-01", 50),
    ("SAMPLE-0", 10),
    ("HAT-1", 5),
    ("HOOD-L", 10),
];

/// What the shop's gateway took at the provider before anything was delivered: transaction, minor units. All other
/// card orders of the folder name no transaction.
const TAKEN: [(&str, i64); 4] = [
    ("pi_fixture_3Nabc", 9_189),
    ("pi_fixture_7", 9_561),
    ("pi_fixture_15", 9_561),
    ("pi_late", 2_134),
];

/// The running systems.
pub(crate) struct Outside {
    world: World,
    witness: Witness,
    client: reqwest::Client,
}

impl Outside {
    /// Starts them; the shop and the warehouse report to `server`.
    pub(crate) async fn start(folder: &Path, server: &str, story: &Story) -> Self {
        let witness = Witness::start(&folder.join("witness.jsonl"), ([127, 0, 0, 1], 0).into())
            .await
            .unwrap();
        let shop = Shop {
            name: SHOP.to_owned(),
            source: Some(SITE.to_owned()),
            ..Shop::default()
        };
        let options = Options {
            witness: Some(witness.url()),
            shops: vec![shop.announcing_to(&format!("{server}/hooks/woocommerce/{SHOP}"), SECRET)],
            callback: Callback {
                url: Some(format!("{server}/callbacks/warehouse")),
                secret: CALLBACK_SECRET.to_owned(),
            },
            dispatch: Dispatch::Automatic {
                pick_ms: 0,
                ship_ms: 0,
            },
            default_stock: 0,
            stock: STOCK
                .iter()
                .map(|(sku, units)| ((*sku).to_owned(), *units))
                .collect(),
            ..Options::default()
        };
        let outside = Self {
            world: World::start(options).await.unwrap(),
            witness,
            client: reqwest::Client::new(),
        };
        outside.tell(story).await;
        outside
    }

    async fn tell(&self, story: &Story) {
        let orders: Vec<&Value> = story.orders.values().collect();
        self.post(&format!("/{SHOP}/_control/orders?quiet=true"), &json!(orders))
            .await;
        let taken: Vec<IntentSeed> = TAKEN.iter().map(taken).collect();
        self.post("/payments/_control/intents", &json!(taken)).await;
        let url = self.control(&format!("/{SHOP}/_control/orders/16/refunds"));
        let told = self
            .client
            .put(url)
            .json(&story.refunds_of_16)
            .send()
            .await
            .unwrap();
        assert!(told.status().is_success(), "{told:?}");
    }

    /// The shop no longer answers when it is asked what changed: only its webhooks tell.
    pub(crate) fn answer_no_sweeps(&self) {
        assert!(
            self.world
                .inject(SHOP, Rule::always(Fault::Unavailable).on("orders.list"))
        );
    }

    /// The configuration of a server for these systems, which listens on `port` and keeps its store in `folder`.
    pub(crate) fn configuration(&self, port: u16, folder: &Path, asks: Asks) -> String {
        let addresses = self.world.addresses();
        let recipes = ["tryton", "stripe", "warehouse", "woocommerce"];
        for recipe in recipes {
            std::fs::write(folder.join(format!("{recipe}.toml")), settled(recipe)).unwrap();
        }
        let definitions = folder.join("definitions");
        std::fs::create_dir_all(&definitions).unwrap();
        std::fs::write(definitions.join("order-to-cash.toml"), impatient()).unwrap();
        let document = include_str!("amends.toml");
        let document = match asks {
            Asks::Nothing => {
                assert!(document.contains(REST), "the configuration reads differently now");
                document.replace(REST, "")
            }
            Asks::AndReads | Asks::AndSweeps => document.to_owned(),
        };
        document
            .replace("@PORT@", &port.to_string())
            .replace("@STOREFRONT@", &addresses.shops[SHOP].to_string())
            .replace("@ERP@", &addresses.erp.to_string())
            .replace("@PAYMENTS@", &addresses.payments.to_string())
            .replace("@WAREHOUSE@", &addresses.warehouse.to_string())
    }

    /// Whether nothing is under way here: no parcel, no report, no webhook.
    pub(crate) async fn is_quiet(&self) -> bool {
        let warehouse = self.get("/warehouse/_control/pending").await;
        let shop = self.get(&format!("/{SHOP}/_control/pending")).await;
        let counts = self.world.counts();
        let idle = counts.values().all(|counts| counts.in_progress == 0);
        idle && warehouse == json!({ "callbacks": 0, "open_jobs": [] }) && shop == json!({ "webhooks": 0 })
    }

    /// Everything that took place.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.witness.effects()
    }

    /// What the ERP has on record.
    pub(crate) async fn books(&self) -> Books {
        let mut books = Books::default();
        for model in MODELS {
            let records = self.get(&format!("/erp/_control/records/{model}")).await;
            books.enter_all(model, records.as_array().unwrap());
        }
        books
    }

    /// Units the ERP has and has not promised, by article.
    pub(crate) async fn available(&self) -> BTreeMap<String, i64> {
        let levels = self.get("/erp/_control/stock").await;
        let units = |level: &Value, name: &str| level[name].as_i64().unwrap();
        let levels = levels.as_object().unwrap().iter();
        levels
            .map(|(sku, level)| (sku.clone(), units(level, "on_hand") - units(level, "reserved")))
            .collect()
    }

    /// The orders of the shop as they are now, with the notes it has for each.
    pub(crate) async fn shop(&self) -> Value {
        self.get(&format!("/{SHOP}/_control/orders")).await
    }

    /// Ends everything.
    pub(crate) async fn end(self) {
        assert!(self.world.take_down(SHOP, Down::Refuse));
        self.world.shutdown().await;
    }

    fn control(&self, path: &str) -> String {
        format!("http://{}{path}", self.world.addresses().control)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.control(path)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) {
        let answer = self
            .client
            .post(self.control(path))
            .json(body)
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap();
    }
}

fn taken((id, amount): &(&str, i64)) -> IntentSeed {
    IntentSeed {
        id: Some((*id).to_owned()),
        amount: *amount,
        currency: "usd".to_owned(),
        captured: true,
        declines: false,
        metadata: BTreeMap::new(),
    }
}

/// The shipped recipe with a world in mind that settles at once.
fn settled(recipe: &str) -> String {
    let text = amends_connectors::recipe::shipped::text(recipe).unwrap();
    let settle = text.lines().find(|line| line.starts_with("settle = ")).unwrap();
    text.replace(settle, "settle = \"15ms\"")
}

/// The shipped definition with pauses that suit systems which answer at once; nothing else differs.
fn impatient() -> String {
    let shipped = include_str!("../../workflows/definitions/order-to-cash.toml");
    let text = shipped.replacen("version = 1", "version = 1000", 1);
    ["2s", "5s"].iter().fold(text, |text, first| {
        text.replace(&format!("first = \"{first}\""), "first = \"15ms\"")
    })
}
