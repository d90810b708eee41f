//! Bringing the tables to this version, and what is missing until then.

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Database, StoreError, database::OLDEST};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
/// The advisory lock under which one instance at a time migrates: "phone" in ASCII.
const LOCK: i64 = 0x70_68_6f_6e_65;

/// How far one migration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It begins.
    Begun,
    /// It is carried out.
    Done,
}

impl Database {
    /// Brings the tables to this version, one instance at a time, and tells of each migration by its name.
    ///
    /// Runs on a connection of its own, for it holds a lock and takes its
    /// time; needs a multi-threaded runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooOld`], [`StoreError::Migration`], or
    /// [`StoreError::Unreachable`]. What was told to be done stays done.
    pub async fn migrate_and_tell(&self, mut tell: impl FnMut(&str, Step)) -> Result<(), StoreError> {
        let mut conn = self.own_connection().await?;
        // A migration, or the wait for another instance's, may take longer than a request.
        conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
        refuse_too_old(&mut conn).await?;
        // To ask what is pending diesel makes its own table, which a role that only uses the tables may not.
        drop(self.first_connection().await?);
        if self.is_current().await? {
            return Ok(());
        }
        // The session's end releases the lock, whatever happens in between.
        conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
        // Behind a long reader, such as a backup, a migration would wait, and all others behind it: better another start.
        conn.batch_execute("SET lock_timeout = '10s'").await?;
        let mut harness = AsyncMigrationHarness::new(conn);
        for migration in harness.pending_migrations(MIGRATIONS).map_err(StoreError::Migration)? {
            let name = migration.name().to_string();
            tell(&name, Step::Begun);
            harness.run_migration(&*migration).map_err(StoreError::Migration)?;
            tell(&name, Step::Done);
        }
        Ok(())
    }

    /// The names of the migrations of this version that the database lacks, in their order. Changes nothing, also where
    /// there are no tables yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database refuses.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let mut conn = self.connection().await?;
        let applied = applied(&mut conn).await?;
        let mut ours = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(StoreError::Migration)?;
        ours.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
        ours.retain(|migration| !applied.contains(&migration.name().version().to_string()));
        Ok(ours.iter().map(|migration| migration.name().to_string()).collect())
    }

    /// The versions of the migrations that the database has and this version does not know: a newer one's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database refuses.
    pub async fn unknown_migrations(&self) -> Result<Vec<String>, StoreError> {
        let mut conn = self.connection().await?;
        let mut applied = applied(&mut conn).await?;
        for ours in MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(StoreError::Migration)? {
            applied.retain(|version| *version != ours.name().version().to_string());
        }
        Ok(applied)
    }

    /// Whether the database answers and has every migration of this version.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it does not answer.
    pub async fn is_current(&self) -> Result<bool, StoreError> {
        Ok(self.pending_migrations().await?.is_empty())
    }
}

async fn refuse_too_old(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    let version = diesel::dsl::sql::<Text>("SELECT current_setting('server_version')");
    let version: String = version.get_result(conn).await?;
    let major = version.split(['.', ' ']).next().and_then(|major| major.parse::<i32>().ok());
    match major {
        Some(OLDEST..) => Ok(()),
        _ => Err(StoreError::TooOld(version)),
    }
}

async fn applied(conn: &mut Connection) -> Result<Vec<String>, StoreError> {
    let versions = diesel::dsl::sql::<Text>("SELECT version FROM __diesel_schema_migrations");
    match versions.load(conn).await {
        // Asked only here: readiness is looked at every second, and the table is missing once.
        Err(_) if !has_table(conn).await? => Ok(Vec::new()),
        versions => Ok(versions?),
    }
}

async fn has_table(conn: &mut Connection) -> Result<bool, StoreError> {
    let is_there = diesel::dsl::sql::<Bool>("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL");
    Ok(is_there.get_result(conn).await?)
}
