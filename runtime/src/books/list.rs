//! Reading the rows: sums of days, and what a day is made of.

use amends_storage::{Direction, Key, ReadError, Span, Store};
use thiserror::Error;

use super::movement::decode;
use super::{Day, INDEX, Row, index_value};

/// Rows read for one answer: two months of three thousand orders a day, about half a second.
const ROWS_READ_MAX: usize = 200_000;
const ROWS_PER_READ: usize = 1_000;

/// Why days could not be summed.
#[derive(Debug, Error)]
pub enum DaysError {
    /// The store failed or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is more than one answer should read.
    #[error("more than {ROWS_READ_MAX} orders moved in these days: ask for fewer days or one shop")]
    TooMany,
}

/// What moved in a shop on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The shop.
    pub shop: String,
    /// The day.
    pub day: Day,
    /// All orders together.
    pub row: Row,
    /// Orders in which something moved.
    pub orders: usize,
}

/// What moved in an order on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOrder {
    /// The order.
    pub root: String,
    /// What moved.
    pub row: Row,
}

/// The days from `from` to `to`, both counted, on which something moved in any of `shops`; by shop, then day.
///
/// # Errors
/// [`DaysError`].
pub fn days<S: Store>(store: &S, shops: &[String], from: Day, to: Day) -> Result<Vec<DayRow>, DaysError> {
    let (mut days, mut read) = (Vec::new(), 0);
    for shop in shops {
        let mut day = from;
        while day <= to {
            let mut sum = DayRow {
                shop: shop.clone(),
                day,
                row: Row::default(),
                orders: 0,
            };
            let mut next = Some(Span::index(INDEX, &index_value(shop, day)));
            while let Some(span) = next.take() {
                let (orders, rest) = page(store, &span, ROWS_PER_READ)?;
                read += orders.len();
                if read > ROWS_READ_MAX {
                    return Err(DaysError::TooMany);
                }
                sum.orders += orders.len();
                for order in &orders {
                    sum.row.merge(&order.row);
                }
                next = rest;
            }
            if sum.orders > 0 {
                days.push(sum);
            }
            if day == to {
                break;
            }
            day = day.next();
        }
    }
    Ok(days)
}

/// The orders of `shop` in which something moved on `day`, by name, behind `after`; and whether there are more.
///
/// # Errors
/// [`ReadError`] when the store failed or is damaged.
pub fn orders<S: Store>(
    store: &S,
    shop: &str,
    day: Day,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<DayOrder>, bool), ReadError> {
    let value = index_value(shop, day);
    let mut span = Span::index(INDEX, &value);
    if let Some(root) = after {
        span = span.after(&Key::Index {
            name: INDEX.to_owned(),
            value,
            root: root.to_owned(),
        });
    }
    let (mut orders, _) = page(store, &span, limit + 1)?;
    let more = orders.len() > limit;
    orders.truncate(limit);
    Ok((orders, more))
}

fn page<S: Store>(store: &S, span: &Span, limit: usize) -> Result<(Vec<DayOrder>, Option<Span>), ReadError> {
    let page = store.scan(span, limit, Direction::Ascending)?;
    let mut orders = Vec::new();
    for (key, value) in page.entries {
        let row = decode(&value).map_err(|meaning| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning,
        })?;
        if let Key::Index { root, .. } = key {
            orders.push(DayOrder { root, row });
        }
    }
    Ok((orders, page.rest))
}
