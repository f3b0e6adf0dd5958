//! Everything goes wrong at random, then heals; the invariants hold all the way.

use proptest::prelude::*;

use crate::world::World;
use crate::world::plan::Plan;
use crate::world::shop::{Shelf, workflows};

fn run(plan: Plan) -> World {
    let mut world = World::new(plan, Shelf::new(workflows()));
    world.run();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

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
