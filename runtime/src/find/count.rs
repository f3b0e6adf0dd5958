//! How long a list is, as far as that can be told cheaply.

use amends_storage::{Direction, ReadError, Span, Store};

use super::list::{few, fitting};
use super::{Bounds, COUNTED_MAX, Filter, Reads, index};

/// How many rows a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(usize),
    /// So many or more: counting stopped there.
    AtLeast(usize),
    /// So many or fewer: the narrowest filter lets so many through, the others were not tried.
    AtMost(usize),
    /// Nothing cheap tells.
    Unknown,
}

/// How many orders fit `filter`; reads about [`COUNTED_MAX`] entries at the most.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn count<S: Store>(store: &S, filter: &Filter) -> Result<Count, ReadError> {
    let reads = Reads::new(store, Bounds::default());
    if let Some(ids) = few(&reads, filter)? {
        return Ok(Count::Exactly(fitting(&reads, filter, &ids)?.len()));
    }
    let facets = filter.facets();
    let spans: Vec<Vec<Span>> = if facets.is_empty() {
        let states = filter.states().into_iter();
        vec![
            states
                .map(|state| index::facet_span(index::STATE, state.name()))
                .collect(),
        ]
    } else {
        let spans = facets
            .iter()
            .map(|(name, facet)| vec![index::facet_span(name, facet)]);
        spans.collect()
    };
    let max = COUNTED_MAX / spans.len().max(1);
    let mut narrowest = None;
    for spans in &spans {
        let counted = entries(&reads, spans, max)?;
        narrowest = Some(narrowest.map_or(counted, |known: usize| known.min(counted)));
    }
    let decides = filter.is_faceted() && spans.len() == 1;
    Ok(match narrowest {
        Some(counted) if decides && counted < max => Count::Exactly(counted),
        Some(counted) if decides => Count::AtLeast(counted),
        Some(counted) if counted < max => Count::AtMost(counted),
        Some(_) | None => Count::Unknown,
    })
}

fn entries<S: Store>(reads: &Reads<'_, S>, spans: &[Span], max: usize) -> Result<usize, ReadError> {
    let mut count = 0;
    for span in spans {
        let mut rest = Some(span.clone());
        while let Some(span) = rest.take().filter(|_| count < max) {
            let page = reads.scan(&span, max - count, Direction::Ascending)?;
            count += page.entries.len();
            rest = page.rest;
        }
    }
    Ok(count)
}
