//! Everything goes wrong at random, then heals; the invariants hold all the way.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::world::World;
use crate::world::plan::Plan;
use crate::world::shop::{Shelf, workflows};

fn run(plan: Plan) -> World {
    let mut world = World::new(plan, Shelf::new(workflows()));
    world.run();
    world
}

/// The default tier repeats known runs, so that it says the same twice; the full tier explores.
fn config() -> ProptestConfig {
    if option_env!("AMENDS_TIER") == Some("full") {
        return ProptestConfig::default();
    }
    ProptestConfig {
        cases: 60,
        rng_seed: RngSeed::Fixed(20_261_124),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn survives_everything_at_once(plan in Plan::wild()) {
        let world = run(plan);
        world.check_end();
    }

    #[test]
    fn same_seed_same_journal(plan in Plan::wild()) {
        let (one, other) = (run(plan.clone()), run(plan));
        prop_assert_eq!(one.journal, other.journal, "I8");
    }
}

/// A run that never does what it is to survive proves nothing.
#[test]
fn the_chaos_does_what_people_can_do() {
    let mut covered = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let plan = Plan {
            seed,
            orders: 5,
            workflow: None,
            faults: 100,
            rejects: 100,
            refusals: 400,
            commands: 40,
            noise: 10,
            ..Plan::calm("linear")
        };
        covered.extend(run(plan).laws.covered.into_keys());
    }
    let done = [
        "Rearmed",
        "Unblocked",
        "Landed",
        "Undone",
        "Held",
        "Parked",
        "CameTooLate",
        "CancelStarted",
        "CancelRefused",
        "CompensationStarted",
        "RewindStarted",
        "Rewound",
        "Edited",
        "ObligationClosed",
        "SlaSet",
        "SlaBreached",
        "Closed",
    ];
    let missing: Vec<&str> = done.into_iter().filter(|name| !covered.contains(*name)).collect();
    assert_eq!(missing, [""; 0], "nobody did this");
}
