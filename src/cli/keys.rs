//! `phone-auth keys`.

use anyhow::bail;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Ending,
    deployment::with_database,
    output::{Column, Table, confirm, say, say_json, time},
};
use crate::{
    clock::Clock,
    config::{Config, Keys},
    custody::{self, RootSecret, Rotated},
    store::{
        Connection,
        signing_keys::{self, Retirement, SigningKeyRow},
    },
    token::{KeyState, Tokens, key_states},
};

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, command: &Keys) -> anyhow::Result<()> {
    let now = Clock::System.now();
    match command {
        Keys::List { json } => {
            with_database(config, async |conn, tokens| list(conn, &tokens, *json, now).await)
        }
        Keys::Rotate { now: urgent } => {
            with_database(config, async |conn, tokens| rotate(conn, &tokens, *urgent, now).await)
        }
        Keys::Retire { kid, yes } => {
            with_database(config, async |conn, tokens| retire(conn, &tokens, kid, *yes, now).await)
        }
    }
}

/// A key as it is shown.
#[derive(Serialize)]
struct Shown {
    kid: String,
    algorithm: String,
    state: &'static str,
    created_at: String,
    signs_from: String,
    sealed_under: &'static str,
}

async fn list(conn: &mut Connection, tokens: &Tokens, json: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let rows = signing_keys::list(conn).await?;
    let times: Vec<_> = rows.iter().map(|row| row.signs_from).collect();
    let states = key_states(&times, now);
    let shown: Vec<_> = rows.iter().zip(states).map(|(row, state)| show(row, state, tokens)).collect();
    if json {
        return say_json(&shown);
    }
    let mut table = Table::new([
        Column::left("KID", 43),
        Column::left("ALGORITHM", 9),
        Column::left("STATE", 9),
        Column::left("SIGNS FROM", 20),
        Column::left("SEALED UNDER", 0),
    ]);
    for key in shown {
        let Shown { kid, algorithm, state, signs_from, sealed_under, .. } = key;
        table.row([kid, algorithm, state.to_owned(), signs_from, sealed_under.to_owned()]);
    }
    table.say()
}

fn show(row: &SigningKeyRow, state: KeyState, tokens: &Tokens) -> Shown {
    Shown {
        kid: row.kid.clone(),
        algorithm: row.algorithm.clone(),
        state: state.as_str(),
        created_at: time(row.created_at),
        signs_from: time(row.signs_from),
        sealed_under: match custody::root_secret_of(tokens, row) {
            RootSecret::Current => "current root secret",
            RootSecret::Older => "older root secret",
            RootSecret::Unknown => "unknown root secret",
        },
    }
}

async fn rotate(
    conn: &mut Connection,
    tokens: &Tokens,
    urgent: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    match custody::rotate(conn, tokens, urgent, now).await? {
        Rotated::Published(SigningKeyRow { kid, algorithm, signs_from, .. }) => say(&format!(
            "{kid} ({algorithm}) is published and signs from {}. Every running instance takes it up by itself.",
            time(signs_from)
        )),
        Rotated::Waiting(SigningKeyRow { kid, signs_from, .. }) => say(&format!(
            "Nothing was changed: {kid} is published already and signs from {}. For a key that leaked: rotate --now.",
            time(signs_from)
        )),
    }
}

async fn retire(
    conn: &mut Connection,
    tokens: &Tokens,
    kid: &str,
    yes: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if signing_keys::list(conn).await?.iter().any(|row| row.kid == kid) {
        confirm(&format!("Access tokens signed by {kid} will be refused. Retire it?"), yes)?;
    }
    match custody::retire(conn, tokens, kid, now).await? {
        Retirement::Retired => {
            say(&format!("{kid} is retired: within seconds every running instance refuses what it signed."))
        }
        Retirement::Signing => bail!(
            "{kid} signs, or did until a moment ago: nothing was changed. Rotate first (for a key that leaked: \
             phone-auth keys rotate --now), and retire this one twenty seconds after the new one signs"
        ),
        Retirement::Unknown => {
            let unknown = format!("there is no key {kid}; phone-auth keys list shows those there are");
            Err(Ending::NotFound(unknown).into())
        }
    }
}
