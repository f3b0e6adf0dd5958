//! The OpenAPI document: made from the routes as they are put together, so that neither can lack what the other has.

use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem, Paths};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::problem::Problem;
use crate::role::Act;

/// The name of the security scheme.
const TOKEN: &str = "token";
/// The media type of every error (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";

/// What the document says besides the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Amends",
        description = "Owns every order between a shop, an ERP, a payment provider and a warehouse. Times are RFC 3339 in UTC, \
                       amounts are integers in minor units of their currency. Every answer carries `X-Request-Id`; every \
                       error is a problem (RFC 9457) whose `type` leads to a page that says what to do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&Scheme)
)]
pub(crate) struct Document;

struct Scheme;

impl Modify for Scheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token made with `amends token create` or `POST /api/v1/tokens`",
            ))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
}

/// Adds to routes behind the gate what the gate answers and asks for.
pub(crate) fn guard(paths: &mut Paths, act: Act) {
    for operation in operations(paths) {
        operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
        operation.extensions = Some(ExtensionsBuilder::new().add("x-act", act.name()).build());
        let answers = [
            ("401", "No token, an unknown or an expired one"),
            ("403", "The role or the shops of the token do not allow it"),
            ("500", "The store cannot be read"),
            ("503", "Nothing can be made durable now"),
        ];
        for (status, meaning) in answers {
            problem(operation, status, meaning);
        }
    }
}

/// Adds the errors that follow from what a request may carry.
pub(crate) fn complete(paths: &mut Paths) {
    for (path, item) in &mut paths.paths {
        for (method, operation) in methods(item) {
            operation.operation_id = Some(id(method, path));
        }
    }
    for operation in operations(paths) {
        for header in operation.parameters.iter_mut().flatten() {
            never_null(header);
        }
        let has = |wanted: ParameterIn| {
            let given = operation.parameters.as_ref();
            given.is_some_and(|given| given.iter().any(|one: &Parameter| one.parameter_in == wanted))
        };
        let (path, query) = (has(ParameterIn::Path), has(ParameterIn::Query));
        if path || query {
            problem(
                operation,
                "400",
                "A part of the path or a query parameter is wrong",
            );
        }
        if path {
            problem(
                operation,
                "404",
                "What the path names does not exist, or the token does not show it",
            );
        }
        if operation.request_body.is_some() {
            let answers = [
                ("400", "The body is not JSON"),
                ("408", "The body did not arrive in time"),
                ("413", "The body is too large"),
                ("415", "The body is not declared as JSON"),
                ("422", "The body has a wrong or missing field"),
            ];
            for (status, meaning) in answers {
                problem(operation, status, meaning);
            }
        }
    }
}

/// A header is text or absent: `Option` in its type says the second, and OpenAPI says it by `required`.
fn never_null(parameter: &mut Parameter) {
    let is_header = parameter.parameter_in == ParameterIn::Header;
    if let Some(RefOr::T(Schema::Object(schema))) = parameter.schema.as_mut().filter(|_| is_header) {
        schema.schema_type = SchemaType::Type(Type::String);
    }
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    let items = paths.paths.values_mut();
    items.flat_map(|item| methods(item).map(|(_, operation)| operation))
}

fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("delete", &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// `get-orders-root` of `GET /orders/{root}`.
fn id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{method}-{}", words.join("-"))
}

fn problem(operation: &mut Operation, status: &str, meaning: &str) {
    let answers = &mut operation.responses.responses;
    answers
        .entry(status.to_owned())
        .or_insert_with(|| RefOr::T(answer(meaning)));
}

fn answer(meaning: &str) -> Response {
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(meaning)
        .content(PROBLEM, body)
        .build()
}
