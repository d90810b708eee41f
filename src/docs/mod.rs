//! The API documents: `/openapi.json`, and `ReDoc` and Swagger UI to read it with.
//!
//! Everything comes from this service. The pages run no inline script and their
//! `Content-Security-Policy` lets them reach no other host.

mod bundle;
mod redoc;
mod swagger;

use std::sync::LazyLock;

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::http::{
    asset::{Asset, readable},
    openapi,
    problem::Problem,
};

static DOCUMENT: LazyLock<Asset> = LazyLock::new(|| Asset::new("application/json", openapi::KEPT));

/// Registers the document and the pages that show it.
///
/// The pages name each other by relative addresses, so all of it may be put
/// into a scope or behind a proxy that adds a prefix.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(readable("/openapi.json", document)).configure(redoc::routes).configure(swagger::routes);
}

async fn document(request: HttpRequest) -> HttpResponse {
    DOCUMENT.answer(&request)
}

/// The answer when a bundle could not be cut; the log has said so already.
fn missing() -> HttpResponse {
    Problem::Internal(anyhow::anyhow!("a bundle of the documents is not what it was")).error_response()
}

#[cfg(test)]
mod tests;
