//! What was used up to a moment.

use std::{fs, path::Path};

use crate::database::Database;

/// Everything that is counted, since the start.
#[derive(Clone, Copy, Default)]
pub struct Reading {
    service: f64,
    /// Seconds on a processor.
    pub postgres: f64,
    statements: f64,
    writes: f64,
    /// Bytes of WAL.
    pub log: f64,
}

impl Reading {
    pub async fn take(database: &mut Database) -> Self {
        let counted = database
            .texts(
                "SELECT (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements)::text
                 UNION ALL SELECT pg_snapshot_xmax(pg_current_snapshot())::text
                 UNION ALL SELECT (pg_current_wal_insert_lsn() - '0/0')::text",
            )
            .await;
        let counted: Vec<f64> = counted.iter().map(|text| text.parse().unwrap()).collect();
        Self {
            service: of_service(),
            postgres: of_postgres(&database.folder),
            statements: counted[0],
            writes: counted[1],
            log: counted[2],
        }
    }

    /// Adds what was used between two readings; the second asked one statement of its own.
    pub fn add(&mut self, before: &Self, after: &Self) {
        self.service += after.service - before.service;
        self.postgres += after.postgres - before.postgres;
        self.statements += after.statements - before.statements - 1.0;
        self.writes += after.writes - before.writes;
        self.log += after.log - before.log;
    }

    /// What was used since another one.
    pub fn since(&self, before: &Self) -> Self {
        let mut used = Self::default();
        used.add(before, self);
        used
    }

    pub fn print(&self, name: &str, operations: u32) {
        let of_one = |total: f64| total / f64::from(operations);
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
            of_one(self.service) * 1e3,
            of_one(self.postgres) * 1e3,
            of_one(self.statements),
            of_one(self.writes),
            of_one(self.log),
        );
    }
}

/// Seconds of a thread on a processor.
fn seconds(schedstat: &Path) -> f64 {
    // It may have ended meanwhile.
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Every thread of this process but the main one and those of the clients.
fn of_service() -> f64 {
    let main = std::process::id().to_string();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let of_service = tasks.filter(|task| {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        task.file_name().to_str() != Some(&main) && !name.starts_with("client")
    });
    of_service.map(|task| seconds(&task.path().join("schedstat"))).sum()
}

/// The server and all its children.
fn of_postgres(folder: &Path) -> f64 {
    let server = fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
    let server = server.lines().next().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        entry.file_name().to_str() == Some(server) || parent == Some(server)
    });
    processes.map(|process| seconds(&process.path().join("schedstat"))).sum()
}
