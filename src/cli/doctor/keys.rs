//! Whether the keys in the database can be used.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::{deployment::tokens, output::time},
    Check,
};
use crate::{
    config::Config,
    custody::{self, CustodyError, RootSecret},
    store::{
        Connection, StoreError,
        signing_keys::{self, SigningKeyRow},
    },
    token::{KeyState, Tokens, key_states},
};

/// How long a rotation may be due before nobody seems to do it.
const OVERDUE: TimeDelta = TimeDelta::hours(1);

pub(super) async fn check(
    config: &Config,
    conn: &mut Connection,
    now: DateTime<Utc>,
) -> Result<Vec<Check>, StoreError> {
    let tokens = match tokens(config) {
        Ok(tokens) => tokens,
        Err(error) => {
            let advice = "Give this command the environment of the service.";
            return Ok(vec![Check::problem(
                "signing-keys",
                format!("cannot be looked at: {error:#}"),
                advice,
            )]);
        }
    };
    let rows = signing_keys::list(conn).await?;
    Ok(vec![signing(&tokens, &rows, now), rotation(&tokens, &rows, now), guard(conn, &tokens).await?])
}

fn signing(tokens: &Tokens, rows: &[SigningKeyRow], now: DateTime<Utc>) -> Check {
    const NAME: &str = "signing-keys";
    if rows.is_empty() {
        return Check::skipped(NAME, "there is none yet: the first start makes it");
    }
    let sealed_under = |wanted| rows.iter().find(|row| custody::root_secret_of(tokens, row) == wanted);
    if let Some(row) = sealed_under(RootSecret::Unknown) {
        return Check::problem(
            NAME,
            format!("ROOT_SECRET does not open {}", row.kid),
            "Append the secret it was made under, after a comma; docs/OPERATIONS.md has the rest (A key that nobody can open).",
        );
    }
    if let Some(row) = sealed_under(RootSecret::Older) {
        return Check::warning(
            NAME,
            format!("{} is sealed under an older secret than the first in ROOT_SECRET", row.kid),
            "Start an instance, which seals it anew, before you drop that secret; if the first is not the current one, swap them.",
        );
    }
    let times: Vec<_> = rows.iter().map(|row| row.signs_from).collect();
    let states = key_states(&times, now);
    let signs = rows.iter().zip(states).find(|(_, state)| *state == KeyState::Signing);
    match signs {
        Some((row, _)) => Check::ok(
            NAME,
            format!("{} of them, all open; {} signs by {}", rows.len(), row.kid, row.algorithm),
        ),
        None => Check::problem(
            NAME,
            "none of them signs",
            "Look at the clock of this machine, or run phone-auth keys rotate --now.",
        ),
    }
}

fn rotation(tokens: &Tokens, rows: &[SigningKeyRow], now: DateTime<Utc>) -> Check {
    const NAME: &str = "key-rotation";
    let due = rows.first().zip(tokens.rotation().every).map(|(newest, every)| newest.signs_from + every);
    match due {
        None if rows.is_empty() => Check::skipped(NAME, "there is no signing key yet"),
        None => Check::ok(NAME, "by hand (SIGNING_KEY_ROTATION_DAYS=0)"),
        Some(due) if due + OVERDUE < now => Check::warning(
            NAME,
            format!("was due at {}", time(due)),
            "Is an instance running? It rotates by itself; phone-auth keys rotate does it by hand.",
        ),
        Some(due) => Check::ok(NAME, format!("next at {}", time(due))),
    }
}

async fn guard(conn: &mut Connection, tokens: &Tokens) -> Result<Check, StoreError> {
    const NAME: &str = "guard-key";
    Ok(match custody::present_pseudonyms(conn, tokens).await {
        Ok(_) => Check::ok(NAME, "the key of the meters and PINs opens"),
        Err(CustodyError::NoGuardKey) => Check::skipped(NAME, "there is none yet: the first start makes it"),
        Err(CustodyError::Store(error)) => return Err(error),
        Err(error @ (CustodyError::Token(_) | CustodyError::Unreadable { .. })) => Check::problem(
            NAME,
            error.to_string(),
            "Without it the service does not start; give every instance the secret it was made under.",
        ),
    })
}
