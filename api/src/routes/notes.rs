//! Notes of people. Those on an order are in its journal; those on a shop, a connector or a delivery are kept beside.

use amends_engine::command::{Command, Verb};
use amends_engine::kernel::{Mode, Reply};
use amends_engine::root::Root;
use amends_engine::{InstanceId, Millis, RootKey};
use amends_runtime::incident::{self, IncidentRow, Note, order_of};
use amends_runtime::{load_root, load_value};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::limits::{NOTE_CHARS_MAX, NOTES_MAX};
use crate::mask::{self, Sight};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::routes::incidents::row;
use crate::state::App;

/// A note.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NoteShown {
    /// When: RFC 3339, UTC.
    at: String,
    by: String,
    /// What; on an order hidden (`•••`) until `reveal=true` asks for it.
    #[schema(value_type = String)]
    text: Value,
}

/// The notes on what the incident `row` is on, newest first.
pub(crate) fn on(app: &App, row: &IncidentRow, sight: Sight) -> Result<Vec<NoteShown>, Problem> {
    if order_of(&row.id).is_none() {
        let notes = incident::notes(&app.setup.reader, &row.subject, NOTES_MAX)?;
        return Ok(notes.into_iter().map(beside).collect());
    }
    let loaded = load_root(&app.setup.reader, &RootKey::new(row.subject.as_str()))?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(&row.subject))?;
    of_order(app, &loaded.root, sight)
}

/// The notes on an order, newest first.
pub(crate) fn of_order(app: &App, root: &Root, sight: Sight) -> Result<Vec<NoteShown>, Problem> {
    let notes = root.notes.iter().rev().map(|note| {
        let text = load_value(&app.setup.reader, &root.key, &note.text)?;
        Ok(NoteShown {
            at: moment::text(note.at),
            by: note.by.clone(),
            text: mask::json(&text, sight),
        })
    });
    notes.collect()
}

fn beside(note: Note) -> NoteShown {
    NoteShown {
        at: moment::text(Millis(note.at_ms)),
        by: note.by,
        text: Value::String(note.text),
    }
}

/// A note to write.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// At most 2,000 characters.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// All notes there are now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Notes {
    /// Newest first, at most 100 on a shop, a connector or a delivery.
    notes: Vec<NoteShown>,
}

/// Write a note on what an incident is on
///
/// It stays when the incident is over. On an order it is the command `note`.
#[utoipa::path(
    post, path = "/incidents/{id}/notes", tag = "incidents",
    params(("id" = String, Path, description = "Its id, percent-encoded")),
    request_body = NewNote,
    responses((status = 200, body = Notes))
)]
pub(crate) async fn write(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(new): Body<NewNote>,
) -> Result<Json<Notes>, Problem> {
    let row = row(&app, &caller, id).await?;
    let text = new.text.trim().to_owned();
    if text.is_empty() || text.chars().count() > NOTE_CHARS_MAX {
        let detail = format!("`text` has 1 to {NOTE_CHARS_MAX} characters: say what the next person needs");
        return Err(Problem::new(Code::BadBody, detail));
    }
    let line = Line::new(app.now(), &caller.name, Act::Note.name(), &row.subject);
    let line = line.because(format!("on the incident {}", row.id));
    if order_of(&row.id).is_some() {
        app.audit.record(&line).await?;
        command(&app, &caller, &row, text).await?;
    } else {
        let note = Note {
            at_ms: app.now().0,
            by: caller.name.clone(),
            text,
        };
        let write = incident::note(&row.subject, &note)?;
        app.audit.record_with(vec![write], &line).await?;
    }
    let notes = app.read(move |app| on(app, &row, Sight::Masked)).await?;
    Ok(Json(Notes { notes }))
}

async fn command(app: &App, caller: &Caller, row: &IncidentRow, text: String) -> Result<(), Problem> {
    let command = Command {
        // A note is about the order: any name of an instance will do.
        instance: InstanceId::new(row.subject.as_str()),
        verb: Verb::Note { text },
        actor: caller.name.clone(),
        reason: format!("on the incident `{}`", row.cause),
        revision: None,
    };
    let root = RootKey::new(row.subject.as_str());
    match app.setup.handle.command(root, command, Mode::Run).await? {
        Reply::Done { .. } | Reply::Preview(_) => Ok(()),
        Reply::Refused(refusal) => Err(refusal.into()),
    }
}
