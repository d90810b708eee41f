use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use phone_auth::embedded::{EmbeddedPostgres, Settings};

/// A PostgreSQL of one test, to be stopped, frozen and killed.
///
/// It is as durable as the service starts it: nothing is turned off for speed.
pub struct OwnPostgres {
    settings: Settings,
    running: Option<EmbeddedPostgres>,
}

impl OwnPostgres {
    pub fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Not a name of the shared cluster's: a stopped one would be taken for abandoned.
        let name = format!("phone-auth-outage-{}-{number}", std::process::id());
        let settings = Settings { data_dir: std::env::temp_dir().join(name), bin_dir: None };
        let running = EmbeddedPostgres::start(&settings, &[]).unwrap();
        Self { settings, running: Some(running) }
    }

    pub fn url(&self) -> String {
        self.running.as_ref().unwrap().url("phone_auth")
    }

    pub fn stop(&mut self) {
        self.running.take().unwrap().stop().unwrap();
    }

    pub fn start_again(&mut self) {
        self.running = None;
        self.running = Some(EmbeddedPostgres::start(&self.settings, &[]).unwrap());
    }

    /// Ends server and connections as a crash of the machine would.
    pub fn kill(&self) {
        signal("-KILL", &self.processes());
    }

    /// Stops all of it in the middle of whatever it does, until the result is dropped.
    pub fn freeze(&self) -> Frozen {
        let processes = self.processes();
        signal("-STOP", &processes);
        Frozen { processes }
    }

    /// The server first, then its children.
    fn processes(&self) -> Vec<u32> {
        let pid_file = self.settings.data_dir.join("postgres/postmaster.pid");
        let server: u32 = fs::read_to_string(pid_file).unwrap().lines().next().unwrap().parse().unwrap();
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
        let table = match listed {
            Ok(listed) => String::from_utf8(listed.stdout).unwrap(),
            // Small Linux images have no `ps`.
            Err(_) => {
                fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| stat(&entry.path())).collect()
            }
        };
        let pairs = table.lines().filter_map(|line| {
            let mut numbers = line.split_whitespace().map(|number| number.parse::<u32>().unwrap());
            numbers.next().zip(numbers.next())
        });
        let children = pairs.filter(|(_, parent)| *parent == server).map(|(child, _)| child);
        [server].into_iter().chain(children).collect()
    }
}

/// Process and parent of one folder in `/proc`, as `ps` would print them.
fn stat(process: &Path) -> Option<String> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    let (pid, rest) = text.split_once(" (")?;
    let parent = rest.rsplit_once(") ")?.1.split(' ').nth(1)?;
    Some(format!("{pid} {parent}\n"))
}

fn signal(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(ToString::to_string);
    // Some may have ended meanwhile: their `kill` fails, the others' does not.
    let _ =
        Command::new("sh").args(["-c", r#"kill "$@""#, "sh"]).arg(signal).args(processes).output().unwrap();
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.running = None;
        let _ = fs::remove_dir_all(&self.settings.data_dir);
    }
}

/// A server that does not answer; it goes on when this is dropped.
pub struct Frozen {
    processes: Vec<u32>,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("-CONT", &self.processes);
    }
}
