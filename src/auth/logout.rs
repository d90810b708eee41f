use actix_web::{HttpResponse, post, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    audit,
    http::{bearer::Bearer, json::OptionalJson, problem::Problem, refresh_cookie::RefreshCookie},
    instruments::Ended,
    state::AppState,
    store::sessions::{self, Scope},
};

/// Which sessions to end
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogOut {
    /// Absent: `this`.
    #[serde(default)]
    #[schema(example = "this")]
    scope: LogOutScope,
}

/// Which sessions to end
///
/// - `this`: the one of the access token
/// - `others`: all others of the user
/// - `all`: all of the user
// Read from a text: serde's own reading of an enum quotes what it does not know.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
enum LogOutScope {
    /// The one of the access token.
    #[default]
    This,
    /// All others of the user.
    Others,
    /// All of the user.
    All,
}

impl TryFrom<String> for LogOutScope {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "this" => Ok(Self::This),
            "others" => Ok(Self::Others),
            "all" => Ok(Self::All),
            _ => Err("must be this, others or all"),
        }
    }
}

/// Log out
///
/// Ends sessions at once and on every instance: neither their access nor their refresh tokens are accepted any
/// more, and the device tokens of their logins are good for nothing. The body may be left out. Repeating the call is no
/// error; a session that has ended already ends no other.
///
/// Next: forget the tokens of what was ended, and show the way to log in: `POST /api/v1/auth/phone`.
#[utoipa::path(tag = "authentication", security(("bearer" = [])), request_body = Option<LogOut>, responses(
    (status = 204, description = "The sessions are ended",
        headers(("Set-Cookie" = String, description = "Takes the refresh token's cookie away, if there was one"))),
    (status = 503, description = "service-unavailable"),
))]
#[post("/auth/logout")]
#[tracing::instrument(name = "auth.logout", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn log_out(
    app: Data<AppState>,
    bearer: Bearer,
    cookie: RefreshCookie,
    OptionalJson(body): OptionalJson<LogOut>,
) -> Result<HttpResponse, Problem> {
    let (scope, name) = match body.scope {
        LogOutScope::This => (Scope::This, "this"),
        LogOutScope::Others => (Scope::Others, "others"),
        LogOutScope::All => (Scope::All, "all"),
    };
    let mut conn = app.database.connection().await?;
    let ended = sessions::end(&mut conn, bearer.session, scope, bearer.now).await?;
    audit::logout(bearer.user, bearer.session, name, ended);
    app.instruments.sessions.ended(Ended::Logout, ended);
    let mut response = HttpResponse::NoContent();
    if let (Scope::This | Scope::All, Some(cookie)) = (scope, cookie.forget(bearer.session, &app, bearer.now))
    {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
