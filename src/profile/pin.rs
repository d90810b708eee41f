//! The PIN: who may set, replace and remove it. Whether it is asked for at login is not decided here.

use actix_web::{HttpResponse, delete, put, web::Data};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    audit,
    domain::{Pin, PinHash, UserId, pin::LOGIN_AGE},
    http::{
        bearer::Bearer,
        client::Client,
        json::{Json, OptionalJson},
        problem::Problem,
    },
    state::AppState,
    store::pins::{self, Change, ChangeOutcome, Charge, Standing},
    token::PinPlace,
};

/// A PIN to set
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPin {
    /// 4 to 12 digits, as a string: leading zeros count. Six or more are much harder to guess than four.
    #[schema(value_type = String, example = "271828", pattern = "^[0-9]{4,12}$")]
    pin: Pin,
    /// The PIN as it is now, if there is one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "314159", pattern = "^[0-9]{4,12}$")]
    current_pin: Option<Pin>,
}

/// The PIN to remove
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RemovePin {
    /// The PIN as it is now.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "271828", pattern = "^[0-9]{4,12}$")]
    current_pin: Option<Pin>,
}

/// Set the PIN
///
/// From now on a login needs it as well as the code, so whoever gets hold of the number does not get hold of the
/// account. A PIN that is there is replaced by whoever knows it (`current_pin`), or for ten minutes by the session
/// whose login gave it; a first one is set within ten minutes of a login. Nobody can read it or tell it again: who
/// forgets it gets in once the account was not used for some days.
#[utoipa::path(tag = "profile", security(("bearer" = [])), request_body = SetPin, responses(
    (status = 204, description = "The PIN is set"),
    (status = 401, description = "pin-required, invalid-pin, reauthentication-required"),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[put("/profile/pin")]
#[tracing::instrument(name = "profile.pin.set", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn set_pin(
    app: Data<AppState>,
    bearer: Bearer,
    client: Client,
    Json(body): Json<SetPin>,
) -> Result<HttpResponse, Problem> {
    // One place for both hashes, taken first: a full queue must not cost anybody a try.
    let place = app.pins.place()?;
    let standing = standing(&app, &bearer).await?;
    let ground = ground(&app, &client, &place, standing, body.current_pin, bearer.now).await?;
    let mut conn = app.database.connection().await?;
    let key = app.pseudonyms.of("pin", &bearer.user.to_string());
    if let Some(wait) = pins::count_change(&mut conn, app.clock.for_counters(), key).await? {
        return Err(Problem::TooManyRequests(wait));
    }
    drop(conn);
    let hash = place.hash(body.pin).await?;
    let mut conn = app.database.connection().await?;
    match pins::change(&mut conn, &ground.change(&bearer, Some(&hash))).await? {
        ChangeOutcome::Changed => {
            audit::pin_set(bearer.user, bearer.session, ground.expected.is_some());
            Ok(HttpResponse::NoContent().finish())
        }
        ChangeOutcome::Overtaken => Err(ground.lost()),
        ChangeOutcome::SessionEnded => Err(Problem::Unauthenticated),
    }
}

/// Remove the PIN
///
/// From now on a login needs the code alone. It takes the PIN (`current_pin`), or a session whose login gave it in the
/// last ten minutes; then the body may be left out. Where there is no PIN the call changes nothing and is no error.
#[utoipa::path(tag = "profile", security(("bearer" = [])), request_body = Option<RemovePin>, responses(
    (status = 204, description = "There is no PIN"),
    (status = 401, description = "pin-required, invalid-pin"),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[delete("/profile/pin")]
#[tracing::instrument(name = "profile.pin.remove", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn remove_pin(
    app: Data<AppState>,
    bearer: Bearer,
    client: Client,
    OptionalJson(body): OptionalJson<RemovePin>,
) -> Result<HttpResponse, Problem> {
    let before = standing(&app, &bearer).await?;
    if before.pin.is_none() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let place = app.pins.place()?;
    let ground = ground(&app, &client, &place, before, body.current_pin, bearer.now).await?;
    let mut conn = app.database.connection().await?;
    match pins::change(&mut conn, &ground.change(&bearer, None)).await? {
        ChangeOutcome::Changed => {
            audit::pin_removed(bearer.user, bearer.session);
            Ok(HttpResponse::NoContent().finish())
        }
        // By another removal, perhaps.
        ChangeOutcome::Overtaken => match standing(&app, &bearer).await?.pin {
            None => Ok(HttpResponse::NoContent().finish()),
            Some(_) => Err(ground.lost()),
        },
        ChangeOutcome::SessionEnded => Err(Problem::Unauthenticated),
    }
}

/// On what ground a PIN may be changed: good only while it is the one expected.
struct Ground {
    expected: Option<PinHash>,
    is_proven: bool,
}

impl Ground {
    fn change<'a>(&'a self, bearer: &Bearer, new: Option<&'a PinHash>) -> Change<'a> {
        Change {
            session: bearer.session,
            expected: self.expected.as_ref(),
            is_proven: self.is_proven,
            new,
            now: bearer.now,
        }
    }

    /// What somebody is told whose change came second.
    fn lost(&self) -> Problem {
        if self.is_proven { Problem::InvalidPin } else { Problem::PinRequired }
    }
}

/// How the caller stands with the PIN; the check of the session.
async fn standing(app: &AppState, bearer: &Bearer) -> Result<Standing, Problem> {
    let mut conn = app.database.connection().await?;
    let standing = pins::find(&mut conn, bearer.session, bearer.now).await?;
    standing.filter(|standing| standing.user == bearer.user).ok_or(Problem::Unauthenticated)
}

/// Whether the caller may change the PIN.
async fn ground(
    app: &AppState,
    client: &Client,
    place: &PinPlace,
    standing: Standing,
    current: Option<Pin>,
    now: DateTime<Utc>,
) -> Result<Ground, Problem> {
    let is_recent = now - standing.logged_in_at <= LOGIN_AGE;
    match (standing.pin, current) {
        (None, _) if is_recent => Ok(Ground { expected: None, is_proven: false }),
        (None, _) => Err(Problem::ReauthenticationRequired(LOGIN_AGE)),
        (Some(pin), None) if is_recent && standing.proven => {
            Ok(Ground { expected: Some(pin), is_proven: false })
        }
        (Some(_), None) => Err(Problem::PinRequired),
        (Some(_), Some(pin)) => {
            let hash = compare(app, client, standing.user, place, pin).await?;
            Ok(Ground { expected: Some(hash), is_proven: true })
        }
    }
}

/// Charges `pin` to the user's meter and compares it, holding no connection meanwhile.
async fn compare(
    app: &AppState,
    client: &Client,
    user: UserId,
    place: &PinPlace,
    pin: Pin,
) -> Result<PinHash, Problem> {
    let mut conn = app.database.connection().await?;
    let hash = match pins::charge(&mut conn, app.clock.for_counters(), user).await? {
        Charge::Charged(_, hash) => hash,
        Charge::Throttled(wait) => return Err(Problem::TooManyRequests(wait)),
        // Removed a moment ago.
        Charge::NoPin => return Err(Problem::InvalidPin),
    };
    drop(conn);
    if place.matches(pin, &hash).await? {
        Ok(hash)
    } else {
        audit::pin_refused(user, &client.network);
        Err(Problem::InvalidPin)
    }
}
