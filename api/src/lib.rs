//! HTTP API, webhooks and callbacks of Amends.
//!
//! *What it does.* It takes deliveries and answers only when they survive power loss, shows orders as the store
//! durably knows them, and hands people's commands to the engine. [`Setup`] is everything it needs; [`router`] makes
//! the service, [`serve`] runs it until it is told to stop.
//!
//! *What it does not do.* It knows no storefront, recipe or workflow document: what a body means and whether it is
//! signed is asked through [`Door`], titles of steps through the engine's `Book`. It decides nothing about an order:
//! every change is a command that the engine accepts or refuses.
//!
//! *Invariants.* A 2xx to a delivery, a command or a token means that it is durable. A read shows durable state only.
//! Personal data leaves only on request (`?reveal=true`), to a role that may, after a line in the audit trail. Who may do
//! what stands in [`role`] and is asked in one place, the gate of each route.

pub mod audit;
pub mod brakes;
pub mod client;
mod evidence;
pub mod feed;
mod finance;
pub mod limits;
pub mod role;
pub mod sensitive;
pub mod token;
mod view;
pub mod words;

mod aim;
mod answer;
mod auth;
mod backups;
mod bulk;
mod cursor;
mod document;
mod door;
mod extract;
mod mask;
mod moment;
mod pending;
mod problem;
mod reader;
mod repeat;
mod ring;
mod router;
mod routes;
mod serve;
mod state;
mod tls;
mod whole;

pub use backups::{Backup, Made, Wanted};
pub use bulk::{Each, Selection};
pub use door::{Admission, Door, Knock, Refused};
pub use limits::Limits;
pub use problem::{Code, Problem};
pub use reader::Reader;
pub use router::router;
pub use routes::bulk::Wanted as BulkWish;
pub use routes::commands::Wish;
pub use routes::tokens::NewToken;
pub use serve::serve;
pub use state::{Names, Setup};
pub use tls::{Tls, TlsError};
