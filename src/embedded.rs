//! The embedded PostgreSQL: find it, initialise its folder, start it, stop it.
//!
//! Without a `DATABASE_URL` the service brings a server along, so that trying it out takes one command.
//! The server listens on a socket in a private folder and nowhere else, and it does not outlive the
//! service: its watchdog sees to that.
//!
//! Everything here blocks: call it before the runtime starts or on a blocking thread.

mod binaries;
mod data_dir;
mod keeper;
mod user;
mod watchdog;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use data_dir::DataDir;
pub use keeper::Keeper;
use watchdog::Watched;

/// The superuser and the database that exist after a start.
pub const NAME: &str = "phone_auth";

/// What the server is told on its command line. Durability keeps its defaults.
///
/// The log must not hold phone numbers: no statements, no parameters, and `terse` because the detail of a
/// violated constraint quotes the row.
const SERVER_SETTINGS: &str = "listen_addresses= port=5432 unix_socket_permissions=0700
    max_connections=100 shared_buffers=64MB timezone=UTC log_timezone=UTC
    logging_collector=off log_destination=stderr log_checkpoints=off log_min_messages=warning
    log_statement=none log_min_error_statement=panic log_error_verbosity=terse";

/// Leaves time to recover from a crash.
const START_LIMIT: Duration = Duration::from_mins(1);
/// After it, a server whose watchdog may be gone is signalled directly.
const WATCHDOG_LIMIT: Duration = Duration::from_secs(2);

/// Where the embedded PostgreSQL keeps its data and where its programs are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Holds the database, its socket, its log and its lock; made when missing.
    pub data_dir: PathBuf,
    /// The folder of `postgres` and `initdb`; searched for when not given.
    pub bin_dir: Option<PathBuf>,
}

/// Whether this process is root, for whom PostgreSQL runs as another user.
#[must_use]
pub fn running_as_root() -> bool {
    matches!(user::own_uid(), Ok(0))
}

/// Whether a database was made in the folder before.
#[must_use]
pub fn has_database(settings: &Settings) -> bool {
    settings.data_dir.join(data_dir::CLUSTER).is_dir()
}

/// Why the embedded PostgreSQL did not start or stop, in words for the operator.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "PostgreSQL {} or newer was not found {place}; install it (`{install}`), or set DATABASE_URL to a \
         server elsewhere, or use `docker compose up`",
        binaries::OLDEST_MAJOR
    )]
    NotInstalled { place: String, install: &'static str },
    #[error(
        "{folder} was made by PostgreSQL {made_by}, but the versions found {place} are {found:?}; install \
         PostgreSQL {made_by}, or set DATA_DIR to a new folder"
    )]
    OtherMajor { folder: PathBuf, made_by: u32, place: String, found: Vec<u32> },
    #[error(
        "no user to run PostgreSQL as: the command `id` knows neither `postgres` nor `nobody`; set DATABASE_URL to a \
         server elsewhere"
    )]
    NoUser,
    #[error("{folder} belongs to another user (uid {owner}); set DATA_DIR to a folder of your own")]
    ForeignFolder { folder: PathBuf, owner: u32 },
    #[error(
        "PostgreSQL refuses root and runs as the user `{user}`, who may not pass through {folder}; set \
         DATA_DIR to a folder elsewhere, for example /var/lib/phone-auth"
    )]
    ClosedFolder { folder: PathBuf, user: &'static str },
    #[error(
        "{folder} is in use by another phone-auth (pid {pid}); stop that one, or set DATA_DIR to another \
         folder, or let both share one server by DATABASE_URL"
    )]
    InUse { folder: PathBuf, pid: String },
    #[error(
        "the path {socket} is longer than the {limit} bytes of a socket's; set DATA_DIR to a shorter one"
    )]
    SocketPathTooLong { socket: PathBuf, limit: usize },
    #[error(
        "the path {socket} has a comma, which separates hosts in a database's address; set DATA_DIR to \
         another one"
    )]
    CommaInSocketPath { socket: PathBuf },
    #[error("{event}; {log} ends with:\n{last_lines}")]
    Failed { event: &'static str, log: PathBuf, last_lines: String },
    #[error("PostgreSQL (pid {pid}) still runs after it was told to stop")]
    StillRunning { pid: u32 },
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

/// A PostgreSQL server of our own; dropping it stops it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: Watched,
    data: DataDir,
}

impl EmbeddedPostgres {
    /// Starts PostgreSQL in `settings.data_dir` and returns when it accepts connections.
    ///
    /// The first start makes the database `phone_auth`. A server that an earlier run left behind is
    /// stopped first. `options` are more server settings, by name.
    ///
    /// # Errors
    /// When PostgreSQL is missing, the folder is unfit or in use, or the server does not come up; the
    /// error then has the last lines of its log.
    pub fn start(settings: &Settings, options: &[(&str, &str)]) -> Result<Self, EmbeddedError> {
        let data = DataDir::open(&settings.data_dir)?;
        let bin_dir = binaries::find(settings.bin_dir.as_deref(), &data)?;
        data.clear_earlier_run()?;
        if data.made_by().is_none() {
            let durable = !options.contains(&("fsync", "off"));
            data.initialise(&bin_dir, durable)?;
        }

        let mut postgres = data.watched(&bin_dir.join("postgres"));
        postgres.arg("-D").arg(&data.cluster).arg("-k").arg(&data.sockets);
        postgres.args(SERVER_SETTINGS.split_whitespace().flat_map(|setting| ["-c", setting]));
        for (name, value) in options {
            postgres.args(["-c", &format!("{name}={value}")]);
        }
        let mut postgres = Self { server: Watched::spawn(&mut postgres, &data.log)?, data };
        postgres.wait_until_ready()?;
        tracing::info!(folder = %postgres.data.cluster.display(), "embedded PostgreSQL is ready");
        Ok(postgres)
    }

    /// The address of `database` on this server, for tokio-postgres and libpq alike.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        address(&self.data.sockets, database)
    }

    /// The address of `database` on the server that another process runs in `folder`.
    #[must_use]
    pub fn url_in(folder: &Path, database: &str) -> String {
        address(&folder.join(data_dir::SOCKETS), database)
    }

    /// Disconnects every client, writes a checkpoint and ends the server.
    ///
    /// # Errors
    /// When the server still runs after it was told to stop more than once.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.shut_down()?;
        tracing::info!(folder = %self.data.cluster.display(), "embedded PostgreSQL has stopped");
        Ok(())
    }

    fn shut_down(&mut self) -> Result<(), EmbeddedError> {
        drop(self.server.lifeline.take());
        poll(WATCHDOG_LIMIT, || self.server.has_ended());
        self.data.stop_server()?;
        // Leaves no zombie, now that even a slow shutdown is over.
        poll(WATCHDOG_LIMIT, || self.server.has_ended());
        Ok(())
    }

    /// Whether the server has ended, though nobody stopped it.
    fn has_ended(&mut self) -> bool {
        self.server.has_ended()
    }

    fn wait_until_ready(&mut self) -> Result<(), EmbeddedError> {
        let mut ready = false;
        let in_time = poll(START_LIMIT, || {
            let status = fs::read_to_string(&self.data.pid_file).unwrap_or_default();
            let mut lines = status.lines().map(str::trim);
            ready = lines.next() == Some(&self.server.pid) && lines.nth(6) == Some("ready");
            ready || self.server.has_ended()
        });
        match (ready, in_time) {
            (true, _) => Ok(()),
            (false, true) => Err(self.data.failed("PostgreSQL ended before it was ready")),
            (false, false) => Err(self.data.failed("PostgreSQL was not ready in time")),
        }
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        // After `stop` there is nothing left to try.
        if self.server.lifeline.is_none() {
            return;
        }
        if let Err(error) = self.shut_down() {
            tracing::warn!(error = &error as &dyn std::error::Error, "embedded PostgreSQL was left running");
        }
    }
}

/// Waits until `done`, for at most `limit`; tells whether it came to that.
fn poll(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

fn address(sockets: &Path, database: &str) -> String {
    let database = percent_encode(database.as_bytes());
    let host = percent_encode(sockets.as_os_str().as_bytes());
    format!("postgres:///{database}?host={host}&user={NAME}")
}

fn percent_encode(bytes: &[u8]) -> String {
    let encode = |&byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(encode).collect()
}

fn failed_to(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_path_buf();
    move |source| EmbeddedError::Io { action, path, source }
}
