//! One PostgreSQL for the whole run, and in it one database per test.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use phone_auth::{
    embedded::{EmbeddedPostgres, Settings},
    store::{Database, PoolMode},
};
use tokio::runtime::Runtime;

/// Where servers and database work happen: one runtime outlives every test.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The cluster; its watchdog stops it when this process ends, however it ends.
static CLUSTER: LazyLock<EmbeddedPostgres> = LazyLock::new(|| {
    let settings = Settings { data_dir: fresh_folder(), bin_dir: None };
    // A test run that crashes is repeated, not recovered; who waits in a circle is told so before giving up.
    let options = [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("max_connections", "1000"),
        ("deadlock_timeout", "200ms"),
    ];
    let cluster = EmbeddedPostgres::start(&settings, &options).unwrap();
    let (admin, template) = (cluster.url("postgres"), cluster.url("template"));
    std::thread::spawn(move || {
        RUNTIME.block_on(async {
            execute(&admin, "CREATE DATABASE template").await;
            Database::new(&template.into(), 1, PoolMode::Session).unwrap().migrate().await.unwrap();
        });
    })
    .join()
    .unwrap();
    cluster
});

/// Makes a database with all tables, empty, and gives its URL.
pub async fn new_database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // Taken off the runtime's threads: the first caller starts the cluster, and starting blocks.
    let cluster = tokio::task::spawn_blocking(|| &*CLUSTER).await.unwrap();
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    execute(&cluster.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template")).await;
    cluster.url(&name)
}

async fn execute(url: &str, sql: &str) {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

/// A folder for this process; those of processes that are gone are removed.
fn fresh_folder() -> PathBuf {
    let shelf = std::env::temp_dir();
    for entry in fs::read_dir(&shelf).unwrap().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("phone-auth-test-"));
        if ours && is_abandoned(&entry.path()) {
            // Thousands of files: the tests need not wait. The lock goes last, so that what this run
            // does not get done the next one finds.
            std::thread::spawn(move || {
                let _ = fs::remove_dir_all(entry.path().join("postgres"));
                let _ = fs::remove_dir_all(entry.path());
            });
        }
    }
    shelf.join(format!("phone-auth-test-{}", std::process::id()))
}

fn is_abandoned(folder: &Path) -> bool {
    File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok())
}
