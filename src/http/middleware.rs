//! What is wrapped around every request.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{ConnectionType, Method, header},
    middleware::{DefaultHeaders, Next},
    web::Data,
};
use futures_util::FutureExt;
use tracing_actix_web::RequestId;

use super::problem::{Problem, TRACE_ID};
use crate::state::AppState;

/// Lets every problem below name the request it belongs to, and turns a panic
/// into a problem instead of a dropped connection.
///
/// # Errors
///
/// Those of the request, as responses that are complete.
pub async fn contain<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = request.extensions().get::<RequestId>().copied();
    match id {
        Some(id) => TRACE_ID.scope(id, catch_panic(request, next)).await,
        None => catch_panic(request, next).await,
    }
}

async fn catch_panic<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_| {
        let problem = Problem::Internal(anyhow::anyhow!("the handler panicked"));
        // Made here, within the scope of the trace id; the dispatcher only sends it.
        let response = problem.error_response();
        Err(InternalError::from_response(problem, response).into())
    })
}

/// Answers HEAD as GET without its body (RFC 9110, section 9.3.2).
///
/// # Errors
///
/// Those of the request.
pub async fn head_is_get<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// Once the instance is told to stop, asks each client to make its next request elsewhere: a connection that ends
/// after an answer is not ended in the middle of a request.
///
/// # Errors
///
/// Those of the request.
pub async fn let_go<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let app = request.app_data::<Data<AppState>>().cloned();
    let mut response = next.call(request).await?;
    if app.is_some_and(|app| app.connections.are_let_go()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Headers for every answer that does not set its own: nothing is cached, for
/// most answers hold tokens or personal data, and no page may do anything.
#[must_use]
pub fn default_headers(https: bool) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"));
    if https {
        headers.add((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"))
    } else {
        headers
    }
}
