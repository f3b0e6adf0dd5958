//! docs/on-call.md is walked: every command by the real binary, from an alert to an order that moves again.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, Plan, cash_order, rows};

const GUIDE: &str = include_str!("../../docs/on-call.md");
/// The order of the guide.
const ORDER: &str = "demo:1042";

fn commands() -> Vec<String> {
    let blocks = GUIDE.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    let lines = shell
        .flat_map(str::lines)
        .filter(|line| line.starts_with("amends "));
    lines.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_leads_from_an_alert_to_an_order_that_moves() {
    let plan = Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    };
    let house = House::new(&plan).await;
    let running = house.serve().await;
    let rule = json!({ "kind": "error-inside", "says": "user", "count": 1, "operation": "sale.sale.create" });
    house.control(Method::POST, "/erp/_control/faults", &rule).await;
    let order = cash_order(1_042, 1_042);
    house.seed(&order).await;
    let body = serde_json::to_vec(&order).unwrap();
    assert_eq!(house.deliver("order.created", &body).await, 200);
    let stuck = |order: &Value| !rows(order, "incidents").is_empty();
    running.order_where(ORDER, "an incident", stuck).await;

    let commands = commands();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in &commands {
        let program = env!("CARGO_BIN_EXE_amends");
        let line = command.replacen("amends", program, 1);
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &line])
            .env("AMENDS_URL", house.url())
            .env("AMENDS_TOKEN", house.token())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("$ {command}\n{said}{wrong}");
        assert!(output.status.success(), "{command}: {said}{wrong}");
    }
    let moves = |order: &Value| rows(order, "incidents").is_empty() && !rows(order, "waits").is_empty();
    let order = running.order_where(ORDER, "going on", moves).await;
    assert_eq!(rows(&order, "notes").len(), 1);
    running.stop().await;
}
