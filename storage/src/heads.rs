//! The ends of recently used chains, so that a commit need not read the last frame of each root.

use std::collections::HashMap;

use crate::frame::Head;
use crate::limits::HEADS_MAX;

/// Two generations: when the young one is full it becomes the old one, and what was not used meanwhile is
/// forgotten.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    young: HashMap<String, Head>,
    old: HashMap<String, Head>,
}

impl Heads {
    pub(crate) fn get(&self, root: &str) -> Option<Head> {
        self.young.get(root).or_else(|| self.old.get(root)).copied()
    }

    pub(crate) fn put(&mut self, root: String, head: Head) {
        if self.young.len() >= HEADS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(root, head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_head_wins_and_memory_is_bounded() {
        let mut heads = Heads::default();
        let head = |n| Head {
            root_sequence: n,
            hash: [0; 16],
        };
        for n in 0..3 * HEADS_MAX as u64 {
            heads.put(n.to_string(), head(n));
            heads.put("busy".to_owned(), head(n));
        }
        assert_eq!(heads.get("busy"), Some(head(3 * HEADS_MAX as u64 - 1)));
        assert_eq!(heads.get("0"), None);
        assert!(heads.young.len() + heads.old.len() <= 2 * HEADS_MAX);
    }
}
