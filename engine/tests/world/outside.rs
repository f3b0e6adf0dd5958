//! What happens outside: requests that arrive or not, answers that come or not, facts in any order.

use amends_engine::event::Report;
use amends_engine::instance::Errand;
use amends_engine::kernel::{Effect, Input};
use amends_engine::outcome::{Fault, FaultClass, Outcome, Probe};
use amends_engine::{Millis, RootKey};

use super::build::{MINUTE, SECOND};
use super::order::Order;
use super::people::Pending;
use super::shop::SETTLE;
use super::{Answer, CHAOS_MS, Happening, World};

/// How a request's answer comes back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Veil {
    /// As it is.
    Clear,
    /// As "it may have happened".
    Unknown(FaultClass),
}

impl World {
    /// Writes down what the outside will report, in any order and more than once.
    pub(crate) fn script(&mut self) {
        for order in self.orders.clone() {
            let placed = self.dice.between(0, CHAOS_MS / 4);
            self.report(&order.root, placed, order.placed());
            let cleared = self.dice.between(0, CHAOS_MS / 2);
            if self.plan.noise == 0 || self.dice.chance(800) {
                self.report(&order.root, cleared, order.cleared());
            }
            if self.dice.chance(500) {
                let received = self.dice.between(0, CHAOS_MS * 2);
                self.report(&order.root, received, Order::received());
            }
        }
        for number in 0..self.plan.noise {
            let Some(order) = self.dice.pick(&self.orders).cloned() else {
                return;
            };
            let number = i64::try_from(number).unwrap();
            let after = self.dice.between(0, CHAOS_MS);
            let observation = match self.dice.roll(5) {
                0 => Order::cancelled(),
                1 => Order::edited(number),
                2 => Order::refunded(number, 1 + order.total() / 2),
                3 => order.shipped(usize::try_from(number).unwrap()),
                _ => order.placed(),
            };
            self.report(&order.root, after, observation);
        }
        for _ in 0..self.plan.commands {
            let after = self.dice.between(0, CHAOS_MS);
            self.plan_for(after, Happening::Person);
        }
        self.plan_brakes();
        self.plan_for(CHAOS_MS, Happening::Heal);
    }

    fn report(&mut self, root: &RootKey, after_ms: i64, observation: amends_engine::decide::Observation) {
        while self.dice.chance(self.plan.echoes) {
            let late = self.dice.between(0, CHAOS_MS);
            self.plan_for(late, Happening::Fact(root.clone(), observation.clone()));
        }
        self.plan_for(after_ms, Happening::Fact(root.clone(), observation));
    }

    /// A request leaves.
    pub(crate) fn release(&mut self, effect: Effect) {
        self.laws.released(&effect);
        self.count_departure(&effect);
        let faulty = !self.healed && self.dice.chance(self.plan.faults);
        let work = self.dice.between(1, 2 * SECOND);
        if effect.errand == Errand::Probe {
            return self.look_up(&effect, work, faulty);
        }
        let timeout = effect.timeout_ms;
        if !faulty {
            return self.plan_for(work, Happening::Perform(Box::new(effect), Some(Veil::Clear)));
        }
        let class = *self
            .dice
            .pick(&[
                FaultClass::Timeout,
                FaultClass::Server,
                FaultClass::Broken,
                FaultClass::Unreadable,
            ])
            .unwrap();
        match self.dice.roll(5) {
            0 => self.plan_for(
                work,
                Happening::Perform(Box::new(effect), Some(Veil::Unknown(class))),
            ),
            1 => self.say(&effect, timeout, unknown(class)),
            2 => {
                // It goes on working after we stopped waiting, within what it declared.
                let late = self.dice.between(1, SETTLE - 1);
                self.say(&effect, timeout, unknown(class));
                self.plan_for(timeout + late, Happening::Perform(Box::new(effect), None));
            }
            3 => self.say(
                &effect,
                work,
                Report::Outcome(Outcome::Failed(Fault::new(FaultClass::Connect, "no route"))),
            ),
            _ => {
                let mut fault = Fault::new(FaultClass::Throttled, "later");
                fault.retry_after_ms = Some(self.dice.between(1, 20) * SECOND);
                self.say(&effect, work, Report::Outcome(Outcome::Failed(fault)));
            }
        }
    }

    fn look_up(&mut self, effect: &Effect, work_ms: i64, faulty: bool) {
        // The answer is as old as the moment the look-up was made.
        let probe = if faulty {
            Probe::Failed(Fault::new(FaultClass::Timeout, "no answer"))
        } else {
            self.sides.look_up(effect)
        };
        self.say(effect, work_ms, Report::Probe(probe));
    }

    fn say(&mut self, effect: &Effect, after_ms: i64, report: Report) {
        let answer = Answer {
            root: effect.root.clone(),
            instance: effect.instance.clone(),
            site: effect.site.clone(),
            epoch: effect.epoch,
            attempt: effect.attempt,
            report,
            life: self.life,
        };
        while !self.healed && self.dice.chance(self.plan.echoes) {
            let late = self.dice.between(0, 30 * MINUTE);
            self.plan_for(after_ms + late, Happening::Answer(Box::new(answer.clone())));
        }
        self.plan_for(after_ms, Happening::Answer(Box::new(answer)));
    }

    pub(crate) fn perform(&mut self, effect: &Effect, veil: Option<Veil>) {
        let done = self.sides.perform(effect, self.now);
        let truth = match done {
            Ok(landing) if effect.contract.operation.as_str() == "release" => Outcome::Accepted(landing),
            Ok(landing) => Outcome::Succeeded(landing),
            Err(fault) => Outcome::Rejected(fault),
        };
        if matches!(truth, Outcome::Accepted(_)) {
            self.ship(&effect.root);
        }
        match veil {
            Some(Veil::Clear) => self.say(effect, 1, Report::Outcome(truth)),
            Some(Veil::Unknown(class)) => {
                self.say(effect, 1, unknown(class));
                // Sometimes the truth comes out after all.
                if self.dice.chance(self.plan.echoes) {
                    let late = self.dice.between(1, 30 * MINUTE);
                    self.say(effect, late, Report::Outcome(truth));
                }
            }
            None => {}
        }
    }

    /// The warehouse ships what was released to it.
    fn ship(&mut self, root: &RootKey) {
        let order = self
            .orders
            .iter()
            .find(|order| order.root == *root)
            .unwrap()
            .clone();
        for line in 0..order.lines.len() {
            let after = self.dice.between(SECOND, 50 * MINUTE);
            self.report(root, after, order.shipped(line));
        }
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        let attempt = (
            answer.instance.clone(),
            answer.site.clone(),
            answer.epoch,
            answer.attempt,
        );
        for under_way in self.under_way.values_mut() {
            under_way.remove(&attempt);
        }
        self.handle(Input::Ended {
            root: answer.root,
            instance: answer.instance,
            site: answer.site,
            epoch: answer.epoch,
            attempt: answer.attempt,
            report: answer.report,
        });
    }

    /// Gates keep to their limits, counted where requests leave.
    fn count_departure(&mut self, effect: &Effect) {
        let connector = effect.contract.connector.clone();
        let under_way = self.under_way.entry(connector.clone()).or_default();
        under_way.insert((
            effect.instance.clone(),
            effect.site.clone(),
            effect.epoch,
            effect.attempt,
        ));
        assert!(
            under_way.len() <= self.plan.concurrency as usize,
            "{connector} has {} requests under way, {} are allowed",
            under_way.len(),
            self.plan.concurrency
        );
        self.departures.entry(connector).or_default().push(self.now);
    }

    /// The process that waited is gone; the other sides finish within what they declared.
    pub(crate) fn cut_off(&mut self) {
        let latest = Millis(self.now.0 + SETTLE - 1);
        let cut: Vec<(Millis, u64)> = self
            .agenda
            .iter()
            .filter(|((at, _), happening)| matches!(happening, Happening::Perform(..)) && *at > latest)
            .map(|(when, _)| *when)
            .collect();
        for (at, number) in cut {
            if let Some(happening) = self.agenda.remove(&(at, number)) {
                self.agenda.insert((latest, number), happening);
            }
        }
        self.agenda
            .retain(|_, happening| !matches!(happening, Happening::Load(_) | Happening::Sync));
    }

    /// Facts are told again until somebody says that they are kept.
    pub(crate) fn heal(&mut self) {
        self.healed = true;
        self.sides.rejects = 0;
        self.sides.short = 0;
        for order in self.orders.clone() {
            let placed = self.expect(Pending::Fact);
            self.handle(Input::Observe {
                root: order.root.clone(),
                observation: order.placed(),
                reply: Some(placed),
            });
        }
        self.release_brakes();
        self.resume_all();
    }
}

fn unknown(class: FaultClass) -> Report {
    Report::Outcome(Outcome::Unknown(Fault::new(class, "it may have happened")))
}
