//! The pure core of Amends.
//!
//! Everything here is a function of its arguments: no clock, randomness, I/O, threads or hash-ordered
//! iteration. Time enters as a [`Millis`] on an input; ids and retry jitter are derived from keys.
//!
//! - [`definition`]: the validated, immutable workflow document.
//! - [`contract`]: what an operation of an outside system promises (delivery mode, postings).
//! - [`value`], [`expr`]: the values expressions work on and the evaluator the core is given.
//! - [`outcome`]: how an attempt ended.
//! - [`fact`]: deduplicated business events from outside.
//! - [`ledger`]: money and stock of one root.

pub mod command;
pub mod contract;
pub mod decide;
pub mod definition;
pub mod digest;
pub mod event;
pub mod evolve;
pub mod expr;
pub mod fact;
pub mod gate;
pub mod id;
pub mod instance;
pub mod kernel;
pub mod ledger;
pub mod limits;
pub mod outcome;
pub mod root;
pub mod time;
pub mod value;

pub use digest::Digest;
pub use id::{
    ConnectorId, FactName, InstanceId, ItemKey, OperationName, RoleName, RootKey, StepId, StoreId,
    WorkflowName,
};
pub use time::Millis;
pub use value::Value;
