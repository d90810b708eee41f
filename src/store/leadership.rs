use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::StoreError;

/// What one instance does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Forgetting what has expired.
    Purge,
}

impl Job {
    /// Its advisory lock: "purge" in ASCII, as that of the migrations is a word (migrations.rs).
    fn lock(self) -> i64 {
        match self {
            Self::Purge => 0x70_75_72_67_65,
        }
    }
}

/// That this instance, and no other, does a job: until it is dropped, or dies.
///
/// A transaction on a connection of its own that holds an advisory lock. It ends with the connection, so a crash
/// leaves nothing behind; it reads nothing, so no vacuum waits for it; and a transaction keeps its connection behind
/// any pooler.
pub struct Leadership(#[expect(dead_code, reason = "holds the lock by being open")] AsyncPgConnection);

impl Leadership {
    /// Takes the lead over `job` on `conn`; none: another instance has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database refuses.
    pub(super) async fn take(mut conn: AsyncPgConnection, job: Job) -> Result<Option<Self>, StoreError> {
        // During a round nothing is said on this connection. One that takes longer, or is frozen, loses the lead: a row
        // can be deleted once, whoever does it.
        conn.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10min'").await?;
        let try_lock = diesel::dsl::sql::<diesel::sql_types::Bool>("SELECT pg_try_advisory_xact_lock(");
        let try_lock = try_lock.bind::<diesel::sql_types::BigInt, _>(job.lock()).sql(")");
        let leads: bool = try_lock.get_result(&mut conn).await?;
        Ok(leads.then_some(Self(conn)))
    }
}
