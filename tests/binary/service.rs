//! A running `phone-auth`, and a plain word of HTTP to it.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use clap::CommandFactory;
use phone_auth::config::Cli;
use serde_json::{Value, json};

/// Long enough for a busy machine to initialise a database.
const PATIENCE: Duration = Duration::from_mins(2);
/// A root secret that is accepted.
pub const ROOT_SECRET: &str = "a root secret for tests that is long enough";

/// The binary with no setting in its environment, on any free ports, and with messages that take no time.
pub fn phone_auth() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phone-auth"));
    for setting in Cli::command().get_arguments().filter_map(|argument| argument.get_env()) {
        command.env_remove(setting);
    }
    command
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("ADMIN_LISTEN_ADDR", "127.0.0.1:0")
        // Nobody balances here, so nobody has to notice.
        .env("DRAIN_SECONDS", "0")
        .env("SMS_SIMULATED_DELAY_MS", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Returns when `done`, and fails with `what` if that never comes.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Sends these bytes, which ask for `Connection: close`, to `host:port` and reads what comes.
pub fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What a stream said so far, and the thread that reads on until it ends.
type Heard = (Arc<Mutex<String>>, Option<JoinHandle<()>>);

fn listen(mut stream: impl Read + Send + 'static) -> Heard {
    let heard = Arc::new(Mutex::new(String::new()));
    let (writer, mut piece) = (Arc::clone(&heard), [0; 4096]);
    let thread = thread::spawn(move || {
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            writer.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
        }
    });
    (heard, Some(thread))
}

/// A `phone-auth` that was started; dropping it kills it.
pub struct Service {
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

impl Service {
    /// Starts it and does not wait for anything.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = listen(child.stdout.take().unwrap());
        let stderr = listen(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Starts it and returns once it has said that it is ready.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut service = Self::spawn(command);
        service.wait_until_ready();
        service
    }

    #[track_caller]
    pub fn wait_until_ready(&mut self) {
        wait_until("a welcome", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status}: {}", self.stderr());
            }
            // In production it is one line of JSON.
            let said = self.stdout();
            said.contains("Stop with Ctrl-C.") || said.contains(r#""phone-auth is ready""#)
        });
    }

    pub fn stdout(&self) -> String {
        self.stdout.0.lock().unwrap().clone()
    }

    /// What was heard so far; what a request left in the log may still be on its way.
    pub fn stderr(&self) -> String {
        self.stderr.0.lock().unwrap().clone()
    }

    /// Stops it, and gives its log to the last line.
    #[track_caller]
    pub fn whole_log(&mut self) -> String {
        self.signal("-TERM");
        let status = self.ended();
        assert!(status.success(), "{status}: {}", self.stderr());
        self.stderr()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `-TERM`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("sh")
            .args(["-c", r#"kill "$@""#, "sh"])
            .args([signal, &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        // Its last words may still be on their way.
        for reader in [&mut self.stdout, &mut self.stderr] {
            reader.1.take().map(JoinHandle::join).transpose().unwrap();
        }
        status.unwrap()
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// `host:port` of the API, as the log tells it.
    #[track_caller]
    pub fn address(&self) -> String {
        let (metrics, mut address) = (self.metrics_address(), None);
        // The log may be a moment behind the welcome.
        wait_until("an address in the log", || {
            let log = self.stderr();
            // A line ends in a line feed or, as JSON, first in a quotation mark.
            let ended = |rest: &str| Some(rest[..rest.find(['\n', '"'])?].to_owned());
            let mut told = log.split("listening on: ").skip(1).filter_map(ended);
            address = told.find(|told| metrics.as_deref() != Some(told));
            address.is_some()
        });
        address.unwrap()
    }

    /// `host:port` of the metrics, as the welcome tells it.
    pub fn metrics_address(&self) -> Option<String> {
        let welcome = self.stdout();
        let told =
            welcome.split_once("  Metrics  http://").or_else(|| welcome.split_once(r#""metrics":"http://"#));
        Some(told?.1.split_once("/metrics").unwrap().0.to_owned())
    }

    /// Sends a request and reads the answer: its status and its JSON, if it is JSON.
    pub fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = exchange(&self.address(), &format!("{head}{body}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// Asks for a code and reads it: the body with which it is entered.
    pub fn challenge(&self, phone: &str) -> Value {
        let (status, asked) = self.ask("POST", "/api/v1/auth/phone", "", &json!({"phone": phone}));
        assert_eq!(status, 200, "{asked}");
        let inbox = format!("/dev/inbox?phone={}", phone.replace('+', "%2B"));
        let (_, inbox) = self.ask("GET", &inbox, "", &Value::Null);
        json!({"challenge_token": asked["challenge_token"], "code": inbox["messages"][0]["code"]})
    }

    /// Logs in and gives the whole answer.
    pub fn login(&self, phone: &str) -> Value {
        let (status, login) = self.ask("POST", "/api/v1/auth/verify", "", &self.challenge(phone));
        assert_eq!(status, 200, "{login}");
        login
    }

    /// The profile behind an access token, or the problem.
    pub fn profile(&self, login: &Value) -> (u16, Value) {
        self.ask("GET", "/api/v1/profile", login["access_token"].as_str().unwrap(), &Value::Null)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A data folder of one test, removed with everything that still runs in it.
pub struct DataDir(PathBuf);

impl DataDir {
    /// A place where nothing is yet.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("phone-auth-binary-{}-{number}", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether a program runs that was told this folder.
    pub fn has_postgres(&self) -> bool {
        let folder = self.0.join("postgres");
        let listed = Command::new("ps").args(["-A", "-ww", "-o", "args="]).output();
        let lines = match listed {
            Ok(listed) => String::from_utf8_lossy(&listed.stdout).into_owned(),
            // Small Linux images have no `ps`.
            Err(_) => fs::read_dir("/proc")
                .unwrap()
                .flatten()
                .filter_map(|entry| {
                    let line = fs::read(entry.path().join("cmdline")).ok()?;
                    Some(String::from_utf8_lossy(&line).replace('\0', " ") + "\n")
                })
                .collect(),
        };
        lines.contains(&*folder.to_string_lossy())
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let start = Instant::now();
        while self.has_postgres() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}
