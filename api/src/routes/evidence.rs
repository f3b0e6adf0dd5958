//! Everything known about one order as one file: for a dispute, an auditor, a tax office.

use amends_storage::{Frames as _, Head, Store as _};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use crate::audit::Line;
use crate::auth::Caller;
use crate::evidence;
use crate::extract::{Named, Params};
use crate::limits::FRAMES_MAX;
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::routes::orders::Reveal;
use crate::routes::{history, orders, requests};
use crate::state::App;

/// In which form.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wish {
    /// Show personal data; audited
    #[serde(default)]
    reveal: bool,
    /// `json` (the usual) or `html`, a page to print
    #[param(pattern = "^(json|html)$")]
    format: Option<String>,
}

/// Everything known about one order, as a file
///
/// `Repr-Digest` (RFC 9530) is the SHA-256 of the file. `journal.head` in it is the hash of the order's last frame, which
/// covers all frames before it: with it the file can be held against the journal later.
#[utoipa::path(
    get, path = "/orders/{root}/evidence", tag = "finance",
    params(("root" = String, Path, description = "The order: `shop:id`"), Wish),
    responses((status = 200, description = "As JSON, or as a page where it was asked for", content(
        (Value = "application/json"),
        (String = "text/html"),
    )))
)]
pub(crate) async fn take(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(wish): Params<Wish>,
) -> Result<Response, Problem> {
    let page = match wish.format.as_deref() {
        None | Some("json") => false,
        Some("html") => true,
        Some(other) => {
            let detail = format!("there is no format `{other}`: it is `json` or `html`");
            return Err(Problem::new(Code::BadQuery, detail));
        }
    };
    let reveal = Reveal { reveal: wish.reveal };
    let (name, key) = (caller.name.clone(), root.clone());
    let file = app.read(move |app| collect(app, &key, &name, &reveal)).await?;
    Reveal { reveal: wish.reveal }.note(&app, &caller, &root).await?;
    app.audit
        .record(&Line::new(app.now(), &caller.name, Act::Evidence.name(), &root))
        .await?;
    let (form, ending, body) = if page {
        ("text/html; charset=utf-8", "html", evidence::page(&file))
    } else {
        let text = serde_json::to_string_pretty(&file).map_err(|_| Problem::internal())?;
        ("application/json", "json", text)
    };
    let name: String = root
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(&body)));
    let headers = [
        (header::CONTENT_TYPE, form.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"amends-{name}.{ending}\""),
        ),
        (header::HeaderName::from_static("repr-digest"), digest),
    ];
    Ok((headers, body).into_response())
}

fn collect(app: &App, root: &str, by: &str, reveal: &Reveal) -> Result<Value, Problem> {
    let reader = &app.setup.reader;
    let mut head = reader.head_of(root)?;
    loop {
        let file = collect_at(app, root, by, reveal, head)?;
        let now = reader.head_of(root)?;
        // What happened meanwhile may be in the file in part: it is of one moment or taken again.
        if now == head {
            return Ok(file);
        }
        head = now;
    }
}

fn collect_at(app: &App, root: &str, by: &str, reveal: &Reveal, head: Head) -> Result<Value, Problem> {
    let reader = &app.setup.reader;
    let order = orders::in_full(app, root, reveal.sight())?;
    let history = history::tell(app, root.to_owned(), 0, FRAMES_MAX)?;
    let requests = requests::collect(app, root, reveal.sight())?;
    Ok(json!({
        "taken": {
            "at": moment::text(app.now()),
            "by": by,
            "personal_data": if reveal.reveal { "shown" } else { "hidden" },
        },
        "journal": {
            "store": reader.identity().store_id,
            "frames": head.root_sequence,
            "head": format!("{:032x}", u128::from_be_bytes(head.hash)),
            "complete": history.is_complete(),
        },
        "order": order,
        "history": history,
        "requests": requests,
    }))
}
