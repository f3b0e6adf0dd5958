//! Dead letters are listed with their cause, and looked at again together.

use serde_json::{Value, json};

use crate::house::{House, Plan, Running, eventually, rows, text};

async fn letters(running: &Running) -> Vec<Value> {
    let on = [("on", "delivery".to_owned())];
    rows(&running.client.incidents(&on).await.unwrap(), "incidents").to_vec()
}

#[tokio::test]
async fn dead_letters_are_looked_at_again_together_and_counted() {
    let plan = Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    };
    let house = House::new(&plan).await;
    let running = house.serve().await;
    for body in [&br#"{"foo":1}"#[..], br#"{"foo":2}"#, b"<br/>Warning"] {
        assert_eq!(house.deliver("order.updated", body).await, 200);
    }
    let before = eventually("three dead letters", || async {
        Some(letters(&running).await).filter(|letters| letters.len() == 3)
    })
    .await;
    let unknown = json!({ "cause": "unknown", "reason": "the plugin is gone", "dry_run": true });
    let preview = running.client.redrive(&unknown).await.unwrap();
    assert_eq!((&preview["found"], &preview["again"]), (&2.into(), &0.into()));
    assert_eq!(letters(&running).await, before, "a dry run changes nothing");

    let unknown = json!({ "cause": "unknown", "reason": "the plugin is gone" });
    let report = running.client.redrive(&unknown).await.unwrap();
    assert_eq!(
        (&report["found"], &report["again"], &report["failed"]),
        (&2.into(), &2.into(), &0.into()),
        "{report:#}"
    );
    assert_eq!(report["more"], false);
    let again: Vec<&str> = rows(&report, "letters")
        .iter()
        .map(|letter| text(letter, "again"))
        .collect();
    // They are as unknown as before: each is an incident again, of the new delivery, and the old one has none.
    let after = eventually("both fail again", || async {
        let letters = letters(&running).await;
        let all = again.iter().all(|id| {
            let id = format!("delivery/demo/{id}/unknown");
            letters.iter().any(|letter| text(letter, "id") == id)
        });
        all.then_some(letters)
    })
    .await;
    assert_eq!(after.len(), 3, "{after:#?}");

    let other = json!({ "source": "warehouse", "reason": "none is there" });
    assert_eq!(running.client.redrive(&other).await.unwrap()["found"], 0);
    let silent = json!({ "cause": "unknown", "reason": " " });
    let refused = running.client.redrive(&silent).await.unwrap_err().to_string();
    assert!(refused.contains("api/bad-body"), "{refused}");
    running.stop().await;
}
