//! What happens is told: pulled, pushed, posted to a listener; each notice, in order, over restarts.

use std::time::{Duration, Instant};

use amends::server::Server;
use futures::StreamExt as _;
use serde_json::Value;

use crate::house::House;
use crate::listener::{Ear, SECRET};

/// How long something may take that happens within a second or two.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is asked whether it has.
const POLL: Duration = Duration::from_millis(5);

fn listening(ear: &Ear) -> String {
    format!(
        "[notify.oncall]\nurl = \"{}\"\nsecret = {{ literal = \"{SECRET}\" }}\nkinds = []\n",
        ear.url
    )
}

async fn get(house: &House, server: &Server, path: &str) -> (u16, Value) {
    let response = reqwest::Client::new()
        .get(format!("{}/api/v1{path}", server.url))
        .bearer_auth(&house.token)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// All notices there are, `limit` at a time.
async fn pull(house: &House, server: &Server, limit: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let (status, part) = get(house, server, &format!("/feed?limit={limit}{after}")).await;
        assert_eq!(status, 200, "{part:#}");
        all.extend(part["notices"].as_array().unwrap().clone());
        if part["is_last"] == true {
            return all;
        }
        after = format!("&after={}", part["next"].as_str().unwrap());
    }
}

/// Waits until the order of `fixture` was understood.
async fn deliver(house: &House, server: &Server, fixture: &str, order: &str) {
    house.deliver(server, fixture).await;
    let begun = Instant::now();
    loop {
        let all = pull(house, server, 500).await;
        if all
            .iter()
            .any(|notice| notice["kind"] == "order.started" && notice["order"] == order)
        {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{order} did not start: {all:#?}");
        tokio::time::sleep(POLL).await;
    }
}

async fn told(ear: &Ear, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let taken = ear.heard(|heard| heard.taken.clone());
        if taken.len() >= count {
            return taken;
        }
        assert!(begun.elapsed() < PATIENCE, "{count} awaited, {taken:#?}");
        tokio::time::sleep(POLL).await;
    }
}

#[tokio::test]
async fn a_listener_hears_everything_in_order_over_refusals_and_restarts() {
    let ear = Ear::new(2).await;
    let house = House::new(&listening(&ear));
    let (server, client) = house.serve().await;
    client.brake("/effects/pause", "quiet").await.unwrap();
    deliver(&house, &server, "07-created-paid-1.order.created", "demo:20").await;
    let first = pull(&house, &server, 500).await;
    told(&ear, first.len()).await;
    server.stop().await.unwrap();

    // While nobody listens, more happens.
    ear.heard(|heard| heard.refuse = 1);
    let (server, _) = house.serve().await;
    deliver(&house, &server, "14-zero-total-1.order.created", "demo:23").await;
    let all = pull(&house, &server, 500).await;
    let taken = told(&ear, all.len()).await;
    server.stop().await.unwrap();

    assert_eq!(taken, all, "the listener heard something else than the feed has");
    assert!(ear.heard(|heard| heard.posts) >= all.len() + 3);
    let kinds: Vec<&str> = all
        .iter()
        .map(|notice| notice["kind"].as_str().unwrap())
        .collect();
    for kind in ["order.revised", "fact.recorded", "order.started"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn a_notice_that_is_never_taken_is_counted_and_holds_back_no_other() {
    let ear = Ear::new(1).await;
    let house = House::new(&format!("{}give_up_after = \"1s\"\n", listening(&ear)));
    let (server, client) = house.serve().await;
    client.brake("/effects/pause", "quiet").await.unwrap();
    deliver(&house, &server, "07-created-paid-1.order.created", "demo:20").await;
    let all = pull(&house, &server, 500).await;
    let taken = told(&ear, all.len() - 1).await;
    assert_eq!(taken, all[1..], "one refusal costs the first notice and no other");
    let status = client.status().await.unwrap();
    let listener = &status["listeners"][0];
    assert_eq!(listener["name"], "oncall", "{status:#}");
    assert_eq!(listener["passed_over"], 1, "{status:#}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn pages_of_any_size_hold_the_same_notices() {
    let house = House::new("");
    let (server, client) = house.serve().await;
    client.brake("/effects/pause", "quiet").await.unwrap();
    deliver(&house, &server, "07-created-paid-1.order.created", "demo:20").await;
    deliver(&house, &server, "14-zero-total-1.order.created", "demo:23").await;
    let all = pull(&house, &server, 500).await;
    for limit in 1..=all.len() {
        assert_eq!(pull(&house, &server, limit).await, all, "{limit} at a time");
    }
    let (_, started) = get(&house, &server, "/feed?kinds=order.started&shops=demo").await;
    assert_eq!(started["notices"].as_array().unwrap().len(), 2, "{started:#}");
    let (_, none) = get(&house, &server, "/feed?shops=elsewhere").await;
    assert_eq!(none["notices"].as_array().unwrap().len(), 0, "{none:#}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_stream_goes_on_after_the_last_notice_a_client_had() {
    let house = House::new("");
    let (server, client) = house.serve().await;
    client.brake("/effects/pause", "quiet").await.unwrap();
    deliver(&house, &server, "07-created-paid-1.order.created", "demo:20").await;
    let had = pull(&house, &server, 500).await;
    let last = had.last().unwrap()["id"].as_str().unwrap().to_owned();
    let response = reqwest::Client::new()
        .get(format!("{}/api/v1/feed/stream", server.url))
        .bearer_auth(&house.token)
        .header("last-event-id", last)
        .send()
        .await
        .unwrap();
    deliver(&house, &server, "14-zero-total-1.order.created", "demo:23").await;
    let all = pull(&house, &server, 500).await;
    let mut body = response.bytes_stream();
    let mut text = String::new();
    let mut ids = Vec::new();
    while ids.len() < all.len() - had.len() {
        let piece = tokio::time::timeout(PATIENCE, body.next()).await.unwrap();
        text.push_str(std::str::from_utf8(&piece.unwrap().unwrap()).unwrap());
        ids = text
            .lines()
            .filter_map(|line| line.strip_prefix("id: "))
            .map(str::to_owned)
            .collect();
    }
    let awaited: Vec<&str> = all[had.len()..]
        .iter()
        .map(|notice| notice["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, awaited, "{text}");
    // A stream that is open does not hold up the stop.
    let stopped = tokio::time::timeout(Duration::from_secs(8), server.stop()).await;
    stopped.unwrap().unwrap();
}

#[tokio::test]
async fn a_slip_in_what_is_wanted_is_named() {
    let house = House::new("");
    let (server, _) = house.serve().await;
    for (query, code, words) in [
        ("after=seven", "api/bad-cursor", "give back"),
        ("kinds=order.strated", "api/bad-query", "order.started"),
        ("limit=many", "api/bad-query", "limit"),
        ("kind=order.started", "api/bad-query", "kinds"),
    ] {
        let (status, problem) = get(&house, &server, &format!("/feed?{query}")).await;
        assert_eq!(status, 400, "{query}: {problem:#}");
        assert_eq!(problem["code"], code, "{query}");
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{query}: {problem:#}"
        );
    }
    server.stop().await.unwrap();
}
