//! The sandbox beside the real systems it plays: the same questions, the same answers.
//!
//! What a real Tryton and localstripe answered is written down in `tryton.txt` and `stripe.txt`, and what the shipped
//! recipe made of a real Tryton's answers in `recipe.txt`. Here the sandbox has to answer the same; `scripts/real-counterparts.sh` starts the real ones and holds them against the same texts.
//! Left out is where localstripe itself differs from Stripe: it ignores idempotency keys, knows the declined test card
//! under another name only, refunds what was not captured and captures what was canceled.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing field fails the test that looks for it"
)]

mod recipe;
mod stripe;
mod transcript;
mod tryton;

use amends_connectors::sandbox::{Login, Options, Repeat, World};
use serde_json::json;

use crate::transcript::Transcript;

const TRYTON: &str = include_str!("tryton.txt");
const RECIPE: &str = include_str!("recipe.txt");
const STRIPE: &str = include_str!("stripe.txt");

/// A world that forgives nothing, with as much stock as the real ERP was given.
async fn world() -> World {
    let options = Options {
        erp_repeat: Repeat::Refused,
        erp_login: Login {
            user: "admin".into(),
            password: "sandbox-password".into(),
        },
        default_stock: 0,
        stock: [("TEE-BLK-M".to_owned(), 5)].into(),
        ..Options::default()
    };
    World::start(options).await.unwrap()
}

/// The place a real system was started at.
fn real(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run scripts/real-counterparts.sh, which installs and starts the real systems")
    })
}

#[tokio::test]
async fn the_sandbox_answers_as_tryton_did() {
    let world = world().await;
    // The one customer and product that the real database holds too.
    let url = format!("http://{}", world.addresses().erp);
    let ids = tryton::Ids::of_sandbox(&url, "sandbox-password").await;
    let transcript = tryton::talk(&url, "sandbox-password", &ids).await;
    transcript.compare(TRYTON);
}

#[tokio::test]
#[ignore = "needs a real Tryton: scripts/real-counterparts.sh installs and starts one"]
async fn tryton_answers_as_written_down() {
    let url = real("AMENDS_REAL_TRYTON");
    let ids = tryton::Ids::read(&real("AMENDS_REAL_TRYTON_IDS"));
    let transcript = tryton::talk(&url, &real("AMENDS_REAL_TRYTON_PASSWORD"), &ids).await;
    transcript.compare(TRYTON);
}

#[tokio::test]
async fn the_recipe_gets_on_with_the_sandbox_as_with_tryton() {
    let world = world().await;
    let url = format!("http://{}", world.addresses().erp);
    let expire = async || {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{url}/_control/expire-sessions"));
        request.send().await.unwrap().error_for_status().unwrap();
    };
    recipe::talk(&url, "sandbox-password", expire)
        .await
        .compare(RECIPE);
}

#[tokio::test]
#[ignore = "needs a real Tryton: scripts/real-counterparts.sh installs and starts one"]
async fn the_recipe_gets_on_with_tryton() {
    let url = real("AMENDS_REAL_TRYTON_RECIPE");
    let password = real("AMENDS_REAL_TRYTON_PASSWORD");
    let expire = async || tryton::end_sessions(&url, &password).await;
    recipe::talk(&url, &password, expire).await.compare(RECIPE);
}

#[tokio::test]
async fn the_sandbox_answers_as_localstripe_did() {
    let world = world().await;
    let url = format!("http://{}", world.addresses().payments);
    stripe::talk(&url, "sk_sandbox").await.compare(STRIPE);
}

#[tokio::test]
#[ignore = "needs localstripe: scripts/real-counterparts.sh installs and starts it"]
async fn localstripe_answers_as_written_down() {
    stripe::talk(&real("AMENDS_REAL_STRIPE"), "sk_test_12345")
        .await
        .compare(STRIPE);
}

#[test]
fn a_transcript_that_differs_is_shown() {
    let mut transcript = Transcript::default();
    transcript.note("create", &json!({"status": 200}));
    let differs = std::panic::catch_unwind(|| transcript.compare("create -> {\"status\":201}\n"));
    let message = *differs.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("line 1"), "{message}");
}
