//! The API documents: `/openapi.json`, and `ReDoc` and Swagger UI to read it with.
//!
//! Everything comes from this service. The pages run no inline script and their
//! `Content-Security-Policy` lets them reach no other host.

mod asset;
mod bundle;
mod redoc;
mod swagger;

use actix_web::dev::{Handler, HttpServiceFactory};
use actix_web::middleware::Compress;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, ResponseError};
use utoipa::openapi::OpenApi;

use self::asset::Asset;
use crate::http::{fallback, problem::Problem};

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

/// An address that can only be read, compressed where the client likes: the
/// bundles are a megabyte, and nothing else here is worth the time.
fn readable<F, Args>(path: &str, handler: F) -> impl HttpServiceFactory + use<F, Args>
where
    F: Handler<Args> + Copy,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path)
        .wrap(Compress::default())
        .route(web::get().to(handler))
        .default_service(web::to(fallback::no_such_operation))
}

/// The answer when a bundle could not be cut; the log has said so already.
fn missing() -> HttpResponse {
    Problem::Internal(anyhow::anyhow!("a bundle of the documents is not what it was")).error_response()
}

#[cfg(test)]
mod tests;
