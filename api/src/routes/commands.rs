//! People's commands: looked at first, then done, refused, or kept for a second person.

use amends_engine::RootKey;
use amends_engine::command::{Command, Refusal};
use amends_engine::event::Event;
use amends_engine::kernel::{Mode, Preview, Reply};
use amends_engine::root::Root;
use amends_runtime::load_root;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::aim::{Aim, aim, unknown};
use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::pending::{Pending, evidence, forget};
use crate::problem::{Code, Problem};
use crate::repeat::{Given, Known, Repeatable, replayed};
use crate::role::Act;
use crate::sensitive::{Amounts, amounts};
use crate::state::App;
use crate::view;
use crate::words::Teller;

/// A command as it is sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// `retry`, `complete`, `skip`, `compensate`, `cancel`, `hold`, `resume`, `approve`, `reject`, `close`, `rewind`,
    /// `signal`, `edit`, `waive` or `note`.
    #[schema(
        pattern = "^(retry|complete|skip|compensate|cancel|hold|resume|approve|reject|close|rewind|signal|edit|waive|note)$"
    )]
    pub command: String,
    /// Why; kept with the order.
    #[serde(default)]
    #[schema(required = true, pattern = "\\S")]
    pub reason: String,
    /// The instance; may be left out where the order has one that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The step, or `step/item`; may be left out where a person decides at one place only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// For `complete`: the document made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// For `complete`: what later steps read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// For `edit`: the arguments that change, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Value>,
    /// For `signal`: the fact's name, such as `parcel.shipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// For `signal`: what it happened to, such as the parcel's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For `signal`: what expressions read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Value>,
    /// For `waive`: the number of the incident or obligation.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::whole::optional"
    )]
    pub number: Option<u64>,
    /// For `note`: the text; the reason when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The revision the decision was made on; the header `If-Match` says the same.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::whole::optional"
    )]
    pub revision: Option<u64>,
    /// Only say what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// Give an order a command, or see what it would do
#[utoipa::path(
    post, path = "/orders/{root}/commands", tag = "orders",
    params(
        ("root" = String, Path, description = "The order: `shop:id`"),
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-.0-~]{1,128}$", description = "The same key with the same command gets the first answer again, for a day"),
        ("If-Match" = Option<String>, Header, pattern = "^\"[0-9]{1,18}\"$", description = "The revision the decision was made on, as `ETag` of the order says it"),
    ),
    request_body = Wish,
    responses(
        (status = 200, description = "It is done, or what it would do", body = Value),
        (status = 202, description = "It waits for a second person", body = Value),
        (status = 409, description = "It does not apply now, or must name more", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn give(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    headers: HeaderMap,
    Body(mut wish): Body<Wish>,
) -> Result<Response, Problem> {
    let act = Act::of_command(&wish.command).ok_or_else(|| unknown(&wish.command))?;
    caller.must(&app, act, &root).await?;
    let content = format!("{root} {}", json!(wish));
    wish.revision = expected(&headers, wish.revision)?;
    let given = Wished {
        caller,
        act,
        key: RootKey::new(root),
        wish,
    };
    if given.wish.dry_run {
        let (aim, preview) = given.preview(&app).await?;
        return Ok(Json(told(&app, &aim, &preview)).into_response());
    }
    match Repeatable::of(&headers, &given.caller.name, &content)? {
        None => Ok(given.once(&app, None).await?.into_response()),
        Some(request) => given.repeatable(&app, &request).await,
    }
}

/// The revision of `If-Match` or of the body.
fn expected(headers: &HeaderMap, revision: Option<u64>) -> Result<Option<u64>, Problem> {
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return Ok(revision);
    };
    let tag = tag
        .to_str()
        .ok()
        .and_then(|tag| tag.trim().trim_matches('"').parse().ok());
    match (tag, revision) {
        (Some(tag), Some(revision)) if tag != revision => {
            let stale = Refusal::Stale {
                expected: revision,
                actual: tag,
            };
            Err(Problem {
                detail: format!("`If-Match` says revision {tag} and the body {revision}: say one of them"),
                ..stale.into()
            })
        }
        (Some(tag), _) => Ok(Some(tag)),
        (None, _) => {
            let detail = "`If-Match` is the revision in quotes, as `ETag` of the order says it: \"41\"";
            Err(Problem::new(Code::BadRequest, detail))
        }
    }
}

/// A command with who gives it.
pub(crate) struct Wished {
    pub(crate) caller: Caller,
    pub(crate) act: Act,
    pub(crate) key: RootKey,
    pub(crate) wish: Wish,
}

impl Wished {
    /// What it would do, and what it is about.
    pub(crate) async fn preview(&self, app: &App) -> Result<(Aim, Preview), Problem> {
        let aim = self.aim(app).await?;
        let command = self.command(&aim, self.wish.revision);
        match app
            .setup
            .handle
            .command(self.key.clone(), command, Mode::Preview)
            .await?
        {
            Reply::Preview(preview) => Ok((aim, *preview)),
            Reply::Refused(refusal) => Err(refusal.into()),
            Reply::Done { .. } => Err(Problem::internal()),
        }
    }

    async fn root(&self, app: &App) -> Result<Root, Problem> {
        let key = self.key.clone();
        let loaded = app
            .read(move |app| Ok(load_root(&app.setup.reader, &key)?))
            .await?;
        Ok(loaded.ok_or_else(|| Problem::no_order(self.key.as_str()))?.root)
    }

    async fn aim(&self, app: &App) -> Result<Aim, Problem> {
        let (root, wish) = (self.key.to_string(), self.wish.clone());
        app.read(move |app| aim(&app.setup.reader, &root, &wish)).await
    }

    fn command(&self, aim: &Aim, revision: Option<u64>) -> Command {
        Command {
            instance: aim.instance.clone(),
            verb: aim.verb.clone(),
            actor: self.caller.name.clone(),
            reason: self.wish.reason.clone(),
            revision,
        }
    }

    /// Does it under a key: the first time as ever, later with the answer of the first time.
    async fn repeatable(self, app: &App, request: &Repeatable) -> Result<Response, Problem> {
        let _lane = app.lanes.enter(request).await;
        let known = {
            let request = request.clone();
            app.read(move |app| request.known(&app.setup.reader)).await?
        };
        if let Some(known) = known {
            return self.again(app, request, known).await;
        }
        let now = app.now();
        let frames = self.root(app).await?.sequence;
        let begun = request.begun(frames, now);
        let writes = {
            let (request, begun) = (request.clone(), begun.clone());
            app.read(move |app| request.begin(&app.setup.reader, &begun))
                .await?
        };
        app.setup.handle.write(writes).await?;
        let answer = Given::of(self.once(app, Some((request, &begun))).await)?;
        let end = request.end(begun, answer.clone())?;
        app.setup.handle.write(end).await?;
        Ok(answer.into_response())
    }

    /// The answer of the first time; after a crash, as the order's journal tells it.
    async fn again(self, app: &App, request: &Repeatable, known: Known) -> Result<Response, Problem> {
        if let Some(answer) = known.answer() {
            return Ok(replayed(answer.clone()));
        }
        let (key, revision) = (self.key.clone(), self.root(app).await?.revision);
        let is_it = self.is_it();
        let looked = known.clone();
        let accepted = app
            .read(move |app| looked.accepted(&app.setup.reader, &key, is_it))
            .await?;
        let answer = if accepted {
            let done = json!({ "done": self.wish.command, "revision": revision });
            Given::new(StatusCode::OK, &done)
        } else {
            Given::of(self.once(app, Some((request, &known))).await)?
        };
        app.setup
            .handle
            .write(request.end(known, answer.clone())?)
            .await?;
        Ok(replayed(answer))
    }

    /// Recognises the command in the journal.
    fn is_it(&self) -> impl Fn(&Event) -> bool + Send + 'static {
        let (name, who, why) = (
            self.wish.command.clone(),
            self.caller.name.clone(),
            self.wish.reason.clone(),
        );
        move |event| {
            matches!(event, Event::Commanded { command, actor, reason, .. }
                if *command == name && *actor == who && *reason == why)
        }
    }

    /// Does it, or keeps it for a second person, together with the answer to its key.
    async fn once(mut self, app: &App, repeat: Option<(&Repeatable, &Known)>) -> Result<Given, Problem> {
        if app.setup.sensitive.concerns(self.caller.role, self.act) {
            let (aim, preview) = self.preview(app).await?;
            let amounts = amounts(&aim.root.ledger, &preview.ledger, self.act);
            if !app
                .setup
                .sensitive
                .allows_alone(self.caller.role, self.act, &amounts)
            {
                let pending = self.pending(app, &aim, &preview, amounts);
                return self.wait(app, pending, repeat).await;
            }
            // What was weighed is what is done, or it is stale.
            self.wish.revision = Some(preview.revision);
        }
        let line = Line::new(app.now(), &self.caller.name, self.act.name(), self.key.as_str());
        app.audit.record(&line.because(self.wish.reason.clone())).await?;
        let revision = self.run(app).await?;
        Ok(Given::new(
            StatusCode::OK,
            &json!({ "done": self.wish.command, "revision": revision }),
        ))
    }

    /// With the second person's name and reason beside the first one's.
    pub(crate) fn confirmed_by(mut self, name: &str, why: &str) -> Self {
        self.wish.reason = format!("{} (confirmed by {name}: {why})", self.wish.reason);
        self
    }

    /// Does it; gives the revision after it. A refusal is audited.
    pub(crate) async fn run(&self, app: &App) -> Result<u64, Problem> {
        let result = self.give(app).await;
        if let Err(problem) = &result
            && problem.status < 500
        {
            let line = Line::new(app.now(), &self.caller.name, "refused", self.key.as_str());
            let line = line.because(format!("{}: {}", self.wish.command, problem.detail));
            app.audit.record(&line).await?;
        }
        result
    }

    async fn give(&self, app: &App) -> Result<u64, Problem> {
        let aim = self.aim(app).await?;
        let command = self.command(&aim, self.wish.revision);
        let handle = &app.setup.handle;
        match handle.command(self.key.clone(), command, Mode::Run).await? {
            Reply::Done { revision } => Ok(revision),
            Reply::Preview(_) => Err(Problem::internal()),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }

    fn pending(&self, app: &App, aim: &Aim, preview: &Preview, amounts: Amounts) -> Pending {
        let told = told(app, aim, preview);
        Pending {
            id: uuid::Uuid::now_v7().simple().to_string(),
            root: self.key.to_string(),
            wish: json!(self.wish).to_string(),
            asked_by: self.caller.name.clone(),
            asked_ms: app.now().0,
            revision: preview.revision,
            digest: evidence(&told),
            preview: told.to_string(),
            amounts,
        }
    }

    /// Keeps it for a second person. Its answer becomes durable with it, so that it is never asked for twice.
    async fn wait(
        self,
        app: &App,
        pending: Pending,
        repeat: Option<(&Repeatable, &Known)>,
    ) -> Result<Given, Problem> {
        let body = json!({ "pending": pending.id, "revision": pending.revision, "amounts": pending.amounts });
        let answer = Given::new(StatusCode::ACCEPTED, &body);
        let now = app.now();
        let mut writes = app.read(move |app| Ok(forget(&app.setup.reader, now)?)).await?;
        writes.extend(pending.keep()?);
        if let Some((request, known)) = repeat {
            writes.extend(request.end(known.clone(), answer.clone())?);
        }
        let line = Line::new(app.now(), &self.caller.name, "asked", self.key.as_str());
        let detail = format!(
            "{}, waits as {}: {}",
            self.wish.command, pending.id, self.wish.reason
        );
        app.audit.record_with(writes, &line.because(detail)).await?;
        Ok(answer)
    }
}

/// A preview as it is shown.
pub(crate) fn told(app: &App, aim: &Aim, preview: &Preview) -> Value {
    let teller = Teller::new(app.setup.book.as_ref(), &aim.root);
    view::preview(preview, &aim.root.ledger, teller)
}
