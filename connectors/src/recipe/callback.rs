//! Callbacks: what an outside system reports by itself, signed.

use std::collections::BTreeMap;

use super::formula::Formula;

/// How callbacks are verified and read.
#[derive(Debug, Clone)]
pub(super) struct CallbackRules {
    pub(super) signature: Signature,
    pub(super) event: Formula,
    pub(super) facts: Vec<FactRule>,
}

/// How a callback is signed: HMAC-SHA-256 in a header.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) header: String,
    pub(super) layout: Layout,
    pub(super) encoding: Digits,
    pub(super) secrets: Vec<String>,
    pub(super) tolerance_ms: i64,
}

/// What is signed and how the header holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `t=<seconds>,v1=<mac>[,v1=<mac>]` over `<seconds>.<body>`.
    Timestamped,
    /// The MAC of the body alone.
    Plain,
}

/// How a MAC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    Hex,
    Base64,
}

/// What a callback means when `when` is true of it.
#[derive(Debug, Clone)]
pub(super) struct FactRule {
    pub(super) when: Formula,
    pub(super) name: String,
    pub(super) id: Formula,
    pub(super) root: Formula,
    pub(super) payload: BTreeMap<String, Formula>,
}
