//! One order led by hand: what leaves, what comes back, what people say.

use amends_engine::Value;
use amends_engine::command::{Refusal, Verb};
use amends_engine::decide::{Input, Observation};
use amends_engine::definition::Definition;
use amends_engine::event::{Event, Report};
use amends_engine::instance::{CallPhase, Errand, Instance, Place, Run, Site, Stage};
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome};
use amends_engine::root::Root;

use crate::reach::{Bounds, Reached, Search, landing};

pub(crate) struct Course {
    pub(crate) search: Search,
    pub(crate) reached: Reached,
}

impl Course {
    /// An order of `sku-0` and `sku-1` that was just placed.
    pub(crate) fn of(definition: Definition) -> Self {
        let bounds = Bounds {
            faults: 0,
            commands: 0,
        };
        let search = Search::of(definition, bounds);
        let reached = search.start();
        let mut course = Self { search, reached };
        let placed = course.search.order.placed();
        course.fact(placed);
        course
    }

    pub(crate) fn root(&self) -> &Root {
        &self.reached.root
    }

    pub(crate) fn instance(&self) -> &Instance {
        let mut instances = self.root().instances.values();
        instances.find(|instance| instance.only.is_none()).unwrap()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.instance().stage
    }

    pub(crate) fn run(&self, place: &str) -> &Run {
        self.instance().run(&at(place)).unwrap()
    }

    pub(crate) fn has_incident(&self, cause: &str) -> bool {
        let mut incidents = self.root().incidents.values();
        incidents.any(|incident| incident.cause == cause)
    }

    /// Hands in `input` and gives what was decided.
    pub(crate) fn take(&mut self, input: &Input) -> Result<Vec<Event>, Refusal> {
        let time = self.reached.at.plus(10);
        let decision = self.search.decide(&self.reached, input, time)?;
        self.reached.values.extend(decision.values);
        self.reached.root = decision.root;
        self.reached.at = time;
        Ok(decision.events)
    }

    pub(crate) fn fact(&mut self, observation: Observation) {
        self.take(&Input::Observed(observation)).unwrap();
    }

    pub(crate) fn command(&mut self, verb: Verb) -> Result<Vec<Event>, Refusal> {
        let command = Search::command(self.instance(), verb);
        self.take(&Input::Command(command))
    }

    /// Lets the call at `place` leave; forward or undo, whatever is owed there.
    pub(crate) fn leave(&mut self, place: &str) -> Site {
        let site = self.run(place).site(&at(place));
        self.leave_of(&self.instance().id.clone(), &site);
        site
    }

    pub(crate) fn leave_of(&mut self, instance: &amends_engine::InstanceId, site: &Site) {
        let run = self.root().instance(instance).unwrap().run(&site.place).unwrap();
        if let Some(CallPhase::Owed { until, .. }) = run.call().map(|call| call.phase) {
            self.reached.at = self.reached.at.max(until);
        }
        let events = self
            .take(&Input::Granted {
                instance: instance.clone(),
                site: site.clone(),
            })
            .unwrap();
        assert!(!events.is_empty(), "{site} is not owed");
    }

    /// The answer to the errand under way at `place`.
    pub(crate) fn answer(&mut self, place: &str, report: Report) {
        let call = self.run(place).call().unwrap();
        let name = (call.epoch, call.attempt);
        let site = self.run(place).site(&at(place));
        self.late(&site, name, report);
    }

    /// A report about any errand, under way or long over.
    pub(crate) fn late(&mut self, site: &Site, (epoch, attempt): (u32, u32), report: Report) {
        let instance = self.instance().id.clone();
        let ended = Input::Ended {
            instance,
            site: site.clone(),
            epoch,
            attempt,
            report,
        };
        self.take(&ended).unwrap();
    }

    /// It leaves and takes place.
    pub(crate) fn land(&mut self, place: &str) -> Landing {
        let site = self.leave(place);
        let call = self.run(place).call().unwrap();
        let landing = landing(&self.reached, &site, call);
        self.answer(place, Report::Outcome(Outcome::Succeeded(landing.clone())));
        landing
    }

    /// It leaves and the other side says no.
    pub(crate) fn refuse(&mut self, place: &str) {
        self.leave(place);
        let fault = Fault::new(FaultClass::Business, "no");
        self.answer(place, Report::Outcome(Outcome::Rejected(fault)));
    }

    /// It leaves and may have happened.
    pub(crate) fn doubt(&mut self, place: &str) {
        self.leave(place);
        let fault = Fault::new(FaultClass::Timeout, "no answer");
        self.answer(place, Report::Outcome(Outcome::Unknown(fault)));
    }

    /// Places whose calls are owed, whatever they wait for.
    pub(crate) fn owed(&self) -> Vec<(String, Errand)> {
        let calls = self.instance().owed_calls(amends_engine::Millis(i64::MAX));
        let calls = calls.into_iter().map(|(site, call)| match call.phase {
            CallPhase::Owed { errand, .. } | CallPhase::InFlight { errand, .. } => (site.to_string(), errand),
            CallPhase::Stuck { .. } => (site.to_string(), Errand::Probe),
        });
        calls.collect()
    }
}

/// `step` or `step/item`.
pub(crate) fn at(place: &str) -> Place {
    match place.split_once('/') {
        Some((step, item)) => Place::item(&step.into(), &item.into()),
        None => Place::once(&place.into()),
    }
}

pub(crate) fn complete(place: &str) -> Verb {
    Verb::Complete {
        place: at(place),
        reference: Some("by-hand".to_owned()),
        result: Value::map([("reference", Value::text("by-hand"))]),
    }
}
