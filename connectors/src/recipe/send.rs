//! Carrying an operation out, each by the way its mode is made safe.

use amends_engine::Value;
use amends_engine::contract::Mode;
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome, Probe};
use tracing::Instrument as _;

use super::classify::Meaning;
use super::connector::Connector;
use super::document::{Call, Chain, Lookup, Operation, Plan};
use super::exchange::Exchange;
use super::lookup::{Hits, fault_of};
use super::render::Purpose;
use super::run::{Answered, Request, Run};

/// How an attempt ended, and what went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The outcome; its `exchange` digest is for whoever stores the exchange to fill in.
    pub outcome: Outcome,
    /// Requests and replies.
    pub exchange: Exchange,
}

/// What a look-up said, and what went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The answer.
    pub probe: Probe,
    /// Requests and replies.
    pub exchange: Exchange,
}

impl Connector {
    /// Carries an operation out and says how it ended. It never takes longer than the request allows (plus
    /// scheduling) and always gives exactly one outcome.
    pub async fn send(&self, request: &Request<'_>) -> Sent {
        let span = tracing::info_span!(
            "connector.send",
            connector = %self.id,
            operation = request.operation,
            correlation = request.correlation_id,
        );
        async {
            let mut run = Run::new(self, request);
            let outcome = run.operation().await;
            tracing::debug!(
                outcome = kind(&outcome),
                requests = run.exchange.turns.len(),
                "attempt ended"
            );
            Sent {
                outcome: self.mask.outcome(outcome, request.args),
                exchange: run.exchange,
            }
        }
        .instrument(span)
        .await
    }

    /// Looks an operation's effect up by our reference.
    pub async fn probe(&self, request: &Request<'_>) -> Probed {
        let span = tracing::info_span!(
            "connector.probe",
            connector = %self.id,
            operation = request.operation,
            correlation = request.correlation_id,
        );
        async {
            let mut run = Run::new(self, request);
            let lookup = self
                .operation(request.operation)
                .and_then(|operation| operation.probe.as_ref());
            let probe = match lookup {
                Some(lookup) => run.look_up(lookup).await.map_or_else(Probe::Failed, Hits::probe),
                None => Probe::Failed(Fault::new(
                    FaultClass::Business,
                    format!(
                        "the recipe `{}` cannot look `{}` up",
                        self.recipe.name, request.operation
                    ),
                )),
            };
            Probed {
                probe: self.mask.probe(probe, request.args),
                exchange: run.exchange,
            }
        }
        .instrument(span)
        .await
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded(_) => "succeeded",
        Outcome::Accepted(_) => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::Failed(_) => "failed",
        Outcome::Unknown(_) => "unknown",
    }
}

impl Run<'_> {
    async fn operation(&mut self) -> Outcome {
        let Some(operation) = self.connector.operation(self.request.operation) else {
            let mut fault = Fault::new(
                FaultClass::Business,
                format!(
                    "the recipe `{}` has no operation `{}`",
                    self.connector.recipe.name, self.request.operation
                ),
            );
            fault.code = Some("recipe/no-operation".to_owned());
            return Outcome::Rejected(fault);
        };
        match (&operation.plan, &operation.probe) {
            (Plan::Chain(chain), Some(lookup)) if operation.mode == Mode::Probed => {
                self.probed(chain, lookup).await
            }
            (Plan::Chain(chain), _) => self.chain(chain, None).await,
            (
                Plan::Staged {
                    prepare,
                    draft,
                    cancel,
                    confirm,
                },
                Some(lookup),
            ) => {
                let stage = Stage {
                    prepare,
                    draft,
                    cancel,
                    confirm,
                    lookup,
                };
                self.staged(&stage).await
            }
            (Plan::Staged { .. }, None) => incomplete(operation),
        }
    }

    /// Looks up, sends if there is nothing, looks up again.
    async fn probed(&mut self, chain: &Chain, lookup: &Lookup) -> Outcome {
        let before = match self.look_up(lookup).await {
            Ok(hits) => hits,
            Err(fault) => return Outcome::Failed(fault),
        };
        if let Some(landing) = before.landing(self.request.sending) {
            return Outcome::Succeeded(landing);
        }
        match self.chain(chain, None).await {
            Outcome::Succeeded(landing) => Outcome::Succeeded(self.compared(landing, lookup).await),
            Outcome::Accepted(landing) => Outcome::Accepted(self.compared(landing, lookup).await),
            settled @ (Outcome::Rejected(_) | Outcome::Failed(_) | Outcome::Unknown(_)) => settled,
        }
    }

    /// Names duplicates, as far as the other side shows them already. A look-up that fails takes nothing back.
    async fn compared(&mut self, landing: Landing, lookup: &Lookup) -> Landing {
        match self.look_up(lookup).await {
            Ok(hits) => hits.compared(landing),
            Err(fault) => {
                tracing::debug!(class = ?fault.class, "effect not compared with the other side's list");
                landing
            }
        }
    }

    /// Nothing counts until a draft is confirmed, so every failure before that is a plain failure: what it may
    /// have left is a harmless draft that the next attempt finds.
    async fn staged(&mut self, stage: &Stage<'_>) -> Outcome {
        let mut hits = match self.look_up(stage.lookup).await {
            Ok(hits) => hits,
            Err(fault) => return Outcome::Failed(fault),
        };
        if hits.landed.is_empty() && hits.drafts.is_empty() {
            for question in stage.prepare {
                if let Err(outcome) = self.step(question, None, Purpose::Lookup).await {
                    return outcome;
                }
            }
            if let Err(outcome) = self.step(stage.draft, None, Purpose::Draft).await {
                return outcome;
            }
            hits = match self.look_up(stage.lookup).await {
                Ok(hits) => hits,
                Err(fault) => return Outcome::Failed(fault),
            };
        }
        let drafts = std::mem::take(&mut hits.drafts);
        if let Some(landing) = hits.landing(self.request.sending) {
            return Outcome::Succeeded(landing);
        }
        let mut drafts = drafts.into_iter();
        let Some(oldest) = drafts.next() else {
            let message = "the draft just made is not listed yet";
            return Outcome::Failed(Fault::new(FaultClass::Server, message));
        };
        for surplus in drafts {
            if let Err(outcome) = self.step(stage.cancel, Some(&surplus), Purpose::Draft).await {
                return Outcome::Failed(fault_of(outcome));
            }
        }
        self.confirm(stage, &oldest).await
    }

    async fn confirm(&mut self, stage: &Stage<'_>, oldest: &Value) -> Outcome {
        match self.chain(stage.confirm, Some(oldest)).await {
            Outcome::Succeeded(landing) => Outcome::Succeeded(self.compared(landing, stage.lookup).await),
            Outcome::Accepted(landing) => Outcome::Accepted(self.compared(landing, stage.lookup).await),
            Outcome::Rejected(fault) => {
                // The draft is of no use any more; a draft that stays is only untidy.
                if self
                    .step(stage.cancel, Some(oldest), Purpose::Draft)
                    .await
                    .is_err()
                {
                    tracing::debug!("refused draft not removed");
                }
                Outcome::Rejected(fault)
            }
            settled @ (Outcome::Failed(_) | Outcome::Unknown(_)) => settled,
        }
    }

    /// A call that makes or removes a draft, or asks what it needs. Its failure is harmless, whatever came of it.
    async fn step(&mut self, call: &Call, draft: Option<&Value>, purpose: Purpose) -> Result<(), Outcome> {
        let outcome = match self.call(call, draft, purpose).await {
            Answered::Skipped => return Ok(()),
            Answered::Ended(outcome) => outcome,
            Answered::Reply(reply) => match self.meaning(call, &reply, draft) {
                Meaning::Continue => return Ok(()),
                Meaning::Final(outcome, _) => outcome,
            },
        };
        match outcome {
            Outcome::Succeeded(_) | Outcome::Accepted(_) => Ok(()),
            Outcome::Rejected(fault) => Err(Outcome::Rejected(fault)),
            Outcome::Failed(fault) | Outcome::Unknown(fault) => Err(Outcome::Failed(fault)),
        }
    }
}

/// The parts of a staged operation.
struct Stage<'p> {
    prepare: &'p [Call],
    draft: &'p Call,
    cancel: &'p Call,
    confirm: &'p Chain,
    lookup: &'p Lookup,
}

/// Reading a document refuses this; a recipe without a look-up must not send.
fn incomplete(operation: &Operation) -> Outcome {
    let message = format!("{:?} without a look-up is not carried out", operation.mode);
    Outcome::Rejected(Fault::new(FaultClass::Business, message))
}
