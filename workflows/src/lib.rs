//! Canonical retail model, expression language and the workflow definitions that ship with Amends.

pub mod catalogue;
pub mod cel;
pub mod document;
pub mod mirror;
pub mod model;
mod suggest;
