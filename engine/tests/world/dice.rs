//! Chance from a seed: the same seed rolls the same numbers.

use amends_engine::Digest;

#[derive(Debug, Clone)]
pub(crate) struct Dice {
    seed: u64,
    rolls: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, rolls: 0 }
    }

    /// A number from 0 to `sides` - 1. `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number
    /// generators", 2014).
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.rolls += 1;
        let mut bits = self
            .seed
            .wrapping_add(self.rolls.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides.max(1)
    }

    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.roll(span)).unwrap_or(0)
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.roll(1_000) < u64::from(per_mille)
    }

    pub(crate) fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        let index = self.roll(of.len() as u64);
        of.get(usize::try_from(index).unwrap_or(0))
    }
}

/// A number that `text` alone decides, the same in every run of one seed.
pub(crate) fn fate(seed: u64, text: &str, sides: u64) -> u64 {
    Digest::of(format!("{seed}/{text}").as_bytes()).leading_u64() % sides.max(1)
}
