use actix_web::{
    post,
    web::{self, Data},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::presence;
use crate::{
    codes::{self, Accepted, Autofill, CodeRequested, NewCode},
    domain::{PhoneNumber, Pin},
    http::{bearer::Bearer, client::Client, json::Json, problem::Problem},
    state::AppState,
    token::Purpose,
};

/// The number to change to
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePhone {
    /// The new number in any common spelling. Without a country code it is read as of the service's default region.
    #[schema(example = "+79997654321", max_length = 64, pattern = r"^[^A-Za-z\u0000-\u001F\u007F-\u009F]+$")]
    phone: String,
    /// The account's PIN: needed where there is one and the login is more than ten minutes ago.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "271828", pattern = "^[0-9]{4,12}$")]
    pin: Option<Pin>,
    /// Language of the message, as a BCP 47 tag: `en` or `ru`. Absent or another: the first of them in
    /// `Accept-Language`, else the one usual in the number's country.
    #[serde(default)]
    #[schema(example = "en")]
    locale: Option<String>,
    /// Who is to fill the code in: the last line of the message is for them. Absent: `web`.
    #[serde(default)]
    #[schema(example = "web")]
    autofill: Autofill,
}

/// Send a code to a new number
///
/// The first of two steps to change the number of the account: a code goes to the new number by SMS. It takes a login
/// of the last ten minutes, or the PIN. The answer is the same whether or not the number has an account; the limits on
/// sending are those of a login.
///
/// Next: send the code to `POST /api/v1/profile/phone/verify`. After `reauthentication-required` let the person log in
/// again first.
#[utoipa::path(tag = "profile", security(("bearer" = [])), request_body = ChangePhone, responses(
    (status = 200, description = "The code is on its way", body = CodeRequested,
        links(("change_phone" = (operation_id = "verify_phone",
            request_body = json!({"challenge_token": "$response.body#/challenge_token"}))))),
    (status = 401, description = "reauthentication-required, pin-required, invalid-pin"),
    (status = 422, description = "invalid-phone, phone-not-supported, invalid-request"),
    (status = 429, description = "too-many-requests"),
    (status = 502, description = "sms-rejected"),
    (status = 503, description = "sms-unavailable, service-unavailable"),
))]
#[post("/profile/phone")]
#[tracing::instrument(name = "profile.phone", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn change_phone(
    app: Data<AppState>,
    bearer: Bearer,
    client: Client,
    accepted: Accepted,
    Json(body): Json<ChangePhone>,
) -> Result<web::Json<CodeRequested>, Problem> {
    let phone = PhoneNumber::parse(&body.phone, app.settings.default_region)?;
    if presence::prove(&app, &bearer, &client, body.pin).await?.phone == phone {
        return Err(Problem::InvalidRequest("phone: is the number of this account already.".into()));
    }
    let new = NewCode {
        purpose: Purpose::PhoneChange(bearer.user),
        language: accepted.choose(body.locale.as_deref(), &phone),
        autofill: body.autofill,
        phone,
        invite_code: None,
        // A device is trusted with the number it was logged in by, and with no other.
        device_token: None,
    };
    Ok(web::Json(codes::send(&app, &client, new, bearer.now).await?))
}
