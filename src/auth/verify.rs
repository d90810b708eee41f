use actix_web::{
    post,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TokenPair;
use crate::{
    domain::{DeviceName, OtpCode, guess_budget},
    http::{client::Client, json::Json, problem::Problem, profile::Profile},
    state::AppState,
    store::{
        challenges,
        logins::{self, LoggedIn, Login, LoginOutcome},
        profiles,
    },
    token::Challenge,
};

/// A challenge and the code that was sent with it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyCode {
    /// From `POST /api/v1/auth/phone`.
    #[schema(example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..c2FtcGxl.c2FtcGxl.c2FtcGxl")]
    challenge_token: String,
    /// The digits of the message, as a string: leading zeros count.
    #[schema(value_type = String, example = "0042", pattern = "^[0-9]{4,10}$")]
    code: OtpCode,
    /// The account's PIN. No account has one in this version.
    #[serde(default, rename = "pin")]
    #[schema(example = json!(null))]
    _pin: Option<String>,
    /// What the list of sessions calls this device.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada's phone")]
    device_name: Option<DeviceName>,
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
/// - `not-a-first-login`: the account is not new; use `POST /api/v1/referral/activate`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Referral {
    /// It is activated.
    Activated,
    /// Nobody has it.
    UnknownInviteCode,
    /// The account is not new; use `POST /api/v1/referral/activate`.
    NotAFirstLogin,
}

/// Log in with the code
///
/// Opens the challenge, compares the code, and makes the account if the number is new. A challenge can be used
/// once and allows three codes (two when the code has eight digits or more). Next: call the API with the access
/// token, and keep the refresh token where only your app can read it.
#[utoipa::path(tag = "authentication", request_body = VerifyCode, responses(
    (status = 200, description = "Logged in", body = LoginAnswer),
    (status = 401, description = "invalid-code, invalid-challenge"),
    (status = 503, description = "service-unavailable"),
))]
#[post("/auth/verify")]
#[tracing::instrument(name = "auth.verify", skip_all)]
pub(super) async fn verify_code(
    app: Data<AppState>,
    client: Client,
    Json(body): Json<VerifyCode>,
) -> Result<web::Json<LoginAnswer>, Problem> {
    let now = app.clock.now();
    let challenge =
        app.tokens.open_challenge(&body.challenge_token, now).map_err(|_| Problem::InvalidChallenge)?;
    let mut conn = app.database.connection().await?;
    // Claimed and committed before anything is compared: a try that was made cannot be taken back.
    let allowed = guess_budget::attempts_per_challenge(challenge.code_length);
    let claim = challenges::claim_attempt(&mut conn, challenge.id, challenge.expires_at, allowed).await?;
    let attempts_left = claim.ok_or(Problem::InvalidChallenge)?;
    if !app.tokens.code_matches(&challenge, &body.code) {
        return Err(Problem::InvalidCode { attempts_left });
    }
    let login = login(&app, &challenge, &client, body.device_name.as_ref(), now);
    match logins::complete(&mut conn, &login).await? {
        LoginOutcome::AlreadyConsumed => Err(Problem::InvalidChallenge),
        LoginOutcome::LoggedIn(done) => {
            let profile = profiles::find_by_session(&mut conn, done.session, now).await?;
            let user = Profile::from(profile.ok_or(Problem::Unauthenticated)?);
            let referral = referral(&challenge, &done);
            let tokens = TokenPair::issue(&app, done.user, done.session, 0, login.expires_at, now)?;
            Ok(web::Json(LoginAnswer { tokens, is_new_user: done.is_new_user, referral, user }))
        }
    }
}

fn login<'a>(
    app: &AppState,
    challenge: &'a Challenge,
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
        now,
        expires_at: now + lives.refresh_idle.min(lives.refresh_absolute),
        ends_at: now + lives.refresh_absolute,
    }
}

fn referral(challenge: &Challenge, login: &LoggedIn) -> Option<Referral> {
    challenge.invite_code.as_ref().map(|_| match login {
        LoggedIn { invite_activated: true, .. } => Referral::Activated,
        LoggedIn { is_new_user: true, .. } => Referral::UnknownInviteCode,
        LoggedIn { .. } => Referral::NotAFirstLogin,
    })
}
