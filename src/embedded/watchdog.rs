//! Ties a program's life to ours with nothing but a shell and a pipe.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use super::user::{User, shell};
use super::{EmbeddedError, failed_to};

/// Runs its arguments as a child that ends when the service does.
///
/// The service holds the other end of standard input, so end-of-file there means that it closed the pipe or
/// died, be it by `kill -9`. SIGINT is PostgreSQL's fast shutdown; the SIGTERM before it serves the first
/// milliseconds, in which a shell's background child still ignores SIGINT. A child that ends by itself ends
/// the watchdog too. Signals to the whole group must not end the watchdog first, hence the `trap`; it
/// follows the child's start because children inherit it.
const WATCHDOG: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- >&2 &
child=$!
trap '' HUP INT QUIT TERM
{ read -r _; kill -TERM "$child"; kill -INT "$child"; } <&3 >/dev/null 2>&1 &
reader=$!
exec 3<&-
echo "$child"
wait "$child"
status=$?
{ kill -KILL "$reader"; wait "$reader"; } 2>/dev/null
exit "$status""#;

/// A program under the watchdog.
#[derive(Debug)]
pub(super) struct Watched {
    shell: Child,
    /// When this closes, the program is told to stop.
    pub(super) lifeline: Option<ChildStdin>,
    /// The program's own, not the shell's; as text, the way `postmaster.pid` has it.
    pub(super) pid: String,
}

impl Watched {
    /// Prepares to run `program`, in a process group of its own: Ctrl-C is for the service, which lets its
    /// requests finish before it stops the server.
    pub(super) fn command(program: &Path, user: Option<User>) -> Command {
        let mut command = shell(WATCHDOG, user);
        command.arg("sh").arg(program).process_group(0);
        command
    }

    /// Starts what [`Watched::command`] prepared; its output goes to the end of `log`.
    pub(super) fn spawn(command: &mut Command, log: &Path) -> Result<Self, EmbeddedError> {
        let output = OpenOptions::new().create(true).append(true).mode(0o600).open(log);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(output.map_err(failed_to("open", log))?);
        let mut shell = command.spawn().map_err(failed_to("run", Path::new("/bin/sh")))?;
        let mut pid = String::new();
        if let Some(stdout) = shell.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut pid);
            read.map_err(failed_to("read from", Path::new("/bin/sh")))?;
        }
        Ok(Self { lifeline: shell.stdin.take(), shell, pid: pid.trim().to_owned() })
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }

    /// Waits for a program that ends by itself.
    pub(super) fn wait(mut self) -> io::Result<ExitStatus> {
        // `Child::wait` closes the pipe that it finds.
        let lifeline = self.lifeline.take();
        let status = self.shell.wait();
        drop(lifeline);
        status
    }
}
