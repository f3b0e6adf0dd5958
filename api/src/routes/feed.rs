//! The feed, pulled by page or pushed as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use amends_runtime::Handle;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::extract::{Limit, Params};
use crate::feed::{Cursor, FeedError, Filter, Kind, Notice, Part};
use crate::limits::PAGE_MAX;
use crate::problem::{Code, Problem};
use crate::state::App;

/// A comment this often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Which part of the feed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Go on after this notice or `next`; what the journal still has when absent, `end` for what is still to come
    #[param(pattern = "^(end|[0-9]{1,18}\\.([0-9]{1,9}|end))$")]
    after: Option<String>,
    /// Notices at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
    /// Kinds, separated by commas; all when absent
    #[param(value_type = Option<Vec<Kind>>, style = Form, explode = false, min_items = 1)]
    kinds: Option<String>,
    /// Shops, separated by commas; all when absent
    shops: Option<String>,
}

impl Wanted {
    fn after(&self, app: &App) -> Result<Cursor, Problem> {
        match self.after.as_deref() {
            None => Ok(app.feed.start()?),
            Some("end") => Ok(app.feed.end()),
            Some(text) => cursor(text),
        }
    }

    fn filter(&self, caller: &Caller) -> Result<Filter, Problem> {
        let names = |list: &Option<String>| -> Vec<String> {
            let names = list.iter().flat_map(|list| list.split(','));
            names.map(|name| name.trim().to_owned()).collect()
        };
        Ok(Filter {
            kinds: names(&self.kinds)
                .iter()
                .map(|name| kind(name))
                .collect::<Result<_, _>>()?,
            shops: names(&self.shops).into_iter().collect(),
            sees: caller.shops.clone(),
        })
    }
}

fn cursor(text: &str) -> Result<Cursor, Problem> {
    text.parse()
        .map_err(|error: crate::feed::CursorError| Problem::new(Code::BadCursor, error.to_string()))
}

fn kind(name: &str) -> Result<Kind, Problem> {
    let known = Kind::ALL.iter().find(|kind| kind.name() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        let detail = format!("there is no kind `{name}`; there are {}", names.join(", "));
        Problem::new(Code::BadQuery, detail)
    })
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        let code = match error {
            FeedError::Gone { .. } => Code::FeedGone,
            FeedError::Read(_) | FeedError::Load(_) | FeedError::Events { .. } => Code::Store,
        };
        Self::new(code, error.to_string())
    }
}

/// A part of what happened, oldest first
#[utoipa::path(get, path = "/feed", tag = "feed", params(Wanted), 
    responses(
        (status = 200, body = Part),
        (status = 410, description = "What is asked for has left for archives", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Part>, Problem> {
    let (after, filter) = (wanted.after(&app)?, wanted.filter(&caller)?);
    let limit = Limit::or_default(wanted.limit);
    let part = app
        .read(move |app| Ok(app.feed.read(after, &filter, limit)?))
        .await?;
    Ok(Json(part))
}

/// One event of the stream.
#[derive(ToSchema)]
#[schema(as = FeedEvent)]
#[expect(dead_code, reason = "axum writes events; this describes them")]
struct Sent {
    /// Where to go on: `Last-Event-ID` of a client that connects again.
    id: String,
    event: Kind,
    /// A notice.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// What happens, as server-sent events whose data is a notice
///
/// Goes on after the `Last-Event-ID` a client sends when it connects again. `limit` says nothing here.
#[utoipa::path(
    get, path = "/feed/stream", tag = "feed",
    params(Wanted, ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]{1,18}[.](end|[0-9]{1,9})$", example = "1.1", description = "The last notice the client has")),
    responses(
        (status = 200, body = Sent, content_type = "text/event-stream"),
        (status = 410, description = "What is asked for has left for archives", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let mut after = wanted.after(&app)?;
    if let Some(last) = headers.get("last-event-id") {
        after = cursor(last.to_str().unwrap_or_default())?;
    }
    let follower = Follower {
        after,
        filter: wanted.filter(&caller)?,
        app,
    };
    let parts = stream::unfold(follower, |mut follower| async move {
        let notices = follower.next().await?;
        Some((stream::iter(notices), follower))
    });
    let events = parts.flatten().map(|notice| Ok(event(&notice)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn event(notice: &Notice) -> Event {
    let data = serde_json::to_string(notice).unwrap_or_default();
    let id = notice.id.to_string();
    Event::default().id(id).event(notice.kind.name()).data(data)
}

/// Reads on as the journal grows, until the server stops.
struct Follower {
    app: App,
    after: Cursor,
    filter: Filter,
}

impl Follower {
    /// Waits until there may be more; `false` when there will be none.
    async fn more(&self, handle: &mut Handle) -> bool {
        let mut stopping = self.app.setup.stopping.clone();
        tokio::select! {
            more = handle.health_changed() => more,
            _ = stopping.wait_for(|stop| *stop) => false,
        }
    }

    /// What comes next; `None` when the server stops or the feed cannot be read. A client connects again then.
    async fn next(&mut self) -> Option<Vec<Notice>> {
        let mut handle = self.app.setup.handle.clone();
        loop {
            let (after, filter) = (self.after, self.filter.clone());
            let read = self
                .app
                .read(move |app| Ok(app.feed.read(after, &filter, PAGE_MAX)?));
            let part = read.await.ok()?;
            self.after = part.next;
            if !part.notices.is_empty() {
                return Some(part.notices);
            }
            if part.is_last && !self.more(&mut handle).await {
                return None;
            }
        }
    }
}
