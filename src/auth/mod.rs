//! From a phone number to a pair of tokens, and out again.

mod check;
mod logout;
mod phone;
mod refresh;
mod second_step;
mod verify;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    domain::{SessionId, UserId},
    http::problem::Problem,
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
    /// For `POST /api/v1/auth/refresh`, once.
    #[schema(
        example = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjB9.c2lnbmF0dXJl"
    )]
    refresh_token: String,
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
            refresh_token: app.tokens.issue_refresh(session, generation, expires_at)?,
            refresh_expires_in: (expires_at - now).num_seconds(),
        })
    }
}
