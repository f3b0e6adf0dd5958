//! Two orders that are one: the later is held, whichever was heard of first, and after a restart as well.

use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, rows, text};

const CAUSE: &str = "possible-duplicate";

/// The same things bought by the same buyer, `apart_s` later.
fn again(order: &Value, id: i64, apart_s: i64) -> Value {
    let mut again = order.clone();
    let fields = again.as_object_mut().unwrap();
    fields.insert("id".into(), json!(id));
    fields.insert("number".into(), json!(id.to_string()));
    fields.insert("order_key".into(), json!(format!("wc_order_{id}")));
    let placed = text(order, "date_created_gmt");
    let placed = chrono::NaiveDateTime::parse_from_str(placed, "%Y-%m-%dT%H:%M:%S").unwrap();
    let placed = (placed + chrono::Duration::seconds(apart_s))
        .format("%Y-%m-%dT%H:%M:%S")
        .to_string();
    fields.insert("date_created_gmt".into(), json!(placed));
    fields.insert("date_modified_gmt".into(), json!(placed));
    fields.remove("_links");
    again
}

async fn house() -> House {
    House::new(&Plan {
        shop: "duplicate_window = \"5m\"",
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    })
    .await
}

async fn heard(house: &House, running: &Running, order: &Value) {
    let body = serde_json::to_vec(order).unwrap();
    assert_eq!(house.deliver("order.created", &body).await, 200);
    let root = format!("demo:{}", order["id"]);
    running
        .order_where(&root, "an instance", |order| !rows(order, "instances").is_empty())
        .await;
}

/// The message of the order's incident of this kind.
async fn message(running: &Running, root: &str) -> String {
    let order = running
        .order_where(root, CAUSE, |order| {
            rows(order, "incidents")
                .iter()
                .any(|incident| text(incident, "cause") == CAUSE)
        })
        .await;
    let incidents = rows(&order, "incidents");
    let incident = incidents.iter().find(|incident| text(incident, "cause") == CAUSE);
    text(incident.unwrap(), "message").to_owned()
}

#[tokio::test]
async fn the_later_of_two_is_held_whichever_arrived_first() {
    let first = cash_order(100, 1);
    let second = again(&first, 101, 60);
    for arrivals in [[&first, &second], [&second, &first]] {
        let house = house().await;
        let running = house.serve().await;
        house.seed(&json!([first, second])).await;
        for order in arrivals {
            heard(&house, &running, order).await;
        }
        let said = message(&running, "demo:101").await;
        assert!(
            said.contains("demo:100") && said.contains("order.duplicate#100"),
            "{said}"
        );
        let held = running.order("demo:101").await.unwrap();
        assert!(!rows(&held, "instances")[0]["held"].is_null(), "{held:#}");
        assert!(!running.causes("demo:100").await.contains(&CAUSE.to_owned()));
        running.stop().await;

        // The one that came first has run on; the store knows both, and hearing of either again adds nothing.
        let running = house.serve().await;
        let before = running.told("demo:101").await;
        for order in [&first, &second] {
            let body = serde_json::to_vec(order).unwrap();
            assert_eq!(house.deliver("order.updated", &body).await, 200);
        }
        running.quiet().await;
        assert_eq!(running.told("demo:101").await, before);
        assert!(!running.causes("demo:100").await.contains(&CAUSE.to_owned()));
        running.stop().await;
    }
}

#[tokio::test]
async fn nothing_leaves_for_the_later_one_when_the_earlier_is_known() {
    let first = cash_order(200, 2);
    let second = again(&first, 201, 299);
    let house = house().await;
    let running = house.serve().await;
    house.seed(&json!([first, second])).await;
    heard(&house, &running, &first).await;
    heard(&house, &running, &second).await;
    message(&running, "demo:201").await;
    let requests = running.told("demo:201").await;
    assert!(
        !requests
            .iter()
            .any(|words| words.contains("sent") || words.contains("asks")),
        "{requests:#?}"
    );
    let erp = house.world.counts();
    assert!(!format!("{erp:?}").contains("demo:201"), "{erp:?}");
    running.stop().await;
}

#[tokio::test]
async fn what_differs_or_is_far_apart_is_no_duplicate() {
    let first = cash_order(300, 3);
    let late = again(&first, 301, 301);
    let mut dearer = again(&first, 302, 30);
    dearer["payment_method"] = json!("stripe");
    let mut other = again(&first, 303, 30);
    other["billing"]["email"] = json!("somebody.else@example.test");
    let house = house().await;
    let running = house.serve().await;
    let orders = [&first, &late, &dearer, &other];
    house.seed(&json!(orders)).await;
    for order in orders {
        heard(&house, &running, order).await;
    }
    running.quiet().await;
    for id in 300..=303 {
        let causes = running.causes(&format!("demo:{id}")).await;
        assert!(!causes.contains(&CAUSE.to_owned()), "order {id}: {causes:?}");
    }
    running.stop().await;
}

/// Both arrive at once, through different workers.
#[tokio::test]
async fn of_orders_that_arrive_at_once_all_but_the_first_are_held() {
    let first = cash_order(400, 4);
    let orders: Vec<Value> = (0..4).map(|at| again(&first, 400 + at, at)).collect();
    let house = house().await;
    let running = house.serve().await;
    house.seed(&json!(orders)).await;
    let bodies: Vec<Vec<u8>> = orders
        .iter()
        .map(|order| serde_json::to_vec(order).unwrap())
        .collect();
    let posts = bodies.iter().map(|body| house.deliver("order.created", body));
    assert_eq!(futures::future::join_all(posts).await, [200; 4]);
    running.quiet().await;
    for id in 401..=403_usize {
        let root = format!("demo:{id}");
        let order = running.order(&root).await.unwrap();
        let facts: Vec<&str> = rows(&order, "facts").iter().filter_map(Value::as_str).collect();
        let earlier: Vec<String> = (400..id)
            .map(|earlier| format!("order.duplicate#{earlier}"))
            .collect();
        let found: Vec<&&str> = facts
            .iter()
            .filter(|fact| fact.starts_with("order.duplicate#"))
            .collect();
        assert_eq!(
            found,
            earlier
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(running.causes(&root).await, [CAUSE], "held, once");
    }
    assert!(!running.causes("demo:400").await.contains(&CAUSE.to_owned()));
    running.stop().await;
}
