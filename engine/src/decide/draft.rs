//! A root being decided on: events so far, and the state they lead to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::definition::{Call, Definition, Step};
use crate::event::{Event, InstanceEvent};
use crate::evolve::evolve;
use crate::expr::{EvalError, Expr, Scope};
use crate::instance::{Instance, Place, Site};
use crate::limits::INCIDENTS_MAX;
use crate::root::{Debtor, Incident, Nature, Obligation, Root};
use crate::{Digest, InstanceId, StepId, Value};

use super::Context;

/// What was decided.
#[derive(Debug)]
pub struct Decision {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Values the events name by digest and that are new.
    pub values: BTreeMap<Digest, Arc<Value>>,
    /// The root after the events.
    pub root: Root,
}

pub(super) struct Draft<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) root: Root,
    events: Vec<Event>,
    values: BTreeMap<Digest, Arc<Value>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(context: &'a Context<'a>, root: &Root) -> Self {
        Self {
            context,
            root: root.clone(),
            events: Vec::new(),
            values: BTreeMap::new(),
        }
    }

    pub(super) fn finish(self) -> Decision {
        Decision {
            events: self.events,
            values: self.values,
            root: self.root,
        }
    }

    pub(super) fn events_len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn emit(&mut self, event: Event) {
        evolve(&mut self.root, &event, self.context.at);
        self.events.push(event);
    }

    pub(super) fn of(&mut self, instance: &InstanceId, event: InstanceEvent) {
        self.emit(Event::Of {
            instance: instance.clone(),
            event,
        });
    }

    pub(super) fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.root.instance(id)
    }

    pub(super) fn instance_ids(&self) -> Vec<InstanceId> {
        self.root.instances.keys().cloned().collect()
    }

    pub(super) fn definition(&self, id: &InstanceId) -> Option<Arc<Definition>> {
        self.context.book.definition(&self.instance(id)?.definition)
    }

    pub(super) fn step(&self, id: &InstanceId, step: &StepId) -> Option<Step> {
        self.definition(id)?.step(step).cloned()
    }

    pub(super) fn key(&self, id: &InstanceId, site: &Site, epoch: u32) -> String {
        site.key(self.context.store, id, epoch)
    }

    /// Keeps `value` and names it.
    pub(super) fn keep(&mut self, value: Value) -> Digest {
        let digest = value.digest();
        self.values.insert(digest, Arc::new(value));
        digest
    }

    pub(super) fn value(&self, digest: &Digest) -> Option<Arc<Value>> {
        self.values
            .get(digest)
            .or_else(|| self.context.values.get(digest))
            .cloned()
    }

    pub(super) fn subject(&self) -> Arc<Value> {
        self.root
            .subject
            .and_then(|digest| self.value(&digest))
            .unwrap_or_default()
    }

    /// Opens an incident and gives its number. An open one of the same cause and place serves again.
    pub(super) fn incident(
        &mut self,
        instance: Option<&InstanceId>,
        place: Option<&Place>,
        cause: &str,
        message: String,
    ) -> u32 {
        let same = |open: &Incident| {
            open.instance.as_ref() == instance && open.place.as_ref() == place && open.cause == cause
        };
        let known = self
            .root
            .incidents
            .iter()
            .find(|(_, open)| same(open))
            .map(|(number, _)| *number);
        if let Some(number) = known {
            return number;
        }
        if self.root.incidents.len() >= INCIDENTS_MAX {
            return self.root.numbers;
        }
        let number = self.root.numbers + 1;
        let incident = Incident {
            instance: instance.cloned(),
            place: place.cloned(),
            cause: cause.to_owned(),
            message,
            opened_at: self.context.at,
            owner: None,
        };
        self.emit(Event::IncidentOpened { number, incident });
        number
    }

    /// Closes what a run or an instance was waiting for a person about.
    pub(super) fn close_incidents(&mut self, matches: impl Fn(&Incident) -> bool) {
        let settled: Vec<u32> = self
            .root
            .incidents
            .iter()
            .filter(|(_, incident)| matches(incident))
            .map(|(number, _)| *number)
            .collect();
        for number in settled {
            self.emit(Event::IncidentClosed { number });
        }
    }

    /// Closes what a run was waiting for a person about. What two sides disagree on stays until somebody waives it.
    pub(super) fn close_incidents_at(&mut self, id: &InstanceId, place: &Place) {
        self.close_incidents(|incident| {
            incident.instance.as_ref() == Some(id)
                && incident.place.as_ref() == Some(place)
                && !incident.is_discrepancy()
        });
    }

    pub(super) fn oblige(
        &mut self,
        nature: Nature,
        debtor: Debtor,
        amount: i64,
        currency: Option<crate::ledger::Currency>,
        reason: String,
    ) {
        let number = self.root.numbers + 1;
        let obligation = Obligation {
            nature,
            debtor,
            amount,
            currency,
            reason,
            owner: "finance".to_owned(),
            opened_at: self.context.at,
        };
        self.emit(Event::ObligationOpened { number, obligation });
    }

    /// Evaluates `expr` with what instance `id` may read, plus `extra` names.
    pub(super) fn evaluate(
        &self,
        id: &InstanceId,
        expr: &Expr,
        extra: &[(&str, &Value)],
    ) -> Result<Value, EvalError> {
        let (Some(instance), Some(definition)) = (self.instance(id), self.definition(id)) else {
            return Err(EvalError {
                expression: expr.0.clone(),
                reason: "belongs to an unknown definition".to_owned(),
            });
        };
        let subject = self.subject();
        let steps = self.results(instance);
        let mut scope = Scope::new()
            .with(&definition.subject, &subject)
            .with("steps", &steps)
            .with("shop", &instance.settings);
        for (name, value) in extra {
            scope = scope.with(name, value);
        }
        self.context.evaluator.evaluate(expr, &scope)
    }

    /// A debt reads the results of the instance it was split off from, too.
    fn results(&self, instance: &Instance) -> Value {
        let own = instance.results();
        let parent = instance.only.as_ref().and_then(|_| {
            self.root.instances.values().find(|other| {
                other.only.is_none() && other.workflow == instance.workflow && other.id != instance.id
            })
        });
        match (parent.map(Instance::results), own) {
            (Some(Value::Map(mut results)), Value::Map(own)) => {
                results.extend(own);
                Value::Map(results)
            }
            (_, own) => own,
        }
    }

    /// The arguments of `call`, evaluated once.
    pub(super) fn arguments(
        &self,
        id: &InstanceId,
        call: &Call,
        extra: &[(&str, &Value)],
    ) -> Result<Value, EvalError> {
        let mut arguments = BTreeMap::new();
        for (name, expr) in &call.with {
            arguments.insert(name.clone(), self.evaluate(id, expr, extra)?);
        }
        Ok(Value::Map(arguments))
    }
}
