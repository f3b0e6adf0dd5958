//! Keeps what is measured, in the form Prometheus reads.

use std::sync::OnceLock;
use std::time::Duration;

use amends_runtime::meter;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of every distribution, in seconds: from a commit on a fast disk to a request that
/// runs into its time-out.
const BUCKETS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0,
];
/// How often samples are put into their buckets when nobody asks, so that they do not gather.
const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The recorder of this process; started at the first call. Several servers in one process share it.
pub fn recorder() -> &'static PrometheusHandle {
    RECORDER.get_or_init(|| {
        // Buckets are refused only when there are none.
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("something else in this process measures: metrics stay empty");
        }
        meter::describe();
        handle
    })
}

/// Keeps memory bounded while nobody asks.
pub async fn upkeep() {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        recorder().run_upkeep();
    }
}
