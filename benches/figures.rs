//! The figures of a whole service: start, memory, ten thousand waiting.
//!
//! `cargo bench --bench figures` starts the release binary on an embedded
//! database of its own and prints a table. Memory is read from `/proc`, so
//! those lines need Linux.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal, which stops at any surprise"
)]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A port that was free a moment ago.
static ADDRESS: LazyLock<String> =
    LazyLock::new(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string());
const WAITING: usize = 10_000;

fn main() {
    // `cargo test --benches` runs this too, and has no use for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("phone-auth-figures-{}", std::process::id()));
    let runtime = tokio::runtime::Runtime::new().unwrap();

    let (cold, mut service) = start(&folder, &runtime);
    stop(&mut service);
    let (warm, mut service) = start(&folder, &runtime);
    println!("start, empty data folder        {:>8.2} s", cold.as_secs_f64());
    println!("start, initialised data folder  {:>8.2} s", warm.as_secs_f64());
    println!("memory, idle                    {:>8.1} MiB", memory(&service, "VmRSS"));

    let (failed, took) = runtime.block_on(wait_together());
    println!("phone steps at once             {WAITING:>8}, failed {failed}, in {:.2} s", took.as_secs_f64());
    println!("memory, at the peak             {:>8.1} MiB", memory(&service, "VmHWM"));
    stop(&mut service);
    fs::remove_dir_all(&folder).unwrap();
}

/// Starts the binary; gives how long it took until it was ready.
fn start(folder: &Path, runtime: &tokio::runtime::Runtime) -> (Duration, Child) {
    let started = Instant::now();
    let service = Command::new(env!("CARGO_BIN_EXE_phone-auth"))
        .args(["--listen-addr", ADDRESS.as_str(), "--admin-listen-addr", "127.0.0.1:0"])
        .args(["--log", "warn", "--send-limits", "off", "--data-dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !runtime.block_on(is_ready()) {
        assert!(started.elapsed() < Duration::from_mins(1), "the service did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    (started.elapsed(), service)
}

async fn is_ready() -> bool {
    let answer = client().get(format!("http://{}/health/ready", *ADDRESS)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

fn stop(service: &mut Child) {
    assert!(
        Command::new("sh")
            .args(["-c", r#"kill "$@""#, "sh"])
            .arg(service.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert!(service.wait().unwrap().success());
}

/// A line of `/proc/<pid>/status`, in MiB.
fn memory(service: &Child, line: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap_or_default();
    let line = status.lines().find_map(|text| text.strip_prefix(line));
    let kib = line.and_then(|text| text.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Sends all phone steps before the first is answered; gives how many failed.
async fn wait_together() -> (usize, Duration) {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let client = client();
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..WAITING {
        let body = json!({"phone": format!("+7999{number:07}")});
        let request = client.post(format!("http://{}/api/v1/auth/phone", *ADDRESS)).json(&body);
        tasks.spawn(async move {
            let answer = request.send().await.ok()?.error_for_status().ok()?.json::<Value>().await.ok()?;
            answer["challenge_token"].as_str().map(str::len)
        });
    }
    let answers = tasks.join_all().await;
    (answers.iter().filter(|answer| answer.is_none()).count(), started.elapsed())
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap()
}
