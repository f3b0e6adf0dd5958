//! Orders at rest: those that can leave for an archive, and what they are found by there.

use amends_storage::{Direction, Key, ReadError, Span, Store};

use crate::summary::{State, Summary};

/// The index of orders at rest, by when they came to rest.
const REST: &str = "rest";

/// The entry of an order at rest: nothing runs, nothing is owed, nobody is needed, and time alone moves nothing.
pub(crate) fn key(summary: &Summary) -> Option<Key> {
    let ended = match summary.state {
        State::Idle | State::Completed | State::Compensated | State::Closed => true,
        State::Moving | State::Stuck => false,
    };
    let at_rest =
        ended && summary.incidents.is_empty() && summary.obligations == 0 && summary.due_ms.is_none();
    at_rest.then(|| Key::Index {
        name: REST.to_owned(),
        value: value(summary.updated_ms),
        root: summary.root.clone(),
    })
}

/// A time as text in the order of times.
fn value(at_ms: i64) -> String {
    format!("{:020}", at_ms.max(0))
}

/// Orders at rest since before `before`, the longest first, at most `limit`.
pub(crate) fn since<S: Store>(store: &S, before: i64, limit: usize) -> Result<Vec<String>, ReadError> {
    let (mut roots, mut span) = (Vec::new(), Some(Span::index_starting(REST, "")));
    let end = value(before);
    while let Some(rest) = span.take().filter(|_| roots.len() < limit) {
        let page = store.scan(&rest, limit - roots.len(), Direction::Ascending)?;
        for (key, _) in page.entries {
            let Key::Index { value, root, .. } = key else {
                continue;
            };
            if value >= end {
                return Ok(roots);
            }
            roots.push(root);
        }
        span = page.rest;
    }
    Ok(roots)
}

/// What an archived order is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The number the shop shows.
    Number,
    /// The number of an outside document.
    Document,
    /// A refund: `shop/id`.
    Refund,
    /// An instance.
    Instance,
}

impl Term {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Document => "document",
            Self::Refund => "refund",
            Self::Instance => "instance",
        }
    }

    /// How it stands in an archive. Case says nothing, as in lists.
    pub(crate) fn of(self, value: &str) -> String {
        format!("{}/{}", self.name(), value.trim().to_lowercase())
    }
}

/// Everything an order is found by once it is archived.
pub(crate) fn terms(summary: &Summary) -> Vec<String> {
    let shop = summary.root.split(':').next().unwrap_or_default();
    let instances = summary
        .instances
        .iter()
        .map(|instance| Term::Instance.of(&instance.id));
    let documents = summary
        .documents
        .iter()
        .map(|document| Term::Document.of(document));
    let refunds = summary
        .refunds
        .iter()
        .map(|refund| Term::Refund.of(&format!("{shop}/{refund}")));
    let number = (!summary.number.is_empty()).then(|| Term::Number.of(&summary.number));
    instances.chain(documents).chain(refunds).chain(number).collect()
}
