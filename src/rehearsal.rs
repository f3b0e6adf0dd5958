//! A run in memory that sends nothing: every request is rendered, and every call is answered as if all went well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_connectors::recipe::{RenderError, Rendered};
use amends_engine::decide::{Book, Observation};
use amends_engine::event::Report;
use amends_engine::expr::Evaluator;
use amends_engine::fact::Fact;
use amends_engine::instance::Errand;
use amends_engine::kernel::{Effect, Input, Kernel, Output, Settings};
use amends_engine::ledger::{Account, Line, Phase, Posting};
use amends_engine::outcome::{Landing, Outcome, Probe};
use amends_engine::root::Root;
use amends_engine::{FactName, Millis, RootKey, StoreId, Value};
use amends_workflows::catalogue;

use crate::server::connectors::Connectors;

/// Inputs of one rehearsal at the most; more means that it goes round in circles.
const INPUTS_MAX: usize = 2_000;

/// One call that would go out.
#[derive(Debug)]
pub struct Step {
    /// Where in the instance: `sales-order/do`.
    pub site: String,
    /// `erp.create_order`.
    pub operation: String,
    /// The connector.
    pub connector: String,
    /// Its idempotency key.
    pub key: String,
    /// The requests, or why they cannot be rendered.
    pub requests: Result<Vec<Rendered>, RenderError>,
}

/// A whole rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// The calls in the order they would go out.
    pub steps: Vec<Step>,
    /// The order afterwards.
    pub root: Root,
}

/// Runs `facts` about `subject` to the end of what can happen by itself.
pub fn rehearse(
    book: Arc<dyn Book + Send + Sync>,
    evaluator: Arc<dyn Evaluator + Send + Sync>,
    connectors: &Connectors,
    root: &RootKey,
    subject: Value,
    facts: Vec<Fact>,
) -> Rehearsal {
    let settings = Settings {
        store: StoreId::new("rehearse"),
        working_set_max: 1,
        limits: BTreeMap::new(),
        last_sequence: 0,
        restored_at: None,
        brakes: BTreeSet::new(),
    };
    let parcel = parcel(&subject);
    let mut stage = Stage {
        kernel: Kernel::new(settings, book, evaluator),
        at: Millis(subject.get("created_ms").and_then(Value::as_int).unwrap_or(0)),
        root: root.clone(),
        latest: Root::new(root.clone()),
        steps: Vec::new(),
        inputs: Vec::new(),
        landings: 0,
    };
    let observation = Observation {
        mirror: None,
        subject: Some(Arc::new(subject)),
        facts,
    };
    stage.inputs.push(Input::Observe {
        root: root.clone(),
        observation,
        reply: None,
    });
    stage.run(connectors);
    // What the warehouse would report once the goods leave.
    let facts = vec![parcel];
    let observation = Observation {
        mirror: None,
        subject: None,
        facts,
    };
    stage.inputs.push(Input::Observe {
        root: root.clone(),
        observation,
        reply: None,
    });
    stage.run(connectors);
    Rehearsal {
        steps: stage.steps,
        root: stage.latest,
    }
}

struct Stage {
    kernel: Kernel,
    at: Millis,
    root: RootKey,
    latest: Root,
    steps: Vec<Step>,
    inputs: Vec<Input>,
    /// Calls answered so far; stands for the ids that other systems would give.
    landings: u32,
}

impl Stage {
    fn run(&mut self, connectors: &Connectors) {
        for _ in 0..INPUTS_MAX {
            let Some(input) = self.inputs.pop() else { return };
            self.at = self.at.plus(1);
            let output = self.kernel.handle(input, self.at);
            self.follow(output, connectors);
        }
    }

    fn follow(&mut self, output: Output, connectors: &Connectors) {
        for root in output.load {
            self.inputs.push(Input::Loaded {
                root,
                state: None,
                values: BTreeMap::new(),
            });
        }
        for effect in output.release {
            let ended = self.play(&effect, connectors);
            self.inputs.insert(0, ended);
        }
        if let Some(frame) = output.append.last() {
            self.latest = frame.after.as_ref().clone();
            self.inputs.push(Input::Durable {
                sequence: frame.sequence,
            });
        }
    }

    /// Notes the requests of `effect`, and answers as if all went well.
    fn play(&mut self, effect: &Effect, connectors: &Connectors) -> Input {
        let contract = &effect.contract;
        if let (Errand::Send, Some(connector)) = (effect.errand, connectors.get(contract.connector.as_str()))
        {
            self.steps.push(Step {
                site: effect.site.to_string(),
                operation: format!("{}.{}", contract.role, contract.operation),
                connector: contract.connector.to_string(),
                key: effect.key.clone(),
                requests: connector.render(contract.operation.as_str(), &effect.args, &effect.key),
            });
        }
        self.landings += 1;
        let landing = Landing {
            reference: Some(self.landings.to_string()),
            result: result(effect, self.landings),
            ..Landing::default()
        };
        let report = match effect.errand {
            Errand::Send => Report::Outcome(Outcome::Succeeded(landing)),
            Errand::Probe => Report::Probe(Probe::Found(landing)),
        };
        Input::Ended {
            root: self.root.clone(),
            instance: effect.instance.clone(),
            site: effect.site.clone(),
            epoch: effect.epoch,
            attempt: effect.attempt,
            report,
        }
    }
}

/// What the other side would answer: the catalogue's example, `id` in place of texts (most systems give numbers, and
/// recipes may rely on it), and what was asked for where it says the same.
fn result(effect: &Effect, id: u32) -> Value {
    let (role, name) = (effect.contract.role.as_str(), effect.contract.operation.as_str());
    let example =
        catalogue::operation(role, name).map_or_else(Value::default, |known| known.result_shape().example());
    let Value::Map(mut fields) = example else {
        return example;
    };
    for (name, value) in &mut fields {
        if matches!(value, Value::Text(_)) {
            *value = Value::Text(id.to_string());
        }
        if let Some(asked) = effect.args.get(name) {
            *value = asked.clone();
        }
    }
    Value::Map(fields)
}

/// All goods of the order in one parcel.
fn parcel(subject: &Value) -> Fact {
    let lines = subject.get("lines").and_then(Value::as_list).unwrap_or_default();
    let units: Vec<(String, i64)> = lines
        .iter()
        .filter_map(|line| {
            Some((
                line.get("sku")?.as_text()?.to_owned(),
                line.get("quantity")?.as_int()?,
            ))
        })
        .collect();
    let list = units.iter().map(|(sku, quantity)| {
        Value::map([
            ("sku", Value::text(sku.clone())),
            ("quantity", Value::Int(*quantity)),
        ])
    });
    Fact {
        name: FactName::new("parcel.shipped"),
        id: "P-1".to_owned(),
        payload: Value::map([
            ("parcel", Value::text("P-1")),
            ("lines", Value::List(list.collect())),
            ("carrier", Value::text("")),
            ("tracking", Value::text("")),
        ]),
        postings: units
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .map(|(sku, amount)| Posting {
                account: Account::Shipped,
                line: Line::Stock { sku },
                amount,
                phase: Phase::Landed,
            })
            .collect(),
    }
}
