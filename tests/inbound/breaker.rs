//! A system that does not answer is one incident, until it answers.

use std::time::Duration;

use amends::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, eventually, rows, text};

const ID: &str = "connector/erp/breaker-open";

fn plan() -> Plan {
    Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    }
}

fn impatient(config: &mut Config) {
    let erp = config.connectors.get_mut("erp").unwrap();
    erp.breaker.failures = 3;
    erp.breaker.open_for = Duration::from_secs(1);
}

async fn of_connectors(running: &Running) -> Vec<Value> {
    let on = [("on", "connector".to_owned())];
    rows(&running.client.incidents(&on).await.unwrap(), "incidents").to_vec()
}

async fn down(house: &House, how: &str) {
    let body = json!({ "down": how });
    house.control(Method::POST, "/erp/_control/down", &body).await;
}

#[tokio::test]
async fn a_system_that_does_not_answer_is_one_incident_until_it_does() {
    let house = House::new(&plan()).await;
    let running = house.serve_changed(impatient).await;
    down(&house, "unavailable").await;
    for id in 1..=4 {
        let order = cash_order(id, 7);
        house.seed(&order).await;
        let body = serde_json::to_vec(&order).unwrap();
        assert_eq!(house.deliver("order.created", &body).await, 200);
    }
    let incident = eventually("an incident", || async {
        of_connectors(&running).await.into_iter().next()
    })
    .await;
    assert_eq!(text(&incident, "id"), ID);
    assert_eq!(
        text(&incident["advice"], "title"),
        "An outside system does not answer"
    );
    let owned = running.client.assign(ID, Some("kim")).await.unwrap();
    assert_eq!(text(&owned, "owner"), "kim");
    running.client.note(ID, "the ERP team knows").await.unwrap();
    running.stop().await;

    // Breakers begin closed, but a new process has not heard from the system yet.
    let running = house.serve_changed(impatient).await;
    let incident = running.client.incident(ID, false).await.unwrap();
    assert_eq!(text(&incident["incident"], "owner"), "kim");
    assert_eq!(text(&incident["notes"][0], "text"), "the ERP team knows");
    down(&house, "up").await;
    eventually("the incident is closed", || async {
        of_connectors(&running).await.is_empty().then_some(())
    })
    .await;
    assert!(running.client.incident(ID, false).await.is_err());
    running.stop().await;
}
