//! Chance that can be repeated: every draw is a function of the seed and of what it is drawn for.

/// The finaliser of SplitMix64, which spreads neighbouring inputs over the whole range.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A number for the `nth` thing of the kind `label` under `seed`, whatever else was drawn before.
///
/// Draws named this way do not move when unrelated requests arrive in another order.
pub(crate) fn draw(seed: u64, label: &str, nth: u64) -> u64 {
    let label = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(seed ^ mix(label ^ mix(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
}

/// Whether something of probability `chance` (0 to 1) happens on this draw.
pub(crate) fn happens(drawn: u64, chance: f64) -> bool {
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits of the draw are kept, which a float holds exactly"
    )]
    let point = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
    point < chance
}

/// A sequence of draws for a generator that runs alone.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The sequence of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub(crate) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number from 0 up to but not including `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.roll().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Whether something of probability `percent` in a hundred happens.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the choices.
    ///
    /// # Panics
    /// If there is nothing to choose from.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices
            .get(index)
            .expect("a choice is made from a list with something in it")
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, draw, happens};

    #[test]
    fn a_draw_depends_on_its_name_and_number_alone() {
        assert_eq!(draw(7, "erp/sale.create", 3), draw(7, "erp/sale.create", 3));
        assert_ne!(draw(7, "erp/sale.create", 3), draw(7, "erp/sale.create", 4));
        assert_ne!(draw(7, "erp/sale.create", 3), draw(8, "erp/sale.create", 3));
    }

    #[test]
    fn a_tenth_happens_about_one_time_in_ten() {
        let hits = (0..10_000).filter(|&nth| happens(draw(1, "x", nth), 0.1)).count();
        assert!((900..1100).contains(&hits), "{hits} of 10000");
        assert!((0..100).all(|nth| happens(draw(1, "x", nth), 1.0)));
        assert!(!(0..100).any(|nth| happens(draw(1, "x", nth), 0.0)));
    }

    #[test]
    fn the_same_seed_rolls_the_same_dice() {
        let rolls = |seed| {
            let mut dice = Dice::new(seed);
            (0..20).map(|_| dice.between(3, 9)).collect::<Vec<_>>()
        };
        assert_eq!(rolls(5), rolls(5));
        assert!(rolls(5).iter().all(|roll| (3..=9).contains(roll)));
    }
}
