//! What must hold when nothing happens any more.

use std::collections::BTreeMap;

use amends_engine::Value;
use amends_engine::instance::Stage;
use amends_engine::root::{Root, WakeKind};

use super::World;

impl World {
    /// After everything has healed: each instance has ended or waits for a person, and nothing happened twice.
    pub(crate) fn check_end(&self) {
        assert!(
            self.pending.is_empty(),
            "somebody still waits for a reply: {:?}",
            self.pending
        );
        assert_eq!(self.store.pending(), 0, "frames are not durable");
        for root in self.roots() {
            converged(&root);
            self.told_late(&root);
            at_rest(&root);
        }
        self.nothing_twice();
    }

    pub(crate) fn roots(&self) -> Vec<Root> {
        self.store
            .roots()
            .iter()
            .map(|key| self.store.folded(key))
            .collect()
    }

    /// A service level that was broken has been told.
    fn told_late(&self, root: &Root) {
        for instance in root.instances.values() {
            let silent = instance.open_slas().find(|sla| sla.due < self.now);
            assert_eq!(silent, None, "{} is late and nobody was told", instance.id);
        }
    }

    /// I1, as the other sides counted.
    fn nothing_twice(&self) {
        for (key, done) in self.sides.witness() {
            assert!(done.len() <= 1, "I1: {key} took place {} times", done.len());
        }
        let mut epochs: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for key in self.sides.witness().keys() {
            let (call, _) = key.rsplit_once('/').unwrap();
            epochs.entry(call).or_default().push(key);
        }
        for (call, keys) in epochs.iter().filter(|(_, keys)| keys.len() > 1) {
            assert!(self.may_repeat(call), "I1: {call} took place as {keys:?}");
        }
    }

    /// I14: without people, what landed in the books is what the other sides say they moved.
    pub(crate) fn check_books(&self) {
        for root in self.roots() {
            let mut moved: BTreeMap<&str, i64> = BTreeMap::new();
            for (_, done) in self.sides.of_root(&root.key) {
                let amount = done.result.get("amount_minor").and_then(Value::as_int);
                let lines = done
                    .result
                    .get("lines")
                    .and_then(Value::as_list)
                    .unwrap_or_default();
                let units: i64 = lines
                    .iter()
                    .filter_map(|line| line.get("quantity")?.as_int())
                    .sum();
                *moved.entry(account(&done.operation)).or_default() += amount.unwrap_or(units);
            }
            for (account, amount) in moved.into_iter().filter(|(account, _)| !account.is_empty()) {
                let booked: i64 = root
                    .ledger
                    .balances()
                    .filter(|(of, _, _)| format!("{of:?}") == account)
                    .map(|(_, _, balance)| balance.landed)
                    .sum();
                assert_eq!(
                    booked, amount,
                    "I14: {account} of {} is not what the other side says",
                    root.key
                );
            }
        }
    }

    /// A person said that it had not happened, or asked again for an undo that was refused.
    fn may_repeat(&self, call: &str) -> bool {
        self.laws
            .overruled
            .iter()
            .any(|(instance, site)| call.ends_with(&format!("{instance}/{site}")))
    }
}

fn account(operation: &str) -> &'static str {
    match operation {
        "erp.reserve_stock" => "Reserved",
        "erp.release_stock" => "Released",
        "payments.capture" | "payments.verify_payment" => "Captured",
        "erp.post_invoice" => "Invoiced",
        _ => "",
    }
}

/// Two-phase convergence: what has not ended waits for a person.
fn converged(root: &Root) {
    for instance in root.instances.values().filter(|instance| !instance.is_terminal()) {
        let causes = root.wake_causes();
        let mut own = causes.iter().filter(|cause| cause.instance == instance.id);
        let waits = own.any(|cause| match &cause.kind {
            WakeKind::Person { .. } | WakeKind::Hold => true,
            // Escalated: an incident tells somebody that it does not come.
            WakeKind::Fact { deadline, .. } => deadline.is_none() && !root.incidents.is_empty(),
            WakeKind::Gate { .. } | WakeKind::Answer { .. } => false,
        });
        assert!(
            waits,
            "{} neither ended nor waits for a person: {causes:#?}",
            instance.id
        );
    }
}

/// I4 at rest: what does not add up is a named obligation.
fn at_rest(root: &Root) {
    let terminal = root
        .instances
        .values()
        .all(|instance| instance.stage.is_terminal());
    if !terminal || root.instances.is_empty() {
        return;
    }
    let closed = root
        .instances
        .values()
        .any(|instance| instance.stage == Stage::Closed);
    for imbalance in root.ledger.imbalances() {
        assert!(
            closed || !root.obligations.is_empty() || !root.waived.is_empty(),
            "I4: {} is at rest, but {} is off by {} for {}",
            root.key,
            imbalance.rule,
            imbalance.difference,
            imbalance.line
        );
    }
}
