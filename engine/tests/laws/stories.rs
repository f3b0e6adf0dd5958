//! One order at a time, nothing goes wrong: each workflow ends as it should.

use amends_engine::instance::Stage;

use crate::world::World;
use crate::world::plan::Plan;
use crate::world::shop::{Shelf, workflows};

#[test]
fn calm_orders_complete() {
    for workflow in [
        "linear",
        "branches",
        "picking",
        "contested",
        "parcels",
        "instalments",
    ] {
        let mut world = World::new(Plan::calm(workflow), Shelf::new(workflows()));
        world.run();
        world.check_end();
        world.check_books();
        for root in world.roots() {
            for instance in root.instances.values() {
                assert_eq!(
                    instance.stage,
                    Stage::Completed,
                    "{workflow}: {:#?}",
                    root.incidents
                );
            }
        }
    }
}
