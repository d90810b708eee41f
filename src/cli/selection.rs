//! Who is meant by a word on the command line.

use anyhow::bail;
use uuid::Uuid;

use super::Ending;
use crate::{
    config::{Config, Named},
    domain::{PhoneNumber, UserId},
    store::{
        Connection,
        accounts::{self, Account, Wanted},
    },
};

/// The first characters of an identifier that are enough to look for it: as many as tell a minute of first logins.
const SHORTEST_ID: usize = 8;
/// How many accounts are shown whose identifiers begin alike.
const MOST: i64 = 100;

/// What the word may be: a telephone number in any spelling that the API takes, an invite code, an identifier or its
/// beginning. Some words may be more than one of these.
fn read(word: &str, config: &Config) -> Wanted {
    Wanted {
        phone: PhoneNumber::parse(word, config.default_region).ok(),
        invite_code: word.parse().ok(),
        ids: ids(word.trim()),
    }
}

/// The first and the last identifier that begin so.
fn ids(beginning: &str) -> Option<(UserId, UserId)> {
    let digits: String = beginning.chars().filter(|c| *c != '-').collect();
    let is_one =
        (SHORTEST_ID..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let padded = |with: &str| Uuid::parse_str(&format!("{digits}{}", with.repeat(32 - digits.len()))).ok();
    if is_one { Some((UserId(padded("0")?), UserId(padded("f")?))) } else { None }
}

/// Everybody who may be meant.
pub(super) async fn find(
    conn: &mut Connection,
    named: &Named,
    config: &Config,
) -> anyhow::Result<Vec<Account>> {
    let wanted = read(&named.user, config);
    let Wanted { phone: None, invite_code: None, ids: None } = wanted else {
        return Ok(accounts::find(conn, &wanted, MOST).await?);
    };
    // The word is not repeated: it may be a number.
    bail!(
        "that is no user: give a telephone number, an invite code of six characters, or a user id or its first \
         {SHORTEST_ID} characters or more"
    )
}

/// The one who is meant, deleted or not.
pub(super) async fn find_one(
    conn: &mut Connection,
    named: &Named,
    config: &Config,
) -> anyhow::Result<Account> {
    let mut found = find(conn, named, config).await?;
    match (found.pop(), found.len()) {
        (Some(account), 0) => Ok(account),
        (None, _) => Err(nobody()),
        (Some(_), others) => bail!(
            "that may be any of {} users: phone-auth users find shows them; take the whole id",
            others + 1
        ),
    }
}

/// The one who is meant, whose account must not be deleted; their number.
pub(super) async fn find_live(
    conn: &mut Connection,
    named: &Named,
    config: &Config,
) -> anyhow::Result<(Account, String)> {
    let mut account = find_one(conn, named, config).await?;
    match account.phone.take() {
        Some(phone) => Ok((account, phone)),
        None => {
            Err(Ending::NotFound("that account is deleted: there is nothing left of it".to_owned()).into())
        }
    }
}

pub(super) fn nobody() -> anyhow::Error {
    Ending::NotFound("there is no such user".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_known_by_its_beginning() {
        let (first, last) = ids("01a1fd2c-47").unwrap();
        assert_eq!(first.to_string(), "01a1fd2c-4700-0000-0000-000000000000");
        assert_eq!(last.to_string(), "01a1fd2c-47ff-ffff-ffff-ffffffffffff");
        let whole = "01a1fd2c-47a0-7d60-9d4b-2f6a0c1b8e11";
        assert_eq!(
            ids(whole).map(|(first, last)| (first.to_string(), last.to_string())),
            Some((whole.into(), whole.into()))
        );
        for none in ["", "01a1fd2", "01a1fd2c-47a0-7d60-9d4b-2f6a0c1b8e110", "not-an-id", "é1a1fd2c"] {
            assert!(ids(none).is_none(), "{none}");
        }
    }
}
