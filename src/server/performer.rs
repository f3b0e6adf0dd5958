//! Sending what the engine releases, through the connector each contract names.

use std::sync::Arc;

use amends_connectors::recipe::{Exchange, Request, Sending};
use amends_engine::Digest;
use amends_engine::event::Report;
use amends_engine::instance::Errand;
use amends_engine::kernel::Effect;
use amends_engine::outcome::{Fault, FaultClass, Outcome, Probe};
use amends_runtime::{Perform, Performed};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::connectors::Connectors;

/// Sends through configured connectors.
pub struct Performer {
    /// The connectors.
    pub connectors: Arc<Connectors>,
}

impl Perform for Performer {
    fn perform(&self, effect: Effect) -> BoxFuture<'static, Performed> {
        let connectors = self.connectors.clone();
        async move { perform(&connectors, &effect).await }.boxed()
    }
}

async fn perform(connectors: &Connectors, effect: &Effect) -> Performed {
    let Some(connector) = connectors.get(effect.contract.connector.as_str()) else {
        let message = format!(
            "no connector `{}` is configured any more",
            effect.contract.connector
        );
        return Performed {
            report: never_sent(effect.errand, message),
            exchange: None,
        };
    };
    let trace = traceparent(effect);
    let request = Request {
        operation: effect.contract.operation.as_str(),
        key: &effect.key,
        args: &effect.args,
        timeout_ms: effect.timeout_ms,
        correlation_id: effect.instance.as_str(),
        traceparent: Some(&trace),
        sending: if effect.first {
            Sending::First
        } else {
            Sending::Again
        },
    };
    match effect.errand {
        Errand::Send => {
            let sent = connector.send(&request).await;
            Performed {
                report: Report::Outcome(sent.outcome),
                exchange: text(&sent.exchange),
            }
        }
        Errand::Probe => {
            let probed = connector.probe(&request).await;
            Performed {
                report: Report::Probe(probed.probe),
                exchange: text(&probed.exchange),
            }
        }
    }
}

fn never_sent(errand: Errand, message: String) -> Report {
    let fault = Fault::new(FaultClass::Connect, message);
    match errand {
        Errand::Send => Report::Outcome(Outcome::Failed(fault)),
        Errand::Probe => Report::Probe(Probe::Failed(fault)),
    }
}

/// One trace per instance, one span per attempt, both derived so that a resend shows as the same trace
/// (W3C Trace Context, version 00).
fn traceparent(effect: &Effect) -> String {
    let trace = Digest::of(effect.instance.as_str().as_bytes()).to_string();
    let span = Digest::of(format!("{}/{}", effect.key, effect.attempt).as_bytes()).to_string();
    let part = |text: &str, length: usize| text.get(..length).unwrap_or_default().to_owned();
    format!("00-{}-{}-01", part(&trace, 32), part(&span, 16))
}

fn text(exchange: &Exchange) -> Option<String> {
    serde_json::to_string(exchange).ok()
}
