//! Walking several facets side by side: what is in all of them, in order.

use amends_storage::{Direction, ReadError, Store};

use super::{Position, Reads, Stream};

/// What one filter lets through: the union of some facets.
pub(crate) struct Source(Vec<Stream>);

impl Source {
    pub(crate) fn new(streams: Vec<Stream>) -> Self {
        Self(streams)
    }

    fn peek<S: Store>(
        &mut self,
        reads: &Reads<'_, S>,
        direction: Direction,
    ) -> Result<Option<Position>, ReadError> {
        let mut first: Option<Position> = None;
        for stream in &mut self.0 {
            if let Some(head) = stream.peek(reads)?
                && first
                    .as_ref()
                    .is_none_or(|first| Stream::is_before(direction, head, first))
            {
                first = Some(head.clone());
            }
        }
        Ok(first)
    }

    fn seek(&mut self, to: &Position) {
        for stream in &mut self.0 {
            stream.seek(to);
        }
    }

    fn pass<S: Store>(&mut self, reads: &Reads<'_, S>, entry: &Position) -> Result<(), ReadError> {
        for stream in &mut self.0 {
            if stream.peek(reads)? == Some(entry) {
                stream.advance();
            }
        }
        Ok(())
    }
}

/// Keys between which a walk stays: from `low`, below `high`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    pub(crate) low: Option<String>,
    pub(crate) high: Option<String>,
}

impl Range {
    /// Where a walk begins: after `after`, and inside the range.
    pub(crate) fn begin(&self, direction: Direction, after: Option<&Position>) -> Option<Position> {
        let edge = match direction {
            Direction::Ascending => &self.low,
            Direction::Descending => &self.high,
        };
        let edge = edge.clone().map(|key| Position {
            key,
            id: String::new(),
        });
        match (edge, after) {
            (Some(edge), Some(after)) if Stream::is_before(direction, &edge, after) => Some(after.clone()),
            (Some(edge), _) => Some(edge),
            (None, after) => after.cloned(),
        }
    }

    fn is_past(&self, direction: Direction, key: &str) -> bool {
        match direction {
            Direction::Ascending => self.high.as_deref().is_some_and(|high| key >= high),
            Direction::Descending => self.low.as_deref().is_some_and(|low| key < low),
        }
    }
}

/// Part of a walk.
pub(crate) struct Walked<R> {
    pub(crate) rows: Vec<R>,
    /// Where to go on; `None` at the end.
    pub(crate) next: Option<Position>,
}

/// Walks what is in every source, and keeps what `look` makes of it, until `limit` rows are found or the reads are
/// spent.
pub(crate) fn walk<S: Store, R>(
    reads: &Reads<'_, S>,
    sources: &mut [Source],
    direction: Direction,
    range: &Range,
    limit: usize,
    mut look: impl FnMut(&Position) -> Result<Option<R>, ReadError>,
) -> Result<Walked<R>, ReadError> {
    let (mut rows, mut decided) = (Vec::new(), None);
    loop {
        if rows.len() >= limit || (reads.is_spent() && decided.is_some()) {
            return Ok(Walked { rows, next: decided });
        }
        let mut heads = Vec::with_capacity(sources.len());
        for source in sources.iter_mut() {
            match source.peek(reads, direction)? {
                Some(head) if !range.is_past(direction, &head.key) => heads.push(head),
                Some(_) | None => return Ok(Walked { rows, next: None }),
            }
        }
        heads.sort();
        let (first, last) = match direction {
            Direction::Ascending => (heads.first(), heads.last()),
            Direction::Descending => (heads.last(), heads.first()),
        };
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Walked { rows, next: None });
        };
        decided = Some(first.clone());
        if first == last {
            for source in sources.iter_mut() {
                source.pass(reads, first)?;
            }
            rows.extend(look(first)?);
        } else {
            for source in sources.iter_mut() {
                source.seek(last);
            }
        }
    }
}
