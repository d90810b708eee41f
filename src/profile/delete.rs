use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    http::{bearer::CurrentUser, problem::Problem},
    state::AppState,
    store::users,
};

/// Delete the own account
///
/// Personal data and all sessions are gone at once, and the number is free for a new account. The invite code is
/// never issued again; those who activated it keep it, but no longer see a phone. This cannot be undone.
#[utoipa::path(tag = "profile", security(("bearer" = [])), responses(
    (status = 204, description = "The account is gone"),
    (status = 503, description = "service-unavailable"),
))]
#[delete("/profile")]
#[tracing::instrument(name = "profile.delete", skip_all, fields(user.id = %user.id))]
pub(super) async fn delete_profile(app: Data<AppState>, user: CurrentUser) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    users::delete(&mut conn, user.id, user.now).await?;
    Ok(HttpResponse::NoContent().finish())
}
