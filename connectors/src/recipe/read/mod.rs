//! From the text of a document to a checked [`Recipe`].

mod access;
mod callback;
mod operation;
mod request;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::{Digest, RoleName};
use amends_workflows::catalogue::{self, Shape};
use toml::de::DeTable;

use super::document::{Defaults, Expect, Operation, Recipe, Replay, Setting};
use super::error::{Code, RecipeErrors};
use super::formula::Names;
use super::limits::{DOCUMENT_BYTES_MAX, SETTLE_MS, TIMEOUT_MS};
use super::table::{Desk, Table, value};
use super::template::is_name;

impl Recipe {
    /// Reads and checks a recipe document.
    ///
    /// # Errors
    /// Every mistake found, in the order of the text, each with its place and a stable code.
    pub fn parse(text: &str) -> Result<Self, RecipeErrors> {
        let desk = Desk::new(text);
        let recipe = read(text, &desk);
        let errors = desk.into_errors();
        match recipe {
            Some(recipe) if errors.is_empty() => Ok(recipe),
            Some(_) | None => Err(RecipeErrors(errors)),
        }
    }
}

fn read(text: &str, desk: &Desk<'_>) -> Option<Recipe> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes");
        desk.report(0, Code::TooLarge, message);
        return None;
    }
    match DeTable::parse(text) {
        Ok(document) => {
            let top = Table::new(desk, "the recipe", 0, document.get_ref());
            let recipe = recipe(&top, text);
            top.finish();
            recipe
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            desk.report(at, Code::Syntax, error.message().trim());
            None
        }
    }
}

fn recipe(top: &Table<'_>, text: &str) -> Option<Recipe> {
    let settings = settings(top);
    let mut names = Names::new();
    let declared = settings.keys().map(|name| (name.clone(), Shape::Any)).collect();
    names.insert("settings".to_owned(), Shape::Record(declared));

    let auth = access::auth(top, &names);
    let defaults = defaults(top, &names);
    let check = access::check(top, &names);
    let callback = callback::rules(top, &names);
    let head = head(top);
    // Without a role nothing is known to check operations against; the key itself is no mistake.
    top.item("operation");
    let operations = head
        .role
        .map(|role| operations(top, &names, role, defaults.as_ref()))
        .unwrap_or_default();
    let mut recipe = Recipe {
        name: head.name?.to_owned(),
        version: head.version?,
        role: RoleName::new(head.role?),
        digest: Digest::of(text.as_bytes()),
        settings,
        auth: auth?,
        defaults: defaults?.0,
        operations,
        callback,
        check,
        secrets: Vec::new(),
    };
    recipe.secrets = access::secrets(&recipe)
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    Some(recipe)
}

/// `[recipe]`, as far as it can be read.
#[derive(Default)]
struct Head<'d> {
    name: Option<&'d str>,
    version: Option<u32>,
    role: Option<&'d str>,
}

fn head<'d>(top: &Table<'d>) -> Head<'d> {
    let item = top.need("recipe");
    let Some(table) = item.and_then(|item| top.as_table("[recipe]", "recipe", item)) else {
        return Head::default();
    };
    let name = table.need_text("name").map(|(name, _)| name);
    let version = table.need_number("version");
    let role = table.need_text("role").and_then(|(role, at)| {
        let roles = catalogue::roles();
        if roles.contains(&role) {
            return Some(role);
        }
        let message = format!("there is no role `{role}`; there are {}", roles.join(", "));
        table.desk.report(at, Code::UnknownRole, message);
        None
    });
    table.finish();
    Head { name, version, role }
}

fn settings(top: &Table<'_>) -> BTreeMap<String, Setting> {
    let mut settings = BTreeMap::new();
    let Some(table) = top.table("settings") else {
        return settings;
    };
    for (name, item) in table.entries() {
        let what = format!("[settings.{name}]");
        if !is_name(name) {
            let message =
                format!("`{name}` cannot be the name of a setting; use lower-case letters, digits and _");
            table.desk.report(item.at, Code::BadValue, message);
            continue;
        }
        let Some(setting) = table.as_table(&what, name, item) else {
            continue;
        };
        let help = setting.need_text("help").map_or("", |(help, _)| help).to_owned();
        let default = setting.item("default").and_then(|item| match value(item.value) {
            Ok(default) => Some(default),
            Err(problem) => {
                setting
                    .desk
                    .report(item.at, Code::BadValue, format!("`default` is {problem}"));
                None
            }
        });
        setting.finish();
        settings.insert(name.to_owned(), Setting { help, default });
    }
    settings
}

/// Defaults of calls, and of `settle`.
struct WithSettle(Defaults, i64);

impl std::ops::Deref for WithSettle {
    type Target = Defaults;

    fn deref(&self) -> &Defaults {
        &self.0
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "like its neighbours, so that a reader of the document sees one shape"
)]
fn defaults(top: &Table<'_>, names: &Names) -> Option<WithSettle> {
    let mut defaults = Defaults {
        headers: Vec::new(),
        timeout_ms: TIMEOUT_MS,
        expect: Expect::Json,
        replies: Vec::new(),
        replay: None,
    };
    let Some(table) = top.table("defaults") else {
        return Some(WithSettle(defaults, SETTLE_MS));
    };
    let mut names = names.clone();
    names.insert("key".to_owned(), Shape::Text);
    names.insert("key_digest".to_owned(), Shape::Text);
    if let Some(headers) = table.table("headers") {
        defaults.headers = request::fields(&headers, &names, super::template::Credentials::Allowed);
    }
    defaults.timeout_ms = table.duration_ms("timeout").unwrap_or(TIMEOUT_MS);
    let expect = [("json", Expect::Json), ("text", Expect::Text)];
    defaults.expect = table.choice("expect", &expect).unwrap_or(Expect::Json);
    defaults.replies = rule::rules(&table, "replies", &rule::with_reply(&names));
    defaults.replay = table.table("replay").and_then(|replay| {
        let header = replay.need_text("header");
        let value = replay.text("value").map_or("true", |(value, _)| value).to_owned();
        replay.finish();
        let header = header?.0.to_ascii_lowercase();
        Some(Replay { header, value })
    });
    let settle_ms = table.duration_ms("settle").unwrap_or(SETTLE_MS);
    table.finish();
    Some(WithSettle(defaults, settle_ms))
}

fn operations(
    top: &Table<'_>,
    names: &Names,
    role: &str,
    defaults: Option<&WithSettle>,
) -> BTreeMap<String, Operation> {
    let mut operations = BTreeMap::new();
    let Some(item) = top.need("operation") else {
        return operations;
    };
    let Some(table) = top.as_table("[operation]", "operation", item) else {
        return operations;
    };
    let settle_ms = defaults.map_or(SETTLE_MS, |defaults| defaults.1);
    for (name, item) in table.entries() {
        let what = format!("[operation.{name}]");
        let Some(promise) = catalogue::operation(role, name) else {
            let known: Vec<_> = catalogue::operations_of(role)
                .map(|operation| operation.name)
                .collect();
            let message = format!(
                "the role {role} has no operation `{name}`; it has {}",
                known.join(", ")
            );
            table.desk.report(item.at, Code::UnknownOperation, message);
            continue;
        };
        let Some(fields) = table.as_table(&what, name, item) else {
            continue;
        };
        let operation = operation::operation(&fields, names, promise, settle_ms);
        fields.finish();
        if let Some(operation) = operation {
            operations.insert(name.to_owned(), operation);
        }
    }
    operations
}
