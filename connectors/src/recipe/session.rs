//! Tokens of sessions: fetched once, shared by all requests, fetched anew when no longer taken.

use std::fmt;
use std::sync::Arc;

use amends_engine::Value;
use amends_engine::expr::Scope;
use amends_engine::outcome::{Fault, FaultClass, Outcome};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::bench::{Bench, Phase};
use super::classify::{by_status, of_trouble};
use super::connector::Connector;
use super::conversion::plain;
use super::document::Session;
use super::exchange::Exchange;
use super::render::{Purpose, request};
use super::reply::Reply;
use super::run::Request;
use super::secret::Secret;

/// The session a connector has open, if any.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<Option<Arc<Token>>>,
}

/// A token.
pub(super) struct Token {
    pub(super) text: Secret,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(…)")
    }
}

impl Sessions {
    /// Forgets `token`, unless another took its place meanwhile.
    pub(super) async fn forget(&self, token: &Arc<Token>) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            *open = None;
        }
    }
}

impl Connector {
    /// The token of the open session. Whoever comes first logs in; the others wait for it.
    ///
    /// A failed login means that nothing else was sent.
    pub(super) async fn token(
        &self,
        session: &Session,
        asked: &Request<'_>,
        exchange: &mut Exchange,
        deadline: Instant,
    ) -> Result<Arc<Token>, Fault> {
        let mut open = self.sessions.open.lock().await;
        if let Some(token) = open.as_ref() {
            return Ok(Arc::clone(token));
        }
        let text = self.log_in(session, asked, exchange, deadline).await?;
        let token = Arc::new(Token {
            text: Secret::new(text),
        });
        *open = Some(Arc::clone(&token));
        Ok(token)
    }

    async fn log_in(
        &self,
        session: &Session,
        asked: &Request<'_>,
        exchange: &mut Exchange,
        deadline: Instant,
    ) -> Result<String, Fault> {
        let bench = Bench {
            evaluator: self.evaluator.as_ref(),
            scope: Scope::new().with("settings", &self.settings),
            phase: Phase::Live,
        };
        let mut rendered = request(&self.recipe, &session.login, "login", Purpose::Login, &bench)
            .map_err(|error| Fault::new(FaultClass::Auth, format!("the login cannot be written: {error}")))?;
        asked.mark(&mut rendered);
        let reply = self
            .transmit(&rendered, None, exchange, deadline)
            .await
            .map_err(|trouble| fault(of_trouble(&trouble)))?;
        let seen = reply.value();
        let bench = bench.with("reply", &seen);
        if let Some(ok) = &session.ok
            && !bench.holds(ok)
        {
            return Err(self.refused(&reply));
        }
        let token = bench.value(&session.token).ok().as_ref().and_then(plain);
        token.ok_or_else(|| self.refused(&reply))
    }

    fn refused(&self, reply: &Reply) -> Fault {
        match by_status(reply, &self.recipe.defaults, true) {
            Outcome::Failed(fault) | Outcome::Unknown(fault)
                if !(200..300).contains(&reply.status) && reply.status != 401 =>
            {
                fault
            }
            Outcome::Rejected(_) if reply.status == 404 => Fault::new(
                FaultClass::Auth,
                "there is no login at this address (404); check base_url and the settings of this connector",
            ),
            Outcome::Succeeded(_)
            | Outcome::Accepted(_)
            | Outcome::Rejected(_)
            | Outcome::Failed(_)
            | Outcome::Unknown(_) => Fault::new(
                FaultClass::Auth,
                format!(
                    "the login was refused ({}); check user and secrets of this connector",
                    reply.status
                ),
            ),
        }
    }
}

fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault) => fault,
        Outcome::Succeeded(_) | Outcome::Accepted(_) => {
            Fault::new(FaultClass::Auth, "the login gave no session")
        }
    }
}

/// The reply of a skipped call, as later expressions read it.
pub(super) fn skipped() -> Value {
    Value::map([
        ("ran", Value::Bool(false)),
        ("status", Value::Int(0)),
        ("headers", Value::map::<String>([])),
        ("json", Value::Null),
        ("text", Value::text("")),
    ])
}
