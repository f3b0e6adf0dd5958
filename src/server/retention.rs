//! What is kept for how long, as the configuration says.

use std::sync::Arc;
use std::time::Duration;

use amends_runtime::{Clock, Handle, Retention, Rules, Upkeep};
use amends_storage::SledReader;

use super::run::Tests;
use crate::config;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Between two passes.
const EVERY: Duration = Duration::from_mins(1);

/// The rules of `config`.
fn rules(config: &config::Retention, tests: Tests) -> Rules {
    match tests.retain_ms {
        None => Rules {
            bodies_ms: i64::from(config.raw_bodies_days) * DAY_MS,
            orders_ms: i64::from(config.archive_after_days) * DAY_MS,
            audit_ms: i64::from(config.audit_days) * DAY_MS,
            every: EVERY,
        },
        Some(ms) => Rules {
            bodies_ms: ms,
            orders_ms: ms,
            audit_ms: i64::from(config.audit_days) * DAY_MS,
            every: Duration::from_millis(ms.unsigned_abs().clamp(50, 60_000)),
        },
    }
}

/// Keeps them for the engine behind `handle`.
pub(super) fn keep(
    config: &config::Config,
    tests: Tests,
    handle: Handle,
    reader: &SledReader,
    clock: &Arc<Clock>,
) -> Retention<SledReader> {
    Retention {
        rules: rules(&config.retention, tests),
        handle,
        reader: reader.clone(),
        clock: clock.clone(),
        audit: amends_api::audit::expired::<SledReader>,
        upkeep: Upkeep::default(),
    }
}
