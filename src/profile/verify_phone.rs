use actix_web::{HttpResponse, post, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use super::show;
use crate::{
    audit, codes,
    domain::OtpCode,
    http::{bearer::CurrentUser, client::Client, json::Json, problem::Problem, profile::Profile},
    instruments::Ended,
    state::AppState,
    store::{
        phone_change::{self, PhoneChange, PhoneChangeOutcome},
        profiles,
    },
    token::Purpose,
};

/// A challenge and the code that was sent with it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyPhone {
    /// From `POST /api/v1/profile/phone`.
    #[schema(
        example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoib3RwK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl"
    )]
    challenge_token: String,
    /// The digits of the message, as a string: leading zeros count.
    #[schema(value_type = String, example = "0042", pattern = "^[0-9]{4,10}$")]
    code: OtpCode,
}

/// Change the number with the code
///
/// The account has the new number from now on, and the old one is free. All other sessions end, and the trust in their
/// devices; this session and its tokens stay. A challenge is good for the user who asked for it, and for nothing else;
/// codes are counted as at a login. Whether another account has the number is told only here, once the code was right.
///
/// Next: show the new number; nothing has to be stored anew. After `phone-taken` the person may log in with that number
/// instead.
#[utoipa::path(tag = "profile", security(("bearer" = [])), request_body = VerifyPhone, responses(
    (status = 200, description = "The profile as it is now", body = Profile,
        headers(("ETag" = String, description = "Version of the members that can be written"))),
    (status = 401, description = "invalid-code, invalid-challenge"),
    (status = 409, description = "phone-taken, code-upgraded"),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/profile/phone/verify")]
#[tracing::instrument(name = "profile.phone.verify", skip_all, fields(user.id = %user.id))]
pub(super) async fn verify_phone(
    app: Data<AppState>,
    user: CurrentUser,
    client: Client,
    Json(body): Json<VerifyPhone>,
) -> Result<HttpResponse, Problem> {
    let CurrentUser { id, session, now } = user;
    let challenge = codes::open(&app, &body.challenge_token, Purpose::PhoneChange(id), now)?;
    let mut conn = app.database.connection().await?;
    let claimed = codes::enter(&app, &mut conn, &client, &challenge, &body.code, now).await?;
    let settlement = codes::settlement(&app, &challenge, claimed, now);
    let (phone, challenge) = (&challenge.phone, challenge.id);
    let window_since = app.settings.window_since(now);
    let change = PhoneChange { challenge, user: id, session, phone, settlement, window_since, now };
    let known_as = |phone: &str| app.pseudonyms.of_former(phone);
    match phone_change::complete(&mut conn, &change, known_as).await? {
        PhoneChangeOutcome::Changed(ended) => {
            app.instruments.sessions.ended(Ended::PhoneChange, ended);
            audit::phone_changed(id, session, &client.network, ended);
        }
        PhoneChangeOutcome::Taken => return Err(Problem::PhoneTaken),
        PhoneChangeOutcome::AlreadyConsumed => return Err(Problem::InvalidChallenge),
        PhoneChangeOutcome::SessionEnded => return Err(Problem::Unauthenticated),
    }
    let profile = profiles::find_by_session(&mut conn, session, now).await?;
    profile.map(|profile| show(profile, &app)).ok_or(Problem::Unauthenticated)
}
