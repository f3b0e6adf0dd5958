//! Backup of a server under load, restore elsewhere, verify, look, resume.

use std::fs;
use std::path::Path;

use amends_storage::{Frames as _, Options, Sled, Store as _};
use serde_json::Value;

use super::witness::{ours, twice};
use super::world::{World, amends, bytes_of, done, refused, said, until};

/// The file and the cut that `amends backup` printed.
fn made(printed: &str) -> (String, u64) {
    let file = printed.lines().find(|line| line.ends_with(".backup")).unwrap();
    let cut = printed.split("cut at sequence ").nth(1).unwrap();
    (file.to_owned(), cut.split(':').next().unwrap().parse().unwrap())
}

fn backup(world: &World) -> String {
    let reach = world.reach();
    let args: Vec<&str> = ["backup"]
        .into_iter()
        .chain(reach.iter().map(String::as_str))
        .collect();
    done(&args)
}

#[test]
fn a_backup_under_load_is_restored_and_nothing_happens_twice() {
    let world = World::start();
    let config = world.config("store");
    let server = world.serve(&config, &[]);
    world.generate(30, 5);
    until("orders run to cash", || world.count("completed") > 2);

    // While orders go on.
    let printed = backup(&world);
    assert!(
        printed.contains("writing the backup: ") && printed.contains("(100 %)"),
        "{printed}"
    );
    let (file, cut) = made(&printed);
    assert!(cut > 10, "{printed}");
    world.generate(10, 6);
    world.settle(40);
    let before = world.effects();
    assert_eq!(twice(&before), Vec::<String>::new());
    server.kill();

    // Elsewhere.
    let elsewhere = world.text("elsewhere");
    let printed = done(&["restore", &file, "--store", &elsewhere, "--as", "replacement"]);
    for part in [
        "checking the backup: ",
        "restoring: ",
        "in epoch 1",
        &format!("cut at sequence {cut}."),
        "effects are paused",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let verdict = done(&["journal", "verify", "--store", &elsewhere]);
    assert!(
        verdict.contains(&format!("{cut} frames of ")) && verdict.contains(": whole"),
        "{verdict}"
    );
    equal_up_to(cut, &world.path("store"), &world.path("elsewhere"));

    // It starts paused, and what it owes waits.
    let restored = world.config("elsewhere");
    let server = world.serve(&restored, &[]);
    let status = world.get("/status").unwrap();
    assert_eq!(status["effects_paused"], true, "{status}");
    let moving = world.count("moving");
    world.generate(1, 7);
    let known = |status: &Value| {
        status["deliveries_pending"] == 0 && status["orders"]["moving"].as_u64() > Some(moving)
    };
    until("the new order is known", || {
        known(&world.get("/status").unwrap_or_default())
    });
    assert_eq!(
        ours(&world.effects()),
        ours(&before),
        "an effect left although effects are paused"
    );

    // A person resumes. What took place after the cut is found, not made again; what came in from the shop is read
    // again; reports of the warehouse are not sent again, and their waits show.
    world.post("/effects/resume");
    world.settle(41);
    let after = world.effects();
    assert!(ours(&after) > ours(&before));
    assert_eq!(twice(&after), Vec::<String>::new());
    server.stop();
    let verdict = done(&["journal", "verify", "--store", &elsewhere]);
    assert!(verdict.contains(": whole"), "{verdict}");
}

/// Both stores have the same frames up to the cut, byte for byte.
fn equal_up_to(cut: u64, one: &Path, other: &Path) {
    let open = |folder: &Path| Sled::open(folder, &Options::default()).unwrap();
    let (one, other) = (open(one), open(other));
    assert_eq!(other.applied_sequence(), cut);
    assert!(one.applied_sequence() > cut, "nothing happened after the cut");
    let mut next = 1;
    while next <= cut {
        let frames = |store: &Sled| store.frames_from(next, 200).unwrap();
        let (mut before, restored) = (frames(&one), frames(&other));
        before.retain(|frame| frame.sequence <= cut);
        assert_eq!(before, restored);
        next = restored.last().unwrap().sequence + 1;
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_nothing_changes() {
    let world = World::start();
    let config = world.config("store");
    let left = world.path("store.backups/amends-1-1.backup.partial");
    fs::create_dir(left.parent().unwrap()).unwrap();
    fs::write(&left, "cut off").unwrap();
    let server = world.serve(&config, &[]);
    assert!(!left.exists(), "what a backup left that was cut off");
    let (file, _) = made(&backup(&world));

    // The store is in use.
    let store = world.text("store");
    let said = refused(&["journal", "verify", "--store", &store]);
    assert!(
        said.contains("is in use by another process; stop that process first"),
        "{said}"
    );
    let said = refused(&["restore", &file, "--store", &store, "--as", "copy"]);
    assert!(said.contains("is not empty"), "{said}");
    let reach = world.reach();
    let mut args = vec!["backup", "--cut", "999999"];
    args.extend(reach.iter().map(String::as_str));
    let said = refused(&args);
    assert!(
        said.contains("no backup was made") && said.contains("999999"),
        "{said}"
    );
    server.stop();
    let said = refused(&args);
    assert!(said.contains("does not answer"), "{said}");

    // An existing store is left as it is.
    let before = bytes_of(&world.path("store"));
    let said = refused(&["restore", &file, "--store", &store, "--as", "copy"]);
    assert!(
        said.contains("is not empty; create the store in a new or empty folder"),
        "{said}"
    );
    assert_eq!(bytes_of(&world.path("store")), before);

    // What is no whole backup makes no store.
    let whole = fs::read(&file).unwrap();
    let target = world.text("target");
    for (name, bytes, expected) in [
        ("cut short", &whole[..whole.len() - 40], "the file ends too early"),
        ("half", &whole[..whole.len() / 2], "is damaged"),
        (
            "another file",
            &b"[server]\nlisten = 1"[..],
            "is no backup of Amends",
        ),
        ("empty", &b""[..], "is no backup of Amends"),
    ] {
        let wrong = world.text("wrong.backup");
        fs::write(&wrong, bytes).unwrap();
        let said = refused(&["restore", &wrong, "--store", &target, "--as", "copy"]);
        assert!(said.contains(expected), "{name}: {said}");
        assert!(!world.path("target").exists(), "{name}");
    }
    let said = refused(&[
        "restore",
        &world.text("none.backup"),
        "--store",
        &target,
        "--as",
        "copy",
    ]);
    assert!(said.contains("none.backup: No such file"), "{said}");
    let said = refused(&["journal", "verify", "--store", &target]);
    assert!(said.contains("there is no store in"), "{said}");
}

#[test]
fn damage_is_named_and_the_exit_code_says_so() {
    let world = World::start();
    let config = world.config("store");
    let server = world.serve(&config, &[]);
    world.generate(2, 5);
    until("an order is known", || {
        world.count("moving") + world.count("completed") > 0
    });
    server.stop();
    let raw = sled::Config::new()
        .path(world.path("store/sled"))
        .segment_size(amends_storage::limits::SEGMENT_BYTES)
        .open()
        .unwrap();
    let (key, value) = raw.scan_prefix(b"e").next().unwrap().unwrap();
    let mut value = value.to_vec();
    *value.last_mut().unwrap() ^= 1;
    raw.insert(key, value).unwrap();
    raw.flush().unwrap();
    drop(raw);
    let output = amends(&["journal", "verify", "--store", &world.text("store")])
        .output()
        .unwrap();
    let printed = said(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    for part in ["DAMAGED", "its checksum is", "amends restore"] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}
