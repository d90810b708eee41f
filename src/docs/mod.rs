//! The API documents: `/openapi.json`, and `ReDoc` and Swagger UI to read it with.
//!
//! Everything comes from this service. The pages run no inline script and their
//! `Content-Security-Policy` lets them reach no other host.

mod bundle;
mod redoc;
mod swagger;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use utoipa::openapi::OpenApi;

use crate::http::{
    asset::{Asset, readable},
    problem::Problem,
};

/// The `OpenAPI` document as it is sent: serialised once, at start.
///
/// [`routes`] finds it as `app_data(Data<ApiDocument>)`.
pub struct ApiDocument(Asset);

impl ApiDocument {
    /// # Errors
    ///
    /// If the document holds a value that JSON cannot express.
    pub fn new(document: &OpenApi) -> Result<Self, serde_json::Error> {
        Ok(Self(Asset::new("application/json", document.to_json()?)))
    }
}

/// Registers the document and the pages that show it.
///
/// The pages name each other by relative addresses, so all of it may be put
/// into a scope or behind a proxy that adds a prefix.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(readable("/openapi.json", document)).configure(redoc::routes).configure(swagger::routes);
}

async fn document(api: Data<ApiDocument>, request: HttpRequest) -> HttpResponse {
    api.0.answer(&request)
}

/// The answer when a bundle could not be cut; the log has said so already.
fn missing() -> HttpResponse {
    Problem::Internal(anyhow::anyhow!("a bundle of the documents is not what it was")).error_response()
}

#[cfg(test)]
mod tests;
