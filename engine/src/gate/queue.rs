//! Who goes next: by class, then round robin over shops, then by due time; who waits long moves up.

use std::collections::{BTreeMap, BTreeSet};

use crate::instance::Site;
use crate::{InstanceId, Millis, RootKey};

/// Waiting longer than this, in milliseconds, counts as one class higher, so that a steady stream of urgent
/// work cannot starve the rest.
const AGE_MS: i64 = 60_000;

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Undos and look-ups: they settle what is open.
    Recovery,
    /// Express orders.
    Express,
    /// Everything else.
    Normal,
}

/// A request that wants to leave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// How urgent.
    pub class: Class,
    /// Since when it could go.
    pub due: Millis,
    /// The root.
    pub root: RootKey,
    /// The instance.
    pub instance: InstanceId,
    /// The call.
    pub site: Site,
}

impl Ticket {
    /// The shop: what stands before the first `:` of the root key.
    pub fn shop(&self) -> &str {
        self.root.as_str().split(':').next().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    classes: BTreeMap<Class, Shops>,
    len: usize,
}

#[derive(Debug, Clone, Default)]
struct Shops {
    waiting: BTreeMap<String, BTreeSet<(Millis, Ticket)>>,
    served: Option<String>,
}

impl Shops {
    /// The shop after the one served last, in a circle.
    fn next_shop(&self) -> Option<String> {
        let after = self.served.as_ref().and_then(|served| {
            let beyond = (
                std::ops::Bound::Excluded(served.clone()),
                std::ops::Bound::Unbounded,
            );
            self.waiting.range(beyond).next()
        });
        after
            .or_else(|| self.waiting.iter().next())
            .map(|(shop, _)| shop.clone())
    }

    fn pop(&mut self) -> Option<Ticket> {
        let shop = self.next_shop()?;
        let tickets = self.waiting.get_mut(&shop)?;
        let (_, ticket) = tickets.pop_first()?;
        if tickets.is_empty() {
            self.waiting.remove(&shop);
        }
        self.served = Some(shop);
        Some(ticket)
    }

    fn oldest(&self) -> Option<Millis> {
        self.waiting
            .values()
            .filter_map(|tickets| tickets.first().map(|(due, _)| *due))
            .min()
    }
}

impl Queue {
    pub(super) fn push(&mut self, ticket: Ticket) {
        let shops = self.classes.entry(ticket.class).or_default();
        let shop = ticket.shop().to_owned();
        if shops
            .waiting
            .entry(shop)
            .or_default()
            .insert((ticket.due, ticket))
        {
            self.len += 1;
        }
    }

    pub(super) fn pop(&mut self, now: Millis) -> Option<Ticket> {
        let recovery = [Class::Recovery];
        let aged = [Class::Normal, Class::Express]
            .into_iter()
            .find(|class| self.oldest(*class).is_some_and(|due| now.since(due) > AGE_MS));
        let order = recovery
            .into_iter()
            .chain(aged)
            .chain([Class::Express, Class::Normal]);
        for class in order {
            if let Some(ticket) = self.classes.get_mut(&class).and_then(Shops::pop) {
                self.len -= 1;
                return Some(ticket);
            }
        }
        None
    }

    pub(super) fn pop_recovery(&mut self) -> Option<Ticket> {
        let ticket = self.classes.get_mut(&Class::Recovery).and_then(Shops::pop)?;
        self.len -= 1;
        Some(ticket)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn oldest(&self, class: Class) -> Option<Millis> {
        self.classes.get(&class).and_then(Shops::oldest)
    }
}
