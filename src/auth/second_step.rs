//! The PIN, once the code was right: nothing here is asked before that.

use crate::{
    audit,
    domain::{Pin, PinHash, UserId},
    http::problem::Problem,
    state::AppState,
    store::{
        PooledConnection,
        challenges::return_attempt,
        logins::{self, LoggedIn, Login, LoginOutcome},
        pins::{self, Charge},
    },
};

/// Completes `login`, unless a PIN stands in the way that was not `given`.
///
/// Whatever is wrong with the PIN, the challenge stays as good as it was: the
/// code was right, so its attempt is given back. A right PIN that opens no
/// session in the end is given back as well.
pub(super) async fn complete(
    app: &AppState,
    mut conn: PooledConnection,
    mut login: Login<'_>,
    given: Option<Pin>,
) -> Result<(PooledConnection, LoggedIn), Problem> {
    let (is_given, mut charged) = (given.is_some(), None);
    if let Some(pin) = given {
        // Before the wait for a core: else a hundred people with PINs would use up what strangers
        // may guess wrong in the whole deployment.
        login.is_returned = return_attempt(&mut conn, login.challenge, &login.settlement).await?;
        if !login.is_returned {
            return Err(Problem::InvalidChallenge);
        }
        // Others need it meanwhile.
        drop(conn);
        (charged, login.proven) = compare(app, &login, pin).await?.unzip();
        conn = app.database.connection().await?;
    }
    let problem = match logins::complete(&mut conn, &login).await? {
        LoginOutcome::LoggedIn(done) => return Ok((conn, done)),
        LoginOutcome::AlreadyConsumed => Problem::InvalidChallenge,
        // It was changed since it was compared.
        LoginOutcome::PinInTheWay if is_given => Problem::InvalidPin,
        LoginOutcome::PinInTheWay => Problem::PinRequired,
    };
    if let Some(user) = charged {
        pins::forgive(&mut conn, app.clock.for_counters(), user).await?;
    }
    Err(problem)
}

/// The PIN that stands in the way and whose it is, if it is `pin`; none, if none does.
async fn compare(app: &AppState, login: &Login<'_>, pin: Pin) -> Result<Option<(UserId, PinHash)>, Problem> {
    // First, for a full queue must not cost anybody a try.
    let place = app.pins.place().await?;
    let (user, hash) = match charge(app, login).await? {
        Charge::NoPin => return Ok(None),
        Charge::Throttled(wait) => return Err(Problem::TooManyRequests(wait)),
        Charge::Charged(user, hash) => (user, hash),
    };
    if let (_, true) = place.matches(pin, &hash).await? {
        Ok(Some((user, hash)))
    } else {
        audit::pin_refused(user, None, login.network);
        Err(Problem::InvalidPin)
    }
}

/// Charges a PIN to the meter of whose number it is, if there is one.
async fn charge(app: &AppState, login: &Login<'_>) -> Result<Charge, Problem> {
    let mut conn = app.database.connection().await?;
    let (now, is_device) = (app.clock.for_counters(), login.settlement.device.is_some());
    Ok(pins::charge_login(&mut conn, now, login.phone, login.silent_since, is_device).await?)
}
