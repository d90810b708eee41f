//! From a phone number to a pair of tokens, and out again.

mod check;
mod logout;
mod phone;
mod refresh;
mod second_step;
mod verify;

use actix_web::{HttpResponse, cookie::Cookie};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    domain::{SessionId, UserId},
    http::{
        problem::Problem,
        refresh_cookie::{RefreshCookie, RefreshTokenIn},
    },
    state::AppState,
};

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(phone::request_code)
        .service(verify::verify_code)
        .service(refresh::refresh_tokens)
        .service(logout::log_out)
        .service(check::check_token);
}

/// A pair of tokens (RFC 6749, section 5.1)
#[derive(Serialize, ToSchema)]
struct TokenPair {
    /// JWT (RFC 9068) for the `Authorization` header.
    #[schema(
        example = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjgwODAifQ.c2lnbmF0dXJl"
    )]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token ends; never longer than its session.
    #[schema(example = 600)]
    expires_in: i64,
    /// For `POST /api/v1/auth/refresh`, once. Absent if it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String,
        required = false,
        example = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjF9.c2lnbmF0dXJl"
    )]
    refresh_token: Option<String>,
    /// Seconds until the refresh token ends if it is not used.
    #[schema(example = 2_592_000)]
    refresh_expires_in: i64,
}

impl TokenPair {
    /// Issues the tokens of a session whose live generation is `generation`.
    fn issue(
        app: &AppState,
        user: UserId,
        session: SessionId,
        generation: i32,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            access_token: app.tokens.issue_access(user, session, expires_at, now)?,
            token_type: "Bearer",
            expires_in: app.tokens.lives().access.min(expires_at - now).num_seconds(),
            refresh_token: Some(app.tokens.issue_refresh(session, generation, expires_at)?),
            refresh_expires_in: (expires_at - now).num_seconds(),
        })
    }

    /// Puts the refresh token where the client wants it: into a cookie, if this is one.
    fn deliver(&mut self, place: RefreshTokenIn, cookie: &RefreshCookie) -> Option<Cookie<'static>> {
        match place {
            RefreshTokenIn::Body => None,
            RefreshTokenIn::Cookie => {
                self.refresh_token.take().map(|token| cookie.keep(token, self.refresh_expires_in))
            }
        }
    }
}

/// An answer, and a cookie where there is one to set.
fn answer(body: impl Serialize, cookie: Option<Cookie<'static>>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(cookie) = cookie {
        response.cookie(cookie);
    }
    response.json(body)
}
