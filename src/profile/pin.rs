//! The PIN: who may set, replace and remove it. Whether it is asked for at login is not decided here.

use actix_web::{HttpResponse, delete, put, web::Data};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::presence::{compare, is_recent, standing};
use crate::{
    audit,
    domain::{
        Pin, PinHash, Pseudonym,
        pin::{CHANGES, LOGIN_AGE},
    },
    http::{
        bearer::Bearer,
        client::Client,
        json::{Json, OptionalJson},
        problem::Problem,
    },
    state::AppState,
    store::{
        limits,
        pins::{self, Change, ChangeOutcome, Standing},
    },
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
///
/// Next: from the next login on, answer `pin-required` of `POST /api/v1/auth/verify` with a field for the PIN.
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
    let ground = Ground::of(standing(&app, &bearer).await?, body.current_pin, bearer.now)?;
    // Before a PIN is charged: a right one could not be given back by who may not change anything.
    let counted = count_change(&app, &bearer).await?;
    let (proof, hash) = match new_hash(&app, &bearer, &client, ground, body.pin).await {
        Ok(made) => made,
        Err(problem) => {
            let mut conn = app.database.connection().await?;
            limits::give_back(&mut conn, counted, CHANGES).await?;
            return Err(problem);
        }
    };
    match change(&app, &bearer, &proof, Some(&hash)).await? {
        ChangeOutcome::Changed => {
            audit::pin_set(bearer.user, bearer.session, proof.expected.is_some());
            Ok(HttpResponse::NoContent().finish())
        }
        ChangeOutcome::Overtaken => Err(proof.lost()),
        ChangeOutcome::SessionEnded => Err(Problem::Unauthenticated),
    }
}

/// Remove the PIN
///
/// From now on a login needs the code alone. It takes the PIN (`current_pin`), or a session whose login gave it in the
/// last ten minutes; then the body may be left out. Where there is no PIN the call changes nothing and is no error.
///
/// Next: nothing; `has_pin` of `GET /api/v1/profile` is false now. After `pin-required` ask for the PIN and send it.
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
    let proof = match Ground::of(before, body.current_pin, bearer.now)? {
        Ground::Login(expected) => Proof { expected, is_proven: false },
        Ground::Pin(pin) => {
            Proof::by_pin(compare(&app, &bearer, &client, app.pins.place().await?, pin).await?.1)
        }
    };
    match change(&app, &bearer, &proof, None).await? {
        ChangeOutcome::Changed => {
            audit::pin_removed(bearer.user, bearer.session);
            Ok(HttpResponse::NoContent().finish())
        }
        // By another removal, perhaps.
        ChangeOutcome::Overtaken => match standing(&app, &bearer).await?.pin {
            None => Ok(HttpResponse::NoContent().finish()),
            Some(_) => Err(proof.lost()),
        },
        ChangeOutcome::SessionEnded => Err(Problem::Unauthenticated),
    }
}

/// On what ground the caller may change the PIN.
enum Ground {
    /// The login of the session is enough, while the PIN is this one, or there is none.
    Login(Option<PinHash>),
    /// The PIN as the caller has it: yet to be compared.
    Pin(Pin),
}

impl Ground {
    fn of(standing: Standing, current: Option<Pin>, now: DateTime<Utc>) -> Result<Self, Problem> {
        let is_recent = is_recent(&standing, now);
        match (standing.pin, current) {
            (None, _) if is_recent => Ok(Self::Login(None)),
            (None, _) => Err(Problem::ReauthenticationRequired(LOGIN_AGE)),
            (Some(_), Some(pin)) => Ok(Self::Pin(pin)),
            (Some(pin), None) if is_recent && standing.proven => Ok(Self::Login(Some(pin))),
            (Some(_), None) => Err(Problem::PinRequired),
        }
    }
}

/// That the PIN may be changed: good only while it is the one expected.
struct Proof {
    expected: Option<PinHash>,
    /// Whether it was charged for being compared, and was right.
    is_proven: bool,
}

impl Proof {
    fn by_pin(right: PinHash) -> Self {
        Self { expected: Some(right), is_proven: true }
    }

    /// What somebody is told whose change came second.
    fn lost(&self) -> Problem {
        if self.is_proven { Problem::InvalidPin } else { Problem::PinRequired }
    }
}

/// Counts a PIN that is to be hashed; gives by what it was counted.
async fn count_change(app: &AppState, bearer: &Bearer) -> Result<Pseudonym, Problem> {
    let key = app.pseudonyms.of("pin", &bearer.user.to_string());
    let mut conn = app.database.connection().await?;
    match limits::take(&mut conn, app.clock.for_counters(), key, CHANGES).await? {
        Some(wait) => Err(Problem::TooManyRequests(wait)),
        None => Ok(key),
    }
}

/// The hash of the `new` PIN, for whoever may set it: on one core with the comparison.
async fn new_hash(
    app: &AppState,
    bearer: &Bearer,
    client: &Client,
    ground: Ground,
    new: Pin,
) -> Result<(Proof, PinHash), Problem> {
    let place = app.pins.place().await?;
    let (place, proof) = match ground {
        Ground::Login(expected) => (place, Proof { expected, is_proven: false }),
        Ground::Pin(pin) => {
            let (place, hash) = compare(app, bearer, client, place, pin).await?;
            (place, Proof::by_pin(hash))
        }
    };
    Ok((proof, place.hash(new).await?))
}

/// Sets or removes the PIN. A right one that changed nothing is given back its charge.
async fn change(
    app: &AppState,
    bearer: &Bearer,
    proof: &Proof,
    new: Option<&PinHash>,
) -> Result<ChangeOutcome, Problem> {
    let mut conn = app.database.connection().await?;
    let change = Change {
        session: bearer.session,
        expected: proof.expected.as_ref(),
        is_proven: proof.is_proven,
        new,
        now: bearer.now,
    };
    let outcome = pins::change(&mut conn, &change).await?;
    if proof.is_proven && !matches!(outcome, ChangeOutcome::Changed) {
        pins::forgive(&mut conn, app.clock.for_counters(), bearer.user).await?;
    }
    Ok(outcome)
}
