//! The embedded PostgreSQL, run for real: as root and as an ordinary user alike.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "processes are told by their environment what to do")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use phone_auth::embedded::{EmbeddedError, EmbeddedPostgres, Settings};

const PHONE: &str = "+79161234567";
/// Tells `the_other_service`, a test of this binary run as a process of its own, where to work.
const OTHER_SERVICE: &str = "PHONE_AUTH_TEST_DATA_DIR";

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("phone-auth-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path.canonicalize().unwrap())
    }

    /// Not there yet: the service makes it.
    fn data_dir(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(data_dir: &Path) -> Result<EmbeddedPostgres, EmbeddedError> {
    EmbeddedPostgres::start(
        &Settings { data_dir: data_dir.to_path_buf(), bin_dir: None },
        &[("fsync", "off")],
    )
}

fn start_from(bin_dir: &Path, data_dir: &Path) -> Result<EmbeddedPostgres, EmbeddedError> {
    let settings = Settings { data_dir: data_dir.to_path_buf(), bin_dir: Some(bin_dir.to_path_buf()) };
    EmbeddedPostgres::start(&settings, &[("fsync", "off")])
}

fn psql(url: &str, sql: &str) -> std::process::Output {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = packaged.map(|version| version.path().join("bin/psql"));
    let program = programs.find(|program| program.exists()).unwrap_or("psql".into());
    Command::new(program).args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().unwrap()
}

fn query(postgres: &EmbeddedPostgres, sql: &str) -> String {
    let output = psql(&postgres.url("phone_auth"), sql);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Starts `the_other_service` and waits until it says that its server is ready.
fn other_service(data_dir: &Path) -> Child {
    let mut service = other_service_command(data_dir).spawn().unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("other service is ready")), "it did not start");
    service
}

fn other_service_command(data_dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "the_other_service"]);
    command.env(OTHER_SERVICE, data_dir).env("SMS_API_KEY", "not-for-postgresql").stdout(Stdio::piped());
    command
}

#[test]
#[ignore = "the other tests run it, as a process that they can kill"]
fn the_other_service() {
    let Some(data_dir) = env::var_os(OTHER_SERVICE) else { return };
    let _postgres = start(Path::new(&data_dir)).unwrap();
    writeln!(std::io::stdout(), "other service is ready").unwrap();
    thread::sleep(Duration::from_mins(1));
}

/// A process that is not a zombie.
struct Process {
    pid: u32,
    group: u32,
    command: String,
}

/// All processes: from `/proc` on Linux, for a bare machine has no `ps`.
fn all_processes() -> Vec<Process> {
    if cfg!(target_os = "linux") {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        return entries
            .filter_map(|entry| linux_process(entry.file_name().to_str()?.parse().ok()?))
            .collect();
    }
    let output = Command::new("ps").args(["-A", "-ww", "-o", "pid=,stat=,pgid=,command="]).output().unwrap();
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    let process = |line: &str| {
        let mut words = line.split_whitespace();
        let (pid, state, group) = (words.next()?.parse().ok()?, words.next()?, words.next()?.parse().ok()?);
        let command = words.collect::<Vec<_>>().join(" ");
        (!state.starts_with('Z')).then_some(Process { pid, group, command })
    };
    list.lines().filter_map(process).collect()
}

/// Reads `/proc/<pid>`; a process may be gone meanwhile.
fn linux_process(pid: u32) -> Option<Process> {
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in parentheses and may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let (state, group) = (fields.next()?, fields.nth(1)?.parse().ok()?);
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    (state != "Z").then_some(Process { pid, group, command })
}

/// The pids of the programs whose command line begins with `program` and mentions `folder`.
fn processes(program: &str, folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().unwrap();
    let is_meant = |process: &Process| {
        let name = process.command.split_whitespace().next().unwrap_or_default();
        name.ends_with(program) && process.command.contains(folder)
    };
    all_processes().iter().filter(|process| is_meant(process)).map(|process| process.pid).collect()
}

fn servers(folder: &Path) -> Vec<u32> {
    processes("/postgres", folder)
}

fn watchdogs(folder: &Path) -> Vec<u32> {
    processes("/sh", folder)
}

fn signal(name: &str, pids: &[u32]) {
    for pid in pids {
        Command::new("sh").args(["-c", r#"kill "-$0" "$1""#, name, &pid.to_string()]).status().unwrap();
    }
}

fn within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !done() {
        if begin.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// Leaves the writing to another process: while ours has the file open, a child that another test forks
/// has it too, and then it cannot be run.
fn write_program(path: &Path, script: &str) {
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
    assert!(Command::new("sh").args(["-c", write]).arg(path).arg(script).status().unwrap().success());
}

/// A folder that pretends to be PostgreSQL of a version.
fn pretended_installation(folder: &Path, version: &str) -> PathBuf {
    let bin_dir = folder.join(format!("pretended-{version}"));
    fs::create_dir(&bin_dir).unwrap();
    let postgres = format!(r#"[ "$1" = --version ] && echo "postgres (PostgreSQL) {version}""#);
    write_program(&bin_dir.join("postgres"), &postgres);
    write_program(&bin_dir.join("initdb"), "echo the pretended initdb ran >&2; exit 1");
    bin_dir
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let folder = Folder::new();
    let begin = Instant::now();
    let postgres = start(&folder.data_dir()).unwrap();
    let cold = begin.elapsed();
    query(&postgres, "CREATE TABLE t AS SELECT 42 AS n");
    let begin = Instant::now();
    postgres.stop().unwrap();
    let stop = begin.elapsed();
    assert!(servers(&folder.0).is_empty() && watchdogs(&folder.0).is_empty());

    let begin = Instant::now();
    let postgres = start(&folder.data_dir()).unwrap();
    let warm = begin.elapsed();
    assert_eq!(query(&postgres, "SELECT n FROM t"), "42");
    writeln!(std::io::stderr(), "cold {cold:?}, warm {warm:?}, stop {stop:?}").unwrap();
}

#[test]
fn the_database_is_utf8_with_checksums_and_durable_by_default() {
    let folder = Folder::new();
    let settings = Settings { data_dir: folder.data_dir(), bin_dir: None };
    let postgres = EmbeddedPostgres::start(&settings, &[("work_mem", "5MB")]).unwrap();
    let show = |name: &str| query(&postgres, &format!("SHOW {name}"));
    assert_eq!(
        ["server_encoding", "data_checksums", "fsync", "synchronous_commit"].map(show),
        ["UTF8", "on", "on", "on"]
    );
    assert_eq!(show("work_mem"), "5MB");
    assert_eq!(query(&postgres, "SELECT current_user || ' ' || current_database()"), "phone_auth phone_auth");
}

#[test]
fn only_its_user_can_reach_the_server() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    assert_eq!(query(&postgres, "SHOW listen_addresses"), "");
    let inspect = |name: &str| {
        let metadata = fs::metadata(folder.data_dir().join(name)).unwrap();
        (metadata.mode() & 0o777, metadata.uid())
    };
    let own = fs::metadata(&folder.0).unwrap().uid();
    let (run_mode, run_owner) = inspect("run");
    assert_eq!(run_mode, 0o700);
    assert_eq!(inspect("postgres"), (0o700, run_owner));
    assert_eq!(inspect("run/.s.PGSQL.5432"), (0o700, run_owner));
    assert_eq!(inspect("postgres.log"), (0o600, own));
    assert_eq!(run_owner == own, !is_root(), "root gives the server's folders away");
    assert_eq!(inspect(""), (if is_root() { 0o711 } else { 0o700 }, own));
}

#[test]
fn a_folder_may_have_any_name() {
    let folder = Folder::new();
    let postgres = start(&folder.0.join(r#"it's "50%" or so"#)).unwrap();
    assert!(postgres.url("phone_auth").contains("it%27s%20%2250%25%22%20or%20so"));
    assert_eq!(query(&postgres, "SELECT 1"), "1");
}

#[test]
fn a_second_service_is_told_who_uses_the_folder() {
    let folder = Folder::new();
    let _postgres = start(&folder.data_dir()).unwrap();
    let message = start(&folder.data_dir()).unwrap_err().to_string();
    let pid = std::process::id();
    assert!(message.contains(&format!("in use by another phone-auth (pid {pid})")), "{message}");
    assert!(message.contains("DATA_DIR") && message.contains("DATABASE_URL"), "{message}");
}

#[test]
fn dropping_it_stops_the_server() {
    let folder = Folder::new();
    drop(start(&folder.data_dir()).unwrap());
    assert!(servers(&folder.0).is_empty() && watchdogs(&folder.0).is_empty());
    assert!(
        fs::read_to_string(folder.data_dir().join("postgres.log")).unwrap().contains("system is shut down")
    );
}

#[test]
fn clients_do_not_delay_the_stop() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    let url = postgres.url("phone_auth");
    let client = thread::spawn(move || psql(&url, "SELECT pg_sleep(30)"));
    assert!(within(Duration::from_secs(5), || query(
        &postgres,
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(30)'"
    ) != "0"));
    let begin = Instant::now();
    postgres.stop().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(!client.join().unwrap().status.success());
}

#[test]
fn the_server_stops_when_the_service_is_killed() {
    let folder = Folder::new();
    let mut service = other_service(&folder.data_dir());
    if cfg!(target_os = "linux") {
        let environment = fs::read(format!("/proc/{}/environ", servers(&folder.0)[0])).unwrap();
        assert!(!String::from_utf8_lossy(&environment).contains("not-for-postgresql"));
    }
    service.kill().unwrap();
    service.wait().unwrap();
    let stopped =
        within(Duration::from_secs(1), || servers(&folder.0).is_empty() && watchdogs(&folder.0).is_empty());
    assert!(stopped, "it still runs after a second");
    assert!(!folder.data_dir().join("postgres/postmaster.pid").exists());
    assert!(
        fs::read_to_string(folder.data_dir().join("postgres.log")).unwrap().contains("system is shut down")
    );
    start(&folder.data_dir()).unwrap();
}

#[test]
fn the_next_service_need_not_wait_for_the_killed_one() {
    let folder = Folder::new();
    for _ in 0..5 {
        let mut service = other_service(&folder.data_dir());
        service.kill().unwrap();
        service.wait().unwrap();
    }
    assert_eq!(query(&start(&folder.data_dir()).unwrap(), "SELECT 1"), "1");
}

#[test]
fn a_server_that_lost_its_watchdog_is_replaced() {
    let folder = Folder::new();
    let mut service = other_service(&folder.data_dir());
    signal("KILL", &watchdogs(&folder.0));
    service.kill().unwrap();
    service.wait().unwrap();
    let orphan = servers(&folder.0);
    assert_eq!(orphan.len(), 1, "the server runs on its own now");

    let postgres = start(&folder.data_dir()).unwrap();
    assert_eq!(query(&postgres, "SELECT 1"), "1");
    let successor = servers(&folder.0);
    assert!(successor.len() == 1 && successor != orphan);
}

#[test]
fn stopping_works_without_the_watchdog() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    signal("KILL", &watchdogs(&folder.0));
    postgres.stop().unwrap();
    // It has let go of its data; a busy machine may take a moment to end the process.
    assert!(within(Duration::from_secs(5), || servers(&folder.0).is_empty()));
}

#[test]
fn signals_to_the_watchdog_do_not_end_it() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    let both = watchdogs(&folder.0);
    assert_eq!(both.len(), 2, "one reads, one waits");
    for name in ["HUP", "INT", "QUIT", "TERM"] {
        signal(name, &both);
    }
    assert_eq!(query(&postgres, "SELECT 1"), "1");
    assert_eq!(watchdogs(&folder.0), both);
}

#[test]
fn an_interrupt_from_the_terminal_does_not_reach_the_server() {
    let folder = Folder::new();
    let _postgres = start(&folder.data_dir()).unwrap();
    let group = |pid: u32| all_processes().iter().find(|process| process.pid == pid).unwrap().group;
    let own = group(std::process::id());
    for pid in watchdogs(&folder.0).into_iter().chain(servers(&folder.0)) {
        assert_ne!(group(pid), own);
    }
}

#[test]
fn a_server_that_dies_leaves_no_watchdog_and_recovers_at_the_next_start() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    query(&postgres, "CREATE TABLE t AS SELECT 42 AS n");
    signal("KILL", &servers(&folder.0));
    assert!(within(Duration::from_secs(1), || watchdogs(&folder.0).is_empty()));
    postgres.stop().unwrap();
    assert_eq!(query(&start(&folder.data_dir()).unwrap(), "SELECT n FROM t"), "42");
}

#[test]
fn another_program_with_the_pid_of_a_past_server_is_left_alone() {
    let folder = Folder::new();
    start(&folder.data_dir()).unwrap().stop().unwrap();
    let cluster = folder.data_dir().join("postgres");
    let mut bystander =
        Command::new("sh").args(["-c", "sleep 60; :", "postgres", "-D"]).arg(&cluster).spawn().unwrap();
    let status = format!("{}\n{}\n0\n5432\n\n\n\nready\n", bystander.id(), cluster.display());
    fs::write(cluster.join("postmaster.pid"), status).unwrap();

    let postgres = start(&folder.data_dir()).unwrap();
    assert_eq!(query(&postgres, "SELECT 1"), "1");
    assert!(bystander.try_wait().unwrap().is_none(), "it was signalled");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn a_kill_during_the_initialisation_leaves_nothing_half() {
    let folder = Folder::new();
    for step in 0..6 {
        let data_dir = folder.0.join(step.to_string());
        let mut service = other_service_command(&data_dir).spawn().unwrap();
        thread::sleep(Duration::from_millis(60 + 130 * step));
        service.kill().unwrap();
        service.wait().unwrap();
        let postgres = start(&data_dir).unwrap();
        assert_eq!(query(&postgres, "SELECT 1"), "1");
        drop(postgres);
        drop(start(&data_dir).unwrap());
        let mut names: Vec<_> =
            fs::read_dir(&data_dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["lock", "postgres", "postgres.log", "postgres.log.1", "run"]);
    }
}

#[test]
fn a_kill_during_a_start_leaves_no_server() {
    let folder = Folder::new();
    start(&folder.data_dir()).unwrap().stop().unwrap();
    for step in 0..25 {
        let mut service = other_service_command(&folder.data_dir()).spawn().unwrap();
        thread::sleep(Duration::from_millis(4 * step));
        service.kill().unwrap();
        service.wait().unwrap();
        let ended = || servers(&folder.0).is_empty() && watchdogs(&folder.0).is_empty();
        assert!(within(Duration::from_secs(2), ended), "killed after {} ms, it runs on", 4 * step);
    }
}

#[test]
fn no_phone_number_gets_into_the_log() {
    let folder = Folder::new();
    let postgres = start(&folder.data_dir()).unwrap();
    let url = postgres.url("phone_auth");
    query(&postgres, "CREATE TABLE users (phone text PRIMARY KEY, country text NOT NULL)");
    let insert = format!("INSERT INTO users VALUES ('{PHONE}', 'RU')");
    assert!(psql(&url, &insert).status.success());
    assert!(!psql(&url, &insert).status.success(), "a clash, whose detail has the row");
    assert!(!psql(&url, &format!("INSERT INTO users VALUES ('{PHONE}1', NULL)")).status.success());
    assert!(!psql(&url, &format!("SELECT * FROM missing WHERE phone = '{PHONE}'")).status.success());
    postgres.stop().unwrap();
    let log = fs::read_to_string(folder.data_dir().join("postgres.log")).unwrap();
    assert!(log.contains("duplicate key value violates unique constraint"), "{log}");
    assert!(!log.contains(&PHONE[1..]), "{log}");
}

#[test]
fn a_failed_start_shows_the_end_of_the_log() {
    let folder = Folder::new();
    let settings = Settings { data_dir: folder.data_dir(), bin_dir: None };
    let message = EmbeddedPostgres::start(&settings, &[("max_connections", "many")]).unwrap_err().to_string();
    assert!(message.contains("ended before it was ready"), "{message}");
    assert!(message.contains("invalid value for parameter \"max_connections\": \"many\""), "{message}");
    assert!(servers(&folder.0).is_empty() && watchdogs(&folder.0).is_empty());
    drop(start(&folder.data_dir()).unwrap());

    let pretended = pretended_installation(&folder.0, "16.4");
    let message = start_from(&pretended, &folder.0.join("other")).unwrap_err().to_string();
    assert!(
        message.contains("could not be initialised") && message.contains("the pretended initdb ran"),
        "{message}"
    );
}

#[test]
fn without_postgresql_the_ways_out_are_named() {
    let folder = Folder::new();
    let empty = folder.0.join("empty");
    fs::create_dir(&empty).unwrap();
    let message = start_from(&empty, &folder.data_dir()).unwrap_err().to_string();
    for word in ["empty", "install", "DATABASE_URL", "docker compose up"] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn an_old_postgresql_is_not_used() {
    let folder = Folder::new();
    let old = pretended_installation(&folder.0, "13.9");
    assert!(matches!(start_from(&old, &folder.data_dir()), Err(EmbeddedError::NotInstalled { .. })));
    let path =
        env::join_paths([old].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap()))).unwrap();
    let mut command = other_service_command(&folder.data_dir());
    let mut service = command.env("PATH", path).spawn().unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("other service is ready")), "it looked no further");
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn a_link_on_the_path_leads_to_the_installation() {
    let folder = Folder::new();
    let pretended = pretended_installation(&folder.0, "99.1");
    let links = folder.0.join("links");
    fs::create_dir(&links).unwrap();
    symlink(pretended.join("postgres"), links.join("postgres")).unwrap();
    let message = start_from(&links, &folder.data_dir()).unwrap_err().to_string();
    assert!(message.contains("the pretended initdb ran"), "{message}");
}

#[test]
fn a_database_needs_the_version_that_made_it() {
    let folder = Folder::new();
    start(&folder.data_dir()).unwrap().stop().unwrap();
    fs::write(folder.data_dir().join("postgres/PG_VERSION"), "98\n").unwrap();
    let message = start(&folder.data_dir()).unwrap_err().to_string();
    assert!(message.contains("made by PostgreSQL 98") && message.contains("DATA_DIR"), "{message}");

    let fitting = pretended_installation(&folder.0, "98.3");
    let message = start_from(&fitting, &folder.data_dir()).unwrap_err().to_string();
    assert!(message.contains("ended before it was ready"), "{message}");
}

#[test]
fn a_path_that_does_not_suit_a_socket_is_refused() {
    let folder = Folder::new();
    let longest = 107 - "/run/.s.PGSQL.5432".len() - folder.0.as_os_str().len() - 1;
    let message = start(&folder.0.join("x".repeat(longest + 1))).unwrap_err().to_string();
    assert!(message.contains("107 bytes") && message.contains("DATA_DIR"), "{message}");
    let message = start(&folder.0.join("a,b")).unwrap_err().to_string();
    assert!(message.contains("has a comma"), "{message}");
    if cfg!(target_os = "linux") {
        let postgres = start(&folder.0.join("x".repeat(longest))).unwrap();
        assert_eq!(query(&postgres, "SELECT 1"), "1");
    }
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let folder = Folder::new();
    let foreign = if is_root() { folder.data_dir() } else { PathBuf::from("/usr") };
    if is_root() {
        fs::create_dir(&foreign).unwrap();
        chown(&foreign, Some(65_534), None).unwrap();
    }
    let message = start(&foreign).unwrap_err().to_string();
    assert!(message.contains("belongs to another user"), "{message}");
}

#[test]
fn root_is_told_which_folder_the_server_may_not_pass() {
    if !is_root() {
        return;
    }
    let folder = Folder::new();
    let closed = folder.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let message = start(&closed.join("data")).unwrap_err().to_string();
    assert!(message.contains(&format!("may not pass through {};", closed.display())), "{message}");
    assert_eq!(fs::metadata(&closed).unwrap().mode() & 0o777, 0o700, "nobody asked to open it");
}
