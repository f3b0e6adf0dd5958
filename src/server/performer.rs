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
    let trace = traceparent(effect.instance.as_str(), &effect.key, effect.attempt);
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
fn traceparent(instance: &str, key: &str, attempt: u32) -> String {
    let trace = Digest::of(instance.as_bytes()).to_string();
    let span = Digest::of(format!("{key}/{attempt}").as_bytes()).to_string();
    let part = |text: &str, length: usize| text.get(..length).unwrap_or_default().to_owned();
    format!("00-{}-{}-01", part(&trace, 32), part(&span, 16))
}

fn text(exchange: &Exchange) -> Option<String> {
    serde_json::to_string(exchange).ok()
}

#[cfg(test)]
mod tests {
    use super::traceparent;

    #[test]
    fn an_instance_is_one_trace_and_an_attempt_one_span() {
        let one = traceparent("eu-shop:16/order-to-cash", "k/capture/do/0", 1);
        let parts: Vec<_> = one.split('-').collect();
        let [version, trace, span, flags] = parts.as_slice() else {
            panic!("{one}");
        };
        assert_eq!((*version, *flags, trace.len(), span.len()), ("00", "01", 32, 16));
        let hex = |text: &str| text.chars().all(|digit| "0123456789abcdef".contains(digit));
        assert!(
            hex(trace) && hex(span) && trace.contains(|digit| digit != '0'),
            "{one}"
        );

        let trace_of = |text: &str| text.get(3..35).unwrap().to_owned();
        let others = [
            traceparent("eu-shop:16/order-to-cash", "k/capture/do/0", 2),
            traceparent("eu-shop:16/order-to-cash", "k/invoice/do/0", 1),
        ];
        for other in others {
            assert_eq!(trace_of(&other), trace_of(&one));
            assert_ne!(other, one);
        }
        let other = traceparent("eu-shop:17/order-to-cash", "k/capture/do/0", 1);
        assert_ne!(trace_of(&other), trace_of(&one));
    }
}
