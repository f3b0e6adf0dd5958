//! A whole store of each release opens in this one, verifies, folds, shows its orders and goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use amends_engine::RootKey;
use amends_runtime::{Term, find_archived, is_archived, load_root, read_summary, refold};
use amends_storage::verify::verify;
use amends_storage::{
    Commit, Direction, Frames as _, Key, Kind, Log as _, Options, Prefix, Sled, Span, Store as _, codec,
};
use serde_json::{Value, json};

use super::play::play;
use super::world::{World, done};
use super::{kept, path};

/// The packed stores, oldest release first.
fn stores() -> Vec<PathBuf> {
    let mut stores: Vec<PathBuf> = fs::read_dir(kept("stores"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .collect();
    stores.sort();
    stores
}

fn unpack(packed: &Path, into: &Path) -> PathBuf {
    let unpacked = Command::new("tar")
        .arg("-xzf")
        .arg(packed)
        .arg("-C")
        .arg(into)
        .status()
        .unwrap();
    assert!(unpacked.success());
    into.join("store")
}

/// The roots in the store, and those that have left.
fn roots(store: &Sled) -> Vec<String> {
    let mut roots = Vec::new();
    for prefix in [Prefix::Root, Prefix::Archived] {
        let page = store
            .scan(&Span::all(prefix), 4_000, Direction::Ascending)
            .unwrap();
        roots.extend(page.entries.iter().map(|(key, _)| {
            let (Key::Root(root) | Key::Archived(root)) = key else {
                panic!("{key}")
            };
            root.clone()
        }));
    }
    roots
}

/// What the store says, in a form that outlives types: what an operator sees of each order.
fn told(store: &Sled) -> Value {
    let orders = roots(store).into_iter().map(|root| {
        let key = RootKey::new(root.clone());
        let loaded = load_root(store, &key).unwrap().unwrap();
        assert_eq!(
            refold(store, &key).unwrap().as_ref(),
            Some(&loaded.root),
            "{root}: the snapshot is not what the journal folds to"
        );
        let summary = read_summary(store, &root).unwrap().unwrap();
        let prints: Vec<String> = loaded
            .root
            .instances
            .values()
            .map(|instance| instance.fingerprint().to_string())
            .collect();
        json!({
            "order": root,
            "number": summary.number,
            "state": summary.state.name(),
            "total": summary.total_minor,
            "documents": summary.documents,
            "frames": loaded.root.sequence,
            "revision": loaded.root.revision,
            "instances": prints,
            "archived": is_archived(store, &key).unwrap(),
        })
    });
    let orders: Vec<Value> = orders.collect();
    json!({
        "store": store.identity().store_id,
        "last_sequence": store.last_sequence(),
        "orders": orders,
    })
}

/// The listing beside a packed store.
fn listing(packed: &Path) -> PathBuf {
    packed.with_extension("").with_extension("json")
}

fn listing_of(packed: &Path) -> Value {
    serde_json::from_slice(&fs::read(listing(packed)).unwrap()).unwrap()
}

/// Plays the sandbox and keeps what comes of it as this release's.
pub(crate) fn rewrite() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path());
    fs::create_dir_all(path("stores")).unwrap();
    let packed = path("stores").join(concat!(env!("CARGO_PKG_VERSION"), ".tar.gz"));
    let done = Command::new("tar")
        .arg("-czf")
        .arg(&packed)
        .arg("-C")
        .arg(folder.path())
        .args(["store", "store.archive"])
        .status()
        .unwrap();
    assert!(done.success());
    super::values::write(&folder.path().join("store"));
    let store = Sled::open(&folder.path().join("store"), &Options::default()).unwrap();
    fs::write(listing(&packed), format!("{:#}\n", told(&store))).unwrap();
}

#[test]
fn a_store_of_every_release_opens_verifies_folds_and_goes_on() {
    let stores = stores();
    assert!(!stores.is_empty());
    for packed in stores {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Sled::open(&unpack(&packed, folder.path()), &Options::default()).unwrap();
        let report = verify(&store, |_| ()).unwrap();
        assert!(report.is_clean(), "{}: {report:?}", packed.display());
        assert!(report.archived_roots > 0 && report.roots > 0, "{report:?}");
        let told = told(&store);
        assert_eq!(told, listing_of(&packed), "{}", packed.display());
        found_by_number(&store, &told);
        go_on(&mut store);
    }
}

/// How many orders of a listing are in a state.
fn in_state(listing: &Value, state: &str) -> u64 {
    let orders = listing["orders"].as_array().unwrap();
    orders.iter().filter(|order| order["state"] == state).count() as u64
}

#[test]
fn the_server_of_this_release_serves_a_store_of_every_release() {
    for packed in stores() {
        let mut world = World::start();
        let folder = tempfile::tempdir().unwrap();
        let store = unpack(&packed, folder.path()).display().to_string();
        let config = world.config_of("earlier", &store);
        world.make_token("upgrade", &config);
        let server = world.serve(&config, &[]);
        let status = world.get("/status").unwrap();
        let before = listing_of(&packed);
        for state in ["moving", "stuck"] {
            let count = in_state(&before, state);
            assert!(count > 0 && status["orders"][state] == count, "{state}: {status}");
        }
        // It was kept as a restore leaves it.
        assert_eq!(status["effects_paused"], true, "{status}");
        let brakes = world.get("/brakes").unwrap();
        assert_eq!(brakes["connectors"]["erp"]["by"], "test", "{brakes}");
        for order in before["orders"].as_array().unwrap() {
            let path = format!("/orders/{}", order["order"].as_str().unwrap());
            let shown = world.get(&path).unwrap();
            assert_eq!(shown["revision"], order["revision"], "{path}");
            assert_eq!(shown["archived"], order["archived"], "{path}");
        }
        server.stop();
        let verdict = done(&["journal", "verify", "--store", &store]);
        assert!(verdict.contains(": whole"), "{verdict}");
    }
}

fn found_by_number(store: &Sled, told: &Value) {
    for order in told["orders"].as_array().unwrap() {
        let number = order["number"].as_str().unwrap();
        if order["archived"] == true {
            let found = find_archived(store, Term::Number, number, 9).unwrap();
            assert_eq!(found, [RootKey::new(order["order"].as_str().unwrap())]);
        }
    }
}

/// The log takes a further frame.
fn go_on(store: &mut Sled) {
    let page = store
        .scan(&Span::all(Prefix::Root), 1, Direction::Ascending)
        .unwrap();
    let Some((Key::Root(root), _)) = page.entries.into_iter().next() else {
        panic!("no order is left in the store")
    };
    let head = store.head_of(&root).unwrap();
    let events = codec::seal(Kind::Events, 1, &[0]).unwrap();
    let next = head.next(store.last_sequence() + 1, root, 1, events);
    let commit = Commit {
        frames: vec![next],
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    assert!(verify(store, |_| ()).unwrap().is_clean());
}
