//! `phone-auth users`.

mod delete;
mod export;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Ending,
    deployment::with_connection,
    output::{self, Column, Table, or_none, say_facts, say_json, time},
    selection::{find, find_one, nobody},
};
use crate::{
    clock::Clock,
    config::{Config, Users},
    store::{
        Connection,
        accounts::{self, Account, Details},
    },
};

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, command: &Users) -> anyhow::Result<()> {
    let now = Clock::System.now();
    match command {
        Users::Find { named, phones, json } => with_connection(config, async |conn| {
            let found = find(conn, named, config).await?;
            list(found, phones.show_phones, *json)
        }),
        Users::Show { named, phones, json } => with_connection(config, async |conn| {
            let account = find_one(conn, named, config).await?;
            show(conn, account, phones.show_phones, *json, now).await
        }),
        Users::Export(what) => export::run(config, what, now),
        Users::Delete(what) => delete::run(config, what, now),
    }
}

/// An account in a list.
#[derive(Serialize)]
struct Listed {
    id: String,
    phone: Option<String>,
    invite_code: String,
    invited_users_count: i32,
    created_at: String,
    last_login_at: String,
    deleted_at: Option<String>,
}

impl Listed {
    fn of(account: Account, show_phones: bool) -> Self {
        Self {
            id: account.id.to_string(),
            phone: account.phone.map(|phone| output::phone(phone, show_phones)),
            invite_code: account.invite_code,
            invited_users_count: account.invited_users_count,
            created_at: time(account.created_at),
            last_login_at: time(account.last_login_at),
            deleted_at: account.deleted_at.map(time),
        }
    }
}

fn list(found: Vec<Account>, show_phones: bool, json: bool) -> anyhow::Result<()> {
    let is_empty = found.is_empty();
    let listed: Vec<_> = found.into_iter().map(|account| Listed::of(account, show_phones)).collect();
    if json {
        say_json(&listed)?;
    } else if !is_empty {
        let mut table = Table::new([
            Column::left("USER", 36),
            Column::left("PHONE", 12),
            Column::left("CODE", 6),
            Column::right("INVITED", 7),
            Column::left("CREATED AT", 20),
            Column::left("LAST LOGIN AT", 20),
            Column::left("DELETED AT", 10),
        ]);
        for user in listed {
            table.row([
                user.id,
                or_none(user.phone),
                user.invite_code,
                user.invited_users_count.to_string(),
                user.created_at,
                user.last_login_at,
                or_none(user.deleted_at),
            ]);
        }
        table.say()?;
    }
    if is_empty { Err(nobody()) } else { Ok(()) }
}

/// An account with all that an operator may need to know of it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    account: Listed,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    activated_invite_code: Option<String>,
    invited_by: Option<String>,
    invited_by_phone: Option<String>,
    has_pin: bool,
    has_avatar: bool,
    sessions: i64,
    trusted_devices: i64,
    updated_at: String,
}

impl Shown {
    fn of(account: Account, details: Details, show_phones: bool) -> Self {
        Self {
            account: Listed::of(account, show_phones),
            email: details.email,
            first_name: details.first_name,
            last_name: details.last_name,
            activated_invite_code: details.activated_invite_code,
            invited_by: details.referrer.map(|user| user.to_string()),
            invited_by_phone: details.referrer_phone.map(|phone| output::phone(phone, show_phones)),
            has_pin: details.has_pin,
            has_avatar: details.has_avatar,
            sessions: details.sessions,
            trusted_devices: details.trusted_devices,
            updated_at: time(details.updated_at),
        }
    }
}

async fn show(
    conn: &mut Connection,
    account: Account,
    show_phones: bool,
    json: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let details = accounts::details(conn, account.id, now).await?;
    let details = details.ok_or_else(|| Ending::NotFound("there is no such user any more".to_owned()))?;
    let shown = Shown::of(account, details, show_phones);
    if json {
        return say_json(&shown);
    }
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    say_facts(&[
        ("User", shown.account.id),
        ("Phone", or_none(shown.account.phone)),
        ("Email", or_none(shown.email)),
        ("First name", or_none(shown.first_name)),
        ("Last name", or_none(shown.last_name)),
        ("Invite code", shown.account.invite_code),
        ("Invited users", shown.account.invited_users_count.to_string()),
        ("Activated code", or_none(shown.activated_invite_code)),
        ("Invited by", or_none(shown.invited_by)),
        ("Phone of that", or_none(shown.invited_by_phone)),
        ("PIN", yes(shown.has_pin)),
        ("Picture", yes(shown.has_avatar)),
        ("Sessions", shown.sessions.to_string()),
        ("Trusted devices", shown.trusted_devices.to_string()),
        ("Created at", shown.account.created_at),
        ("Updated at", shown.updated_at),
        ("Last login at", shown.account.last_login_at),
        ("Deleted at", or_none(shown.account.deleted_at)),
    ])
}
