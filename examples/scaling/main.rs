//! What one operation costs, and what a table weighs: the figures of `docs/SCALING.md`.
//!
//! `cargo run --release --example scaling [-- --users 100000 --operations 2000]`
//!
//! Fills an embedded database of its own with so many users, lets people log in, refresh and read by HTTP, and prints
//! Markdown. It needs Linux, where the times of threads and processes are read, and PostgreSQL's `pg_stat_statements`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal, which stops at any surprise"
)]

mod database;
mod operations;
mod reading;
mod tables;

use clap::Parser;
use phone_auth::embedded::{EmbeddedPostgres, Settings};

use self::{database::Database, operations::Service};

/// How much there is to do.
#[derive(Parser)]
struct Arguments {
    /// How many users the tables are filled with, 10,000 at least.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    users: u32,
    /// How often each operation is done, at most one in fifty of the users.
    #[arg(long, default_value_t = 2_000)]
    operations: u32,
}

/// As it would be in production, but for what the figures are made from; and no checkpoint comes in between.
const OPTIONS: [(&str, &str); 7] = [
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track", "top"),
    ("shared_buffers", "1GB"),
    ("max_wal_size", "20GB"),
    ("checkpoint_timeout", "1h"),
    ("maintenance_work_mem", "256MB"),
    // Measured by hand, so that two runs say the same.
    ("autovacuum", "off"),
];

fn main() {
    let arguments = Arguments::parse();
    let operations = arguments.operations.min(arguments.users / 50);
    let folder = std::env::temp_dir().join(format!("phone-auth-scaling-{}", std::process::id()));
    let settings = Settings { data_dir: folder.clone(), bin_dir: None };
    let postgres = EmbeddedPostgres::start(&settings, &OPTIONS).unwrap();
    let url = postgres.url("phone_auth");
    // What is neither of these threads is the service.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("client").enable_all().build().unwrap();
    let service = Service::start(&url);
    runtime.block_on(async {
        let mut database = Database::connect(&url, &folder).await;
        tables::fill(&mut database, arguments.users).await;
        println!("\n{} users, each operation {operations} times.\n", arguments.users);
        operations::measure(&service, &mut database, operations).await;
        tables::weigh(&mut database).await;
        tables::update(&mut database).await;
        tables::purge(&mut database).await;
    });
    drop((runtime, service));
    drop(postgres);
    std::fs::remove_dir_all(&folder).unwrap();
}
