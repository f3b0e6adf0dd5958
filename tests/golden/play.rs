//! Makes the store that is kept: orders that ran to cash and left for an archive, orders that wait, one that is stuck,
//! a backup, and a restore that is paused.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::world::{World, done, until};

/// Plays, and leaves a stopped `store` with its archives and backups in `into`.
pub(crate) fn play(into: &Path) {
    let world = World::start();
    let config = world.config("store");
    let server = world.serve(&config, &[]);
    world.generate_of(
        4,
        5,
        &json!({ "stripe": 50, "stripe-manual": 40, "cod": 5, "free": 5 }),
    );
    world.rest(4, server, &config).stop();
    let server = world.serve(&config, &["--test-retain-ms", "500"]);
    until("orders have left", || archived(&world) >= 3);
    world.generate_of(3, 6, &json!({ "bacs": 100 }));
    world.spoil(
        "erp",
        &json!({ "kind": "error-inside", "says": "user", "count": 1, "operation": "sale.sale.create" }),
    );
    world.generate_of(1, 9, &json!({ "stripe": 100 }));
    until("an order is stuck and three wait", || {
        world.count("stuck") == 1 && world.count("moving") == 3
    });
    server.stop();
    let server = world.serve(&config, &[]);
    world.post("/connectors/erp/pause");
    let reach = world.reach();
    let args: Vec<&str> = ["backup"]
        .into_iter()
        .chain(reach.iter().map(String::as_str))
        .collect();
    let printed = done(&args);
    let file = printed.lines().find(|line| line.ends_with(".backup")).unwrap();
    server.stop();

    let store = into.join("store").display().to_string();
    done(&[
        "restore",
        file,
        "--store",
        &store,
        "--as",
        "replacement",
        "--archives",
        &world.text("store.archive"),
    ]);
    let backups = into.join("store.backups");
    fs::create_dir_all(&backups).unwrap();
    fs::copy(file, backups.join("orders.backup")).unwrap();
    let server = world.serve(&world.config_of("second", &store), &[]);
    until("the restored store answers", || world.count("moving") == 3);
    server.stop();
}

/// How many orders have left.
fn archived(world: &World) -> usize {
    let shown = (1..40).filter_map(|id| world.get(&format!("/orders/demo1:{id}")));
    shown.filter(|order| order["archived"] == true).count()
}
