//! Whether whoever asks is the person and not only their token: a login of the
//! last ten minutes, or the PIN (RFC 9470; OWASP ASVS 5.0, 7.5.1).

use chrono::{DateTime, Utc};

use crate::{
    audit,
    domain::{Pin, PinHash, pin::LOGIN_AGE},
    http::{bearer::Bearer, client::Client, problem::Problem},
    state::AppState,
    store::pins::{self, Charge, Standing},
    token::PinPlace,
};

/// How the caller stands with the PIN; the check of the session.
pub(super) async fn standing(app: &AppState, bearer: &Bearer) -> Result<Standing, Problem> {
    let mut conn = app.database.connection().await?;
    let standing = pins::find(&mut conn, bearer.session, bearer.now).await?;
    standing.filter(|standing| standing.user == bearer.user).ok_or(Problem::Unauthenticated)
}

/// Whether the login of the session is recent.
pub(super) fn is_recent(standing: &Standing, now: DateTime<Utc>) -> bool {
    now - standing.logged_in_at <= LOGIN_AGE
}

/// Charges `pin` to the user's meter and compares it, holding no connection
/// meanwhile; gives its hash, if it is right.
pub(super) async fn compare(
    app: &AppState,
    bearer: &Bearer,
    client: &Client,
    place: PinPlace,
    pin: Pin,
) -> Result<(PinPlace, PinHash), Problem> {
    let mut conn = app.database.connection().await?;
    let hash = match pins::charge(&mut conn, app.clock.for_counters(), bearer.user).await? {
        Charge::Charged(_, hash) => hash,
        Charge::Throttled(wait) => return Err(Problem::TooManyRequests(wait)),
        // Removed a moment ago.
        Charge::NoPin => return Err(Problem::InvalidPin),
    };
    drop(conn);
    if let (place, true) = place.matches(pin, &hash).await? {
        Ok((place, hash))
    } else {
        audit::pin_refused(bearer.user, Some(bearer.session), &client.network);
        Err(Problem::InvalidPin)
    }
}

/// Lets nobody past but who logged in lately, or knows the PIN; gives how they stand.
pub(super) async fn prove(
    app: &AppState,
    bearer: &Bearer,
    client: &Client,
    pin: Option<Pin>,
) -> Result<Standing, Problem> {
    let standing = standing(app, bearer).await?;
    match (standing.pin.is_some(), pin) {
        _ if is_recent(&standing, bearer.now) => Ok(standing),
        (true, Some(pin)) => {
            compare(app, bearer, client, app.pins.place().await?, pin).await?;
            let mut conn = app.database.connection().await?;
            pins::forgive(&mut conn, app.clock.for_counters(), bearer.user).await?;
            Ok(standing)
        }
        (true, None) => Err(Problem::PinRequired),
        (false, _) => Err(Problem::ReauthenticationRequired(LOGIN_AGE)),
    }
}
