//! An order written back to the shop, which announces it: nothing follows.

use serde_json::json;

use crate::house::{House, Plan, eventually, rows, text};

#[tokio::test]
async fn the_echo_of_our_write_back_changes_nothing() {
    let house = House::new(&Plan {
        announcing: true,
        shop: "confirm = \"changes\"",
        rest: "sweep_every = \"5s\"\ncompare_every = \"1s\"",
        ..Plan::default()
    })
    .await;
    let running = house.serve().await;
    for paid in ["cod", "stripe", "stripe-manual"] {
        let mut mix = json!({"stripe": 0, "stripe-manual": 0, "bacs": 0, "cod": 0, "free": 0});
        mix[paid] = json!(1);
        let body = json!({"count": 1, "seed": 5, "mix": mix});
        let made = house
            .control(reqwest::Method::POST, "/demo/_control/generate", &body)
            .await;
        let id = made["ids"][0].clone();
        let root = format!("demo:{id}");
        running
            .order_where(&root, "the end", |order| {
                rows(order, "instances")
                    .iter()
                    .all(|instance| text(instance, "stage") == "completed")
            })
            .await;
        let told = running.told(&root).await;
        let sent = house
            .control(reqwest::Method::GET, "/demo/_control/orders", &json!(null))
            .await;
        assert_eq!(sent["orders"][id.to_string()]["status"], "completed");
        eventually("every webhook delivered", || async {
            let waiting = house
                .control(reqwest::Method::GET, "/demo/_control/pending", &json!(null))
                .await;
            (waiting["webhooks"] == 0).then_some(())
        })
        .await;
        running.quiet().await;
        let before = running.shop().await;
        eventually("a sweep and a compare over it", || async {
            let now = running.shop().await;
            let later = |name: &str| now[name] != before[name] && !now[name].is_null();
            (later("last_sweep") && later("last_compare")).then_some(())
        })
        .await;
        // A sweep notes the date that our write moved, once; nothing else follows from it.
        let after = running.told(&root).await;
        let (before, since) = after.split_at(told.len());
        assert_eq!(before, told);
        let noted = "the shop's order was looked at";
        assert!(
            since.len() <= 1 && since.iter().all(|words| words == noted),
            "{root}: {since:?}"
        );
        let order = running.order(&root).await.unwrap();
        assert!(rows(&order, "incidents").is_empty(), "{order:#}");
    }
    running.stop().await;
}
