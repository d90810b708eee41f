use actix_web::{HttpResponse, get, web::Data};

use super::show;
use crate::{
    http::{bearer::Bearer, problem::Problem, profile::Profile},
    state::AppState,
    store::profiles,
};

/// Read the own profile
///
/// The `ETag` of the answer stands for the members that can be written; give it back as `If-Match` to write only
/// if nobody else did meanwhile.
///
/// Next: `PATCH /api/v1/profile` changes names and e-mail address, `PUT /api/v1/profile/avatar` the picture; show
/// `invite_code`, or `GET /api/v1/referral` for a link to share.
#[utoipa::path(tag = "profile", security(("bearer" = [])), responses(
    (status = 200, description = "The profile", body = Profile,
        headers(("ETag" = String, description = "Version of the members that can be written"))),
    (status = 503, description = "service-unavailable"),
))]
#[get("/profile")]
#[tracing::instrument(name = "profile.get", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn get_profile(app: Data<AppState>, bearer: Bearer) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    // One statement reads the profile and checks the session.
    let profile = profiles::find_by_session(&mut conn, bearer.session, bearer.now).await?;
    let profile = profile.filter(|profile| profile.id == bearer.user.0).ok_or(Problem::Unauthenticated)?;
    Ok(show(profile, &app))
}
