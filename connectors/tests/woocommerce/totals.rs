//! Every genuine order as a sales order in the ERP: the ERP adds up to what the shop charged, to the smallest unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::recipe::{
    Connector, ConnectorSettings, Pool, Recipe, Request, Secret, Sending, shipped,
};
use amends_connectors::sandbox::{Options, World};
use amends_engine::definition::{Call, Form};
use amends_engine::expr::{Evaluator as _, Scope};
use amends_engine::outcome::Outcome;
use amends_engine::{ConnectorId, StepId, Value};
use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::Library;
use amends_workflows::model::Order;

use crate::fixtures::captures;

fn erp(world: &World, evaluator: Arc<CelEvaluator>) -> Connector {
    let settings = ConnectorSettings {
        id: ConnectorId::new("erp"),
        base_url: format!("http://{}", world.addresses().erp),
        recipe: Arc::new(Recipe::parse(&shipped::text("tryton").unwrap()).unwrap()),
        secrets: [("password".to_owned(), Secret::new("sandbox-password"))].into(),
        settings: BTreeMap::new(),
        timeout_ms: None,
        pool: Pool::default(),
    };
    Connector::new(settings, evaluator).unwrap()
}

/// The call of a step of the shipped definition.
fn call(library: &Library, step: &str) -> Call {
    let loaded = library.latest(&"order-to-cash".into()).unwrap();
    let step = StepId::new(step);
    let step = loaded.definition.steps.iter().find(|known| known.id == step);
    match &step.unwrap().form {
        Form::Call(call) => call.clone(),
        other @ (Form::Wait { .. } | Form::Approval { .. }) => panic!("{other:?}"),
    }
}

/// What the definition makes of an order.
fn arguments(call: &Call, evaluator: &CelEvaluator, order: &Value, steps: &Value) -> Value {
    let scope = Scope::new().with("order", order).with("steps", steps);
    let evaluated = call
        .with
        .iter()
        .map(|(name, expr)| (name.clone(), evaluator.evaluate(expr, &scope).unwrap()));
    Value::map(evaluated)
}

async fn result(erp: &Connector, operation: &str, key: &str, args: &Value) -> Result<Value, Outcome> {
    let request = Request {
        operation,
        key,
        args,
        timeout_ms: 10_000,
        correlation_id: "eu-shop",
        traceparent: None,
        sending: Sending::First,
    };
    match erp.send(&request).await.outcome {
        Outcome::Succeeded(landing) => Ok(landing.result),
        other @ (Outcome::Accepted(_) | Outcome::Rejected(_) | Outcome::Failed(_) | Outcome::Unknown(_)) => {
            Err(other)
        }
    }
}

/// Whether the parts of an order make its total; the others are held before they reach the ERP.
fn adds_up(order: &Value) -> bool {
    let number = |name: &str| order.get(name).and_then(Value::as_int).unwrap();
    let nets = |name: &str| -> i64 {
        let rows = order.get(name).and_then(Value::as_list).unwrap();
        rows.iter()
            .map(|row| row.get("net_minor").and_then(Value::as_int).unwrap())
            .sum()
    };
    let parts = nets("lines") + nets("fees") + number("shipping_minor") + number("tax_minor");
    parts == number("total_minor")
}

/// Different contents of one order, each once.
fn orders() -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for order in captures().iter().filter_map(super::fixtures::Capture::order) {
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    orders
}

#[tokio::test]
async fn the_erp_adds_up_to_the_total_of_every_genuine_order() {
    let world = World::start(Options::default()).await.unwrap();
    let evaluator = Arc::new(CelEvaluator::new());
    let library = Library::shipped(evaluator.clone()).unwrap();
    let erp = erp(&world, evaluator.clone());
    let (customer, sale) = (call(&library, "customer"), call(&library, "sales-order"));
    let mut compared = 0;
    for (index, order) in orders().iter().enumerate() {
        let value = order.to_value();
        if !adds_up(&value) {
            println!("{} does not add up by itself", order.key);
            continue;
        }
        let args = arguments(&customer, &evaluator, &value, &Value::default());
        let key = format!("k/{index}/customer");
        let party = result(&erp, "match_customer", &key, &args).await.unwrap();
        let steps = Value::map([("customer", party)]);
        let args = arguments(&sale, &evaluator, &value, &steps);
        let key = format!("k/{index}/sale");
        let made = result(&erp, "create_order", &key, &args)
            .await
            .unwrap_or_else(|outcome| panic!("{}: {outcome:?}", order.key));
        assert_eq!(made.get("total_minor"), value.get("total_minor"), "{}", order.key);
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} orders were compared");
}
