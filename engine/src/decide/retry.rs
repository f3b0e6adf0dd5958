//! When a call is repeated: exponential pauses with derived jitter, bounded by the policy.
//!
//! Jitter is derived from the idempotency key, so that the same journal always schedules the same times
//! ("Exponential Backoff And Jitter", AWS Architecture Blog: equal jitter, here an eighth either way).

use crate::definition::{Policy, Step};
use crate::instance::{CallState, Side, Site};
use crate::{Digest, Millis};

/// The policy of the call at `site` of `step`.
pub(super) fn policy(step: &Step, site: &Site) -> Policy {
    match (site.side, &step.undo) {
        (Side::Undo(index), crate::definition::Undo::Calls(calls)) => calls
            .get(usize::from(index))
            .map(|undo| undo.policy.clone())
            .unwrap_or_default(),
        (Side::Do | Side::Undo(_), _) => step.policy.clone(),
    }
}

/// How long to wait before the try after `tries`, in milliseconds.
pub(super) fn pause_ms(policy: &Policy, tries: u32, key: &str) -> i64 {
    let mut pause = policy.first_ms.max(1);
    for _ in 1..tries.min(64) {
        pause = pause.saturating_mul(policy.factor_milli.max(1_000)) / 1_000;
        if pause >= policy.max_ms {
            break;
        }
    }
    let pause = pause.min(policy.max_ms).max(1);
    let spread = u64::try_from(pause / 4).unwrap_or(0);
    let jitter = Digest::of(format!("{key}/{tries}").as_bytes()).leading_u64() % (spread + 1);
    pause - pause / 8 + i64::try_from(jitter).unwrap_or(0)
}

/// Whether the policy allows a try at `until`.
pub(super) fn allows(policy: &Policy, call: &CallState, until: Millis) -> bool {
    let in_time = call
        .first_at
        .is_none_or(|first| until.since(first) <= policy.give_up_after_ms);
    in_time && policy.attempts_max.is_none_or(|most| call.tries < most)
}

/// Whether `deadline` has passed at `now`.
pub(super) fn passed(deadline: Option<Millis>, now: Millis) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}
