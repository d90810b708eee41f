use actix_web::{
    post,
    web::{self, Data},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ReferralStatus;
use crate::{
    domain::InviteCode,
    http::{bearer::Bearer, json::Json, problem::Problem},
    state::AppState,
    store::referrals::{self, Activation, Entry, KnownAs},
};

/// The code to activate
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActivateInvite {
    /// Six letters or digits; case, spaces and dashes do not matter.
    #[schema(value_type = String, example = "h3np8x", pattern = "^[ -]*([A-Za-z0-9][ -]*){6}$")]
    invite_code: InviteCode,
}

/// Activate another user's invite code
///
/// Can be done once; the choice is final. Repeating it with the same code is no error. Once for a number, too: whoever
/// deletes the account or changes its number, and registers again with the number within 180 days, activates no other
/// code. Where the service sets a time after the first login (`REFERRAL_WINDOW_DAYS`), a code is activated within it.
/// Of codes that nobody has twenty may be entered for a number, and then one in 72 minutes; those of first logins count.
///
/// Next: show whose invitation was accepted, and take away the field for it. After `unknown-invite-code` let the person
/// compare the code with the invitation.
#[utoipa::path(tag = "referral", security(("bearer" = [])), request_body = ActivateInvite, responses(
    (status = 200, description = "The code is activated", body = ReferralStatus),
    (status = 404, description = "unknown-invite-code"),
    (status = 409, description = "own-invite-code, invite-already-activated, invite-cycle, invite-window-closed"),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/referral/activate")]
#[tracing::instrument(name = "referral.activate", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn activate_invite(
    app: Data<AppState>,
    bearer: Bearer,
    Json(body): Json<ActivateInvite>,
) -> Result<web::Json<ReferralStatus>, Problem> {
    let Bearer { session, user, now } = bearer;
    let window_since = app.settings.window_since(now);
    let entry =
        Entry { session, user, code: &body.invite_code, window_since, at: app.clock.for_counters(), now };
    let known_as = |phone: &str| KnownAs {
        former: app.pseudonyms.of_former(phone),
        meter: app.pseudonyms.of_invite_codes(phone),
    };
    let mut conn = app.database.connection().await?;
    match referrals::activate(&mut conn, &entry, known_as).await? {
        Activation::Activated => Ok(web::Json(ReferralStatus::find(&app, &mut conn, session, now).await?)),
        Activation::AlreadyActivated(code) => Err(Problem::InviteAlreadyActivated(code)),
        Activation::OwnCode => Err(Problem::OwnInviteCode),
        Activation::Cycle => Err(Problem::InviteCycle),
        Activation::WindowClosed => Err(Problem::InviteWindowClosed),
        Activation::UnknownCode => Err(Problem::UnknownInviteCode),
        Activation::Throttled(wait) => Err(Problem::TooManyRequests(wait)),
        Activation::SessionEnded => Err(Problem::Unauthenticated),
    }
}
