//! What a run of the world is made of: printed when it fails, enough to run it again.

use proptest::prelude::*;

/// Everything drawn for one run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) orders: usize,
    pub(crate) shops: usize,
    /// Picks among the workflows of the shelf; all when `None`.
    pub(crate) workflow: Option<&'static str>,
    pub(crate) working_set_max: usize,
    pub(crate) concurrency: u32,
    pub(crate) per_second: Option<u32>,
    /// Per mille of requests that go wrong.
    pub(crate) faults: u32,
    /// Per mille of requests that are refused for a business reason.
    pub(crate) rejects: u32,
    /// Per mille of contested undos that are refused.
    pub(crate) refusals: u32,
    /// Per mille of amounts that come out smaller than asked.
    pub(crate) short: u32,
    /// Per mille of reports that come twice, or late.
    pub(crate) echoes: u32,
    /// Per mille of steps of the run after which power is lost.
    pub(crate) crashes: u32,
    /// Commands of people.
    pub(crate) commands: usize,
    /// Brakes pulled or released by people.
    pub(crate) brakes: usize,
    /// Facts nobody asked for: cancelled, edited, refunded, and every fact again.
    pub(crate) noise: usize,
}

impl Plan {
    /// One order, nothing goes wrong.
    pub(crate) fn calm(workflow: &'static str) -> Self {
        Self {
            seed: 1,
            orders: 1,
            shops: 1,
            workflow: Some(workflow),
            working_set_max: 10,
            concurrency: 8,
            per_second: None,
            faults: 0,
            rejects: 0,
            refusals: 0,
            short: 0,
            echoes: 0,
            crashes: 0,
            commands: 0,
            brakes: 0,
            noise: 0,
        }
    }

    /// Everything at once.
    pub(crate) fn wild() -> impl Strategy<Value = Self> {
        let size = (any::<u64>(), 1_usize..8, 1_usize..4, 1_usize..12, 1_u32..6);
        let limits = proptest::option::of(1_u32..20);
        let rates = (
            0_u32..500,
            0_u32..150,
            0_u32..1_000,
            0_u32..100,
            0_u32..300,
            0_u32..30,
        );
        let people = (0_usize..30, 0_usize..12, 0_usize..20);
        (size, limits, rates, people).prop_map(|(size, per_second, rates, (commands, brakes, noise))| Self {
            seed: size.0,
            orders: size.1,
            shops: size.2,
            workflow: None,
            working_set_max: size.3,
            concurrency: size.4,
            per_second,
            faults: rates.0,
            rejects: rates.1,
            refusals: rates.2,
            short: rates.3,
            echoes: rates.4,
            crashes: rates.5,
            commands,
            brakes,
            noise,
        })
    }
}
