//! The front of a system of the sandbox: what is the same for all of them.
//!
//! A request is classified, may be struck by a fault, takes its time, is done, is witnessed and is answered, in
//! this order. Doing it is a task of its own: a client that hangs up while waiting changes nothing about whether
//! it happens, as with any real server.

pub(crate) mod control;
pub(crate) mod counters;
pub(crate) mod desk;
pub(crate) mod fault;
pub(crate) mod plan;
pub(crate) mod request;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};

use self::desk::{Desk, Down, now_ms};
use self::fault::{Fault, Instead, Lost, Operation, Stage};
use self::request::{Reply, Request};
use super::witness::Effect;

/// What doing a request came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) reply: Reply,
    pub(crate) effects: Vec<Effect>,
}

impl Done {
    /// An answer without any effect.
    pub(crate) fn only(reply: Reply) -> Self {
        Self {
            reply,
            effects: Vec::new(),
        }
    }
}

/// Whether a request is to be done.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Yes.
    Do,
    /// No, this is the answer: a replay, a conflict.
    Answer(Reply),
}

/// An outside system: a state that requests act on, without any waiting inside.
pub(crate) trait System: Send + Sync + 'static {
    /// What the request asks for.
    fn operation(&self, request: &Request) -> Operation;

    /// Called when the request arrives, before it takes its time.
    fn admit(&self, _request: &Request) -> Admission {
        Admission::Do
    }

    /// Does it. `fault` is one that only the system itself can have (a decline, a smaller capture).
    fn perform(&self, request: &Request, fault: Option<&Fault>, now_ms: i64) -> Done;

    /// The system's own words for not doing it, or for failing after it did.
    fn refuse(&self, request: &Request, fault: &Fault) -> Reply;

    /// Called with the answer that the system gave, whether or not it reaches the client.
    fn settle(&self, _request: &Request, _reply: &Reply) {}
}

/// A system behind its desk.
#[derive(Debug)]
pub(crate) struct Front<S> {
    pub(crate) system: Arc<S>,
    pub(crate) desk: Arc<Desk>,
}

impl<S> Clone for Front<S> {
    fn clone(&self) -> Self {
        Self {
            system: Arc::clone(&self.system),
            desk: Arc::clone(&self.desk),
        }
    }
}

impl<S: System> Front<S> {
    pub(crate) fn new(system: S, desk: Arc<Desk>) -> Self {
        Self {
            system: Arc::new(system),
            desk,
        }
    }

    /// The system at every path but `/_control`, which `control` answers.
    pub(crate) fn router(&self, control: Router) -> Router {
        let served = Router::new().fallback(serve::<S>).with_state(self.clone());
        Router::new().nest("/_control", control).fallback_service(served)
    }

    async fn answer(self, request: Request) -> Response<Body> {
        let operation = self.system.operation(&request);
        let _visit = self.desk.counters.visit(&operation.name);
        let ending = self.end_of(request, &operation).await;
        let status = match &ending {
            Ending::Reply(reply) => reply.status.as_u16(),
            Ending::HangUp => 0,
        };
        self.desk
            .counters
            .count(|counts| *counts.answers.entry(status).or_default() += 1);
        match ending {
            Ending::Reply(reply) => reply.into_response(),
            Ending::HangUp => hang_up(),
        }
    }

    async fn end_of(&self, request: Request, operation: &Operation) -> Ending {
        match self.desk.down() {
            Down::Up => {}
            Down::Refuse | Down::HangUp => return Ending::HangUp,
            Down::Unavailable => return Ending::Reply(unavailable()),
        }
        let fault = self.desk.strike(operation);
        let stage = fault.as_ref().map(Fault::stage);
        if let Some(Stage::Before(instead)) = stage {
            return instead_of_doing(instead).await;
        }
        let front = self.clone();
        // Not owned by this connection on purpose: the client's patience decides nothing.
        let doing = tokio::spawn(async move { front.do_it(&request, fault.as_ref()).await });
        let Ok(reply) = doing.await else {
            tracing::error!(operation = operation.name, "sandbox operation panicked");
            return Ending::HangUp;
        };
        match stage {
            Some(Stage::After(lost)) => after_doing(lost, reply).await,
            Some(
                Stage::Before(_) | Stage::Refused | Stage::Twisted | Stage::DoneThenError | Stage::Sending,
            )
            | None => Ending::Reply(reply),
        }
    }

    async fn do_it(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        if let Admission::Answer(reply) = self.system.admit(request) {
            return reply;
        }
        self.desk.take_time().await;
        let reply = self.act(request, fault).await;
        self.system.settle(request, &reply);
        reply
    }

    async fn act(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        if let Some(fault) = fault
            && fault.stage() == Stage::Refused
        {
            return self.system.refuse(request, fault);
        }
        let done = self.system.perform(request, fault, now_ms());
        self.desk.report(&done.effects).await;
        match fault {
            Some(fault) if fault.stage() == Stage::DoneThenError => self.system.refuse(request, fault),
            Some(_) | None => done.reply,
        }
    }
}

enum Ending {
    Reply(Reply),
    HangUp,
}

fn hang_up() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(super::server::HangUp);
    response
}

fn unavailable() -> Reply {
    Reply::raw(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain",
        "Service Unavailable",
    )
}

/// What a client sees of a request that was not done.
async fn instead_of_doing(instead: Instead) -> Ending {
    match instead {
        Instead::Hold { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ending::HangUp
        }
        Instead::HangUp => Ending::HangUp,
        Instead::TooMany { retry_after_s } => {
            let reply = Reply::raw(StatusCode::TOO_MANY_REQUESTS, "text/plain", "Too Many Requests");
            Ending::Reply(match retry_after_s {
                Some(seconds) => reply.with("retry-after", seconds.to_string()),
                None => reply,
            })
        }
        Instead::Unavailable => Ending::Reply(unavailable()),
        Instead::Html => Ending::Reply(Reply::html(StatusCode::BAD_GATEWAY, "502 Bad Gateway")),
    }
}

/// What a client sees of a request that was done.
async fn after_doing(lost: Lost, reply: Reply) -> Ending {
    match lost {
        Lost::Hold { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ending::HangUp
        }
        Lost::HangUp => Ending::HangUp,
        Lost::Half => Ending::Reply(reply.truncated()),
    }
}

async fn serve<S: System>(
    State(front): State<Front<S>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = Request {
        method,
        uri,
        headers,
        body,
    };
    front.answer(request).await
}
