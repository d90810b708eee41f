//! What operators' programs are told, and where.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    receiver::{self, Receiver},
    service::{DataDir, Service, exchange, phone_auth, wait_until},
    shared::{Server, on},
};

/// A request to the listener of the metrics.
fn ask(service: &Service, method: &str, path: &str) -> String {
    let address = service.metrics_address().unwrap_or_else(|| panic!("no metrics: {}", service.stdout()));
    exchange(&address, &format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

#[test]
fn the_metrics_are_told_on_a_listener_that_tells_nothing_else() {
    let folder = DataDir::new();
    let mut service = Service::start(phone_auth().env("DATA_DIR", folder.path()));
    let answer = ask(&service, "GET", "/metrics");
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let media_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(head.contains(media_type), "{head}");
    let version = concat!("phone_auth_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
    assert!(text.lines().any(|line| line == version), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");

    for (method, path) in [
        ("GET", "/"),
        ("GET", "/metrics/"),
        ("GET", "/health/live"),
        ("GET", "/api/v1/profile"),
        ("GET", "/dev/inbox?phone=%2B79991234567"),
        ("POST", "/metrics"),
        ("POST", "/api/v1/auth/phone"),
    ] {
        let answer = ask(&service, method, path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {path}: {answer}");
    }
    // And the listener of the API does not tell them.
    assert_eq!(service.ask("GET", "/metrics", "", &Value::Null).0, 404);

    service.whole_log();
}

#[test]
fn a_second_service_on_one_machine_runs_without_metrics_and_says_how_to_have_them() {
    // Whoever has the address, it is taken; only another run of this test might give it back.
    let start = Instant::now();
    let mut taken = None;
    while taken.is_none() && start.elapsed() < Duration::from_secs(5) {
        taken = TcpListener::bind("127.0.0.1:9090").ok();
        thread::sleep(Duration::from_millis(10));
    }
    let folder = DataDir::new();
    let mut service =
        Service::start(phone_auth().env("DATA_DIR", folder.path()).env_remove("ADMIN_LISTEN_ADDR"));
    assert_eq!(service.metrics_address(), None);
    assert_eq!(service.ask("GET", "/health/ready", "", &Value::Null).0, 200);
    let log = service.whole_log();
    assert!(log.contains("WARN") && log.contains("cannot listen at 127.0.0.1:9090"), "{log}");
    assert!(log.contains("set ADMIN_LISTEN_ADDR to a free address"), "{log}");
}

/// Type, labels and unit of a metric.
type Described = (String, BTreeSet<String>, String);

fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The metrics of the tables in docs/metrics.md.
fn documented() -> BTreeMap<String, Described> {
    let document = document("docs/metrics.md");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let name = names(cells[1]).pop_first().unwrap();
        (name, (cells[2].to_owned(), names(cells[3]), cells[4].to_owned()))
    })
    .collect()
}

/// The metrics of a scrape.
fn told(text: &str) -> BTreeMap<String, Described> {
    let about = |word: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(&format!("# {word} "))?.split_once(' '));
        lines.map(|(name, what)| (name.to_owned(), what.to_owned())).collect()
    };
    let units = about("UNIT");
    let mut metrics = BTreeMap::new();
    for (family, kind) in about("TYPE") {
        let samples = text.lines().filter(|line| {
            let rest = line.strip_prefix(&family).unwrap_or("#");
            ["", "_total", "_info", "_bucket"]
                .iter()
                .any(|end| rest.strip_prefix(end).is_some_and(|rest| rest.starts_with(['{', ' '])))
        });
        let mut labels = BTreeSet::new();
        for labelled in
            samples.filter_map(|line| Some(line.split_once('{')?.1.rsplit_once('}')?.0.to_owned()))
        {
            let names = labelled.split("=\"").filter_map(|part| part.rsplit(['"', ',']).next());
            labels.extend(names.filter(|name| !name.is_empty() && *name != "le").map(str::to_owned));
        }
        let end = match kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let unit = units.get(&family).cloned().unwrap_or_default();
        metrics.insert(format!("{family}{end}"), (kind, labels, unit));
    }
    metrics
}

/// What a service tells that has done everything that is counted.
fn everything_that_is_told() -> String {
    let (server, receiver) = (Server::start(), Receiver::start());
    let mut command = on(&server);
    command.env("WEBHOOK_URLS", receiver.url()).env("WEBHOOK_SECRETS", receiver::SECRET);
    let service = Service::start(command.env("WEBHOOK_ALLOW_PRIVATE", "true"));
    let login = service.login("+79991234567");
    let refresh = json!({"refresh_token": login["refresh_token"]});
    let (status, pair) = service.ask("POST", "/api/v1/auth/refresh", "", &refresh);
    assert_eq!(status, 200, "{pair}");
    let token = pair["access_token"].as_str().unwrap();
    assert_eq!(service.ask("POST", "/api/v1/auth/logout", token, &Value::Null).0, 204);
    server.execute("ANALYZE sessions; ANALYZE users");
    let mut text = String::new();
    // The jobs begin when they come to it.
    wait_until("the ages of three jobs", || {
        ask(&service, "GET", "/metrics").split_once("\r\n\r\n").unwrap().1.clone_into(&mut text);
        text.matches("phone_auth_job_age_seconds{").count() == 3
    });
    text
}

#[test]
fn every_metric_that_is_told_is_documented_and_every_documented_one_is_told() {
    let text = everything_that_is_told();
    let (told, documented) = (told(&text), documented());
    assert!(told.len() > 30, "{text}");
    for (name, described) in &told {
        assert_eq!(documented.get(name), Some(described), "{name} in docs/metrics.md");
    }
    for name in documented.keys() {
        assert!(told.contains_key(name), "{name} is documented and not told: {text}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse::<f64>().unwrap()
    };
    assert!((1e6..1e9).contains(&value("process_resident_memory_bytes")));
    assert!((3.0..200.0).contains(&value("process_open_fds")));
    assert!(value("process_open_fds") < value("process_max_fds"));
    assert!((0.0..600.0).contains(&value("process_cpu_seconds_total")));
    // Some day after this was written, and not after today.
    let today = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((today - 600.0..today + 5.0).contains(&value("process_start_time_seconds")));
}

#[test]
fn every_alert_is_of_metrics_that_there_are_and_the_same_in_the_file_and_the_document() {
    let file = document("deploy/prometheus/alerts.yml");
    let after = |name: &str| -> Vec<String> {
        file.lines().filter_map(|line| line.trim_start().strip_prefix(name)).map(str::to_owned).collect()
    };
    let (alerts, expressions) = (after("- alert: "), after("expr: "));
    assert!(alerts.len() > 10 && alerts.len() == expressions.len(), "{alerts:?}");
    let pairs = alerts.iter().zip(&expressions);
    let pairs: Vec<_> = pairs.map(|(alert, expression)| format!("# {alert}\n{expression}\n")).collect();
    let operations = document("docs/OPERATIONS.md");
    let block = operations.split("```promql\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(block, pairs.concat());
    let documented = documented();
    for expression in &expressions {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("phone_auth_") || word.starts_with("process_")) {
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(documented.contains_key(name), "{name} of {expression}");
        }
    }
    for alert in &alerts {
        assert!(operations.contains(&format!("| `{alert}` | ")), "{alert} in the table");
    }
}
