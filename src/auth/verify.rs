use actix_web::{HttpResponse, post, web::Data};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TokenPair, answer, second_step};
use crate::{
    audit, codes,
    domain::{DeviceId, DeviceName, OtpCode, Pin},
    http::{
        client::Client,
        json::Json,
        problem::Problem,
        profile::Profile,
        refresh_cookie::{RefreshCookie, RefreshTokenIn},
    },
    state::AppState,
    store::{
        challenges::Claimed,
        logins::{InviteOutcome, LoggedIn, Login},
        profiles,
        referrals::KnownAs,
    },
    token::{Challenge, Purpose},
};

/// A challenge and the code that was sent with it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyCode {
    /// From `POST /api/v1/auth/phone`.
    #[schema(
        example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoib3RwK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl"
    )]
    challenge_token: String,
    /// The digits of the message, as a string: leading zeros count.
    #[schema(value_type = String, example = "0042", pattern = "^[0-9]{4,10}$")]
    code: OtpCode,
    /// The account's PIN, if it has one: it is asked for by `pin-required`, and only after a right code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "271828", pattern = "^[0-9]{4,12}$")]
    pin: Option<Pin>,
    /// What the list of sessions calls this device.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada's phone",
        pattern = r"^[\s\u0085]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F\u2028\u2029]*[\s\u0085]*$")]
    device_name: Option<DeviceName>,
    /// Where the refresh token is wanted. Absent: `body`. A page takes `cookie`, which needs the `Origin` header that
    /// browsers send, and that to be this service's own.
    #[serde(default)]
    #[schema(example = "body")]
    refresh_token_in: RefreshTokenIn,
}

/// A login: tokens and profile
#[derive(Serialize, ToSchema)]
struct LoginAnswer {
    /// The tokens.
    #[serde(flatten)]
    tokens: TokenPair,
    /// Whether this login made the account.
    #[schema(example = true)]
    is_new_user: bool,
    /// Proof that somebody was logged in on this device: keep it, also when the session has run out, and send it along
    /// to `POST /api/v1/auth/phone`. It is good for 180 days, opens nothing by itself, and ends with a logout.
    #[schema(
        example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoiZHZjK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl"
    )]
    device_token: String,
    /// What came of the invite code of the phone step, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<Referral>,
    /// The profile, as `GET /api/v1/profile` answers.
    user: Profile,
}

/// What came of an invite code given at the phone step
///
/// - `activated`: it is activated
/// - `unknown-invite-code`: nobody has it
/// - `invite-already-activated`: an account that had this number before activated one
/// - `invite-window-closed`: an account that had this number before was too old for one
/// - `too-many-requests`: too many codes that nobody has were entered for this number; it was not looked for
/// - `not-a-first-login`: the account is not new; use `POST /api/v1/referral/activate`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Referral {
    /// It is activated.
    Activated,
    /// Nobody has it.
    UnknownInviteCode,
    /// An account that had this number before activated one.
    InviteAlreadyActivated,
    /// An account that had this number before was too old for one.
    InviteWindowClosed,
    /// Too many codes that nobody has were entered for this number; it was not looked for.
    TooManyRequests,
    /// The account is not new; use `POST /api/v1/referral/activate`.
    NotAFirstLogin,
}

/// Log in with the code
///
/// Opens the challenge, compares the code, and makes the account if the number is new. A challenge can be used
/// once and allows three codes (two when the code has eight digits or more); a login voids the challenges that were
/// made before it for the same number. After a `code-upgraded` ask for a new code, and mind its length.
///
/// Where the account has a PIN, a right code alone answers `pin-required`: ask the person for it and send the same
/// challenge and code once more, with the PIN. Neither that answer nor a wrong PIN uses the challenge up; wrong PINs
/// have a limit of their own. Some days after the last sign of life of its owner a PIN is no longer asked for, and the
/// login removes it: `has_pin` tells.
///
/// Next: call the API with the access token, and keep the refresh token and the device token where only your app can
/// read them. Before `expires_in` is over, `POST /api/v1/auth/refresh`.
#[utoipa::path(tag = "authentication", request_body = VerifyCode, responses(
    (status = 200, description = "Logged in", body = LoginAnswer,
        headers(("Set-Cookie" = String, description = "The refresh token, if it is wanted in a cookie")),
        links(("refresh" = (operation_id = "refresh_tokens",
            request_body = json!({"refresh_token": "$response.body#/refresh_token"}))))),
    (status = 401, description = "invalid-code, invalid-challenge, pin-required, invalid-pin"),
    (status = 403, description = "foreign-origin"),
    (status = 409, description = "code-upgraded"),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/auth/verify")]
#[tracing::instrument(name = "auth.verify", skip_all)]
pub(super) async fn verify_code(
    app: Data<AppState>,
    client: Client,
    cookie: RefreshCookie,
    Json(body): Json<VerifyCode>,
) -> Result<HttpResponse, Problem> {
    let now = app.clock.now();
    if body.refresh_token_in == RefreshTokenIn::Cookie {
        cookie.demand_own_page()?;
    }
    let challenge = codes::open(&app, &body.challenge_token, Purpose::Login, now)?;
    let mut conn = app.database.connection().await?;
    let claimed = codes::enter(&app, &mut conn, &client, &challenge, &body.code, now).await?;
    let login = login(&app, &challenge, claimed, &client, body.device_name.as_ref(), now);
    let (device, expires_at) = (login.device, login.expires_at);
    let (mut conn, done) = second_step::complete(&app, conn, login, body.pin).await?;
    note(&app, &client, &challenge, device, &done);
    let profile = profiles::find_by_session(&mut conn, done.session, now).await?;
    // Gone already only if a later login on the same device ended the session.
    let profile = profile.ok_or(Problem::InvalidChallenge)?;
    let mut tokens = TokenPair::issue(&app, done.user, done.session, 0, expires_at, now)?;
    let cookie = tokens.deliver(body.refresh_token_in, &cookie);
    let body = LoginAnswer {
        tokens,
        is_new_user: done.is_new_user,
        device_token: app.tokens.seal_device(device, done.user, now)?,
        referral: referral(&challenge, &done),
        user: Profile::of(profile, &app.settings),
    };
    Ok(answer(body, cookie))
}

fn login<'a>(
    app: &AppState,
    challenge: &'a Challenge,
    claimed: Claimed,
    client: &'a Client,
    device_name: Option<&'a DeviceName>,
    now: DateTime<Utc>,
) -> Login<'a> {
    let lives = app.tokens.lives();
    Login {
        challenge: challenge.id,
        phone: &challenge.phone,
        invite_code: challenge.invite_code.as_ref(),
        device_name: device_name.map(DeviceName::as_str),
        user_agent: client.user_agent.as_deref(),
        network: &client.network,
        settlement: codes::settlement(app, challenge, claimed, now),
        device: challenge.device.unwrap_or_else(|| DeviceId::random(now)),
        proven: None,
        is_returned: false,
        known_as: KnownAs {
            former: app.pseudonyms.of_former(challenge.phone.as_str()),
            meter: app.pseudonyms.of_invite_codes(challenge.phone.as_str()),
        },
        silent_since: app.settings.pin_release.map(|silence| now - silence),
        now,
        expires_at: now + lives.refresh_idle.min(lives.refresh_absolute),
        ends_at: now + lives.refresh_absolute,
    }
}

/// For later, and for those who watch.
fn note(app: &AppState, client: &Client, challenge: &Challenge, device: DeviceId, login: &LoggedIn) {
    let LoggedIn { user, session, is_new_user, sessions_ended, pin_released, invite: _ } = *login;
    app.instruments.sessions.opened(sessions_ended);
    audit::login(user, session, &client.network, is_new_user, sessions_ended);
    if challenge.device.is_none() {
        audit::new_device(user, session, device);
    }
    if pin_released {
        audit::pin_released(user, session);
    }
}

fn referral(challenge: &Challenge, login: &LoggedIn) -> Option<Referral> {
    challenge.invite_code.as_ref().map(|_| match login {
        LoggedIn { is_new_user: false, .. } => Referral::NotAFirstLogin,
        LoggedIn { invite: InviteOutcome::Activated, .. } => Referral::Activated,
        LoggedIn { invite: InviteOutcome::AlreadyActivated, .. } => Referral::InviteAlreadyActivated,
        LoggedIn { invite: InviteOutcome::WindowClosed, .. } => Referral::InviteWindowClosed,
        LoggedIn { invite: InviteOutcome::Throttled, .. } => Referral::TooManyRequests,
        LoggedIn { invite: InviteOutcome::Unknown, .. } => Referral::UnknownInviteCode,
    })
}
