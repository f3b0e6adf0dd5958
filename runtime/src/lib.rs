//! The one tokio loop of Amends.
//!
//! The kernel decides; this crate does. It turns what the kernel appends into commits, performs the errands it
//! releases, loads and stores roots, and stops everything in order. Three parts talk by messages only:
//!
//! - the *loop* owns the kernel and never waits for the disk;
//! - the *committer*, one thread, owns the log: it takes whatever waits, commits it once, and only then reports
//!   it durable;
//! - *errands* are one task each, performed through [`Perform`], whose end comes back as an input.
//!
//! What people and the API read is the store's durable state, never the kernel's.

mod alike;
pub mod books;
mod clock;
mod committer;
mod delivery;
mod errand;
pub mod find;
mod handle;
mod inbox;
pub mod incident;
mod ingest;
mod intake;
mod journal;
mod known;
pub mod meter;
mod patrol;
mod portion;
mod reading;
mod rebuild;
mod rest;
mod retention;
mod run;
mod shelf;
mod summary;
mod text;

pub use alike::Alike;
pub use clock::{Clock, ClockState};
pub use committer::CommitterError;
pub use delivery::{Arrival, Delivery, DeliveryState};
pub use errand::{Perform, Performed};
pub use handle::{GateHealth, Handle, Health, Stopped};
pub use inbox::{AcceptError, Inbox, last_delivered};
pub use incident::{
    Closed, Incident, IncidentError, Incidents, Origin, Report, closed_incidents, open_incident,
    open_incidents,
};
pub use ingest::{Aside, Ingest, IngestStop, StopReason};
pub use intake::{Alarm, Intake, IntakeError, Interpret, Interpretation, Look, Scope, Taken};
pub use journal::{EventsError, decode_events, encode_events};
pub use known::{MirrorState, Sent, known};
pub use patrol::{CompareReport, CompareRun, CompareStage, Gap, SweepCursor, SweepReport, first_met, meet};
pub use reading::{LoadError, Loaded, history, load_root, load_value, refold};
pub use rebuild::{RebuildError, rebuild, rebuild_all};
pub use rest::Term;
pub use retention::{Expired, Passed, Retention, RetentionError, Rules, Upkeep};
pub use run::{Acknowledge, Running, Settings, start};
pub use shelf::{find_archived, is_archived, left_up_to};
pub use summary::{
    IncidentSummary, InstanceSummary, Money, State, Summary, Wait, at_risk, read_summary, shop_of, since,
    until,
};
pub use text::{ValueError, parse_value};
