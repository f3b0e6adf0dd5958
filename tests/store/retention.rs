//! Finished orders leave for archives while the server runs, and stay as readable as they were.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use amends_api::audit::{self, Line};
use amends_engine::Millis;
use amends_runtime::books::{Day, Row, days};
use amends_runtime::rebuild_all;
use amends_storage::archive::Archive;
use amends_storage::verify::verify;
use amends_storage::{Commit, Identity, Log as _, Memory, Options, Sled, Write};
use serde_json::Value;

use super::witness::twice;
use super::world::{World, done, until};

/// Finished orders leave after this many milliseconds of rest, and again as many at the most.
const RETAIN: [&str; 2] = ["--test-retain-ms", "400"];

fn archived(world: &World, order: &str) -> bool {
    world
        .get(&format!("/orders/{order}"))
        .is_some_and(|shown| shown["archived"] == true)
}

fn orders(world: &World) -> Vec<String> {
    let listed = world.get("/orders?limit=500").unwrap_or_default();
    let listed = listed["orders"].as_array().cloned().unwrap_or_default();
    listed
        .iter()
        .map(|order| order["root"].as_str().unwrap().to_owned())
        .collect()
}

/// What the API tells of an order, without what tells that it has left.
fn told(world: &World, order: &str) -> Vec<Value> {
    ["", "/history?limit=500", "/requests"]
        .iter()
        .map(|part| {
            let mut shown = world.get(&format!("/orders/{order}{part}")).unwrap();
            if let Some(shown) = shown.as_object_mut() {
                shown.remove("archived");
            }
            shown
        })
        .collect()
}

#[test]
fn a_finished_order_leaves_reads_the_same_and_comes_back_with_news() {
    let world = World::start();
    let config = world.config("store");
    let server = world.serve(&config, &[]);
    world.generate(6, 5);
    let server = world.rest(6, server, &config);
    let all = orders(&world);
    let before: Vec<_> = all.iter().map(|order| told(&world, order)).collect();
    server.stop();
    let moved = books(&world);
    assert!(!moved.sums.is_empty(), "{moved:?}");

    let server = world.serve(&config, &RETAIN);
    // The order with the newest frame stays until there is a newer one.
    until("orders have left", || {
        all.iter().filter(|order| archived(&world, order)).count() >= 5
    });
    let left: Vec<&String> = all.iter().filter(|order| archived(&world, order)).collect();
    for (order, before) in all.iter().zip(&before) {
        assert!(
            &told(&world, order) == before,
            "{order} reads otherwise once it has left"
        );
    }
    let reach = world.reach();
    let mut args = vec!["orders", "show", left[0]];
    args.extend(reach.iter().map(String::as_str));
    let shown = done(&args);
    assert!(shown.contains("archived: it has left the store"), "{shown}");
    assert!(
        !orders(&world).contains(left[0]),
        "the lists hold what is in the store"
    );
    let summary = world.get(&format!("/orders/{}", left[0])).unwrap()["summary"].clone();
    let number = summary["number"].as_str().unwrap();
    args = vec!["archive", "--number", number];
    args.extend(reach.iter().map(String::as_str));
    let found = done(&args);
    assert!(found.contains(left[0].as_str()), "{found}");
    // Other orders have documents of the same bare number at another system.
    let documents = summary["documents"].as_array().unwrap();
    let mut documents = documents.iter().filter_map(|document| document.as_str());
    let document = documents.find(|document| document.starts_with("SO-")).unwrap();
    let found = world
        .get(&format!("/archive?by=document&value={document}"))
        .unwrap();
    assert_eq!(found["orders"][0]["root"], left[0].as_str(), "{found}");
    the_feed_says_what_it_has_no_more(&world);
    let effects = world.effects();

    // News of an archived order: it is back, with the same instance.
    let id = left[0].split(':').nth(1).unwrap();
    world.in_shop(&format!("orders/{id}/trash"));
    until("the order is back", || {
        world.get(&format!("/orders/{}", left[0])).unwrap()["archived"] == false
    });
    let now = world.get(&format!("/orders/{}", left[0])).unwrap();
    assert_eq!(
        now["instances"].as_array().unwrap().len(),
        before[0][0]["instances"].as_array().unwrap().len()
    );
    assert!(orders(&world).contains(left[0]));
    assert_eq!(twice(&world.effects()), Vec::<String>::new());
    let again = world.effects().len() - effects.len();
    assert_eq!(again, 0, "a finished order started again");
    server.stop();
    assert_eq!(books(&world), moved, "what came back is in the books once");
    {
        let mut log = Sled::open(&world.path("store"), &Options::default()).unwrap();
        rebuild_all(&mut log, |_, _| ()).unwrap();
    }
    assert_eq!(books(&world), moved, "the books are made again, of archives too");
    let verdict = done(&["journal", "verify", "--store", &world.text("store")]);
    assert!(
        verdict.contains(" orders in archives (") && verdict.contains(": whole"),
        "{verdict}"
    );
}

/// What moved in the shop since yesterday.
fn books(world: &World) -> Row {
    let log = Sled::open(&world.path("store"), &Options::default()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Millis(i64::try_from(now.as_millis()).unwrap());
    let (from, to) = (Day::of(now.plus(-86_400_000)), Day::of(now));
    let mut all = Row::default();
    for day in days(&log.reader(), &["demo1".to_owned()], from, to).unwrap() {
        all.merge(&day.row);
    }
    all
}

/// Whoever stands before what has left is told so; whoever begins anew gets what the journal has, page by page.
fn the_feed_says_what_it_has_no_more(world: &World) {
    let (status, problem) = world.answer("/feed?after=1.1");
    assert_eq!((status, &problem["code"]), (410, &Value::from("api/feed-gone")));
    let detail = problem["detail"].as_str().unwrap();
    let oldest = detail.split("after=").nth(1).unwrap().split('`').next().unwrap();
    let (status, part) = world.answer(&format!("/feed?after={oldest}&limit=1"));
    assert_eq!(status, 200, "{part}");
    let (status, part) = world.answer("/feed?limit=1");
    assert_eq!(status, 200, "{part}");
    let (status, part) = world.answer(&format!("/feed?after={}", part["next"].as_str().unwrap()));
    assert_eq!(status, 200, "{part}");
}

#[test]
fn kills_while_orders_leave_lose_and_double_nothing() {
    let world = World::start();
    let config = world.config("store");
    let mut expected = 0;
    for round in 0..6 {
        let server = world.serve(&config, &RETAIN);
        world.generate(8, 20 + round);
        expected += 8;
        let files = names(&world.path("store")).len();
        let begun = Instant::now();
        until("something leaves", || {
            names(&world.path("store")).len() > files || begun.elapsed() > Duration::from_secs(20)
        });
        // At another moment of the leaving each time.
        let moment = Instant::now();
        while moment.elapsed() < Duration::from_micros(round * 1_700) {
            std::hint::spin_loop();
        }
        server.kill();
        whole(&world.path("store"));
    }
    let server = world.serve(&config, &RETAIN);
    until("all orders have ended, and most have left", || {
        let archived = archived_roots(&world, expected);
        let listed = orders(&world);
        let known = archived + listed.len();
        world.count("moving") == 0 && archived > 8 && known == usize::try_from(expected).unwrap()
    });
    assert_eq!(twice(&world.effects()), Vec::<String>::new());
    server.stop();
    let report = whole(&world.path("store"));
    assert!(report.archived_roots > 8, "{report:?}");
}

/// How many orders the API shows as archived. The shop numbers its records, orders among them.
fn archived_roots(world: &World, expected: u64) -> usize {
    (1..expected * 8)
        .filter(|id| archived(world, &format!("demo1:{id}")))
        .count()
}

#[test]
fn old_lines_of_the_audit_trail_go_and_it_continues_behind_the_newest() {
    let mut store = Memory::new(Identity::new("teststor", 0).unwrap()).unwrap();
    let line = |at| Line::new(Millis(at), "kim", "audit", "");
    let lines = (1..=5).map(|n| audit::write(n, &line(10 * i64::try_from(n).unwrap())).unwrap());
    commit(&mut store, lines.collect());
    let mut passes = Vec::new();
    for before_ms in [10, 35, 35, 1_000, 1_000, 1_000] {
        let writes = audit::expired(&store, before_ms, 2).unwrap();
        passes.push(writes.len());
        commit(&mut store, writes);
    }
    assert_eq!(passes, [0, 2, 1, 1, 0, 0]);
    let left: Vec<u64> = audit::read(&store, 0, 9)
        .unwrap()
        .iter()
        .map(|(n, _)| *n)
        .collect();
    assert_eq!((left, audit::next_position(&store).unwrap()), (vec![5], 6));
}

fn commit(store: &mut Memory, writes: Vec<Write>) {
    let commit = Commit {
        writes,
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
}

fn names(store: &Path) -> Vec<String> {
    Archive::beside(store).names().unwrap()
}

fn whole(store: &Path) -> amends_storage::verify::Report {
    let store = Sled::open(store, &Options::default()).unwrap();
    let report = verify(&store, |_| ()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    report
}
