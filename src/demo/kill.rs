//! Killing the server, and proving from its own account and from what it left on disk what it was in the middle of.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::journal::{Fate, Journal};

/// Effects under way at each kill, at least.
pub const UNDER_WAY_MIN: usize = 10;
/// Instances being undone at a kill during compensation, at least.
pub const UNDOING_MIN: usize = 5;

/// How many kinds of kills there are: fewer kills are not expected to show all.
pub const KINDS: u64 = Kind::ALL.len() as u64;

/// What a kill interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// More orders than the working set holds: some leave memory, others come back.
    Eviction,
    /// Orders are being undone.
    Compensation,
    /// Effects that the kill before left open are being resolved.
    Recovery,
}

impl Kind {
    /// All of them, in the order in which they are aimed at. A recovery follows a kill.
    pub const ALL: [Self; 3] = [Self::Eviction, Self::Compensation, Self::Recovery];

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eviction => "eviction",
            Self::Compensation => "compensation",
            Self::Recovery => "recovery",
        }
    }
}

/// The server's own account of what it is busy with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Work {
    /// Orders in memory.
    pub roots: usize,
    /// How many may stay there while nothing of theirs is under way.
    pub roots_max: usize,
    /// Orders that left memory since this process started.
    pub evicted: u64,
    /// Orders that came into memory since this process started.
    pub loaded: u64,
    /// Effects that the process before had left open, found so far.
    pub interrupted: u64,
    /// Effects under way.
    pub in_flight: usize,
    /// Effects nobody is sure of.
    pub in_doubt: usize,
    /// Instances being undone.
    pub undoing: usize,
}

impl Work {
    /// Reads it from the server's status; nothing when the engine did not answer.
    pub fn of(status: &Value) -> Option<Self> {
        serde_json::from_value(status.get("work")?.clone()).ok()
    }

    /// Whether a kill now would be one of this kind, or of any.
    pub fn is_ripe(&self, kind: Option<Kind>) -> bool {
        let busy = self.in_flight >= UNDER_WAY_MIN;
        busy && match kind {
            None => true,
            Some(Kind::Eviction) => self.evicts(),
            Some(Kind::Compensation) => self.undoing >= UNDOING_MIN,
            Some(Kind::Recovery) => self.interrupted > 0 && self.in_doubt > 0,
        }
    }

    fn evicts(&self) -> bool {
        self.roots >= self.roots_max && self.evicted > 0
    }
}

/// What a killed server left in its store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Keys under which a request had left and no answer was kept.
    pub under_way: BTreeSet<String>,
    /// Keys of effects that may have happened.
    pub in_doubt: BTreeSet<String>,
    /// Instances being undone.
    pub undoing: usize,
}

impl Left {
    /// What `journal` says at its end.
    pub fn of(journal: &Journal) -> Self {
        let keys = |fate| {
            let sent = journal.all_sent().filter(move |(_, sent)| sent.fate == fate);
            sent.map(|(key, _)| key.to_owned()).collect()
        };
        Self {
            under_way: keys(Fate::UnderWay),
            in_doubt: keys(Fate::InDoubt),
            undoing: journal.undoing(),
        }
    }

    /// How many of the effects that `before` left open are open still.
    pub fn unresolved_of(&self, before: &Self) -> usize {
        let open = before.under_way.iter().chain(&before.in_doubt);
        open.filter(|key| self.under_way.contains(*key) || self.in_doubt.contains(*key))
            .count()
    }
}

/// One kill.
#[derive(Debug, Clone)]
pub struct Kill {
    /// Its number, from 1.
    pub number: usize,
    /// The server's own account just before.
    pub work: Work,
    /// What it left on disk.
    pub left: Left,
    /// Effects open at the kill before: all, and those open still.
    pub open_before: (usize, usize),
}

impl Kill {
    /// The kill that left `left`, after one that left `before`.
    pub fn new(number: usize, work: Work, left: Left, before: &Left) -> Self {
        let open_before = (
            before.under_way.len() + before.in_doubt.len(),
            left.unresolved_of(before),
        );
        Self {
            number,
            work,
            left,
            open_before,
        }
    }

    /// Whether enough was under way, by what is on disk.
    pub fn counts(&self) -> bool {
        self.left.under_way.len() >= UNDER_WAY_MIN
    }

    /// What it interrupted, as far as that is proven.
    pub fn kinds(&self) -> Vec<Kind> {
        let proven = |kind: &Kind| match kind {
            Kind::Eviction => self.work.evicts(),
            Kind::Compensation => self.left.undoing >= UNDOING_MIN,
            Kind::Recovery => self.work.interrupted > 0 && self.open_before.1 > 0,
        };
        Kind::ALL.into_iter().filter(proven).collect()
    }

    /// For people, one line.
    pub fn words(&self) -> String {
        let kinds: Vec<&str> = self.kinds().into_iter().map(Kind::name).collect();
        let during = if kinds.is_empty() {
            "forward work".to_owned()
        } else {
            kinds.join(", ")
        };
        let (open, still) = self.open_before;
        let (work, left) = (&self.work, &self.left);
        format!(
            "kill {:>2} during {during}: {} effects under way, {} in doubt ({still} of {open} from the last kill), \
             {} orders being undone, {} of {} in memory, {} evicted",
            self.number,
            left.under_way.len(),
            left.in_doubt.len(),
            left.undoing,
            work.roots,
            work.roots_max,
            work.evicted,
        )
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let kinds: Vec<&str> = self.kinds().into_iter().map(Kind::name).collect();
        let work = &self.work;
        json!({
            "number": self.number,
            "during": kinds,
            "counts": self.counts(),
            "server": {
                "roots": work.roots,
                "roots_max": work.roots_max,
                "evicted": work.evicted,
                "loaded": work.loaded,
                "interrupted": work.interrupted,
                "in_flight": work.in_flight,
                "in_doubt": work.in_doubt,
                "undoing": work.undoing,
            },
            "store": {
                "under_way": self.left.under_way.len(),
                "in_doubt": self.left.in_doubt.len(),
                "undoing": self.left.undoing,
                "open_at_last_kill": self.open_before.0,
                "of_these_still_open": self.open_before.1,
            },
        })
    }
}

/// What the next kill of `wanted` ought to interrupt: first whatever no kill did yet, then one after the other.
pub fn next_aim(kills: &[Kill]) -> Kind {
    let done: BTreeSet<Kind> = kills
        .iter()
        .filter(|kill| kill.counts())
        .flat_map(Kill::kinds)
        .collect();
    let [eviction, ..] = Kind::ALL;
    let missing = Kind::ALL
        .into_iter()
        .filter(|kind| !kills.is_empty() || *kind != Kind::Recovery)
        .find(|kind| !done.contains(kind));
    let turn = Kind::ALL.into_iter().cycle().nth(kills.len() % Kind::ALL.len());
    missing.or(turn).unwrap_or(eviction)
}

/// What the planned number of kills should have shown and did not; empty when all is well.
pub fn shortcomings(kills: &[Kill], planned: u64) -> Vec<String> {
    let counted: Vec<&Kill> = kills.iter().filter(|kill| kill.counts()).collect();
    let mut missing = Vec::new();
    if (counted.len() as u64) < planned {
        missing.push(format!(
            "KILLS: {} of {planned} kills found at least {UNDER_WAY_MIN} effects under way; make more orders per kill",
            counted.len()
        ));
    }
    if planned >= KINDS {
        for kind in Kind::ALL {
            if !counted.iter().any(|kill| kill.kinds().contains(&kind)) {
                missing.push(format!("KILLS: none was during {}", kind.name()));
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::{Kill, Kind, Left, UNDER_WAY_MIN, Work, next_aim, shortcomings};

    fn left(under_way: usize, undoing: usize) -> Left {
        Left {
            under_way: (0..under_way).map(|nth| format!("key-{nth}")).collect(),
            undoing,
            ..Left::default()
        }
    }

    fn kill(work: Work, left: Left, before: &Left) -> Kill {
        Kill::new(1, work, left, before)
    }

    fn evicting() -> Work {
        Work {
            roots: 64,
            roots_max: 64,
            evicted: 3,
            ..Work::default()
        }
    }

    #[test]
    fn a_kind_needs_its_proof() {
        let none = kill(Work::default(), left(20, 0), &Left::default());
        assert_eq!(none.kinds(), []);
        let evicted = kill(evicting(), left(20, 0), &Left::default());
        assert_eq!(evicted.kinds(), [Kind::Eviction]);
        let undoing = kill(Work::default(), left(20, 5), &Left::default());
        assert_eq!(undoing.kinds(), [Kind::Compensation]);
        let work = Work {
            interrupted: 4,
            ..Work::default()
        };
        assert_eq!(kill(work, left(20, 0), &left(12, 0)).kinds(), [Kind::Recovery]);
        // Everything the last kill left open was resolved before this one: no recovery was interrupted.
        let others = Left {
            under_way: ["other".to_owned()].into(),
            ..Left::default()
        };
        assert_eq!(kill(work, left(20, 0), &others).kinds(), []);
    }

    #[test]
    fn kills_that_found_too_little_or_missed_a_kind_are_told() {
        let few = kill(evicting(), left(UNDER_WAY_MIN - 1, 9), &Left::default());
        assert!(!few.counts());
        let told = shortcomings(&[few], 3);
        assert_eq!(told.len(), 4, "{told:?}");
        let all = kill(
            Work {
                interrupted: 1,
                ..evicting()
            },
            left(UNDER_WAY_MIN, 5),
            &left(1, 0),
        );
        assert_eq!(
            shortcomings(&[all.clone(), all.clone(), all], 3),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_was_missed_is_aimed_at_first() {
        assert_eq!(next_aim(&[]), Kind::Eviction);
        let first = kill(evicting(), left(20, 0), &Left::default());
        assert_eq!(next_aim(std::slice::from_ref(&first)), Kind::Compensation);
        let second = kill(Work::default(), left(20, 5), &Left::default());
        assert_eq!(next_aim(&[first, second]), Kind::Recovery);
    }
}
