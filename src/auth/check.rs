use actix_web::{HttpResponse, get};

use crate::http::{bearer::CurrentUser, problem::Problem};

/// Check an access token for a gateway
///
/// For `auth_request` of nginx, `forwardAuth` of Traefik and their like: send the `Authorization` header of the request
/// along, and let the request through when the answer is 204. Unlike a check by the published keys it sees at once that
/// a session was ended. A gateway must set `X-User-Id` and `X-Session-Id` itself on what it passes on, from this answer
/// and never from the client.
///
/// Next: after 204 pass the request on; after 401 answer 401 yourself, and the client refreshes its tokens.
#[utoipa::path(tag = "integration", security(("bearer" = [])), responses(
    (status = 204, description = "The session lives", headers(
        ("X-User-Id" = String, description = "Which user: `sub` of the token"),
        ("X-Session-Id" = String, description = "Of which login: `sid` of the token"),
    )),
    (status = 503, description = "service-unavailable"),
))]
#[get("/auth/check")]
#[tracing::instrument(name = "auth.check", skip_all, fields(user.id = %user.id))]
pub(super) async fn check_token(user: CurrentUser) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::NoContent()
        .insert_header(("X-User-Id", user.id.to_string()))
        .insert_header(("X-Session-Id", user.session.to_string()))
        .finish())
}
