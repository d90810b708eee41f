//! What the database tells of itself.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{Check, keys};
use crate::{
    clock::Clock,
    config::Config,
    store::{
        Database, StoreError,
        inspection::{self, Inspection, OLDEST, Rights},
    },
};

/// By how much the clocks may differ before it is worth a word.
const SKEW_WARNED: TimeDelta = TimeDelta::seconds(5);
/// What webhooks and signing keys forgive.
const SKEW_FORGIVEN: TimeDelta = TimeDelta::seconds(30);

pub(super) async fn check(
    config: &Config,
    url: &SecretString,
    database: &Database,
) -> Result<Vec<Check>, StoreError> {
    let mut conn = database.first_connection().await?;
    let before = Clock::System.now();
    let found = inspection::inspect(&mut conn).await?;
    let after = Clock::System.now();
    let mut checks = vec![Check::ok("database", format!("reached as {}", found.role))];
    let is_embedded = config.database_url().is_none();
    let is_required = url.expose_secret().contains("sslmode=require");
    checks.extend([
        version(&found),
        recovery(&found),
        tls(&found, is_required),
        durability(&found),
        time_outs(&found),
        connections(&found, config.store.database_pool_size.into()),
        role(&found, is_embedded),
        messages(&found),
        clock(found.now, before + (after - before) / 2),
    ]);
    // An older server has no such tables, and a standby none to write to.
    let pending = database.pending_migrations().await?;
    checks.push(migrations(&pending, &database.unknown_migrations().await?));
    checks.push(rights(&inspection::rights(&mut conn).await?));
    if pending.is_empty() {
        checks.extend(keys::check(config, &mut conn, after).await?);
    } else {
        checks.push(Check::skipped("signing-keys", "the tables are not of this version"));
    }
    Ok(checks)
}

fn version(found: &Inspection) -> Check {
    let finding = format!("PostgreSQL {}", found.version);
    match found.major {
        OLDEST.. => Check::ok("version", finding),
        _ => Check::problem("version", finding, format!("Take PostgreSQL {OLDEST} or newer.")),
    }
}

fn recovery(found: &Inspection) -> Check {
    if !found.is_in_recovery {
        return Check::ok("recovery", "it takes writes");
    }
    Check::problem(
        "recovery",
        "it is a standby, or still recovering",
        "Point DATABASE_URL at the primary, for example by target_session_attrs=read-write.",
    )
}

fn tls(found: &Inspection, is_required: bool) -> Check {
    match (found.is_encrypted, is_required, found.is_local) {
        (true, true, _) => Check::ok("tls", "encrypted, and the certificate checked"),
        (_, _, true) => Check::ok("tls", "the way to the database stays on this machine"),
        (true, false, false) => Check::warning(
            "tls",
            "encrypted, but nobody looked whose certificate it is",
            "Set sslmode=require in DATABASE_URL, which checks it.",
        ),
        (false, ..) => Check::warning(
            "tls",
            "the way to the database is not encrypted",
            "Set sslmode=require in DATABASE_URL: numbers travel there.",
        ),
    }
}

fn durability(found: &Inspection) -> Check {
    let kept = &found.durability;
    let off: Vec<_> = [
        ("fsync", kept.fsync),
        ("full_page_writes", kept.full_page_writes),
        ("synchronous_commit", kept.synchronous_commit != "off"),
    ]
    .into_iter()
    .filter_map(|(name, is_on)| (!is_on).then_some(name))
    .collect();
    if off.is_empty() {
        let finding =
            format!("fsync and full_page_writes on, synchronous_commit {}", kept.synchronous_commit);
        return Check::ok("durability", finding);
    }
    let names = off.join(" and ");
    let advice = format!(
        "Switch {names} on at the server: a crash would give guesses back, and log out who was logged in."
    );
    Check::problem("durability", format!("{names} off"), advice)
}

fn time_outs(found: &Inspection) -> Check {
    let told = |milliseconds: i64| match milliseconds {
        0 => "none".to_owned(),
        _ => format!("{milliseconds} ms"),
    };
    let finding = format!(
        "statement {}, lock {}, idle in transaction {} (what the server gives for statements: {})",
        told(found.statement_timeout),
        told(found.lock_timeout),
        told(found.idle_in_transaction_timeout),
        told(found.default_statement_timeout),
    );
    if found.statement_timeout == 0 || found.idle_in_transaction_timeout == 0 {
        let advice = "Something between drops what connections set, as a pooler may: a hanging statement would hold its locks.";
        return Check::problem("time-outs", finding, advice);
    }
    Check::ok("time-outs", finding)
}

fn connections(found: &Inspection, pool: i32) -> Check {
    let room = found.room_for_connections;
    let finding = format!(
        "DATABASE_POOL_SIZE={pool}, and the server has room for {room}, of which {} are taken",
        found.connections
    );
    match pool {
        _ if pool > room => Check::problem(
            "connections",
            finding,
            "Lower DATABASE_POOL_SIZE, raise max_connections, or put PgBouncer between.",
        ),
        _ if pool.saturating_mul(2) > room => Check::warning(
            "connections",
            finding,
            "A second instance does not fit, as at a rolling start: lower DATABASE_POOL_SIZE or raise max_connections.",
        ),
        _ => Check::ok("connections", finding),
    }
}

fn role(found: &Inspection, is_embedded: bool) -> Check {
    match (found.is_superuser, is_embedded) {
        (false, _) => Check::ok("role", format!("{} is no superuser", found.role)),
        (true, true) => Check::ok("role", "the embedded server has one user"),
        (true, false) => Check::warning(
            "role",
            format!("{} is a superuser", found.role),
            "Give the service a role of its own that owns its database and nothing else.",
        ),
    }
}

/// Some failures are known by their English words: the client library tells no codes.
fn messages(found: &Inspection) -> Check {
    let language = &found.lc_messages;
    let is_english = language.is_empty()
        || ["C", "POSIX"].iter().any(|name| language == name || language.starts_with(&format!("{name}.")))
        || language.starts_with("en");
    if is_english {
        return Check::ok("lc-messages", format!("'{language}'"));
    }
    Check::warning(
        "lc-messages",
        format!("errors are told in '{language}'"),
        "Set lc_messages to C for the role or the server: a busy database would be taken for a defect.",
    )
}

fn clock(there: DateTime<Utc>, here: DateTime<Utc>) -> Check {
    let skew = there - here;
    let finding = match skew.num_seconds() {
        0 => "the database's is the same to the second".to_owned(),
        behind @ ..0 => format!("the database's is {} seconds behind", -behind),
        ahead => format!("the database's is {ahead} seconds ahead"),
    };
    let advice = "Let a time service set both clocks, such as chrony.";
    match skew.abs() {
        skew if skew > SKEW_FORGIVEN => Check::problem("clock", finding, advice),
        skew if skew > SKEW_WARNED => Check::warning("clock", finding, advice),
        _ => Check::ok("clock", finding),
    }
}

fn migrations(pending: &[String], unknown: &[String]) -> Check {
    match (pending, unknown) {
        ([], []) => Check::ok("migrations", "the tables are of this version"),
        ([], [first, ..]) => Check::warning(
            "migrations",
            format!("the tables are of a newer version: {} unknown here, from {first} on", unknown.len()),
            "Run the newer version, unless its changelog says that this one can work with its tables.",
        ),
        ([first, ..], _) => Check::problem(
            "migrations",
            format!("{} pending, from {first} on", pending.len()),
            "Run phone-auth migrate, or start the service, which does the same.",
        ),
    }
}

fn rights(found: &Rights) -> Check {
    if found.is_read_only {
        return Check::problem(
            "rights",
            "transactions begin as read-only",
            "Find out who set default_transaction_read_only, and why: some do when the disk is full.",
        );
    }
    if found.forbidden.is_empty() {
        return Check::ok("rights", "the role may use every table and function");
    }
    let finding = format!("the role may not use: {}", found.forbidden);
    let advice = "Grant it SELECT, INSERT, UPDATE and DELETE on the tables and EXECUTE on the functions (docs/DEPLOY.md), or make it their owner.";
    Check::problem("rights", finding, advice)
}

#[cfg(test)]
mod tests {
    use super::{super::State, *};
    use crate::store::inspection::Durability;

    /// A server that nobody could wish better.
    fn sound() -> Inspection {
        Inspection {
            version: "16.4".to_owned(),
            major: 16,
            now: DateTime::UNIX_EPOCH,
            is_in_recovery: false,
            is_encrypted: true,
            is_local: false,
            role: "auth".to_owned(),
            is_superuser: false,
            durability: Durability {
                fsync: true,
                full_page_writes: true,
                synchronous_commit: "on".to_owned(),
            },
            lc_messages: "C".to_owned(),
            statement_timeout: 800,
            lock_timeout: 0,
            idle_in_transaction_timeout: 5_000,
            default_statement_timeout: 0,
            room_for_connections: 100,
            connections: 3,
        }
    }

    /// What cannot be made wrong for the binary, whose own connection sets it right, or on any machine.
    #[test]
    fn each_fault_of_a_server_is_told() {
        let at = DateTime::UNIX_EPOCH;
        let seconds = TimeDelta::seconds;
        for (check, state) in [
            (version(&sound()), State::Ok),
            (version(&Inspection { major: 13, ..sound() }), State::Problem),
            (recovery(&sound()), State::Ok),
            (recovery(&Inspection { is_in_recovery: true, ..sound() }), State::Problem),
            (tls(&sound(), true), State::Ok),
            (tls(&sound(), false), State::Warning),
            (tls(&Inspection { is_encrypted: false, ..sound() }, false), State::Warning),
            (tls(&Inspection { is_encrypted: false, is_local: true, ..sound() }, false), State::Ok),
            (time_outs(&sound()), State::Ok),
            (time_outs(&Inspection { statement_timeout: 0, ..sound() }), State::Problem),
            (time_outs(&Inspection { idle_in_transaction_timeout: 0, ..sound() }), State::Problem),
            (messages(&sound()), State::Ok),
            (messages(&Inspection { lc_messages: "en_GB.UTF-8".to_owned(), ..sound() }), State::Ok),
            (messages(&Inspection { lc_messages: "Cs_CZ".to_owned(), ..sound() }), State::Warning),
            (messages(&Inspection { lc_messages: "ru_RU.UTF-8".to_owned(), ..sound() }), State::Warning),
            (connections(&sound(), 16), State::Ok),
            (connections(&sound(), 51), State::Warning),
            (connections(&sound(), 101), State::Problem),
            (clock(at, at + seconds(5)), State::Ok),
            (clock(at, at + seconds(6)), State::Warning),
            (clock(at, at - seconds(30)), State::Warning),
            (clock(at, at - seconds(31)), State::Problem),
        ] {
            assert_eq!(check.state, state, "{check:?}");
            assert_eq!(check.advice.is_some(), matches!(state, State::Warning | State::Problem), "{check:?}");
        }
    }
}
