//! What a try costs, and what a right one gets back.

use chrono::{DateTime, Utc};

use super::admission::country;
use crate::{
    domain::{
        guess_budget::{Rung, attempts_per_challenge},
        send_limits,
    },
    http::{client::Client, problem::Problem},
    state::AppState,
    store::{
        Connection,
        challenges::{self, Attempt, Claim, Claimed, Settlement},
    },
    token::Challenge,
};

/// Claims an attempt on `challenge`, charged to every meter that counts it.
/// Nothing may be compared before it is committed.
pub(super) async fn claim(
    app: &AppState,
    conn: &mut Connection,
    client: &Client,
    challenge: &Challenge,
    now: DateTime<Utc>,
) -> Result<Claimed, Problem> {
    let rung = rung(app, challenge, now);
    // Made by an instance with other settings, or before they were changed.
    if rung.is_some() && challenge.code_length < app.settings.premises.ladder.shortest() {
        return Err(Problem::CodeUpgraded);
    }
    // What strangers do in its network keeps no trusted device waiting.
    let is_limited =
        app.settings.premises.sends_per_day.is_some() && challenge.device.is_none() && rung.is_some();
    let address = is_limited.then(|| app.pseudonyms.of("verify", &send_limits::single(client.address)));
    let attempt = Attempt {
        at: app.clock.for_counters(),
        challenge: challenge.id,
        expires_at: challenge.expires_at,
        allowed: attempts_per_challenge(challenge.code_length),
        phone: app.pseudonyms.of("phone", challenge.phone.as_str()),
        device: challenge.device,
        rung,
        address,
    };
    match challenges::claim_attempt(conn, &attempt).await? {
        Claim::Claimed(claimed) => Ok(claimed),
        Claim::Refused => Err(Problem::InvalidChallenge),
        Claim::Upgraded => Err(Problem::CodeUpgraded),
        Claim::Throttled(wait) => Err(Problem::TooManyRequests(wait)),
    }
}

/// What `challenge` charged and its send cost, to be given back with the right code.
pub(crate) fn settlement(
    app: &AppState,
    challenge: &Challenge,
    claimed: Claimed,
    now: DateTime<Utc>,
) -> Settlement {
    let rung = rung(app, challenge, now);
    Settlement {
        at: app.clock.for_counters(),
        phone: app.pseudonyms.of("phone", challenge.phone.as_str()),
        device: challenge.device,
        rung,
        risk_slot: claimed.risk_slot,
        block: rung.map(|_| app.pseudonyms.of("block", send_limits::block(&challenge.phone))),
        country: country(&challenge.phone),
    }
}

/// Which meters count; none for a test number, whose code is no secret.
fn rung(app: &AppState, challenge: &Challenge, now: DateTime<Utc>) -> Option<Rung> {
    let is_test = app.settings.test_phones.code(&challenge.phone, now).is_some();
    (!is_test).then(|| Rung::of(challenge.code_length))
}
