//! The sandbox world: servers that play an ERP, a payment provider, a warehouse and storefronts over real loopback
//! HTTP, with the shapes and habits of real ones, settable latency and faults, and a witness of every effect.
//!
//! - [`World`]: all servers, started and stopped together. Their state is in memory: a world that has to survive
//!   the restart of its client runs in a process of its own.
//! - [`Witness`]: the independent count of what really took place.
//! - [`Workload`]: orders drawn from a seed.
//! - [`Rule`] and [`Fault`]: what goes wrong, when, reproducibly.
//!
//! Every server answers its control API below `/_control/`; the world's control port answers the same below
//! `/<system>/_control/`, also while a system is down.

mod erp;
mod front;
mod memory;
mod options;
mod outbox;
mod payments;
mod random;
mod server;
mod sign;
mod storefront;
mod warehouse;
pub mod witness;
mod workload;
mod world;

pub use self::erp::{Login, Repeat};
pub use self::front::counters::{Callbacks, Counts};
pub use self::front::desk::{Down, Latency};
pub use self::front::fault::{ErrorInside, Fault};
pub use self::front::plan::Rule;
pub use self::options::{Callback, Hook, Options, Ports, Shop};
pub use self::payments::IntentSeed;
pub use self::server::StartError;
pub use self::warehouse::Dispatch;
pub use self::witness::{Effect, Summary, Units, Witness};
pub use self::workload::{ARTICLES, Made, Mix, Payment, Workload};
pub use self::world::{Addresses, World};
