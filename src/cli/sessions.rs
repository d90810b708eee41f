//! `phone-auth sessions`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Ending,
    deployment::with_connection,
    output::{self, Column, Table, confirm, count, or_none, say, say_json, time},
    selection::find_live,
};
use crate::{
    audit,
    clock::Clock,
    config::{Config, Named, Sessions},
    domain::{SessionId, UserId},
    store::{
        Connection,
        sessions::{self, Ending as End, Session},
    },
};

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, command: &Sessions) -> anyhow::Result<()> {
    let now = Clock::System.now();
    match command {
        Sessions::List { named, json } => with_connection(config, async |conn| {
            let (account, _) = find_live(conn, named, config).await?;
            list(sessions::list(conn, account.id, now).await?, *json)
        }),
        Sessions::Revoke { session: Some(session), yes, .. } => {
            with_connection(config, async |conn| revoke(conn, SessionId(*session), *yes, now).await)
        }
        Sessions::Revoke { session: None, user, yes } => with_connection(config, async |conn| {
            let named = Named { user: user.clone().unwrap_or_default() };
            let (account, phone) = find_live(conn, &named, config).await?;
            revoke_all(conn, account.id, &output::phone(phone, false), *yes, now).await
        }),
    }
}

/// A session as it is shown.
#[derive(Serialize)]
struct Shown {
    id: Uuid,
    device_name: Option<String>,
    user_agent: Option<String>,
    ip_prefix: String,
    created_at: String,
    last_used_at: String,
}

impl From<Session> for Shown {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            device_name: session.device_name,
            user_agent: session.user_agent,
            ip_prefix: session.network,
            created_at: time(session.created_at),
            last_used_at: time(session.last_used_at),
        }
    }
}

fn list(listed: Vec<Session>, json: bool) -> anyhow::Result<()> {
    let shown: Vec<_> = listed.into_iter().map(Shown::from).collect();
    if json {
        return say_json(&shown);
    }
    let mut table = Table::new([
        Column::left("SESSION", 36),
        Column::left("CREATED AT", 20),
        Column::left("LAST USED AT", 20),
        Column::left("NETWORK", 18),
        Column::left("DEVICE", 12),
        Column::left("USER AGENT", 0),
    ]);
    for session in shown {
        table.row([
            session.id.to_string(),
            session.created_at,
            session.last_used_at,
            session.ip_prefix,
            or_none(session.device_name),
            or_none(session.user_agent),
        ]);
    }
    table.say()
}

async fn revoke(
    conn: &mut Connection,
    session: SessionId,
    yes: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let gone = || Ending::NotFound(format!("there is no session {session}, or not any more"));
    let user = sessions::user_of(conn, session, now).await?.ok_or_else(gone)?;
    let listed = sessions::list(conn, user, now).await?;
    let shown = listed.into_iter().find(|listed| listed.id == session.0).ok_or_else(gone)?;
    let question = format!(
        "Session {session} of user {user}, since {}, last used {}, from {}, on {}.\nWhoever has it is logged out. End it?",
        time(shown.created_at),
        time(shown.last_used_at),
        shown.network,
        shown.device_name.or(shown.user_agent).unwrap_or_else(|| "an unnamed device".to_owned()),
    );
    confirm(&question, yes)?;
    // As if it were ended from the list by itself.
    match sessions::end_one(conn, session, session, now).await? {
        End::Ended => {
            audit::session_ended(user, None, session);
            say(&format!("Session {session} is ended: its tokens are refused from now on."))
        }
        End::NoSuchSession | End::SessionEnded => Err(gone().into()),
    }
}

async fn revoke_all(
    conn: &mut Connection,
    user: UserId,
    phone: &str,
    yes: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let listed = sessions::list(conn, user, now).await?;
    if listed.is_empty() {
        return Err(Ending::NotFound(format!("{phone} ({user}) has no session")).into());
    }
    let question = format!("{phone} ({user}) has {}. Log out everywhere?", count(listed.len(), "session"));
    confirm(&question, yes)?;
    let ended = sessions::revoke_all(conn, user).await?;
    for session in &ended {
        audit::session_ended(user, None, *session);
    }
    say(&format!("Ended: {} of {phone} ({user}).", count(ended.len(), "session")))
}
