use chrono::{DateTime, Utc};

use super::super::{
    Ending,
    deployment::with_database,
    output::{self, confirm, count, say, time},
    selection::{find_live, nobody},
};
use crate::{
    audit,
    config::{Config, UsersDelete},
    custody,
    store::{
        Connection,
        accounts::{self, Account},
        users::{self, Asking, Deleting, Deletion},
    },
    token::Tokens,
};

pub(super) fn run(config: &Config, what: &UsersDelete, now: DateTime<Utc>) -> anyhow::Result<()> {
    with_database(config, async |conn, tokens| delete(config, conn, &tokens, what, now).await)
}

async fn delete(
    config: &Config,
    conn: &mut Connection,
    tokens: &Tokens,
    what: &UsersDelete,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let pseudonyms = custody::present_pseudonyms(conn, tokens).await?;
    let (account, phone) = find_live(conn, &what.named, config).await?;
    let user = account.id;
    let phone = output::phone(phone, what.phones.show_phones);
    confirm(&question(conn, &account, &phone, now).await?, what.yes)?;
    let deleting = Deleting {
        asking: Asking::Operator(user),
        expected_version: None,
        window_since: config.referral.window().map(|window| now - window),
        now,
    };
    match users::delete(conn, &deleting, |phone| pseudonyms.of_former(phone)).await? {
        Deletion::Deleted => {
            audit::account_deleted(user, audit::By::Operator);
            say(&format!("The account of {phone} ({user}) is deleted. Its tokens are refused from now on."))
        }
        // Somebody was faster.
        Deletion::SessionEnded => {
            Err(Ending::NotFound("the account was deleted meanwhile".to_owned()).into())
        }
        Deletion::VersionChanged => Err(nobody()),
    }
}

/// What is to go.
async fn question(
    conn: &mut Connection,
    account: &Account,
    phone: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let details = accounts::details(conn, account.id, now).await?.ok_or_else(nobody)?;
    let or_no = |is_there: bool, what: &'static str| if is_there { what } else { "" };
    Ok(format!(
        "{phone}, user {user} since {since}, last login {login}: {sessions}, {devices}, {invited}{pin}{picture}.\nThe account and its personal data go for ever. Delete it?",
        user = account.id,
        since = time(account.created_at),
        login = time(account.last_login_at),
        sessions = count(details.sessions, "session"),
        devices = count(details.trusted_devices, "trusted device"),
        invited = count(account.invited_users_count, "invited user"),
        pin = or_no(details.has_pin, ", a PIN"),
        picture = or_no(details.has_avatar, ", a picture"),
    ))
}
