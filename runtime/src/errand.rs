//! Performing what the kernel releases: the only place where effects leave.

use std::sync::Arc;
use std::time::Instant;

use amends_engine::event::Report;
use amends_engine::instance::Errand;
use amends_engine::kernel::{Effect, Input};
use amends_engine::outcome::{Fault, FaultClass, Outcome, Probe};
use amends_engine::{Digest, RootKey};
use amends_storage::{Key, Kind, Write, codec};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::meter;

/// Sends requests to outside systems.
pub trait Perform: Send + Sync + 'static {
    /// Performs one errand. It ends by itself within the effect's time-out.
    fn perform(&self, effect: Effect) -> BoxFuture<'static, Performed>;
}

/// How an errand ended.
#[derive(Debug)]
pub struct Performed {
    /// What it said.
    pub report: Report,
    /// The request as sent and the reply as received, for people; secrets are referenced, not copied.
    pub exchange: Option<String>,
}

/// Performs `effect`; gives the writes that keep its exchange, and the input that reports its end.
///
/// A panic inside a connector is an unknown outcome, never a lost errand.
pub(crate) async fn run(perform: Arc<dyn Perform>, effect: Effect) -> (Vec<Write>, Input) {
    let errand = effect.errand;
    let ended = |report| Input::Ended {
        root: effect.root.clone(),
        instance: effect.instance.clone(),
        site: effect.site.clone(),
        epoch: effect.epoch,
        attempt: effect.attempt,
        report,
    };
    let began = Instant::now();
    let performed = std::panic::AssertUnwindSafe(perform.perform(effect.clone()))
        .catch_unwind()
        .await;
    let Ok(mut performed) = performed else {
        tracing::error!(key = effect.key, "the connector panicked; the effect is in doubt");
        let fault = Fault::new(FaultClass::Broken, "the connector failed inside; see the log");
        let report = unknown(errand, fault);
        meter::errand(&effect, &report, began.elapsed());
        return (Vec::new(), ended(report));
    };
    meter::errand(&effect, &performed.report, began.elapsed());
    let writes = keep(&effect.root, &mut performed);
    (writes, ended(performed.report))
}

fn unknown(errand: Errand, fault: Fault) -> Report {
    match errand {
        Errand::Send => Report::Outcome(Outcome::Unknown(fault)),
        Errand::Probe => Report::Probe(Probe::Failed(fault)),
    }
}

/// Keeps the exchange under its digest and names it in the report.
fn keep(root: &RootKey, performed: &mut Performed) -> Vec<Write> {
    let Some(exchange) = performed.exchange.take() else {
        return Vec::new();
    };
    // Kept as a canonical value, like everything under a digest.
    let text = amends_engine::Value::Text(exchange).to_string();
    let digest = Digest::of(text.as_bytes());
    let Ok(value) = codec::seal(Kind::Blob, 1, text.as_bytes()) else {
        return Vec::new();
    };
    match &mut performed.report {
        Report::Outcome(Outcome::Succeeded(landing) | Outcome::Accepted(landing))
        | Report::Probe(Probe::Found(landing)) => landing.exchange = Some(digest),
        Report::Outcome(Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault))
        | Report::Probe(Probe::Failed(fault)) => fault.exchange = Some(digest),
        Report::Probe(Probe::Absent) => return Vec::new(),
    }
    vec![Write::Put {
        key: Key::Blob {
            root: root.as_str().to_owned(),
            digest: digest.0,
        },
        value,
    }]
}
