//! Which path goes where, and what it takes to go there.

use amends_storage::ReadError;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::bulk::run;
use crate::document::{self, Document};
use crate::limits::COMMAND_BYTES_MAX;
use crate::role::Act;
use crate::routes::{
    archive, audit, backups, brakes, bulk, care, commands, deliveries, evidence, feed, finance, find, health,
    history, inbound, incidents, me, metrics, notes, orders, pages, pending, redrive, requests, shops,
    status, tokens,
};
use crate::state::{App, Setup};
use crate::{answer, auth};

/// The service: webhooks, callbacks, health, and the operator's API behind tokens.
///
/// # Errors
/// [`ReadError`] when the audit trail of the store cannot be read.
pub fn router(setup: Setup) -> Result<Router, ReadError> {
    let inbound_max = setup.limits.body_max;
    let app = App::new(setup)?;
    let guarded = Guarded::new(&app)
        .may(Act::Look, routes!(find::list))
        .may(Act::Look, routes!(orders::show))
        .may(Act::Look, routes!(archive::find))
        .may(Act::Look, routes!(history::list))
        .may(Act::Look, routes!(requests::list))
        .may(Act::Evidence, routes!(evidence::take))
        // Each command is an act of its own, asked for once the body is read.
        .may(Act::Look, routes!(commands::give))
        .may(Act::Look, routes!(incidents::list))
        .may(Act::Look, routes!(incidents::causes))
        .may(Act::Look, routes!(incidents::show))
        .may(Act::Care, routes!(care::assign))
        .may(Act::Care, routes!(care::snooze))
        .may(Act::Note, routes!(notes::write))
        .may(Act::Look, routes!(deliveries::list))
        .may(Act::Look, routes!(deliveries::refused))
        .may(Act::Look, routes!(deliveries::show))
        .may(Act::Replay, routes!(deliveries::replay))
        .may(Act::Replay, routes!(redrive::redrive))
        .may(Act::Books, routes!(finance::days))
        .may(Act::Books, routes!(finance::orders))
        .may(Act::Look, routes!(feed::page))
        .may(Act::Look, routes!(feed::stream))
        .may(Act::Look, routes!(shops::list))
        .may(Act::Look, routes!(shops::show))
        .may(Act::Pause, routes!(shops::pause))
        .may(Act::Release, routes!(shops::resume))
        .may(Act::Pause, routes!(brakes::pause_connector))
        .may(Act::Release, routes!(brakes::resume_connector))
        .may(Act::Look, routes!(brakes::list))
        .may(Act::Pause, routes!(brakes::pause_money))
        .may(Act::Release, routes!(brakes::resume_money))
        .may(Act::Pause, routes!(brakes::pause_effects))
        .may(Act::Release, routes!(brakes::resume_effects))
        .may(Act::Backup, routes!(backups::create))
        .may(Act::Backup, routes!(backups::show))
        .may(Act::Tokens, routes!(tokens::list, tokens::create))
        .may(Act::Tokens, routes!(tokens::revoke))
        .may(Act::Look, routes!(pending::list))
        // Whoever agrees must be allowed the command itself.
        .may(Act::Confirm, routes!(pending::confirm))
        .may(Act::Confirm, routes!(pending::decline))
        .may(Act::Look, routes!(bulk::list))
        // Each command takes its own act as well.
        .may(Act::Bulk, routes!(bulk::create))
        .may(Act::Look, routes!(bulk::show))
        .may(Act::Bulk, routes!(bulk::confirm))
        .may(Act::Bulk, routes!(bulk::cancel))
        .may(Act::Audit, routes!(audit::list))
        .may(Act::Look, routes!(status::show))
        .may(Act::Look, routes!(me::show))
        .may(Act::Measure, routes!(metrics::show))
        .end();
    let inbound = OpenApiRouter::new()
        .routes(open(routes!(inbound::hook)))
        .routes(open(routes!(inbound::callback)))
        .layer(DefaultBodyLimit::max(inbound_max));
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .nest("/api/v1", guarded)
        .merge(inbound)
        .routes(open(routes!(health::alive)))
        .routes(open(routes!(health::ready)))
        .routes(open(routes!(pages::document)))
        .routes(open(routes!(pages::problem)))
        .split_for_parts();
    app.publish(&document);
    tokio::spawn(run(app.clone()));
    Ok(router.layer(from_fn(answer::dress)).with_state(app))
}

/// Routes behind the gate.
struct Guarded {
    app: App,
    router: OpenApiRouter<App>,
}

impl Guarded {
    fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            router: OpenApiRouter::new(),
        }
    }

    /// Adds routes for those who may do `act`.
    fn may(self, act: Act, routes: UtoipaMethodRouter<App>) -> Self {
        let (schemas, mut paths, methods) = open(routes);
        document::guard(&mut paths, act);
        let gate = from_fn_with_state((self.app.clone(), act), auth::gate);
        Self {
            router: self.router.routes((schemas, paths, methods.route_layer(gate))),
            ..self
        }
    }

    fn end(self) -> OpenApiRouter<App> {
        self.router
            .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
            .layer(from_fn_with_state(self.app, auth::admit))
    }
}

fn open((schemas, mut paths, methods): UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    document::complete(&mut paths);
    (schemas, paths, methods)
}
