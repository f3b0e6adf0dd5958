//! Keeping the rows: what the events of a frame moved, added to the row of its order and day.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::event::{Event, InstanceEvent, Verdict};
use amends_engine::ledger::{Account, Line, Phase, Posting};
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

    /// The writes that keep what `events` moved in `root`. `content` gives the order's content by digest, when it is known.
    pub(crate) fn keep<S: Store>(
        &mut self,
        store: &S,
        root: &Root,
        at: Millis,
        events: &[Event],
        content: impl Fn(&Digest) -> Option<Arc<Value>>,
    ) -> Result<Vec<Write>, KeepError> {
        let moved: Vec<&Posting> = events.iter().flat_map(landed).collect();
        if moved.is_empty() {
            return Ok(Vec::new());
        }
        let day = Day::of(at);
        let key = row_key(&root.key, day);
        let mut row = match self.rows.remove(root.key.as_str()) {
            Some((of, row)) if of == day => row,
            _ => read(store, &key)?,
        };
        let order = root.subject.as_ref().and_then(content);
        for posting in moved {
            row.add(posting);
            add_tax(&mut row, posting, order.as_deref());
        }
        if row.is_empty() {
            return Ok(Vec::new());
        }
        let value = codec::encode(Kind::Summary, VERSION, &row)?;
        self.rows.insert(root.key.as_str().to_owned(), (day, row));
        Ok(vec![Write::Put { key, value }])
    }
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

fn add_tax(row: &mut Row, posting: &Posting, order: Option<&Value>) {
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
        | Account::SentBack => return,
    };
    let (Line::Money { currency, .. }, Some(order)) = (&posting.line, order) else {
        return;
    };
    for tax in within(order, posting.amount, *currency, document) {
        row.add_tax(&tax);
    }
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
