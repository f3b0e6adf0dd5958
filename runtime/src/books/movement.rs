//! Keeping the rows: what the events of a frame moved, added to the row of its order and day.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::event::{Event, InstanceEvent, Verdict};
use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
use amends_engine::root::Root;
use amends_engine::{Digest, Millis, RootKey, Value};
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};

use super::row::Row;
use super::tax::{Document, within};
use super::{Day, INDEX, VERSION, index_value};

/// Rows kept in memory, to save a read per frame. About 300 bytes each.
const ROWS_MAX: usize = 50_000;

/// Keeps the rows of a store.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    rows: BTreeMap<String, (Day, Row)>,
}

/// Why a row could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Keeper {
    /// Keeps memory bounded. Only between commits: what is not committed yet cannot be read back.
    pub(crate) fn forget(&mut self) {
        if self.rows.len() > ROWS_MAX {
            self.rows.clear();
        }
    }

    /// The write that keeps what `events` moved in `root`, if anything. `content` gives the order's content by digest; it is asked
    /// for only where tax is in what moved.
    pub(crate) fn keep<S: Store>(
        &mut self,
        store: &S,
        root: &Root,
        at: Millis,
        events: &[Event],
        content: impl Fn(&Digest) -> Option<Arc<Value>>,
    ) -> Result<Option<Write>, KeepError> {
        if !events.iter().any(moves_money) {
            return Ok(None);
        }
        let day = Day::of(at);
        let mut row = match self.rows.remove(root.key.as_str()) {
            Some((of, row)) if of == day => row,
            _ => read(store, &row_key(&root.key, day))?,
        };
        add(&mut row, root, events, content);
        let write = kept(&root.key, day, &row)?;
        self.rows.insert(root.key.as_str().to_owned(), (day, row));
        Ok(Some(write))
    }
}

/// Adds what `events` moved in `root`.
pub(crate) fn add(
    row: &mut Row,
    root: &Root,
    events: &[Event],
    content: impl Fn(&Digest) -> Option<Arc<Value>>,
) {
    for posting in events.iter().flat_map(landed) {
        row.add(posting);
        if let Some((document, currency)) = taxed(posting) {
            let order = root.subject.as_ref().and_then(&content);
            let taxes = order.map(|order| within(&order, posting.amount, currency, document));
            for tax in taxes.unwrap_or_default() {
                row.add_tax(&tax);
            }
        }
    }
}

/// The write that keeps the whole row of an order and day.
pub(crate) fn kept(root: &RootKey, day: Day, row: &Row) -> Result<Write, EncodeError> {
    Ok(Write::Put {
        key: row_key(root, day),
        value: codec::encode(Kind::Summary, VERSION, row)?,
    })
}

/// Whether an event moves money for good.
pub(crate) fn moves_money(event: &Event) -> bool {
    landed(event).any(|posting| matches!(posting.line, Line::Money { .. }))
}

fn row_key(root: &RootKey, day: Day) -> Key {
    let shop = root.as_str().split(':').next().unwrap_or_default();
    Key::Index {
        name: INDEX.to_owned(),
        value: index_value(shop, day),
        root: root.as_str().to_owned(),
    }
}

fn read<S: Store>(store: &S, key: &Key) -> Result<Row, ReadError> {
    let Some(sealed) = store.get(key)? else {
        return Ok(Row::default());
    };
    decode(&sealed).map_err(|meaning| ReadError::Damaged {
        key: key.stored(store.partition()),
        meaning,
    })
}

/// A stored row.
pub(super) fn decode(sealed: &[u8]) -> Result<Row, String> {
    let decoded = codec::decode::<Row>(Kind::Summary, sealed);
    decoded.map(|(_, row)| row).map_err(|error| error.to_string())
}

/// The kind of document that a posting is of, where tax is in it.
fn taxed(posting: &Posting) -> Option<(Document, Currency)> {
    let Line::Money { currency, .. } = posting.line else {
        return None;
    };
    let document = match posting.account {
        Account::Invoiced => Document::Invoice,
        Account::Credited => Document::CreditNote,
        Account::Agreed
        | Account::CancelledUninvoiced
        | Account::Rounding
        | Account::Due
        | Account::Authorized
        | Account::Voided
        | Account::Captured
        | Account::Refunded
        | Account::ChargedBack
        | Account::Ordered
        | Account::CancelledUnits
        | Account::Reserved
        | Account::Released
        | Account::Shipped
        | Account::Returned
        | Account::Restocked
        | Account::Scrapped
        | Account::SentBack => return None,
    };
    Some((document, currency))
}

/// What an event moved for good: the same postings the ledger lands when it folds the event.
fn landed(event: &Event) -> impl Iterator<Item = &Posting> {
    let postings: &[Posting] = match event {
        Event::FactRecorded { fact } => &fact.postings,
        Event::Posted { postings, .. }
        | Event::Of {
            event:
                InstanceEvent::Landed { postings, .. }
                | InstanceEvent::AttemptEnded {
                    verdict: Verdict::Landed { postings, .. },
                    ..
                },
            ..
        } => postings,
        Event::Observed { .. }
        | Event::SubjectRevised { .. }
        | Event::IncidentOpened { .. }
        | Event::IncidentClosed { .. }
        | Event::ObligationOpened { .. }
        | Event::ObligationClosed { .. }
        | Event::Commanded { .. }
        | Event::Noted { .. }
        | Event::Of { .. } => &[],
    };
    let claims = matches!(event, Event::FactRecorded { .. });
    // What a fact claims lands when it is verified; everything else has landed whatever its phase says.
    postings
        .iter()
        .filter(move |posting| !claims || posting.phase == Phase::Landed)
}
