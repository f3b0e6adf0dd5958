//! What the shop delivered, in the order it did, and what it says about every order at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// Where all deliveries say they come from.
pub(crate) const SITE: &str = "http://127.0.0.1:8091/";
/// What all but one of them are signed with.
pub(crate) const SECRET: &str = "whsec-fixture-1";

/// One captured request.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Delivery {
    #[serde(skip)]
    pub(crate) file: String,
    /// `None` where nothing is signed: the ping.
    pub(crate) signature_valid: Option<bool>,
    pub(crate) headers: Vec<(String, String)>,
    body_base64: String,
    #[serde(skip)]
    pub(crate) body: Vec<u8>,
}

/// The life of one shop.
#[derive(Debug)]
pub(crate) struct Story {
    /// Everything it delivered, in order.
    pub(crate) deliveries: Vec<Delivery>,
    /// What its REST API answers at the end, by order. An order that was deleted for ever is not among them.
    pub(crate) orders: BTreeMap<i64, Value>,
    /// The refunds of order 16 as its REST API lists them, the newest first.
    pub(crate) refunds_of_16: Vec<Value>,
    /// Every order that a delivery is about.
    pub(crate) ids: BTreeSet<i64>,
}

/// The story of the folder.
pub(crate) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(Story::read)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/woocommerce")
}

impl Story {
    fn read() -> Self {
        let deliveries = deliveries();
        let text = std::fs::read(folder().join("rest-refunds-and-notes-of-order-02.json")).unwrap();
        let rest: Vec<Vec<Value>> = serde_json::from_slice(&text).unwrap();
        let mut story = Self {
            deliveries: Vec::new(),
            orders: BTreeMap::new(),
            refunds_of_16: rest[0].clone(),
            ids: BTreeSet::new(),
        };
        for delivery in deliveries {
            story.tell(&delivery);
            story.deliveries.push(delivery);
        }
        story.refund_16();
        story
    }

    /// What one delivery says about the shop.
    fn tell(&mut self, delivery: &Delivery) {
        let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else {
            return;
        };
        let id = body.get("id").and_then(Value::as_i64);
        let arg = body.get("arg").and_then(Value::as_i64);
        match (id, body["action"].as_str()) {
            (Some(id), _) if body.get("line_items").is_some() => {
                self.ids.insert(id);
                self.orders.insert(id, body);
            }
            // Only the bin announces itself with a bare id; the order stays readable there.
            (Some(id), _) => {
                self.ids.insert(id);
                let order = self.orders.get_mut(&id).unwrap();
                order["status"] = json!("trash");
            }
            (_, Some("woocommerce_delete_order")) => {
                self.orders.remove(&arg.unwrap());
            }
            _ => {}
        }
    }

    /// The deliveries end before the third refund of order 16. Its refunds and notes, read from the shop, tell the
    /// rest: the remainder of 62.77 went back at 18:30:15, "order status changed from Processing to Refunded".
    fn refund_16(&mut self) {
        let shown = self.refunds_of_16.iter().map(|refund| {
            let amount = refund["amount"].as_str().unwrap();
            json!({ "id": refund["id"], "reason": refund["reason"], "total": format!("-{amount}"), "total_tax": "0.00" })
        });
        let shown: Vec<Value> = shown.collect();
        let order = self.orders.get_mut(&16).unwrap();
        order["refunds"] = Value::Array(shown);
        order["status"] = json!("refunded");
        order["date_modified"] = json!("2026-11-23T13:30:15");
        order["date_modified_gmt"] = json!("2026-11-23T18:30:15");
    }

    /// The delivery of the file that begins with `prefix`.
    pub(crate) fn delivery(&self, prefix: &str) -> &Delivery {
        let found = self
            .deliveries
            .iter()
            .find(|delivery| delivery.file.starts_with(prefix));
        found.unwrap()
    }
}

/// Every delivery, in file order: the order in which they arrived.
fn deliveries() -> Vec<Delivery> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_delivery(path))
        .collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn is_delivery(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.extension().is_some_and(|extension| extension == "json")
        && name.starts_with(|first: char| first.is_ascii_digit())
}

fn read(path: &Path) -> Delivery {
    let delivery: Delivery = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Delivery {
        file: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        body: STANDARD.decode(&delivery.body_base64).unwrap(),
        ..delivery
    }
}

#[test]
fn the_story_covers_the_whole_folder() {
    let story = story();
    let index: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder().join("INDEX.json")).unwrap()).unwrap();
    assert_eq!(story.deliveries.len(), index.len());
    let told: BTreeSet<i64> = index
        .iter()
        .filter_map(|entry| entry["order_id"].as_i64())
        .collect();
    assert!(told.is_subset(&story.ids), "{told:?} against {:?}", story.ids);
    assert_eq!(story.orders[&22]["status"], "trash");
    assert_eq!(story.orders.get(&38), None);
    assert_eq!(story.orders[&16]["refunds"].as_array().unwrap().len(), 3);
}
