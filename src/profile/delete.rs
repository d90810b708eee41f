use actix_web::{HttpRequest, HttpResponse, delete, web::Data};

use super::expected_version;
use crate::{
    audit,
    http::{bearer::CurrentUser, problem::Problem, refresh_cookie::RefreshCookie},
    state::AppState,
    store::users::{self, Asking, Deleting, Deletion},
};

/// Delete the own account
///
/// Personal data and all sessions are gone at once, and the number is free for a new account. The invite code is
/// never issued again; those who activated it keep it, but no longer see a phone. This cannot be undone.
///
/// Next: forget all tokens, the device token as well. Whoever wants a copy of the data first takes it from
/// `GET /api/v1/profile/export`.
#[utoipa::path(tag = "profile", security(("bearer" = [])),
    params(("If-Match" = Option<String>, Header, description = "Delete only if the profile still has this `ETag`")),
    responses(
    (status = 204, description = "The account is gone",
        headers(("Set-Cookie" = String, description = "Takes the refresh token's cookie away, if there was one"))),
    (status = 412, description = "profile-changed"),
    (status = 422, description = "invalid-request"),
    (status = 503, description = "service-unavailable"),
))]
#[delete("/profile")]
#[tracing::instrument(name = "profile.delete", skip_all, fields(user.id = %user.id))]
pub(super) async fn delete_profile(
    app: Data<AppState>,
    user: CurrentUser,
    cookie: RefreshCookie,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    let expected_version = expected_version(&mut conn, &user, &request).await?;
    let deleting = Deleting {
        asking: Asking::Owner(user.session),
        expected_version,
        window_since: app.settings.window_since(user.now),
        now: user.now,
    };
    match users::delete(&mut conn, &deleting, |phone| app.pseudonyms.of_former(phone)).await? {
        Deletion::Deleted => {
            audit::account_deleted(user.id, audit::By::Owner);
            let mut response = HttpResponse::NoContent();
            if let Some(cookie) = cookie.forget(user.session, &app, user.now) {
                response.cookie(cookie);
            }
            Ok(response.finish())
        }
        Deletion::VersionChanged => Err(Problem::ProfileChanged),
        Deletion::SessionEnded => Err(Problem::Unauthenticated),
    }
}
