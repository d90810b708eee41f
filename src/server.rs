//! The only list of scopes and of what is wrapped around them.

use std::{io, net::TcpListener, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::from_fn,
    rt::net::TcpStream,
    web::{self, Data},
};
use tracing_actix_web::TracingLogger;
use utoipa::OpenApi;
use utoipa_actix_web::{AppExt, scope, service_config::ServiceConfig};

use crate::{
    auth,
    connections::{self, Connections},
    dev_inbox, docs, health,
    http::{
        fallback,
        middleware::{contain, default_headers, head_is_get},
        openapi::{self, ApiDoc},
    },
    metrics, problem_pages, profile, referral, sessions,
    state::AppState,
    telemetry::RootSpan,
    ui::{self, WebPage},
    well_known,
};

/// Connections that may wait to be accepted: ten thousand clients may come at once.
const BACKLOG: u32 = 8192;

/// Every operation of the API document.
fn operations(config: &mut ServiceConfig) {
    let api = scope::scope("/api/v1")
        .configure(auth::routes)
        .configure(profile::routes)
        .configure(sessions::routes)
        .configure(referral::routes);
    config.service(api).configure(profile::pages).configure(well_known::routes).configure(health::routes);
}

/// The API document (`OpenAPI` 3.1).
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(ApiDoc::openapi());
    let mut document = app.configure(operations).configure(dev_inbox::routes).split_for_parts().1;
    document.merge(ui::Described::openapi());
    openapi::complete(&mut document);
    document
}

/// Starts serving `state` on `listener`; the server runs when awaited.
///
/// # Errors
///
/// [`io::Error`] when the listener cannot be used.
pub fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Server> {
    let https = state.settings.public_url.scheme() == "https";
    let has_inbox = state.sms.inbox().is_some();
    let web_page = Data::new(WebPage::new(has_inbox, state.settings.premises.ladder.shortest().digits()));
    let (keep_alive, grace) = (state.connections.keep_alive, state.connections.grace());
    let workers = std::thread::available_parallelism()?.get();
    let files = rlimit::getrlimit(rlimit::Resource::NOFILE)?.0;
    let proxies = Data::new(state.settings.trusted_proxies.clone());
    let server = HttpServer::new(move || {
        App::new()
            .into_utoipa_app()
            .configure(operations)
            .configure(|config| {
                if has_inbox {
                    dev_inbox::routes(config);
                }
            })
            .into_app()
            .configure(docs::routes)
            .configure(problem_pages::routes)
            .configure(ui::routes)
            .default_service(web::to(fallback::no_such_operation))
            .app_data(state.clone())
            .app_data(web_page.clone())
            .app_data(proxies.clone())
            .wrap(from_fn(head_is_get))
            .wrap(from_fn(contain))
            .wrap(default_headers(https))
            .wrap(TracingLogger::<RootSpan>::new())
    });
    Ok(server
        .on_connect(|connection, _| {
            if let Some(stream) = connection.downcast_ref::<TcpStream>() {
                connections::bound(stream);
            }
        })
        .backlog(BACKLOG)
        .workers(workers)
        .max_connections(Connections::most_per_worker(files, workers))
        .client_request_timeout(Duration::from_secs(5))
        .keep_alive(keep_alive)
        .shutdown_timeout(grace.as_secs())
        // The binary decides when to stop.
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Starts serving what operators' programs ask for on `listener`, and nothing
/// else; the server runs when awaited.
///
/// Nobody is asked who they are, so the listener is not for the world.
///
/// # Errors
///
/// [`io::Error`] when the listener cannot be used.
pub fn start_admin(listener: TcpListener, state: Data<AppState>) -> io::Result<Server> {
    let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(metrics::routes));
    Ok(server
        // One program asks, every few seconds.
        .workers(1)
        .client_request_timeout(Duration::from_secs(5))
        .disable_signals()
        .listen(listener)?
        .run())
}
