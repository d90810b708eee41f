use actix_web::{HttpResponse, post, web::Data};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{TokenPair, answer};
use crate::{
    audit,
    http::{
        client::Client,
        json::Json,
        problem::Problem,
        refresh_cookie::{RefreshCookie, RefreshTokenIn},
    },
    instruments::Ended,
    state::AppState,
    store::sessions::{self, Rotation, RotationOutcome},
    token::RefreshClaims,
};

/// The refresh token to trade
///
/// Either the token itself, or word that it is in the cookie: where it is, its successor goes.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "Members", untagged)]
enum RefreshTokens {
    InBody(RefreshTokenInBody),
    InCookie(RefreshTokenInCookie),
}

/// The token itself, for an app
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshTokenInBody {
    /// The newest refresh token of the session.
    #[schema(
        example = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjB9.c2lnbmF0dXJl"
    )]
    refresh_token: String,
}

/// Word that it is in the cookie, for a page
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshTokenInCookie {
    #[schema(schema_with = cookie)]
    refresh_token_in: RefreshTokenIn,
}

fn cookie() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("That it is in the cookie."))
        .enum_values(Some(["cookie"]))
        .build()
}

/// The body as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    refresh_token: Option<String>,
    refresh_token_in: Option<RefreshTokenIn>,
}

impl TryFrom<Members> for RefreshTokens {
    type Error = &'static str;

    fn try_from(body: Members) -> Result<Self, Self::Error> {
        match (body.refresh_token, body.refresh_token_in) {
            (Some(refresh_token), None) => Ok(Self::InBody(RefreshTokenInBody { refresh_token })),
            (None, Some(refresh_token_in @ RefreshTokenIn::Cookie)) => {
                Ok(Self::InCookie(RefreshTokenInCookie { refresh_token_in }))
            }
            (None, None | Some(RefreshTokenIn::Body)) => Err("missing field `refresh_token`"),
            (Some(_), Some(_)) => Err("refresh_token_in must be absent beside refresh_token"),
        }
    }
}

/// Trade the refresh token for a new pair
///
/// The token that was traded is honoured for 30 more seconds from the same network, at most three times a day, and
/// gives the same new token: for two tabs at once and for lost answers. After that, and for any older token, the
/// session is ended, for then two parties hold tokens of one login.
///
/// A page that logged in with `"refresh_token_in": "cookie"` says the same here: the cookie is traded, and its
/// successor is in the cookie again. That needs the `Origin` header that browsers send, and that to be this service's
/// own.
///
/// Next: store the new refresh token in place of the old one, then go on with the new access token. After a 401 forget
/// both and let the person log in again.
#[utoipa::path(tag = "authentication", request_body = RefreshTokens, responses(
    (status = 200, description = "The new pair", body = TokenPair,
        headers(("Set-Cookie" = String, description = "The new refresh token, if the old one was in the cookie")),
        links(("refresh" = (operation_id = "refresh_tokens",
            request_body = json!({"refresh_token": "$response.body#/refresh_token"}))))),
    (status = 401, description = "invalid-refresh-token, refresh-token-reused"),
    (status = 403, description = "foreign-origin"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/auth/refresh")]
#[tracing::instrument(name = "auth.refresh", skip_all)]
pub(super) async fn refresh_tokens(
    app: Data<AppState>,
    client: Client,
    cookie: RefreshCookie,
    Json(body): Json<RefreshTokens>,
) -> Result<HttpResponse, Problem> {
    let now = app.clock.now();
    let place = match body {
        RefreshTokens::InBody(given) => {
            let shown = app.tokens.verify_refresh(&given.refresh_token, now).ok();
            return Ok(answer(trade(&app, &client, shown, now).await?, None));
        }
        RefreshTokens::InCookie(given) => given.refresh_token_in,
    };
    cookie.demand_own_page()?;
    let mut tokens = trade(&app, &client, cookie.claims(&app, now), now).await?;
    let kept = tokens.deliver(place, &cookie);
    Ok(answer(tokens, kept))
}

/// Makes the next generation of the session whose refresh token was shown; none: it was not good.
async fn trade(
    app: &AppState,
    client: &Client,
    shown: Option<RefreshClaims>,
    now: DateTime<Utc>,
) -> Result<TokenPair, Problem> {
    let shown = shown.ok_or(Problem::InvalidRefreshToken)?;
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
            app.instruments.sessions.refreshed();
            TokenPair::issue(app, user, shown.session, generation, expires_at, now)
        }
        RotationOutcome::Reused(user) => {
            audit::refresh_reused(user, shown.session, &client.network);
            app.instruments.sessions.ended(Ended::Reuse, 1);
            Err(Problem::RefreshTokenReused)
        }
        RotationOutcome::Ended => {
            audit::refresh_refused(shown.session, &client.network);
            Err(Problem::InvalidRefreshToken)
        }
    }
}
