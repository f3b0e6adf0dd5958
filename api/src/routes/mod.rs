//! One file per resource, one function per verb.

pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod brakes;
pub(crate) mod bulk;
pub(crate) mod care;
pub(crate) mod commands;
pub(crate) mod deliveries;
pub(crate) mod feed;
pub(crate) mod find;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod inbound;
pub(crate) mod incidents;
pub(crate) mod me;
pub(crate) mod metrics;
pub(crate) mod notes;
pub(crate) mod orders;
pub(crate) mod pages;
pub(crate) mod pending;
pub(crate) mod redrive;
pub(crate) mod requests;
pub(crate) mod shops;
pub(crate) mod status;
pub(crate) mod tokens;
