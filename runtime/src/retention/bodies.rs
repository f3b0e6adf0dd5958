//! Raw bodies of deliveries.

use amends_storage::{Direction, Key, Prefix, Span, Store, Write};

use super::{Retention, RetentionError, STEP_ENTRIES};
use crate::delivery::{DeliveryState, decode};

/// Deliveries of one step; each may be of some hundred KiB and lie in many pieces.
const DELIVERIES: usize = STEP_ENTRIES / 4;

impl<R: Store + Clone + Send + Sync + 'static> Retention<R> {
    /// Deletes deliveries received before `before` that do not wait any more.
    pub(super) async fn delete_bodies(&self, before: i64) -> Result<usize, RetentionError> {
        let (mut deleted, mut from) = (0, Some(Span::all(Prefix::Delivery)));
        while let Some(span) = from.take() {
            let _alone = self.upkeep.lock().await;
            let (writes, rest) = self.read(move |reader| step(reader, &span, before)).await?;
            deleted += writes.len();
            if !writes.is_empty() {
                self.handle.write(writes).await?;
            }
            from = rest;
        }
        Ok(deleted)
    }
}

/// What goes of the first deliveries of `span`, and where to go on: behind them, or at the next source.
fn step<R: Store>(
    reader: &R,
    span: &Span,
    before: i64,
) -> Result<(Vec<Write>, Option<Span>), RetentionError> {
    let page = reader.scan(span, DELIVERIES, Direction::Ascending)?;
    let mut writes = Vec::new();
    for (key, value) in &page.entries {
        let Key::Delivery {
            shop, received_ms, ..
        } = key
        else {
            continue;
        };
        if *received_ms >= before {
            return Ok((writes, Some(Span::all(Prefix::Delivery).after(&last_of(shop)))));
        }
        if decode(reader, key, value)?.state != DeliveryState::Pending {
            writes.push(Write::Delete { key: key.clone() });
        }
    }
    Ok((writes, page.rest))
}

/// A key behind every delivery of a source.
fn last_of(source: &str) -> Key {
    Key::Delivery {
        shop: source.to_owned(),
        received_ms: i64::MAX,
        id: "\u{10FFFF}".to_owned(),
    }
}
