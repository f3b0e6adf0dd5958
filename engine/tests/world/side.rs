//! The other sides: what they do with a request, how they promised to treat repetition, and a witness.

use std::collections::BTreeMap;

use amends_engine::contract::{Mode, PostingSource};
use amends_engine::instance::Side;
use amends_engine::kernel::Effect;
use amends_engine::outcome::{Fault, FaultClass, Landing, Probe};
use amends_engine::{Millis, RootKey, Value};

use super::dice::fate;

/// One effect as the other side saw it.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) root: RootKey,
    pub(crate) operation: String,
    pub(crate) reference: String,
    pub(crate) result: Value,
    at: Millis,
}

/// All other sides in one, told apart by the operation.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    seed: u64,
    done: BTreeMap<String, Vec<Done>>,
    refused: BTreeMap<String, Fault>,
    documents: u64,
    /// Business rejections per mille; refusals to undo contested work.
    pub(crate) rejects: u32,
    pub(crate) refusals: u32,
    /// Captures less than asked, per mille.
    pub(crate) short: u32,
}

impl Sides {
    pub(crate) fn new(seed: u64, rejects: u32, refusals: u32, short: u32) -> Self {
        Self {
            seed,
            rejects,
            refusals,
            short,
            ..Self::default()
        }
    }

    /// How often each key took effect.
    pub(crate) fn witness(&self) -> &BTreeMap<String, Vec<Done>> {
        &self.done
    }

    pub(crate) fn of_root<'s>(&'s self, root: &'s RootKey) -> impl Iterator<Item = (&'s String, &'s Done)> {
        let all = self
            .done
            .iter()
            .flat_map(|(key, done)| done.iter().map(move |one| (key, one)));
        all.filter(move |(_, one)| one.root == *root)
    }

    /// Works on a request.
    pub(crate) fn perform(&mut self, effect: &Effect, now: Millis) -> Result<Landing, Fault> {
        if let Some(known) = self.remembered(effect, now) {
            return known;
        }
        if self.says_no(effect) {
            let fault = Fault::new(FaultClass::Business, "no");
            self.refused.insert(effect.key.clone(), fault.clone());
            return Err(fault);
        }
        self.documents += 1;
        let done = Done {
            root: effect.root.clone(),
            operation: format!("{}.{}", effect.contract.role, effect.contract.operation),
            reference: format!("doc-{}", self.documents),
            result: self.result(effect),
            at: now,
        };
        let landing = landing(&done);
        self.done.entry(effect.key.clone()).or_default().push(done);
        Ok(landing)
    }

    /// Looks a request up by its key.
    pub(crate) fn look_up(&self, effect: &Effect) -> Probe {
        match self.done.get(&effect.key).map(Vec::as_slice) {
            None | Some([]) => Probe::Absent,
            Some([first, others @ ..]) => {
                let mut found = landing(first);
                found.duplicates = others.iter().map(|other| other.reference.clone()).collect();
                Probe::Found(found)
            }
        }
    }

    fn remembered(&self, effect: &Effect, now: Millis) -> Option<Result<Landing, Fault>> {
        let known = self.done.get(&effect.key).and_then(|done| done.first());
        match effect.contract.mode {
            Mode::Keyed { key_ttl_ms } => {
                if let Some(fault) = self.refused.get(&effect.key) {
                    return Some(Err(fault.clone()));
                }
                known
                    .filter(|done| now.since(done.at) < key_ttl_ms)
                    .map(|done| Ok(landing(done)))
            }
            Mode::Idempotent => known.map(|done| Ok(landing(done))),
            Mode::Probed | Mode::Staged | Mode::AtMostOnce => None,
        }
    }

    fn says_no(&self, effect: &Effect) -> bool {
        let rate = match effect.site.side {
            Side::Do => self.rejects,
            Side::Undo(_) if effect.contract.operation.as_str() == "cancel_release" => self.refusals,
            Side::Undo(_) => self.rejects / 4,
        };
        fate(self.seed, &format!("no/{}", effect.key), 1_000) < u64::from(rate)
    }

    fn result(&self, effect: &Effect) -> Value {
        let mut fields = BTreeMap::from([(
            "reference".to_owned(),
            Value::text(format!("doc-{}", self.documents)),
        )]);
        for rule in &effect.contract.postings {
            match &rule.source {
                PostingSource::Money { amount, .. } => {
                    let asked = effect.args.path(amount).and_then(Value::as_int).unwrap_or(0);
                    let short =
                        fate(self.seed, &format!("short/{}", effect.key), 1_000) < u64::from(self.short);
                    fields.insert(
                        amount.clone(),
                        Value::Int(if short { asked - asked / 3 } else { asked }),
                    );
                }
                PostingSource::Lines { lines } => {
                    let asked = effect.args.path(lines).cloned().unwrap_or_default();
                    fields.insert(lines.clone(), asked);
                }
            }
        }
        Value::Map(fields)
    }
}

fn landing(done: &Done) -> Landing {
    Landing {
        reference: Some(done.reference.clone()),
        result: done.result.clone(),
        ..Landing::default()
    }
}
