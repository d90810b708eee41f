use actix_web::{
    post,
    web::{self, Data},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TokenPair;
use crate::{
    audit,
    http::{client::Client, json::Json, problem::Problem},
    state::AppState,
    store::sessions::{self, Rotation, RotationOutcome},
};

/// The refresh token to trade
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshTokens {
    /// The newest refresh token of the session.
    #[schema(
        example = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjB9.c2lnbmF0dXJl"
    )]
    refresh_token: String,
}

/// Trade the refresh token for a new pair
///
/// The token that was traded is honoured for 30 more seconds from the same network, at most three times a day, and
/// gives the same new token: for two tabs at once and for lost answers. After that, and for any older token, the
/// session is ended, for then two parties hold tokens of one login.
#[utoipa::path(tag = "authentication", request_body = RefreshTokens, responses(
    (status = 200, description = "The new pair", body = TokenPair),
    (status = 401, description = "invalid-refresh-token, refresh-token-reused"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/auth/refresh")]
#[tracing::instrument(name = "auth.refresh", skip_all)]
pub(super) async fn refresh_tokens(
    app: Data<AppState>,
    client: Client,
    Json(body): Json<RefreshTokens>,
) -> Result<web::Json<TokenPair>, Problem> {
    let now = app.clock.now();
    let shown =
        app.tokens.verify_refresh(&body.refresh_token, now).map_err(|_| Problem::InvalidRefreshToken)?;
    let rotation = Rotation {
        session: shown.session,
        generation: shown.generation,
        network: &client.network,
        now,
        at: app.clock.for_counters(),
        expires_at: now + app.tokens.lives().refresh_idle,
        replays: app.settings.profile.refresh_replays(),
    };
    let mut conn = app.database.connection().await?;
    match sessions::rotate(&mut conn, &rotation).await? {
        RotationOutcome::Live { user, generation, expires_at } => {
            Ok(web::Json(TokenPair::issue(&app, user, shown.session, generation, expires_at, now)?))
        }
        RotationOutcome::Reused(user) => {
            audit::refresh_reused(user, shown.session, &client.network);
            Err(Problem::RefreshTokenReused)
        }
        RotationOutcome::Ended => {
            audit::refresh_refused(shown.session, &client.network);
            Err(Problem::InvalidRefreshToken)
        }
    }
}
