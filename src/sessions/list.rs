use actix_web::{
    get,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::SessionId,
    http::{bearer::CurrentUser, problem::Problem},
    state::AppState,
    store::sessions,
};

/// Where the user is logged in, newest login first
#[derive(Serialize, ToSchema)]
struct SessionList {
    /// All of them: there are at most ten.
    #[schema(example = json!([
        {
            "id": "01a204bc-9ec0-7b18-b3d4-51a7e2c9f086", "device_name": null,
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "ip_prefix": "198.51.100.0/24", "created_at": "2026-11-22T19:30:00Z",
            "last_used_at": "2026-11-23T21:14:00Z", "current": false,
        },
        {
            "id": "01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73", "device_name": "Ada's phone",
            "user_agent": "AuthApp/3.2 (Android 17)", "ip_prefix": "203.0.113.0/24",
            "created_at": "2026-11-21T08:15:00Z", "last_used_at": "2026-11-24T17:05:12Z", "current": true,
        },
    ]))]
    items: Vec<Session>,
}

/// A login that has not ended
#[derive(Serialize, ToSchema)]
struct Session {
    /// For `DELETE /api/v1/sessions/{id}`.
    #[schema(example = "01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73")]
    id: Uuid,
    /// What the client called its device.
    #[schema(example = "Ada's phone", required = true)]
    device_name: Option<String>,
    /// The `User-Agent` of the login, at most 200 characters.
    #[schema(example = "AuthApp/3.2 (Android 17)", required = true)]
    user_agent: Option<String>,
    /// The network from which the session was opened or last refreshed: an IPv4 /24 or an IPv6 /48, in CIDR notation.
    #[schema(example = "203.0.113.0/24")]
    ip_prefix: String,
    /// The login.
    #[schema(example = "2026-11-21T08:15:00Z")]
    created_at: DateTime<Utc>,
    /// The last request, written at most once a minute.
    #[schema(example = "2026-11-24T17:05:12Z")]
    last_used_at: DateTime<Utc>,
    /// Whether this is the session that asks.
    #[schema(example = true)]
    current: bool,
}

impl Session {
    fn of(session: sessions::Session, asking: SessionId) -> Self {
        Self {
            current: session.id == asking.0,
            id: session.id,
            device_name: session.device_name,
            user_agent: session.user_agent,
            ip_prefix: session.network,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        }
    }
}

/// List where the user is logged in
///
/// Newest login first, at most ten: a further login ends the session of the oldest.
///
/// Next: show the list to the person, and offer to end what they do not know: `DELETE /api/v1/sessions/{id}` ends one,
/// `POST /api/v1/auth/logout` with `others` ends all but this one.
#[utoipa::path(tag = "sessions", security(("bearer" = [])), responses(
    (status = 200, description = "The sessions", body = SessionList,
        links(("end_session" = (operation_id = "end_session",
            parameters(("id" = "$response.body#/items/0/id")))))),
    (status = 503, description = "service-unavailable"),
))]
#[get("/sessions")]
#[tracing::instrument(name = "sessions.list", skip_all, fields(user.id = %user.id))]
pub(super) async fn list_sessions(
    app: Data<AppState>,
    user: CurrentUser,
) -> Result<web::Json<SessionList>, Problem> {
    let mut conn = app.database.connection().await?;
    let sessions = sessions::list(&mut conn, user.id, user.now).await?;
    let items = sessions.into_iter().map(|session| Session::of(session, user.session));
    Ok(web::Json(SessionList { items: items.collect() }))
}
