use actix_web::{
    HttpResponse, delete,
    web::{Data, Path},
};

use crate::{
    audit,
    domain::SessionId,
    http::{bearer::CurrentUser, problem::Problem},
    instruments::Ended,
    state::AppState,
    store::sessions::{self, Ending},
};

/// End a session
///
/// At once and on every instance: neither its access nor its refresh tokens are accepted any more, and the device token
/// of its login is good for nothing. Ending the session that asks is a logout: forget its tokens. With 404 there is no
/// such session of this user, or not any more.
///
/// Next: read `GET /api/v1/sessions` again, and show what is left.
#[utoipa::path(tag = "sessions", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "`id` of `GET /api/v1/sessions`",
        example = "01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73")),
    responses(
    (status = 204, description = "The session is ended"),
    (status = 404, description = "not-found"),
    (status = 503, description = "service-unavailable"),
))]
#[delete("/sessions/{id}")]
#[tracing::instrument(name = "sessions.end", skip_all, fields(user.id = %user.id))]
pub(super) async fn end_session(
    app: Data<AppState>,
    user: CurrentUser,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    // What is no identifier is the identifier of no session.
    let session = id.parse().map(SessionId).map_err(|_| Problem::NotFound)?;
    let mut conn = app.database.connection().await?;
    match sessions::end_one(&mut conn, user.session, session, user.now).await? {
        Ending::Ended => {
            audit::session_ended(user.id, Some(user.session), session);
            app.instruments.sessions.ended(Ended::Logout, 1);
            Ok(HttpResponse::NoContent().finish())
        }
        Ending::NoSuchSession => Err(Problem::NotFound),
        Ending::SessionEnded => Err(Problem::Unauthenticated),
    }
}
