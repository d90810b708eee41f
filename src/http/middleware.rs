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

use super::problem::{Problem, TRACE_ID};
use crate::{
    state::AppState,
    telemetry::{Asked, RequestId, X_REQUEST_ID},
};

/// Counts the request, lets every problem below name the request it belongs to,
/// and the answer too, turns a panic into a problem instead of a dropped
/// connection, and asks the client to connect elsewhere once the instance stops.
///
/// # Errors
///
/// Those of the request, as responses that are complete.
pub async fn contain<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let asked = request.extensions().get::<Asked>().cloned();
    let app = request.app_data::<Data<AppState>>().cloned();
    let Some(Asked { id, route }) = asked else { return catch_panic(request, next).await };
    let method = request.method().as_str();
    let under_way = app.as_ref().map(|app| app.instruments.http.begin(method, route));
    let mut outcome = TRACE_ID.scope(id.clone(), catch_panic(request, next)).await;
    if let Ok(response) = &mut outcome {
        response.headers_mut().insert(X_REQUEST_ID, id.to_header());
        // A connection that ends after an answer is not ended in the middle of a request.
        if app.as_ref().is_some_and(|app| app.connections.are_let_go()) {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
    }
    if let Some(under_way) = under_way {
        under_way.answered(status(&outcome));
    }
    outcome
}

fn status<B>(outcome: &Result<ServiceResponse<B>, Error>) -> u16 {
    match outcome {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    }
}

async fn catch_panic<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_| {
        let problem = Problem::Internal(anyhow::anyhow!("the handler panicked"));
        // Made here, within the scope of the trace id; the dispatcher only sends it.
        let mut response = problem.error_response();
        if let Ok(id) = TRACE_ID.try_with(RequestId::to_header) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
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

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, rt, test as calls, web};
    use tracing_actix_web::TracingLogger;

    use super::*;
    use crate::telemetry::RootSpan;

    async fn panics() -> String {
        panic!("as a defect does")
    }

    #[test]
    fn a_panic_is_answered_with_the_name_of_its_request() {
        rt::System::new().block_on(async {
            let app = App::new().route("/", web::get().to(panics)).wrap(from_fn(contain));
            let app = calls::init_service(app.wrap(TracingLogger::<RootSpan>::new())).await;
            let request = calls::TestRequest::get().uri("/").insert_header((X_REQUEST_ID, "mine-4821"));
            let failed = calls::try_call_service(&app, request.to_request()).await.unwrap_err();
            let answer = failed.error_response();
            assert_eq!(
                (answer.status().as_u16(), answer.headers().get(X_REQUEST_ID).unwrap()),
                (500, &"mine-4821".parse().unwrap())
            );
            let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["trace_id"], "mine-4821");
        });
    }
}
