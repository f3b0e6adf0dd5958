//! Everything that waits for a person, in one list: incidents of orders, which their journals hold, and incidents of
//! deliveries, shops and connectors, which are kept here.
//!
//! An incident has an id that says what it is on: `eu-shop:1042~3` is the third of an order, `shop/eu-shop/shop-silent`
//! hangs on no order; of those at most one per thing and cause is open. Who looks after an incident and until when it is
//! snoozed are kept beside it: they change nothing about the order, so that they are in the audit trail and not in its
//! journal.

mod care;
mod list;
mod note;
mod record;

pub use care::{Care, assign, care_of, snooze};
pub(crate) use care::{forget, owner_entries};
pub use list::{Causes, IncidentQuery, IncidentRow, IncidentsFound, Snoozed, causes, incident, incidents};
pub use note::{Note, note, notes};
pub(crate) use record::record_entries;
pub use record::{
    Closed, Incident, IncidentError, Incidents, Origin, Report, closed_incidents, open_incident,
    open_incidents,
};
#[cfg(test)]
pub(crate) use record::{closing, opening};

/// What an incident of an order is on, as lists name it.
pub(crate) const ORDER: &str = "order";
/// What incidents can be on that hang on no order, as lists name it.
pub(crate) const KINDS: [&str; 3] = ["delivery", "shop", "connector"];
/// Stands before the number in the id of an order's incident.
const NUMBER: char = '~';

/// The id of an incident of an order.
pub fn order_id(root: &str, number: u32) -> String {
    format!("{root}{NUMBER}{number}")
}

/// The order and number an id names; `None` when it is not on an order.
pub fn order_of(id: &str) -> Option<(&str, u32)> {
    let (root, number) = id.rsplit_once(NUMBER)?;
    Some((root, number.parse().ok()?))
}

/// What an incident is on, as notes are kept under: an order's key, `shop/eu-shop`, `connector/tryton-eu`.
pub fn subject_of(id: &str) -> &str {
    if let Some((root, _)) = order_of(id) {
        return root;
    }
    id.rsplit_once('/').map_or(id, |(subject, _)| subject)
}
