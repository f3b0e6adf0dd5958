//! Which fault strikes which request: rules with a probability or a count, drawn from the seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Operation, Stage};
use crate::sandbox::random::{draw, happens};

fn always() -> f64 {
    1.0
}

/// A fault with the conditions under which it strikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The trouble.
    #[serde(flatten)]
    pub fault: Fault,
    /// The chance per request, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many times it still strikes; without it, until told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Only operations whose name contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
}

impl Rule {
    /// A fault that strikes every time.
    pub fn always(fault: Fault) -> Self {
        Self {
            fault,
            probability: 1.0,
            count: None,
            operation: None,
        }
    }

    /// The same, striking with this chance.
    #[must_use]
    pub fn with_probability(self, probability: f64) -> Self {
        Self { probability, ..self }
    }

    /// The same, striking so many times and then never again.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }

    /// The same, for operations whose name contains this text.
    #[must_use]
    pub fn on(self, operation: &str) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            ..self
        }
    }

    fn covers(&self, operation: &Operation) -> bool {
        let named = self
            .operation
            .as_ref()
            .is_none_or(|text| operation.name.contains(text.as_str()));
        named && self.count != Some(0) && self.fault.applies_to(operation)
    }
}

/// The rules of one system, and how often each operation was drawn for.
///
/// A draw depends on the seed, the rule, the operation and how many of that operation came before: the order in
/// which requests for *different* operations arrive does not matter.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    rules: Vec<Rule>,
    drawn: BTreeMap<String, u64>,
}

impl Plan {
    pub(crate) fn new(seed: u64, rules: Vec<Rule>) -> Self {
        Self {
            seed,
            rules,
            drawn: BTreeMap::new(),
        }
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault for the next request of this operation; the first rule that strikes wins.
    pub(crate) fn strike(&mut self, operation: &Operation) -> Option<Fault> {
        self.first(operation, |stage| stage != Stage::Sending)
    }

    /// The fault for the next thing the system sends.
    pub(crate) fn strike_sending(&mut self, operation: &Operation) -> Option<Fault> {
        self.first(operation, |stage| stage == Stage::Sending)
    }

    fn first(&mut self, operation: &Operation, wanted: impl Fn(Stage) -> bool) -> Option<Fault> {
        let nth = self.drawn.entry(operation.name.clone()).or_default();
        *nth += 1;
        let nth = *nth;
        let seed = self.seed;
        let struck = self.rules.iter_mut().enumerate().find(|(index, rule)| {
            let label = format!("{index}/{}", operation.name);
            wanted(rule.fault.stage())
                && rule.covers(operation)
                && happens(draw(seed, &label, nth), rule.probability)
        })?;
        let rule = struck.1;
        rule.count = rule.count.map(|count| count.saturating_sub(1));
        Some(rule.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Rule};
    use crate::sandbox::front::fault::{Fault, Nature, Operation};

    fn strikes(plan: &mut Plan, name: &str, requests: usize) -> Vec<bool> {
        let operation = Operation::new(name, Nature::Effect);
        (0..requests).map(|_| plan.strike(&operation).is_some()).collect()
    }

    #[test]
    fn other_operations_do_not_move_a_draw() {
        let rules = vec![Rule::always(Fault::HangUp).with_probability(0.3)];
        let alone = strikes(&mut Plan::new(9, rules.clone()), "capture", 50);
        let mut plan = Plan::new(9, rules);
        let mut mixed = Vec::new();
        for _ in 0..50 {
            strikes(&mut plan, "refund", 3);
            mixed.extend(strikes(&mut plan, "capture", 1));
        }
        assert_eq!(alone, mixed);
        assert!(alone.contains(&true) && alone.contains(&false));
    }

    #[test]
    fn a_count_runs_out() {
        let mut plan = Plan::new(1, vec![Rule::always(Fault::HangUp).times(2)]);
        assert_eq!(strikes(&mut plan, "capture", 4), [true, true, false, false]);
    }

    #[test]
    fn a_rule_names_its_operations_and_its_json_is_flat() {
        let rule: Rule =
            serde_json::from_str(r#"{"kind":"done-then-timeout","operation":"capture","count":3}"#).unwrap();
        assert_eq!(rule.fault, Fault::DoneThenTimeout { hold_ms: 20_000 });
        let mut plan = Plan::new(1, vec![rule]);
        assert_eq!(strikes(&mut plan, "refunds.create", 1), [false]);
        assert_eq!(strikes(&mut plan, "payment_intents.capture", 1), [true]);
    }
}
