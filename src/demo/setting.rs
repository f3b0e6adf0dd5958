//! What the server of the demonstration is told: its configuration, its address, and a token.

use std::net::TcpListener;
use std::path::Path;

use amends_api::role::Role;
use amends_api::token::{self, Wanted};
use amends_runtime::Clock;
use amends_storage::{Commit, Identity, Log as _, Options, Sled};
use amends_workflows::document::SHIPPED;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::kill::KINDS;
use super::stage::{Plan, SHOP};
use crate::server::identity::new_store_id;

/// Where a server listens unless told otherwise.
const PORT_USUAL: u16 = 7411;
/// Ports that are tried when a visitor needs none he knows; the system gives none of them to whoever asks for any.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// How far apart demonstrations begin to look that were started one after the other.
const PORTS_APART: u16 = 7;

/// Above every shipped version, so that new orders start on it.
const VERSION: &str = "version = 1000";
const RETRY: &str = r#"retry = { first = "500ms", factor = 2.0, max = "5s", give_up_after = "4h" }"#;

/// Orders in memory: few, so that they leave it and come back all the time.
const WORKING_SET: u64 = 64;

/// A port that nobody uses: the usual one for a visitor. A server that is killed must find its port free again, so
/// its own is far from those of other demonstrations.
///
/// # Errors
/// When there is none.
pub(super) fn free_port(plan: &Plan) -> miette::Result<u16> {
    let usual = (!plan.unattended).then_some(PORT_USUAL);
    let length = usize::from(PORTS.end - PORTS.start);
    let first = std::process::id() as usize * usize::from(PORTS_APART) % length;
    let own = PORTS.cycle().skip(first).take(length);
    let mut ports = usual.into_iter().chain(own);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| miette::miette!("no port is free"))
}

/// A token made before the server owns the store; the next run on this folder uses it again.
///
/// # Errors
/// When the store cannot be opened, because another demonstration runs on it for example.
pub(super) fn token(folder: &Path) -> miette::Result<String> {
    let file = folder.join("token");
    if let Ok(token) = std::fs::read_to_string(&file) {
        return Ok(token);
    }
    let now = Clock::default().now();
    let identity = Identity::new(&new_store_id(), now.0).into_diagnostic()?;
    let mut store =
        Sled::open_or_create(&folder.join("store"), &Options::default(), identity).into_diagnostic()?;
    let created = token::create(&[], &Wanted::new("demo", Role::Admin), "demo", now).into_diagnostic()?;
    store
        .commit(&Commit {
            writes: created.writes,
            ..Commit::default()
        })
        .into_diagnostic()?;
    std::fs::write(&file, created.secret.reveal()).into_diagnostic()?;
    Ok(created.secret.reveal().to_owned())
}

/// The shipped definitions as a shop would alter them whose systems are all next door: a version of its own that
/// tries again within seconds, not minutes, so that a run ends while somebody watches.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn write_definitions(folder: &Path) -> miette::Result<()> {
    let folder = folder.join("definitions");
    std::fs::create_dir_all(&folder).into_diagnostic()?;
    for (file, text) in SHIPPED {
        let name = Path::new(file).file_name().unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .map(|line| match line {
                _ if line.starts_with("version = ") => VERSION,
                _ if line.starts_with("retry = ") => RETRY,
                _ => line,
            })
            .collect();
        std::fs::write(folder.join(name), lines.join("\n") + "\n").into_diagnostic()?;
    }
    Ok(())
}

/// The configuration for a world that said where it listens.
///
/// With kills of every kind to come, the working set holds half of a wave.
pub(super) fn configuration(world: &Value, port: u16, plan: &Plan) -> String {
    let working_set = if plan.kills < KINDS {
        WORKING_SET
    } else {
        WORKING_SET.min(plan.wave() / 2)
    };
    let address = |pointer: &str| {
        let found = world.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    include_str!("amends.toml")
        .replace("@SHOP@", SHOP)
        .replace("@PORT@", &port.to_string())
        .replace("@WORKING_SET@", &working_set.to_string())
        .replace("@STOREFRONT@", &address(&format!("/shops/{SHOP}")))
        .replace("@ERP@", &address("/erp"))
        .replace("@PAYMENTS@", &address("/payments"))
        .replace("@WAREHOUSE@", &address("/warehouse"))
}
