//! One attempt: requests in order, each rendered from the replies before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amends_engine::Value;
use amends_engine::outcome::{Fault, FaultClass, Outcome};
use tokio::time::Instant;

use super::bench::{Bench, Phase};
use super::classify::{Meaning, apply, classify, of_trouble, shortened};
use super::connector::Connector;
use super::document::{Auth, Call, Chain, Leftovers, Reach};
use super::exchange::Exchange;
use super::mask::Mask;
use super::render::{Named, Purpose, RenderError, Rendered, purpose, request};
use super::reply::{Reply, Trouble};
use super::secret::{Masked, Secret};
use super::session::{Token, skipped};
use super::transport::Outgoing;

/// What every request of an attempt shares.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The idempotency key, which is also our reference at the other side.
    pub key: &'a str,
    /// The arguments.
    pub args: &'a Value,
    /// How long the whole attempt may take, in milliseconds.
    pub timeout_ms: i64,
    /// Ties the request to what people see in logs of both sides.
    pub correlation_id: &'a str,
    /// W3C trace context, if there is a trace.
    pub traceparent: Option<&'a str>,
    /// Whether anything was sent under this key before.
    pub sending: Sending,
}

impl Request<'_> {
    /// Puts on a request what ties it to the others of its attempt.
    pub(super) fn mark(&self, rendered: &mut Rendered) {
        let marks = [
            ("x-correlation-id", Some(self.correlation_id)),
            ("traceparent", self.traceparent),
        ];
        for (name, value) in marks {
            if let Some(value) = value.filter(|value| value.bytes().all(|byte| byte.is_ascii_graphic())) {
                rendered.headers.push((name.to_owned(), Masked::text(value)));
            }
        }
    }
}

/// Whether anything was sent under a key before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Nothing: what a look-up finds is not ours and is adopted.
    First,
    /// Something may have been: what a look-up finds is our own.
    Again,
}

/// The state of one attempt.
pub(super) struct Run<'c> {
    pub(super) connector: &'c Connector,
    pub(super) request: &'c Request<'c>,
    pub(super) exchange: Exchange,
    named: Named,
    deadline: Instant,
    steps: BTreeMap<String, Value>,
    /// A call that writes was answered well: what follows cannot say "nothing happened".
    wrote: bool,
}

/// How a single call ended.
pub(super) enum Answered {
    /// It was passed over.
    Skipped,
    /// A reply came.
    Reply(Reply),
    /// None came, or the request could not be made.
    Ended(Outcome),
}

impl<'c> Run<'c> {
    pub(super) fn new(connector: &'c Connector, request: &'c Request<'c>) -> Self {
        let allowed_ms = u64::try_from(request.timeout_ms).unwrap_or(0);
        Self {
            connector,
            request,
            exchange: Exchange::default(),
            named: Named::new(request.key),
            deadline: Instant::now() + Duration::from_millis(allowed_ms),
            steps: BTreeMap::new(),
            wrote: false,
        }
    }

    /// Carries a chain out.
    pub(super) async fn chain(&mut self, chain: &Chain, draft: Option<&Value>) -> Outcome {
        for call in &chain.calls {
            let reply = match self.call(call, draft, purpose(call)).await {
                Answered::Skipped => continue,
                Answered::Ended(outcome) => {
                    return self.softened(self.of_reach(outcome, call.reach), Leftovers::Possible);
                }
                Answered::Reply(reply) => reply,
            };
            match self.meaning(call, &reply, draft) {
                Meaning::Final(outcome, leftovers) => {
                    return self.softened(self.of_reach(outcome, call.reach), leftovers);
                }
                Meaning::Continue => self.wrote |= call.reach == Reach::Counts,
            }
        }
        self.end(chain, draft)
    }

    fn end(&self, chain: &Chain, draft: Option<&Value>) -> Outcome {
        let unexplained = || {
            let message = "all calls of the recipe were answered, but none of the answers is an outcome";
            Outcome::Unknown(Fault::new(FaultClass::Unreadable, message))
        };
        let Some(rule) = &chain.end else {
            return unexplained();
        };
        let steps = Value::Map(self.steps.clone());
        let bench = self.bench(&steps, draft);
        match apply(rule, None, &self.connector.recipe.defaults, &bench) {
            Meaning::Final(outcome, leftovers) => self.softened(outcome, leftovers),
            Meaning::Continue => unexplained(),
        }
    }

    /// Sends one call, unless its condition is false, and keeps its reply for later expressions.
    pub(super) async fn call(&mut self, call: &Call, draft: Option<&Value>, purpose: Purpose) -> Answered {
        let rendered = match self.render(call, draft, purpose) {
            Ok(Some(rendered)) => rendered,
            Ok(None) => {
                self.steps.insert(call.name.clone(), skipped());
                return Answered::Skipped;
            }
            Err(error) => return Answered::Ended(unwritten(&error)),
        };
        match self.deliver(&rendered).await {
            Ok(reply) => {
                let mut seen = reply.value();
                if let Value::Map(fields) = &mut seen {
                    fields.insert("ran".to_owned(), Value::Bool(true));
                }
                self.steps.insert(call.name.clone(), seen);
                Answered::Reply(reply)
            }
            Err(outcome) => Answered::Ended(outcome),
        }
    }

    fn render(
        &self,
        call: &Call,
        draft: Option<&Value>,
        purpose: Purpose,
    ) -> Result<Option<Rendered>, RenderError> {
        let steps = Value::Map(self.steps.clone());
        let bench = self.bench(&steps, draft);
        if let Some(when) = &call.when
            && bench.value(when)?.as_bool() != Some(true)
        {
            return Ok(None);
        }
        request(&self.connector.recipe, &call.request, &call.name, purpose, &bench).map(Some)
    }

    pub(super) fn meaning(&self, call: &Call, reply: &Reply, draft: Option<&Value>) -> Meaning {
        let steps = Value::Map(self.steps.clone());
        let seen = reply.value();
        let bench = self.bench(&steps, draft).with("reply", &seen);
        classify(&call.replies, &self.connector.recipe.defaults, reply, &bench)
    }

    /// The names of this attempt.
    pub(super) fn bench<'b>(&'b self, steps: &'b Value, draft: Option<&'b Value>) -> Bench<'b> {
        let mut scope = self
            .named
            .scope(&self.connector.settings, self.request.args)
            .with("steps", steps);
        if let Some(draft) = draft {
            scope = scope.with("draft", draft);
        }
        Bench {
            evaluator: self.connector.evaluator.as_ref(),
            scope,
            phase: Phase::Live,
        }
    }

    /// A question that was not answered changed nothing, wherever it got lost.
    fn of_reach(&self, outcome: Outcome, reach: Reach) -> Outcome {
        match (outcome, reach) {
            (Outcome::Unknown(fault), reach) if reach.is_harmless() && !self.wrote => Outcome::Failed(fault),
            (settled, Reach::Question | Reach::Harmless | Reach::Counts) => settled,
        }
    }

    /// After an effect "nothing happened" and "no" are only believed when the recipe vouches for them.
    fn softened(&self, outcome: Outcome, leftovers: Leftovers) -> Outcome {
        match outcome {
            Outcome::Failed(fault) | Outcome::Rejected(fault)
                if self.wrote && leftovers == Leftovers::Possible =>
            {
                Outcome::Unknown(fault)
            }
            settled @ (Outcome::Succeeded(_)
            | Outcome::Accepted(_)
            | Outcome::Rejected(_)
            | Outcome::Failed(_)
            | Outcome::Unknown(_)) => settled,
        }
    }

    /// Sends one request, within a session if there is one. A session that is no longer taken is renewed once: 401
    /// says that nothing was done.
    pub(super) async fn deliver(&mut self, rendered: &Rendered) -> Result<Reply, Outcome> {
        let mut rendered = rendered.clone();
        self.request.mark(&mut rendered);
        let connector = self.connector;
        let Auth::Session(session) = &connector.recipe.auth else {
            return self.transmit(&rendered, None).await;
        };
        let first = connector
            .token(session, self.request, &mut self.exchange, self.deadline)
            .await
            .map_err(Outcome::Failed)?;
        let reply = self.transmit(&rendered, Some(&first)).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        connector.sessions.forget(&first).await;
        let second = connector
            .token(session, self.request, &mut self.exchange, self.deadline)
            .await
            .map_err(Outcome::Failed)?;
        self.transmit(&rendered, Some(&second)).await
    }

    async fn transmit(&mut self, rendered: &Rendered, token: Option<&Arc<Token>>) -> Result<Reply, Outcome> {
        let token = token.map(|token| &token.text);
        self.connector
            .transmit(rendered, token, &mut self.exchange, self.deadline)
            .await
            .map_err(|trouble| of_trouble(&trouble))
    }
}

/// A request that cannot be written was not sent, and will not be written the next time either.
fn unwritten(error: &RenderError) -> Outcome {
    let mut fault = Fault::new(
        FaultClass::Business,
        shortened(&format!(
            "the request cannot be written from its arguments: {error}"
        )),
    );
    fault.code = Some("recipe/render".to_owned());
    Outcome::Rejected(fault)
}

impl Connector {
    /// Puts credentials in, sends, records.
    pub(super) async fn transmit(
        &self,
        rendered: &Rendered,
        token: Option<&Secret>,
        exchange: &mut Exchange,
        deadline: Instant,
    ) -> Result<Reply, Trouble> {
        let mask = match token {
            Some(token) => self.mask.clone().hiding(token, "‹session.token›"),
            None => Mask::clone(&self.mask),
        };
        let started = Instant::now();
        let allowed = Duration::from_millis(u64::try_from(self.timeout_ms).unwrap_or(0));
        let deadline = deadline.min(started + allowed);
        let settled = match self.revealed(rendered, token) {
            Ok(outgoing) => self.transport.send(outgoing, deadline).await,
            Err(trouble) => Err(trouble),
        };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        exchange.record(self.transport.base(), rendered, settled.as_ref(), &mask, took_ms);
        settled
    }

    fn revealed(&self, rendered: &Rendered, token: Option<&Secret>) -> Result<Outgoing, Trouble> {
        let reveal = |text: &super::secret::Masked| {
            text.reveal(&self.secrets, token).map_err(|missing| Trouble {
                reached: super::reply::Reached::Nobody,
                class: FaultClass::Auth,
                message: missing.to_string(),
            })
        };
        let mut headers = Vec::new();
        for (name, value) in &rendered.headers {
            headers.push((name.clone(), reveal(value)?));
        }
        Ok(Outgoing {
            method: rendered.method,
            target: reveal(&rendered.target)?,
            headers,
            body: reveal(&rendered.body)?,
        })
    }
}
