//! Looking an effect up by our own reference.

use amends_engine::Value;
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome, Probe};

use super::bench::Bench;
use super::classify::{Meaning, by_status, classify, is_readable};
use super::conversion::plain;
use super::document::{Lookup, Verdict};
use super::formula::FormulaError;
use super::limits::HITS_MAX;
use super::render::Purpose;
use super::reply::Reply;
use super::run::{Answered, Run, Sending};

/// What a look-up found, oldest first.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Effects that took place.
    pub(super) landed: Vec<Hit>,
    /// Drafts that did not become one yet, as the other side shows them.
    pub(super) drafts: Vec<Value>,
}

/// An effect that took place.
#[derive(Debug)]
pub(super) struct Hit {
    reference: String,
    result: Value,
}

impl Hits {
    /// The oldest effect, the others named as its duplicates; `None` if there is none.
    pub(super) fn landing(self, sending: Sending) -> Option<Landing> {
        let mut landed = self.landed.into_iter();
        let first = landed.next()?;
        let duplicates = landed
            .map(|hit| hit.reference)
            .filter(|reference| *reference != first.reference)
            .collect();
        Some(Landing {
            reference: Some(first.reference),
            result: first.result,
            adopted: sending == Sending::First,
            duplicates,
            exchange: None,
        })
    }

    /// `landing` with every effect named that is not it.
    pub(super) fn compared(self, mut landing: Landing) -> Landing {
        let mut references = self.landed.into_iter().map(|hit| hit.reference);
        if landing.reference.is_none() {
            landing.reference = references.next();
        }
        for reference in references {
            if Some(&reference) != landing.reference.as_ref() && !landing.duplicates.contains(&reference) {
                landing.duplicates.push(reference);
            }
        }
        landing
    }

    /// The answer to a probe.
    pub(super) fn probe(self) -> Probe {
        self.landing(Sending::Again).map_or(Probe::Absent, Probe::Found)
    }
}

impl Run<'_> {
    /// Asks the other side what it has under our reference.
    ///
    /// # Errors
    /// The fault that left the question unanswered.
    pub(super) async fn look_up(&mut self, lookup: &Lookup) -> Result<Hits, Fault> {
        match self.call(&lookup.call, None, Purpose::Lookup).await {
            Answered::Reply(reply) => self.hits(lookup, &reply),
            Answered::Skipped => Ok(Hits::default()),
            Answered::Ended(outcome) => Err(fault_of(outcome)),
        }
    }

    fn hits(&self, lookup: &Lookup, reply: &Reply) -> Result<Hits, Fault> {
        let steps = Value::Map(std::collections::BTreeMap::default());
        let seen = reply.value();
        let bench = self.bench(&steps, None).with("reply", &seen);
        if lookup.absent.as_ref().is_some_and(|absent| bench.holds(absent)) {
            return Ok(Hits::default());
        }
        self.answered_well(lookup, reply, &bench)?;
        let found = bench.value(&lookup.hits).map_err(|error| unreadable(&error))?;
        let found = match found {
            Value::Null => Vec::new(),
            Value::List(hits) => hits,
            Value::Map(_) => vec![found],
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Text(_) => {
                let message = format!(
                    "`{}` gives {} where hits are listed",
                    lookup.hits.source,
                    found.kind()
                );
                return Err(Fault::new(FaultClass::Unreadable, message));
            }
        };
        let mut hits = Hits::default();
        for hit in found.into_iter().take(HITS_MAX) {
            sort_hit(lookup, &bench, hit, &mut hits)?;
        }
        Ok(hits)
    }

    /// Whether the reply answers the question at all: by a rule, or by being a readable 2xx.
    fn answered_well(&self, lookup: &Lookup, reply: &Reply, bench: &Bench<'_>) -> Result<(), Fault> {
        let defaults = &self.connector.recipe.defaults;
        let ruled = lookup.call.replies.iter().chain(&defaults.replies);
        let readable = is_readable(reply, defaults);
        for rule in ruled {
            if bench.holds(&rule.when) && (readable || !rule.verdict.goes_on()) {
                return match rule.verdict {
                    Verdict::Succeeded | Verdict::Accepted | Verdict::Continue => Ok(()),
                    Verdict::Rejected | Verdict::Failed | Verdict::Unknown => {
                        match classify(&lookup.call.replies, defaults, reply, bench) {
                            Meaning::Final(outcome, _) => Err(fault_of(outcome)),
                            Meaning::Continue => Ok(()),
                        }
                    }
                };
            }
        }
        if readable && (200..300).contains(&reply.status) && !reply.body.is_empty() {
            return Ok(());
        }
        Err(fault_of(by_status(reply, defaults, readable)))
    }
}

fn sort_hit(lookup: &Lookup, bench: &Bench<'_>, hit: Value, hits: &mut Hits) -> Result<(), Fault> {
    let seen = bench.with("hit", &hit);
    // A condition without a value must not read as "not landed": that would invite a second effect.
    let truth = |formula: &Option<super::formula::Formula>, without: bool| match formula {
        None => Ok(without),
        Some(formula) => {
            let value = seen.value(formula).map_err(|error| unreadable(&error))?;
            value.as_bool().ok_or_else(|| {
                let message = format!(
                    "`{}` gives {} where it has to be true or false",
                    formula.source,
                    value.kind()
                );
                Fault::new(FaultClass::Unreadable, message)
            })
        }
    };
    if truth(&lookup.draft, false)? {
        hits.drafts.push(hit);
    } else if truth(&lookup.landed, true)? {
        let reference = seen
            .value(&lookup.reference)
            .map_err(|error| unreadable(&error))?;
        let reference = plain(&reference).ok_or_else(|| {
            let message = format!(
                "`{}` gives {} where a reference is read",
                lookup.reference.source,
                reference.kind()
            );
            Fault::new(FaultClass::Unreadable, message)
        })?;
        let mut fields = Vec::new();
        for (name, formula) in &lookup.result {
            fields.push((
                name.clone(),
                seen.value(formula).map_err(|error| unreadable(&error))?,
            ));
        }
        hits.landed.push(Hit {
            reference,
            result: Value::map(fields),
        });
    }
    Ok(())
}

fn unreadable(error: &FormulaError) -> Fault {
    Fault::new(
        FaultClass::Unreadable,
        format!("the look-up's answer lacks what the recipe reads from it: {error}"),
    )
}

/// The fault of an outcome that is not a success.
pub(super) fn fault_of(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault) => fault,
        Outcome::Succeeded(_) | Outcome::Accepted(_) => Fault::new(
            FaultClass::Unreadable,
            "the answer says success where it was to answer a question",
        ),
    }
}
