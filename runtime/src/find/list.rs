//! One page of orders.

use amends_storage::{Direction, Key, Prefix, ReadError, Span, Store};

use super::filter::roots_of;
use super::{Bounds, Filter, Position, Range, Reads, Source, Stream, index, walk};
use crate::summary::Summary;

/// What a list is in order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// First heard of last.
    Newest,
    /// First heard of first.
    Oldest,
    /// Most money at risk; by currency from Z to A where the filter names none, and then by the order's first
    /// currency. Orders without money at risk are left out.
    Risk,
    /// Changed last, to the second.
    Changed,
    /// Unchanged for longest, to the second.
    Stalest,
}

impl Sort {
    /// All of them with their public names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Newest, "newest"),
        (Self::Oldest, "oldest"),
        (Self::Risk, "risk"),
        (Self::Changed, "changed"),
        (Self::Stalest, "stalest"),
    ];

    fn direction(self) -> Direction {
        match self {
            Self::Newest | Self::Risk | Self::Changed => Direction::Descending,
            Self::Oldest | Self::Stalest => Direction::Ascending,
        }
    }

    /// Where an order stands in this list; `None` when it is not in it.
    pub fn position(self, filter: &Filter, order: &Summary) -> Option<Position> {
        let key = match self {
            Self::Newest | Self::Oldest => index::time_key(order.created_ms),
            Self::Changed | Self::Stalest => index::change_key(order.updated_ms),
            Self::Risk => {
                let wanted = filter.currency.as_deref();
                let mut money = order.at_risk.iter();
                let money = money.find(|money| wanted.is_none_or(|wanted| money.currency == wanted))?;
                index::money_key(&money.currency, money.amount_minor)
            }
        };
        Some(Position {
            key,
            id: order.root.clone(),
        })
    }

    /// The keys between which all rows lie.
    fn range(self, filter: &Filter) -> Range {
        match self {
            Self::Newest | Self::Oldest => Range {
                low: filter.created_from_ms.map(index::time_key),
                high: filter.created_before_ms.map(index::time_key),
            },
            Self::Changed | Self::Stalest => Range::default(),
            Self::Risk => filter
                .currency
                .as_deref()
                .map_or_else(Range::default, |currency| {
                    let key = |amount: i64| index::money_key(currency, amount);
                    Range {
                        low: filter.risk_min.map(key),
                        high: filter.risk_max.and_then(|max| max.checked_add(1)).map(key),
                    }
                }),
        }
    }
}

/// Which page of which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What it is narrowed by.
    pub filter: Filter,
    /// What it is in order of.
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// Rows at the most.
    pub limit: usize,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Rows in the order of the list. There may be fewer than wanted although more follow.
    pub orders: Vec<Summary>,
    /// Where to go on; `None` when nothing is left.
    pub next: Option<Position>,
}

/// One page of orders, at the cost that `bounds` allow.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn orders<S: Store>(store: &S, query: &Query, bounds: Bounds) -> Result<Found, ReadError> {
    let reads = Reads::new(store, bounds);
    if let Some(small) = few(&reads, &query.filter)? {
        return from_few(&reads, query, &small);
    }
    let direction = query.sort.direction();
    let range = query.sort.range(&query.filter);
    let begin = range.begin(direction, query.after.as_ref());
    let mut sources = sources(query, begin.as_ref());
    let walked = walk(&reads, &mut sources, direction, &range, query.limit, |at| {
        let order = reads.summary(&at.id)?.filter(|order| query.filter.fits(order));
        // An entry that is behind its order is left to the place where the order stands now.
        Ok(order.filter(|order| query.sort.position(&query.filter, order).as_ref() == Some(at)))
    })?;
    Ok(Found {
        orders: walked.rows,
        next: walked.next,
    })
}

/// Facets in order of age are intersected; the other orders are kept per state only.
fn sources(query: &Query, begin: Option<&Position>) -> Vec<Source> {
    let direction = query.sort.direction();
    let states = |name: &'static str, key: &str| {
        let states = query.filter.states().into_iter();
        let streams = states.map(|state| Stream::new(name, state.name(), key, direction, begin));
        vec![Source::new(streams.collect())]
    };
    match query.sort {
        Sort::Newest | Sort::Oldest => {
            let facet = |name, facet: &str| Stream::new(name, facet, "", direction, begin);
            let facets = query.filter.facets();
            let mut sources: Vec<Source> = facets
                .iter()
                .map(|(name, value)| Source::new(vec![facet(*name, value)]))
                .collect();
            let seen = query
                .filter
                .shops
                .as_ref()
                .filter(|_| query.filter.shop.is_none());
            sources.extend(seen.map(|shops| {
                let shops = shops.iter().map(|shop| facet(index::SHOP, shop));
                Source::new(shops.collect())
            }));
            if sources.is_empty() {
                return states(index::STATE, "");
            }
            sources
        }
        Sort::Changed | Sort::Stalest => states(index::CHANGED, ""),
        Sort::Risk => states(index::RISK, query.filter.currency.as_deref().unwrap_or_default()),
    }
}

/// All orders that can fit, where some filter leaves few; `None` where none does.
pub(super) fn few<S: Store>(reads: &Reads<'_, S>, filter: &Filter) -> Result<Option<Vec<String>>, ReadError> {
    if let Some(instance) = &filter.instance {
        return Ok(Some(roots_of(instance)));
    }
    for (name, facet) in filter.facets() {
        let ids = ids(reads, &[index::facet_span(name, &facet)])?;
        if ids.is_some() {
            return Ok(ids);
        }
    }
    let Some(text) = &filter.text else {
        return Ok(None);
    };
    let low = index::folded(text);
    let spans = [
        index::text_span(index::NUMBER, &low),
        index::text_span(index::DOCUMENT, &low),
        Span::starting(Prefix::Root, text),
    ];
    let ids = ids(reads, &spans)?;
    Ok(ids.map(|mut ids| {
        ids.extend(roots_of(text));
        ids
    }))
}

fn ids<S: Store>(reads: &Reads<'_, S>, spans: &[Span]) -> Result<Option<Vec<String>>, ReadError> {
    let mut ids = Vec::new();
    for span in spans {
        let mut rest = Some(span.clone());
        while let Some(span) = rest.take() {
            let small = reads.bounds.small;
            let page = reads.scan(&span, small + 1 - ids.len().min(small), Direction::Ascending)?;
            ids.extend(page.entries.into_iter().filter_map(|(key, _)| id(key)));
            if ids.len() > small {
                return Ok(None);
            }
            rest = page.rest;
        }
    }
    Ok(Some(ids))
}

fn id(key: Key) -> Option<String> {
    if let Key::Index { root, .. } | Key::Root(root) = key {
        Some(root)
    } else {
        None
    }
}

/// The orders among `ids` that fit, each once.
pub(super) fn fitting<S: Store>(
    reads: &Reads<'_, S>,
    filter: &Filter,
    ids: &[String],
) -> Result<Vec<Summary>, ReadError> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        found.extend(reads.summary(&id)?.filter(|order| filter.fits(order)));
    }
    Ok(found)
}

fn from_few<S: Store>(reads: &Reads<'_, S>, query: &Query, ids: &[String]) -> Result<Found, ReadError> {
    let direction = query.sort.direction();
    let orders = fitting(reads, &query.filter, ids)?;
    let mut rows: Vec<(Position, Summary)> = orders
        .into_iter()
        .filter_map(|order| Some((query.sort.position(&query.filter, &order)?, order)))
        .filter(|(at, _)| {
            let after = query.after.as_ref();
            after.is_none_or(|after| Stream::is_before(direction, after, at))
        })
        .collect();
    rows.sort_by(|(one, _), (other, _)| match direction {
        Direction::Ascending => one.cmp(other),
        Direction::Descending => other.cmp(one),
    });
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next = rows.last().filter(|_| more).map(|(at, _)| at.clone());
    Ok(Found {
        orders: rows.into_iter().map(|(_, order)| order).collect(),
        next,
    })
}
