use actix_web::{
    post,
    web::{self, Data},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ReferralStatus;
use crate::{
    domain::InviteCode,
    http::{bearer::CurrentUser, json::Json, problem::Problem},
    state::AppState,
    store::referrals::{self, Activation},
};

/// The code to activate
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActivateInvite {
    /// Six letters or digits; case, spaces and dashes do not matter.
    #[schema(value_type = String, example = "h3np8x")]
    invite_code: InviteCode,
}

/// Activate another user's invite code
///
/// Can be done once; the choice is final. Repeating it with the same code is no error.
#[utoipa::path(tag = "referral", security(("bearer" = [])), request_body = ActivateInvite, responses(
    (status = 200, description = "The code is activated", body = ReferralStatus),
    (status = 404, description = "unknown-invite-code"),
    (status = 409, description = "own-invite-code, invite-already-activated, invite-cycle"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/referral/activate")]
#[tracing::instrument(name = "referral.activate", skip_all, fields(user.id = %user.id))]
pub(super) async fn activate_invite(
    app: Data<AppState>,
    user: CurrentUser,
    Json(body): Json<ActivateInvite>,
) -> Result<web::Json<ReferralStatus>, Problem> {
    let mut conn = app.database.connection().await?;
    match referrals::activate(&mut conn, user.id, &body.invite_code, user.now).await? {
        Activation::Activated => {
            Ok(web::Json(ReferralStatus::find(&app, &mut conn, user.session, user.now).await?))
        }
        Activation::AlreadyActivated(code) => Err(Problem::InviteAlreadyActivated(code)),
        Activation::OwnCode => Err(Problem::OwnInviteCode),
        Activation::Cycle => Err(Problem::InviteCycle),
        Activation::UnknownCode => Err(Problem::UnknownInviteCode),
    }
}
