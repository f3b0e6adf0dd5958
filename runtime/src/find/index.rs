//! How index entries of lists are spelt: `name`, then `facet | key`, then the row's id.
//!
//! A facet is the value searched for (`stuck`), a key what rows of one facet are ordered by (when the order was first
//! heard of). Both are text in the one value of [`Key::Index`].

use amends_storage::{Key, Span};

use super::Position;
use crate::summary::{Money, Summary};

/// By where the order stands, in order of age.
pub const STATE: &str = "state";
/// By the stage of an instance, in order of age.
pub(crate) const STAGE: &str = "stage";
/// By a step an instance stands at, in order of age.
pub(crate) const STEP: &str = "step";
/// By shop, in order of age.
pub(crate) const SHOP: &str = "shop";
/// By workflow, in order of age.
pub(crate) const WORKFLOW: &str = "workflow";
/// By cause of an open incident, in order of age.
pub const CAUSE: &str = "cause";
/// By the number the shop shows, in order of age.
pub(crate) const NUMBER: &str = "number";
/// By the number of an outside document, in order of age.
pub(crate) const DOCUMENT: &str = "document";
/// By digest of the buyer's e-mail address, in order of age.
pub(crate) const EMAIL: &str = "email";
/// By where the order stands, in order of the last change.
pub(crate) const CHANGED: &str = "changed";
/// By where the order stands, in order of currency and money at risk.
pub(crate) const RISK: &str = "risk";
/// Open incidents by what they are on, in order of age.
pub(crate) const INCIDENT_ON: &str = "incident-on";
/// Open incidents by cause, in order of age.
pub(crate) const INCIDENT_CAUSE: &str = "incident-cause";
/// Open incidents by cause and shop, in order of age: what is counted for those who see some shops only.
pub(crate) const INCIDENT_CAUSE_SHOP: &str = "incident-cause-shop";
/// Open incidents by shop, in order of age.
pub(crate) const INCIDENT_SHOP: &str = "incident-shop";
/// Open incidents by who looks after them, in order of age.
pub(crate) const INCIDENT_OWNER: &str = "incident-owner";

/// Stands between facet and key; no name contains it.
const BETWEEN: char = '\u{1f}';
/// Bytes of a facet that count. Longer values share a facet; their summaries tell them apart.
const FACET_BYTES_MAX: usize = 200;
/// The last change is kept to the second, so that an order on its way moves its entry about once a second and not
/// with every event.
const CHANGE_GRAIN_MS: i64 = 1_000;

/// The facet of a cause in one shop.
pub(crate) fn cause_in(cause: &str, shop: &str) -> String {
    format!("{cause}@{shop}")
}

/// A time as a key; times before 1970 count as 1970.
pub(crate) fn time_key(at_ms: i64) -> String {
    format!("{:012x}", at_ms.max(0))
}

/// The last change as a key.
pub(crate) fn change_key(at_ms: i64) -> String {
    time_key(at_ms - at_ms.rem_euclid(CHANGE_GRAIN_MS))
}

/// An amount as a key; negative amounts count as 0.
pub(crate) fn money_key(currency: &str, amount_minor: i64) -> String {
    format!("{currency}{:016x}", amount_minor.max(0))
}

/// Text as people search for it: whatever its case.
pub(crate) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

pub(crate) fn aged(name: &str, facet: &str, at_ms: i64, id: &str) -> Key {
    entry(name, facet, &time_key(at_ms), id)
}

pub(crate) fn changed(summary: &Summary) -> Key {
    entry(
        CHANGED,
        summary.state.name(),
        &change_key(summary.updated_ms),
        &summary.root,
    )
}

pub(crate) fn risk(summary: &Summary, money: &Money) -> Key {
    let key = money_key(&money.currency, money.amount_minor);
    entry(RISK, summary.state.name(), &key, &summary.root)
}

pub(crate) fn entry(name: &str, facet: &str, key: &str, id: &str) -> Key {
    Key::Index {
        name: name.to_owned(),
        value: format!("{}{key}", start(facet)),
        root: id.to_owned(),
    }
}

/// Every entry of one facet, in order of its key.
pub fn facet_span(name: &str, facet: &str) -> Span {
    Span::index_starting(name, &start(facet))
}

/// The entries of one facet whose key starts with `key`.
pub(crate) fn keyed_span(name: &str, facet: &str, key: &str) -> Span {
    Span::index_starting(name, &format!("{}{key}", start(facet)))
}

/// The entries of all facets that start with `text`.
pub(crate) fn text_span(name: &str, text: &str) -> Span {
    Span::index_starting(name, cut(text))
}

/// Where an entry stands in its facet.
pub(crate) fn position(entry: Key) -> Option<Position> {
    let Key::Index { value, root, .. } = entry else {
        return None;
    };
    let (_, key) = value.rsplit_once(BETWEEN)?;
    Some(Position {
        key: key.to_owned(),
        id: root,
    })
}

/// The facet of an entry.
pub(crate) fn facet_of(entry: &Key) -> Option<&str> {
    let Key::Index { value, .. } = entry else {
        return None;
    };
    value.rsplit_once(BETWEEN).map(|(facet, _)| facet)
}

fn start(facet: &str) -> String {
    let mut start = cut(facet).replace(BETWEEN, " ");
    start.push(BETWEEN);
    start
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(FACET_BYTES_MAX))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_what_they_stand_for(one in 0..i64::MAX / 2, other in 0..i64::MAX / 2) {
            let (one_time, other_time) = (one >> 16, other >> 16);
            prop_assert_eq!(time_key(one_time).cmp(&time_key(other_time)), one_time.cmp(&other_time));
            prop_assert_eq!(money_key("EUR", one).cmp(&money_key("EUR", other)), one.cmp(&other));
        }

        #[test]
        fn an_entry_tells_its_facet_and_place(facet in "\\PC{0,80}", at in 0..1_i64 << 47, id in "\\PC{1,30}") {
            let entry = aged(STATE, &facet, at, &id);
            prop_assert_eq!(facet_of(&entry), Some(cut(&facet)));
            prop_assert_eq!(position(entry), Some(Position { key: time_key(at), id }));
        }
    }
}
