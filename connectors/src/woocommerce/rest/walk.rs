//! Walking over everything that changed, while it changes.
//!
//! Page numbers shift whenever an order is saved, so they are not used. A walk asks for what changed after a
//! second, oldest first; a full page is followed by asking again from just before its last second. When a whole
//! page lies inside one second, the rest of that second is asked for by id, leaving out the ids already seen.
//! Orders that change during the walk only move ahead of it, where it meets them again.

use std::collections::BTreeSet;

/// Orders per page, the most that WooCommerce gives.
pub const PAGE_SIZE: usize = 100;

/// Ids left out of one question. They stand in its address, which servers cut at eight kilobytes.
pub const SECOND_MAX: usize = 800;

/// Pages of one walk. The next walk goes on where it stopped; without a bound a shop that answers nonsense would
/// keep it walking.
pub const STEPS_MAX: u32 = 1_000;

/// Which orders to walk over: the shop shows those in its bin only on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// All but those in the bin.
    Shown,
    /// Those in the bin.
    Binned,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What changed after this second, by date of change.
    Since {
        /// Epoch seconds; orders changed in it are not meant.
        after_s: i64,
    },
    /// What changed in this second, by id, except these ids.
    Within {
        /// Epoch seconds.
        second: i64,
        /// Seen already.
        except: Vec<i64>,
    },
}

/// A walk under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    shelf: Shelf,
    ask: Option<Ask>,
    seen: BTreeSet<(i64, i64)>,
    newest_s: Option<i64>,
    steps: u32,
    page: usize,
}

impl Walk {
    /// A walk over what changed since `cursor_ms`, and for safety `overlap_ms` before: an order's date of change can
    /// be earlier than the moment at which it becomes visible.
    pub fn since(shelf: Shelf, cursor_ms: i64, overlap_ms: i64) -> Self {
        let after_s = cursor_ms
            .saturating_sub(overlap_ms)
            .max(0)
            .div_euclid(1_000)
            .saturating_sub(1)
            .max(0);
        Self {
            shelf,
            ask: Some(Ask::Since { after_s }),
            seen: BTreeSet::new(),
            newest_s: None,
            steps: 0,
            page: PAGE_SIZE,
        }
    }

    /// The same walk with so many orders to a page, for a shop that takes too long over more: 1 to [`PAGE_SIZE`].
    #[must_use]
    pub fn by(mut self, page: usize) -> Self {
        self.page = page.clamp(1, PAGE_SIZE);
        self
    }

    /// Orders asked for at once.
    pub fn page(&self) -> usize {
        self.page
    }

    /// Which orders it walks over.
    pub fn shelf(&self) -> Shelf {
        self.shelf
    }

    /// The next question; `None` at the end.
    pub fn ask(&self) -> Option<&Ask> {
        self.ask.as_ref()
    }

    /// Whether another walk can go on from [`Walk::cursor_ms`] without asking everything again: not inside a second
    /// that fills a whole page.
    pub fn is_between_seconds(&self) -> bool {
        matches!(self.ask, Some(Ask::Since { .. }))
    }

    /// The date of the newest change seen: what the next walk begins from. `None` when nothing was seen.
    pub fn cursor_ms(&self) -> Option<i64> {
        self.newest_s.map(|second| second.saturating_mul(1_000))
    }

    /// Takes the answer to the last question: each order as id and date of change in epoch milliseconds, and how many
    /// elements were listed, among them such as could not be read.
    ///
    /// Orders met again on the way are not left out: two changes in one second share a date.
    pub fn take(&mut self, answer: &[(i64, i64)], listed: usize) {
        let orders = answer.iter().map(|(id, ms)| (ms.div_euclid(1_000), *id));
        let last = orders.clone().map(|(second, _)| second).max();
        let known = self.seen.len();
        self.seen.extend(orders);
        self.newest_s = self.newest_s.max(last);
        self.steps = self.steps.saturating_add(1);
        self.ask = self.next(last, listed, self.seen.len() > known);
        self.forget();
    }

    fn next(&self, last: Option<i64>, listed: usize, any_new: bool) -> Option<Ask> {
        if self.steps >= STEPS_MAX {
            return None;
        }
        match self.ask.as_ref()? {
            Ask::Since { after_s } => {
                // A last second that was not asked for: the shop repeats itself.
                let last = last.filter(|last| listed >= self.page && last > after_s)?;
                let before = last.saturating_sub(1);
                Some(if before > *after_s {
                    Ask::Since { after_s: before }
                } else {
                    self.within(last)
                })
            }
            Ask::Within { second, except } => {
                let more =
                    listed >= self.page && any_new && except.len().saturating_add(listed) <= SECOND_MAX;
                Some(if more {
                    self.within(*second)
                } else {
                    Ask::Since { after_s: *second }
                })
            }
        }
    }

    fn within(&self, second: i64) -> Ask {
        let except = self
            .seen
            .range((second, i64::MIN)..=(second, i64::MAX))
            .map(|(_, id)| *id)
            .collect();
        Ask::Within { second, except }
    }

    /// Only the second under way can be met again.
    fn forget(&mut self) {
        let from = match &self.ask {
            Some(Ask::Since { after_s }) => after_s.saturating_add(1),
            Some(Ask::Within { second, .. }) => *second,
            None => i64::MAX,
        };
        self.seen = self.seen.split_off(&(from, i64::MIN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// What the shop answers: exclusive bounds, at most a page.
    fn answer(shop: &BTreeMap<i64, i64>, ask: &Ask, page: usize) -> Vec<(i64, i64)> {
        let mut orders: Vec<(i64, i64)> = match ask {
            Ask::Since { after_s } => shop
                .iter()
                .filter(|(_, second)| *second > after_s)
                .map(|(id, s)| (*s, *id))
                .collect(),
            Ask::Within { second, except } => shop
                .iter()
                .filter(|(id, at)| *at == second && !except.contains(id))
                .map(|(id, s)| (*s, *id))
                .collect(),
        };
        orders.sort_unstable();
        orders.truncate(page);
        orders
            .into_iter()
            .map(|(second, id)| (id, second * 1_000))
            .collect()
    }

    fn walked(
        mut shop: BTreeMap<i64, i64>,
        moves: &[(i64, i64)],
        page: usize,
    ) -> (BTreeMap<i64, i64>, BTreeMap<i64, i64>, Walk) {
        let mut walk = Walk::since(Shelf::Shown, 0, 0).by(page);
        let mut seen = BTreeMap::new();
        let mut moves = moves.iter();
        let mut now = shop.values().copied().max().unwrap_or(0);
        while let Some(ask) = walk.ask().cloned() {
            let page = answer(&shop, &ask, walk.page());
            walk.take(&page, page.len());
            seen.extend(page.iter().map(|(id, ms)| (*id, ms / 1_000)));
            if let Some((id, pause)) = moves.next() {
                now += pause;
                shop.insert(*id, now);
            }
        }
        (shop, seen, walk)
    }

    proptest! {
        /// Orders saved while the walk goes on are met at their new date; nothing else is missed.
        #[test]
        fn everything_is_met_as_it_is_at_last(
            seconds in prop::collection::vec((1..6_i64, 0..260_usize), 1..4),
            moves in prop::collection::vec((1..700_i64, 0..2_i64), 0..6),
            page in prop::sample::select(vec![3_usize, 7, 50, 100]),
        ) {
            let ids = seconds.iter().flat_map(|(second, count)| std::iter::repeat_n(*second, *count));
            let shop: BTreeMap<i64, i64> = (1..).zip(ids).collect();
            let moves: Vec<(i64, i64)> = moves.into_iter().filter(|(id, _)| shop.contains_key(id)).collect();
            let (shop, seen, walk) = walked(shop, &moves, page);
            let late: Vec<_> = shop.iter().filter(|(id, second)| seen.get(id) != Some(second)).collect();
            // A change after the last answer belongs to the next walk, whose overlap reaches back.
            let cursor = walk.cursor_ms().unwrap_or(0) / 1_000;
            prop_assert!(late.iter().all(|(_, second)| **second >= cursor), "missed {late:?}, cursor {cursor}");
            prop_assert!(late.len() <= moves.len());
        }
    }

    #[test]
    fn a_quiet_shop_is_walked_completely() {
        let shop: BTreeMap<i64, i64> = (1..=1_000)
            .map(|id| (id, id / 450))
            .filter(|(_, second)| *second > 0)
            .collect();
        let (shop, seen, walk) = walked(shop, &[], PAGE_SIZE);
        assert_eq!(seen, shop);
        assert_eq!(walk.cursor_ms(), Some(2_000));
    }

    #[test]
    fn the_overlap_reaches_back_whole_seconds() {
        let walk = Walk::since(Shelf::Shown, 1_795_458_606_500, 120_000);
        assert_eq!(
            walk.ask(),
            Some(&Ask::Since {
                after_s: 1_795_458_485
            })
        );
        assert_eq!(
            Walk::since(Shelf::Binned, 0, 120_000).ask(),
            Some(&Ask::Since { after_s: 0 })
        );
    }

    #[test]
    fn what_cannot_be_read_does_not_end_the_walk() {
        let mut walk = Walk::since(Shelf::Shown, 0, 0);
        walk.take(&[(1, 5_000)], PAGE_SIZE);
        assert_eq!(walk.ask(), Some(&Ask::Since { after_s: 4 }));
    }

    #[test]
    fn a_shop_that_repeats_itself_ends_the_walk() {
        let page: Vec<(i64, i64)> = (1..=100).map(|id| (id, 5_000)).collect();
        let mut walk = Walk::since(Shelf::Shown, 0, 0);
        let mut steps = 0;
        while walk.ask().is_some() {
            walk.take(&page, page.len());
            steps += 1;
        }
        assert!(steps < 10, "{steps} steps");
    }
}
