//! Things to be sent or done at a time, handed out in the order they fall due.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::front::desk::now_ms;

/// A queue ordered by due time, then by arrival.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    queue: Mutex<Queue<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct Queue<T> {
    arrived: u64,
    waiting: BTreeMap<(i64, u64), T>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self {
            queue: Mutex::new(Queue {
                arrived: 0,
                waiting: BTreeMap::new(),
            }),
            changed: Notify::new(),
        }
    }
}

impl<T> Outbox<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item in, to be handed out at `due_ms` at the earliest.
    pub(crate) fn push(&self, due_ms: i64, item: T) {
        let mut queue = self.lock();
        queue.arrived += 1;
        let place = (due_ms, queue.arrived);
        queue.waiting.insert(place, item);
        drop(queue);
        self.changed.notify_one();
    }

    /// How many wait, due or not.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// What waits, in order, as `look` sees it.
    pub(crate) fn waiting<L>(&self, look: impl Fn(&T) -> L) -> Vec<L> {
        self.lock().waiting.values().map(look).collect()
    }

    /// The next item, once it is due. One task at a time may wait here.
    pub(crate) async fn next(&self) -> T {
        loop {
            let wait_ms = match self.take_due(now_ms()) {
                Ok(item) => return item,
                Err(wait_ms) => wait_ms,
            };
            match wait_ms {
                Some(ms) => {
                    let wait = Duration::from_millis(ms);
                    tokio::select! {
                        () = self.changed.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// The first item if it is due, otherwise how long until it is.
    fn take_due(&self, now_ms: i64) -> Result<T, Option<u64>> {
        let mut queue = self.lock();
        let Some(first) = queue.waiting.first_entry() else {
            return Err(None);
        };
        let wait_ms = first.key().0 - now_ms;
        if wait_ms <= 0 {
            return Ok(first.remove());
        }
        Err(Some(wait_ms.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Outbox, now_ms};

    #[tokio::test]
    async fn items_come_when_due_and_in_order() {
        let outbox = Outbox::default();
        outbox.push(now_ms() + 30, "later");
        outbox.push(0, "first");
        outbox.push(0, "second");
        assert_eq!(outbox.next().await, "first");
        assert_eq!(outbox.next().await, "second");
        assert_eq!(outbox.next().await, "later");
        assert_eq!(outbox.len(), 0);
    }
}
