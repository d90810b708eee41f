use actix_web::{
    get,
    web::{self, Data},
};

use super::ReferralStatus;
use crate::{
    http::{bearer::Bearer, problem::Problem},
    state::AppState,
};

/// Read the own invite code and what came of it
///
/// The code, a link to share that carries it, how many activated it, and whose code the user activated.
///
/// Next: offer `invite_url` to be shared, or `GET /api/v1/referral/qr.svg` to be scanned. While
/// `activated_invite_code` is null, offer a field for a code: `POST /api/v1/referral/activate`.
#[utoipa::path(tag = "referral", security(("bearer" = [])), responses(
    (status = 200, description = "The own code, and whose was activated", body = ReferralStatus),
    (status = 503, description = "service-unavailable"),
))]
#[get("/referral")]
#[tracing::instrument(name = "referral.get", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn get_referral(
    app: Data<AppState>,
    bearer: Bearer,
) -> Result<web::Json<ReferralStatus>, Problem> {
    let mut conn = app.database.connection().await?;
    Ok(web::Json(ReferralStatus::find(&app, &mut conn, bearer.session, bearer.now).await?))
}
