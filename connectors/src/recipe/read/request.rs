//! Requests: method, path, query, headers, body.

use super::super::body::{Body, Field, Tree, optional_name};
use super::super::document::Request;
use super::super::error::Code;
use super::super::formula::Names;
use super::super::json;
use super::super::table::{Item, Table, value};
use super::super::template::{Credentials, Template};

const METHODS: [(&str, &str); 6] = [
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
];

/// The request in the table `key`. `body` says whether credentials may stand in its body.
pub(super) fn request(table: &Table<'_>, names: &Names, body: Credentials) -> Option<Request> {
    let item = table.need("request")?;
    let fields = table.as_table(&format!("{}.request", table.what), "request", item)?;
    let method = fields.choice("method", &METHODS);
    if !fields.has("method") {
        fields.missing("method");
    }
    let path = path(&fields, names);
    let query = fields
        .table("query")
        .map(|query| self::fields(&query, names, Credentials::Refused))
        .unwrap_or_default();
    let headers = fields
        .table("headers")
        .map(|headers| self::fields(&headers, names, Credentials::Allowed))
        .unwrap_or_default();
    let body = self::body(&fields, names, body);
    fields.finish();
    Some(Request {
        method: method?,
        path: path?,
        query,
        headers,
        body: body?,
    })
}

fn path(table: &Table<'_>, names: &Names) -> Option<Template> {
    let (source, at) = table.need_text("path")?;
    if !source.starts_with('/') || source.contains(['?', '#']) {
        let message =
            format!("the path `{source}` has to begin with / and goes without ? and # (see `query`)");
        table.desk.report(at, Code::BadPath, message);
        return None;
    }
    template(table, source, at, names, Credentials::Refused)
}

fn template(
    table: &Table<'_>,
    source: &str,
    at: usize,
    names: &Names,
    credentials: Credentials,
) -> Option<Template> {
    Template::read(source, names, credentials)
        .map_err(|mistakes| table.desk.report_all(at, mistakes))
        .ok()
}

/// The template at `key`, which has to be there.
pub(super) fn need_template(
    table: &Table<'_>,
    key: &'static str,
    names: &Names,
    credentials: Credentials,
) -> Option<Template> {
    let (source, at) = table.need_text(key)?;
    template(table, source, at, names, credentials)
}

/// Every field of a table as a named template.
pub(super) fn fields(table: &Table<'_>, names: &Names, credentials: Credentials) -> Vec<Field> {
    let mut fields = Vec::new();
    for (key, item) in table.entries() {
        let Some((source, at)) = table.as_text(key, item) else {
            continue;
        };
        if let Some(value) = template(table, source, at, names, credentials) {
            let (name, optional) = optional_name(key);
            fields.push(Field {
                name,
                optional,
                value,
            });
        }
    }
    fields
}

fn body(table: &Table<'_>, names: &Names, credentials: Credentials) -> Option<Body> {
    let bodies = [table.item("json"), table.item("form"), table.item("raw")];
    if let [_, second, ..] = bodies.iter().flatten().collect::<Vec<_>>().as_slice() {
        let message = "a request has one body: json, form or raw";
        table.desk.report(second.at, Code::TwoBodies, message);
        return None;
    }
    let content_type = table.text("content_type");
    let [json, form, raw] = bodies;
    if let Some(item) = json {
        return json_body(table, item, names, credentials);
    }
    if let Some(item) = form {
        let form = table.as_table(&format!("{}.form", table.what), "form", item)?;
        return Some(Body::Form(fields(&form, names, credentials)));
    }
    let Some(item) = raw else {
        return Some(Body::Empty);
    };
    let (source, at) = table.as_text("raw", item)?;
    Some(Body::Raw {
        content_type: content_type
            .map_or("text/plain; charset=utf-8", |(text, _)| text)
            .to_owned(),
        text: template(table, source, at, names, credentials)?,
    })
}

/// JSON as text, or as a TOML value.
fn json_body(table: &Table<'_>, item: Item<'_>, names: &Names, credentials: Credentials) -> Option<Body> {
    let json = match item.value.as_str() {
        Some(text) => json::parse(text.as_bytes()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the body is no JSON (line {line}, column {column} of it): {error}")
        }),
        None => value(item.value),
    };
    let tree = match json {
        Ok(json) => Tree::read(&json, names, credentials),
        Err(message) => {
            table.desk.report(item.at, Code::BadJson, message);
            return None;
        }
    };
    tree.map(Body::Json)
        .map_err(|mistakes| table.desk.report_all(item.at, mistakes))
        .ok()
}
