//! The data folder: who may use it, what is in it, and what an earlier run left there.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

use super::user::{User, own_uid, shell};
use super::watchdog::Watched;
use super::{EmbeddedError, NAME, failed_to, poll};

/// The folder of the database.
pub(super) const CLUSTER: &str = "postgres";
/// The folder of the server's socket.
pub(super) const SOCKETS: &str = "run";
/// What a socket's address holds beside its closing NUL.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// Trust, because the private folder already decides who gets to the socket. No sync, because one at the
/// end is enough.
const INITDB_OPTIONS: &str = "--auth=trust --encoding=UTF8 --locale=C --data-checksums
    --no-instructions --no-sync";
/// Leaves time to write a checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The data folder, locked for as long as this lives.
///
/// When we are root the folder stays root's, and only `postgres` and `run` in it are given away: whoever
/// takes over the server's user cannot put a symbolic link in root's way.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) pid_file: PathBuf,
    pub(super) sockets: PathBuf,
    pub(super) log: PathBuf,
    user: Option<User>,
    _lock: File,
}

impl DataDir {
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let own_uid = own_uid()?;
        let user = User::in_place_of(own_uid)?;
        if !path.exists() {
            let mode = Permissions::from_mode(if user.is_some() { 0o711 } else { 0o700 });
            let created = fs::create_dir_all(path).and_then(|()| fs::set_permissions(path, mode));
            created.map_err(failed_to("create", path))?;
        }
        let path = path.canonicalize().map_err(failed_to("find", path))?;
        let owner = path.metadata().map_err(failed_to("inspect", &path))?.uid();
        if owner != own_uid {
            return Err(EmbeddedError::ForeignFolder { folder: path, owner });
        }
        let sockets = path.join(SOCKETS);
        check_socket_path(&sockets)?;
        if let Some(user) = user
            && let Some(folder) = closed_folder(&path, user)
        {
            return Err(EmbeddedError::ClosedFolder { folder, user: user.name });
        }
        let lock = lock(&path)?;
        let (log, cluster) = (path.join("postgres.log"), path.join(CLUSTER));
        // Every start begins a log and keeps the one before; the first has none to keep.
        let _ = fs::rename(&log, path.join("postgres.log.1"));
        Ok(Self { pid_file: cluster.join("postmaster.pid"), cluster, sockets, log, path, user, _lock: lock })
    }

    /// The major version that made the database; `None` before there is one.
    pub(super) fn made_by(&self) -> Option<u32> {
        fs::read_to_string(self.cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// Builds the database beside its place and moves it there when it is complete and, if it is to be
    /// `durable`, on disk: a kill at any moment leaves all of it or nothing.
    pub(super) fn initialise(&self, bin_dir: &Path, durable: bool) -> Result<(), EmbeddedError> {
        // The name is new each time: an `initdb` of a killed service may need a moment to end.
        let fresh = self.path.join(format!("postgres.new.{}", process::id()));
        self.create_private(&fresh)?;
        let (initdb, postgres) = (bin_dir.join("initdb"), bin_dir.join("postgres"));

        let mut create = self.watched(&initdb);
        create.args(["--username", NAME]).args(INITDB_OPTIONS.split_whitespace()).arg("--pgdata").arg(&fresh);
        self.run(&mut create)?;

        let mut create_database = self.watched(Path::new("/bin/sh"));
        create_database.args(["-c", r#"echo "CREATE DATABASE $0" | "$@" postgres"#, NAME]).arg(&postgres);
        create_database.args(["--single", "-c", "fsync=off", "-c", "exit_on_error=on", "-D"]).arg(&fresh);
        self.run(&mut create_database)?;

        if durable {
            self.run(self.watched(&initdb).args(["--sync-only", "--pgdata"]).arg(&fresh))?;
        }
        let moved = fs::rename(&fresh, &self.cluster).and_then(|()| File::open(&self.path)?.sync_all());
        moved.map_err(failed_to("create", &self.cluster))?;
        tracing::info!(folder = %self.cluster.display(), "embedded PostgreSQL is initialised");
        Ok(())
    }

    fn remove_unfinished(&self) -> Result<(), EmbeddedError> {
        for entry in self.path.read_dir().map_err(failed_to("list", &self.path))?.flatten() {
            let folder = entry.path();
            if entry.file_name().as_bytes().starts_with(b"postgres.new.")
                && let Err(error) = fs::remove_dir_all(&folder)
            {
                tracing::warn!(%error, folder = %folder.display(), "an unfinished database is left over");
            }
        }
        Ok(())
    }

    /// Stops a server that lost its watchdog and removes the files with pids of the past: PostgreSQL takes
    /// any program of its user that has such a pid today for a running server.
    pub(super) fn clear_earlier_run(&self) -> Result<(), EmbeddedError> {
        self.stop_server()?;
        // Mostly there is nothing to remove; what resists fails the next step.
        let _ = fs::remove_file(&self.pid_file);
        let _ = fs::remove_dir_all(&self.sockets);
        self.create_private(&self.sockets)?;
        self.remove_unfinished()
    }

    /// Stops the server on this folder, if there is one, without its watchdog.
    pub(super) fn stop_server(&self) -> Result<(), EmbeddedError> {
        let Some(pid) = self.running_server() else { return Ok(()) };
        tracing::info!(pid, "stopping an embedded PostgreSQL without its watchdog");
        for signal in ["-INT", "-QUIT"] {
            let mut kill = shell(r#"kill "$0" "$1""#, None);
            kill.args([signal, &pid.to_string()]).status().map_err(failed_to("run", Path::new("/bin/sh")))?;
            if poll(STOP_LIMIT, || self.running_server() != Some(pid)) {
                return Ok(());
            }
        }
        Err(EmbeddedError::StillRunning { pid })
    }

    /// The pid in `postmaster.pid`, if its command line is that of a server on our folder.
    fn running_server(&self) -> Option<u32> {
        let pid = fs::read_to_string(&self.pid_file).ok()?.lines().next()?.trim().parse().ok()?;
        let command = command_line(pid)?;
        let (program, arguments) = command.split_once(" -D ")?;
        let rest = arguments.strip_prefix(&*self.cluster.to_string_lossy())?;
        (program.ends_with("/postgres") && (rest.is_empty() || rest.starts_with(' '))).then_some(pid)
    }

    /// Prepares to run `program` as the server's user under the watchdog.
    pub(super) fn watched(&self, program: &Path) -> Command {
        Watched::command(program, self.user)
    }

    fn run(&self, command: &mut Command) -> Result<(), EmbeddedError> {
        let status =
            Watched::spawn(command, &self.log)?.wait().map_err(failed_to("run", Path::new("/bin/sh")))?;
        if status.success() { Ok(()) } else { Err(self.failed("PostgreSQL could not be initialised")) }
    }

    pub(super) fn failed(&self, event: &'static str) -> EmbeddedError {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let last_lines = lines[lines.len().saturating_sub(10)..].join("\n");
        EmbeddedError::Failed { event, log: self.log.clone(), last_lines }
    }

    /// Makes a folder that nobody but the server's user may enter.
    fn create_private(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let created = DirBuilder::new().mode(0o700).create(folder);
        let given_away = created.and_then(|()| match self.user {
            Some(user) => chown(folder, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        });
        given_away.map_err(failed_to("create", folder))
    }
}

fn check_socket_path(folder: &Path) -> Result<(), EmbeddedError> {
    let socket = folder.join(".s.PGSQL.5432");
    if socket.as_os_str().len() > SOCKET_PATH_LIMIT {
        return Err(EmbeddedError::SocketPathTooLong { socket, limit: SOCKET_PATH_LIMIT });
    }
    if socket.as_os_str().as_bytes().contains(&b',') {
        return Err(EmbeddedError::CommaInSocketPath { socket });
    }
    Ok(())
}

/// The first folder on the way to `path` that `user` may not enter. Tried, not computed from the mode
/// bits, because access lists count too.
fn closed_folder(path: &Path, user: User) -> Option<PathBuf> {
    let mut ancestors: Vec<_> = path.ancestors().collect();
    ancestors.reverse();
    let closed =
        ancestors.into_iter().find(|folder| shell(":", Some(user)).current_dir(folder).status().is_err());
    closed.map(Path::to_path_buf)
}

fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = file.map_err(failed_to("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).unwrap_or_default();
            return Err(EmbeddedError::InUse { folder: data_dir.to_path_buf(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed_to("lock", &path)(source)),
    }
    let written = file.set_len(0).and_then(|()| write!(file, "{}", process::id()));
    written.map_err(failed_to("write", &path))?;
    Ok(file)
}

/// `ps` is missing from small Linux images, `/proc` from macOS.
fn command_line(pid: u32) -> Option<String> {
    let line = if cfg!(target_os = "linux") {
        fs::read(format!("/proc/{pid}/cmdline")).ok()?
    } else {
        Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?.stdout
    };
    Some(String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned())
}
