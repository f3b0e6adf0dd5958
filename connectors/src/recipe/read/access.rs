//! `[auth]` and `[check]`: how requests prove who sends them, and how that is tried.

use super::super::body::{Body, Field};
use super::super::document::{Auth, Check, Plan, Recipe, Request, Session};
use super::super::error::Code;
use super::super::formula::Names;
use super::super::table::Table;
use super::super::template::{Credentials, Template};
use super::request::{need_template, request};
use super::rule::{formula, with_reply};

#[derive(Clone, Copy)]
enum Kind {
    None,
    Basic,
    Bearer,
    Header,
    Query,
    Session,
}

const KINDS: [(&str, Kind); 6] = [
    ("none", Kind::None),
    ("basic", Kind::Basic),
    ("bearer", Kind::Bearer),
    ("header", Kind::Header),
    ("query", Kind::Query),
    ("session", Kind::Session),
];

/// The table `[auth]`.
pub(super) fn auth(top: &Table<'_>, names: &Names) -> Option<Auth> {
    let item = top.need("auth")?;
    let table = top.as_table("[auth]", "auth", item)?;
    if !table.has("kind") {
        table.missing("kind");
    }
    let auth = match table.choice("kind", &KINDS)? {
        Kind::None => Some(Auth::None),
        Kind::Basic => {
            let username = need_template(&table, "username", names, Credentials::Allowed);
            let password = credential(&table, "password", names);
            username
                .zip(password)
                .map(|(username, password)| Auth::Basic { username, password })
        }
        Kind::Bearer => credential(&table, "token", names).map(|token| Auth::Bearer { token }),
        Kind::Header => {
            let name = table.need_text("name").map(|(name, _)| name.to_owned());
            let value = credential(&table, "value", names);
            name.zip(value).map(|(name, value)| Auth::Header { name, value })
        }
        Kind::Query => {
            let name = table.need_text("name").map(|(name, _)| name.to_owned());
            let value = credential(&table, "value", names);
            name.zip(value).map(|(name, value)| Auth::Query { name, value })
        }
        Kind::Session => session(&table, names).map(|session| Auth::Session(Box::new(session))),
    };
    table.finish();
    auth
}

/// A template that has to name a credential, so that none stands in the document itself.
fn credential(table: &Table<'_>, key: &'static str, names: &Names) -> Option<Template> {
    let template = need_template(table, key, names, Credentials::Allowed)?;
    if template.names_credential() {
        return Some(template);
    }
    let at = table.item(key).map_or(table.at, |item| item.at);
    let message = format!(
        "`{key}` names no secret; write \"{{secret.{key}}}\" and put the value into the configuration"
    );
    table.desk.report(at, Code::LiteralSecret, message);
    None
}

fn session(table: &Table<'_>, names: &Names) -> Option<Session> {
    let item = table.need("login")?;
    let login = table.as_table("[auth.login]", "login", item)?;
    let request = request(&login, names, Credentials::Allowed);
    let reply = with_reply(names);
    let ok = formula(&login, "ok", &reply);
    if !login.has("token") {
        login.missing("token");
    }
    let token = formula(&login, "token", &reply);
    login.finish();
    let header = table
        .text("header")
        .map_or("Authorization", |(name, _)| name)
        .to_owned();
    let value = credential(table, "value", names);
    Some(Session {
        login: request?,
        ok,
        token: token?,
        header,
        value: value?,
    })
}

/// The table `[check]`.
pub(super) fn check(top: &Table<'_>, names: &Names) -> Option<Check> {
    let table = top.table("check")?;
    let request = request(&table, names, Credentials::Refused);
    if !table.has("ok") {
        table.missing("ok");
    }
    let ok = formula(&table, "ok", &with_reply(names));
    table.finish();
    Some(Check {
        request: request?,
        ok: ok?,
    })
}

/// The names of all secrets a recipe uses, except those of callbacks.
pub(super) fn secrets(recipe: &Recipe) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |template: &Template| found.extend(template.secrets().map(str::to_owned));
    match &recipe.auth {
        Auth::None => {}
        Auth::Basic { username, password } => [username, password].into_iter().for_each(&mut note),
        Auth::Bearer { token } => note(token),
        Auth::Header { value, .. } | Auth::Query { value, .. } => note(value),
        Auth::Session(session) => {
            note(&session.value);
            request_secrets(&session.login, &mut note);
        }
    }
    recipe
        .defaults
        .headers
        .iter()
        .for_each(|field| note(&field.value));
    for operation in recipe.operations.values() {
        let calls: Vec<_> = match &operation.plan {
            Plan::Chain(chain) => chain.calls.iter().collect(),
            Plan::Staged {
                prepare,
                draft,
                cancel,
                confirm,
            } => prepare
                .iter()
                .chain([draft, cancel])
                .chain(&confirm.calls)
                .collect(),
        };
        let lookup = operation.probe.as_ref().map(|probe| &probe.call);
        for call in calls.into_iter().chain(lookup) {
            request_secrets(&call.request, &mut note);
        }
    }
    if let Some(check) = &recipe.check {
        request_secrets(&check.request, &mut note);
    }
    found
}

fn request_secrets(request: &Request, note: &mut impl FnMut(&Template)) {
    request.headers.iter().for_each(|field| note(&field.value));
    match &request.body {
        Body::Empty => {}
        Body::Json(tree) => tree.templates(&mut |template| note(template)),
        Body::Form(fields) => fields.iter().for_each(|Field { value, .. }| note(value)),
        Body::Raw { text, .. } => note(text),
    }
}
