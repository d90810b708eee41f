//! The PIN, once the code was right: nothing here is asked before that.

use crate::{
    audit,
    domain::{Pin, PinHash},
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
/// code was right, so its attempt is given back.
pub(super) async fn complete(
    app: &AppState,
    mut conn: PooledConnection,
    mut login: Login<'_>,
    given: Option<Pin>,
) -> Result<(PooledConnection, LoggedIn), Problem> {
    let is_given = given.is_some();
    if let Some(pin) = given {
        let compared = compare(app, conn, &login, pin).await;
        conn = app.database.connection().await?;
        match compared {
            Ok(proven) => login.proven = proven,
            Err(problem) => {
                return_attempt(&mut conn, login.challenge, &login.settlement).await?;
                return Err(problem);
            }
        }
    }
    match logins::complete(&mut conn, &login).await? {
        LoginOutcome::LoggedIn(done) => Ok((conn, done)),
        LoginOutcome::AlreadyConsumed => Err(Problem::InvalidChallenge),
        // It was changed since it was compared.
        LoginOutcome::PinInTheWay if is_given => Err(Problem::InvalidPin),
        LoginOutcome::PinInTheWay => Err(Problem::PinRequired),
    }
}

/// The PIN that stands in the way, if it is `pin`; none, if none does.
async fn compare(
    app: &AppState,
    mut conn: PooledConnection,
    login: &Login<'_>,
    pin: Pin,
) -> Result<Option<PinHash>, Problem> {
    // First, for a full queue must not cost anybody a try.
    let place = app.pins.place()?;
    let now = app.clock.for_counters();
    let (user, hash) = match pins::charge_login(&mut conn, now, login.phone, login.silent_since).await? {
        Charge::NoPin => return Ok(None),
        Charge::Throttled(wait) => return Err(Problem::TooManyRequests(wait)),
        Charge::Charged(user, hash) => (user, hash),
    };
    // Others need it while this one waits for a core.
    drop(conn);
    if place.matches(pin, &hash).await? {
        Ok(Some(hash))
    } else {
        audit::pin_refused(user, login.network);
        Err(Problem::InvalidPin)
    }
}
