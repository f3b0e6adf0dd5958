//! Which commands take a second person: those the configuration names, and those that move more money than a role
//! may move alone.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::ledger::{Ledger, Line};

use crate::role::{Act, Role};

/// What the configuration says. Nothing is sensitive by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sensitive {
    /// Commands that always take a second person.
    pub commands: BTreeSet<Act>,
    /// By role: the most a command may move without a second person, in minor units of each currency. A currency
    /// that is not named here may not be moved alone; a role that is not named has no limit.
    pub limits: BTreeMap<Role, BTreeMap<String, i64>>,
}

/// What a command moves in one currency, in minor units: the largest change of any account, landed and open
/// together.
pub(crate) type Amounts = BTreeMap<String, i64>;

impl Sensitive {
    /// Whether anything is sensitive for `role` doing `act`, so that the amount matters.
    pub(crate) fn concerns(&self, role: Role, act: Act) -> bool {
        self.commands.contains(&act) || self.limits.contains_key(&role)
    }

    /// Whether `role` may do `act` alone when it moves `amounts`.
    pub(crate) fn allows_alone(&self, role: Role, act: Act, amounts: &Amounts) -> bool {
        !self.commands.contains(&act) && self.covers(role, amounts)
    }

    /// Whether `amounts` are within the limits of `role`.
    pub(crate) fn covers(&self, role: Role, amounts: &Amounts) -> bool {
        let Some(limits) = self.limits.get(&role) else {
            return true;
        };
        amounts
            .iter()
            .all(|(currency, amount)| *amount <= limits.get(currency).copied().unwrap_or_default())
    }
}

/// What `act` moves: the change it makes at once, and for going back all there is to go back on, because the refund
/// of an order follows only when its other steps are undone.
pub(crate) fn amounts(before: &Ledger, after: &Ledger, act: Act) -> Amounts {
    if matches!(act, Act::Compensate | Act::Cancel) {
        changes(&Ledger::default(), before)
    } else {
        changes(before, after)
    }
}

fn changes(before: &Ledger, after: &Ledger) -> Amounts {
    let mut changes: BTreeMap<_, i64> = BTreeMap::new();
    for (ledger, sign) in [(before, -1), (after, 1)] {
        for (account, line, balance) in ledger.balances() {
            if let Line::Money { currency, .. } = line {
                let sum = balance.landed.saturating_add(balance.open).saturating_mul(sign);
                let change = changes
                    .entry((currency.to_string(), account, line.clone()))
                    .or_default();
                *change = change.saturating_add(sum);
            }
        }
    }
    let mut amounts = Amounts::new();
    for ((currency, _, _), change) in changes {
        let largest = amounts.entry(currency).or_default();
        *largest = (*largest).max(change.saturating_abs());
    }
    amounts.retain(|_, amount| *amount > 0);
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(amount: i64) -> Amounts {
        [("EUR".to_owned(), amount)].into()
    }

    #[test]
    fn a_limit_is_what_a_role_may_move_alone() {
        let sensitive = Sensitive {
            commands: [Act::Close].into(),
            limits: [(Role::Support, eur(10_000)), (Role::Finance, BTreeMap::new())].into(),
        };
        let alone = |role, act, amounts: &Amounts| sensitive.allows_alone(role, act, amounts);
        assert!(alone(Role::Support, Act::Cancel, &eur(10_000)));
        assert!(!alone(Role::Support, Act::Cancel, &eur(10_001)));
        assert!(!alone(
            Role::Support,
            Act::Cancel,
            &[("USD".to_owned(), 1)].into()
        ));
        assert!(alone(Role::Support, Act::Hold, &Amounts::new()));
        assert!(!alone(Role::Finance, Act::Complete, &eur(1)));
        assert!(alone(Role::Admin, Act::Cancel, &eur(i64::MAX)));
        assert!(!alone(Role::Admin, Act::Close, &Amounts::new()));
        assert!(sensitive.concerns(Role::Admin, Act::Close) && !sensitive.concerns(Role::Admin, Act::Cancel));
    }
}
