//! What earlier releases stored: values of every kind, and a whole store of each release.
//!
//! `AMENDS_REWRITE=1 cargo test -p amends --test golden` plays the sandbox and writes all of it anew; README.md beside this file says
//! when that is right.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

mod play;
mod store;
mod values;
#[path = "../store/world.rs"]
mod world;

use std::path::PathBuf;
use std::sync::OnceLock;

static REWRITTEN: OnceLock<()> = OnceLock::new();

/// A file or folder of the fixtures, written anew before any test reads one when that is asked for.
fn kept(name: &str) -> PathBuf {
    REWRITTEN.get_or_init(|| {
        if std::env::var("AMENDS_REWRITE").is_ok() {
            store::rewrite();
        }
    });
    path(name)
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).join(name)
}
