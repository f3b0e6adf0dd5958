//! Callbacks of other systems: verified by their recipe, read as facts.

use std::sync::Arc;

use amends_api::{Admission, Knock, Refused};
use amends_connectors::recipe::CallbackEvent;
use amends_engine::fact::Fact;
use amends_engine::ledger::{Line, Posting};
use amends_engine::{FactName, RootKey, Value};
use amends_runtime::{Alarm, Clock, Delivery, Interpretation, Scope};
use amends_workflows::catalogue::{self, Reports};

use super::connectors::Connectors;

/// Understands callbacks.
pub struct Callbacks {
    /// The connectors, whose recipes say how.
    pub connectors: Arc<Connectors>,
    /// The time signatures are checked against.
    pub clock: Arc<Clock>,
}

impl Callbacks {
    /// Whether what knocks is genuine.
    ///
    /// # Errors
    /// The answer to give when it is not.
    pub fn verify(&self, knock: &Knock<'_>) -> Result<(), Admission> {
        let refuse = |why, detail: String| Admission::Refuse { why, detail };
        let Some(connector) = self
            .connectors
            .get(knock.name)
            .filter(|connector| connector.recipe().calls_back())
        else {
            let detail = format!("no connector `{}` that calls back is configured", knock.name);
            return Err(refuse(Refused::Unknown, detail));
        };
        connector
            .verify_callback(knock.headers, knock.body, self.clock.now().0)
            .map_err(|error| refuse(Refused::BadSignature, error.to_string()))
    }

    /// The order a callback is about.
    pub fn root_of(&self, delivery: &Delivery) -> Option<RootKey> {
        self.read(delivery).ok()?.map(|event| event.root)
    }

    /// What a callback means.
    pub fn interpret(&self, delivery: &Delivery) -> Interpretation {
        match self.read(delivery) {
            Err(text) => Interpretation::Failed(Alarm {
                cause: "callback-unreadable",
                text,
                scope: Scope::Delivery,
            }),
            Ok(None) => Interpretation::Nothing("nothing an order waits for".to_owned()),
            Ok(Some(event)) => {
                let note = format!("{}#{}", event.fact, event.id);
                Interpretation::Observe {
                    mirror: None,
                    subject: None,
                    facts: vec![fact(event)],
                    note,
                    alarm: None,
                }
            }
        }
    }

    fn read(&self, delivery: &Delivery) -> Result<Option<CallbackEvent>, String> {
        let Some(connector) = self.connectors.get(&delivery.source) else {
            return Err(format!(
                "no connector `{}` is configured any more",
                delivery.source
            ));
        };
        connector
            .read_callback(&delivery.headers, &delivery.body)
            .map_err(|error| error.to_string())
    }
}

fn fact(event: CallbackEvent) -> Fact {
    let postings = postings(&event.fact, &event.payload);
    Fact {
        name: event.fact,
        id: event.id,
        payload: event.payload,
        postings,
    }
}

/// What a fact moves that another system, or a person in its place, reports.
pub(super) fn postings(fact: &FactName, payload: &Value) -> Vec<Posting> {
    let reports = catalogue::fact(fact.as_str())
        .map(|known| known.reports)
        .unwrap_or_default();
    let units = reports.iter().flat_map(|report| units(*report, payload));
    units.collect()
}

/// What other systems report moves in units: lines of article and quantity.
fn units(report: Reports, payload: &Value) -> Vec<Posting> {
    let lines = payload.get("lines").and_then(Value::as_list).unwrap_or_default();
    lines
        .iter()
        .filter_map(|line| {
            Some(Posting {
                account: report.account,
                line: Line::Stock {
                    sku: line.get("sku")?.as_text()?.to_owned(),
                },
                amount: line.get("quantity")?.as_int().filter(|quantity| *quantity > 0)?,
                phase: report.phase,
            })
        })
        .collect()
}
