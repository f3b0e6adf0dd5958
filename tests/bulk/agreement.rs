//! Who lets a bulk command run, what stops it, and what the command line says of it.

use serde_json::{Value, json};

use crate::house::House;

fn wanted(command: &str) -> Value {
    json!({
        "filter": { "state": "stuck", "shop": "demo" },
        "each": { "command": command, "reason": "it has to be" },
    })
}

async fn preview(house: &House, who: &str, command: &str) -> (String, Value) {
    let shown = house.post(who, "/bulk", &wanted(command)).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let job = shown.json["job"].clone();
    (format!("/bulk/{}", job["id"].as_str().unwrap()), job)
}

fn why() -> Value {
    json!({ "reason": "I looked" })
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_role_may_move_alone_takes_somebody_else() {
    let house = House::new("[sensitive.support]\nUSD = 100\n")
        .await
        .with_stuck(6)
        .await;
    let (path, job) = preview(&house, "support", "cancel").await;
    let amount = job["preview"]["amounts"]["USD"].as_i64().unwrap();
    assert!(amount > 100, "{job:#}");

    let viewer = house.post("viewer", "/bulk", &wanted("cancel")).await;
    assert_eq!(viewer.json["code"], "api/not-permitted");
    let everything = json!({ "filter": {}, "each": { "command": "hold", "reason": "all of them" } });
    let refused = house.post("support", "/bulk", &everything).await;
    assert_eq!(refused.json["code"], "api/too-many-orders");
    let refused = house.post("support", "/bulk", &wanted("signal")).await;
    assert_eq!(refused.json["code"], "api/unknown-command");

    let confirm = format!("{path}/confirm");
    let waits = house.post("support", &confirm, &why()).await;
    assert_eq!(
        (waits.status.as_u16(), &waits.json["stage"]),
        (202, &json!("waiting"))
    );
    for who in ["support", "other"] {
        let refused = house.post(who, &confirm, &why()).await;
        assert_eq!(refused.json["code"], "api/second-person", "{who}");
    }
    assert_eq!(
        house.get(&path).await["job"]["report"]["left"],
        6,
        "nothing is done"
    );
    let runs = house.post("admin", &confirm, &why()).await;
    assert_eq!(runs.status, 200, "{runs:?}");
    let ended = house.until(&path, "the job ends", |seen| seen["job"]["stage"] == "ended");
    let report = ended.await["job"]["report"].clone();
    assert_eq!(report["done"], 6, "{report:#}");
    assert_eq!(report["moved"]["USD"], amount, "{report:#}");
    assert_eq!(report["not_moved"], json!({}));

    let order = house.items(path.trim_start_matches("/bulk/")).await;
    let order = order.keys().next().unwrap().clone();
    let history = house.get(&format!("/orders/{order}/history?limit=500")).await;
    let events = history["history"].as_array().unwrap().iter();
    let given: Vec<&Value> = events
        .map(|entry| &entry["event"]["Commanded"])
        .filter(|event| event["command"] == "cancel")
        .collect();
    let reason = given[0]["reason"].as_str().unwrap();
    assert!(reason.contains("confirmed by admin: I looked"), "{reason}");
    let told: Vec<String> = house
        .audit()
        .await
        .iter()
        .filter(|[_, _, subject, _]| subject.starts_with("bulk"))
        .map(|[actor, action, ..]| format!("{actor} {action}"))
        .collect();
    assert_eq!(
        told,
        [
            "support previewed",
            "support asked",
            "support denied",
            "other denied",
            "admin confirmed",
            "support ended",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_a_brake_can_be_cancelled_and_adds_up() {
    let house = House::new("").await.with_stuck(5).await;
    let paused = house.post("admin", "/effects/pause", &why()).await;
    assert_eq!(paused.status, 200);
    let (path, _) = preview(&house, "support", "retry").await;
    house.post("support", &format!("{path}/confirm"), &why()).await;
    let seen = house.until(&path, "the job says what it waits for", |seen| {
        seen["job"]["waits_for"].is_string()
    });
    let seen = seen.await;
    assert_eq!(seen["job"]["waits_for"], "everything that leaves is paused");
    assert_eq!(seen["job"]["report"]["left"], 5);
    let cancelled = house.post("support", &format!("{path}/cancel"), &why()).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let ended = house.until(&path, "the job ends", |seen| seen["job"]["stage"] == "cancelled");
    let ended = ended.await;
    assert_eq!(ended["job"]["report"]["skipped"], 5, "{ended:#}");
    assert_eq!(ended["job"]["report"]["left"], 0);
    let over = house.post("support", &format!("{path}/confirm"), &why()).await;
    assert_eq!(over.json["code"], "api/bulk-over");
    house.post("admin", "/effects/resume", &why()).await;

    // What the preview refuses is not tried: a held order cannot be held.
    let orders: Vec<String> = house
        .items(path.trim_start_matches("/bulk/"))
        .await
        .into_keys()
        .collect();
    let hold = json!({ "command": "hold", "reason": "mine" });
    house
        .post("support", &format!("/orders/{}/commands", orders[0]), &hold)
        .await;
    let preview = house.cli(
        "support",
        &[
            "bulk",
            "preview",
            "hold",
            "--state",
            "stuck",
            "--reason",
            "stock-taking",
        ],
    );
    let said = String::from_utf8(preview.stdout).unwrap();
    assert!(
        said.contains("4 of 5 orders take it, 1 refuse it; it moves no money"),
        "{said}"
    );
    assert!(said.contains("command/not-now"), "{said}");
    let id = said.split("amends bulk confirm ").nth(1).unwrap();
    let id = id.split(' ').next().unwrap();
    let run = house.cli("support", &["bulk", "confirm", id, "--reason", "agreed"]);
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(
        said.contains("ended: 4 done, 1 refused, 0 stale, 0 skipped, 0 left"),
        "{said} {}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(run.status.code(), Some(0), "what was previewed is what happened");
    let list = house.cli("viewer", &["bulk", "list"]);
    let said = String::from_utf8(list.stdout).unwrap();
    assert!(said.contains(id) && said.lines().count() == 2, "{said}");
    let show = house.cli("viewer", &["bulk", "show", id]);
    let said = String::from_utf8(show.stdout).unwrap();
    assert_eq!(said.matches(" done ").count(), 4, "{said}");
    let shown = house.cli("viewer", &["bulk", "cancel", id, "--reason", "no"]);
    assert_ne!(shown.status.code(), Some(0));
}
