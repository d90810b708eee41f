//! The way down: nobody is cut off.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use crate::{
    service::{Service, wait_until},
    shared::{Server, on},
};

/// How many ask at once, and how often together in a second: 300.
const CLIENTS: usize = 15;
const EACH: Duration = Duration::from_millis(50);
/// How often whoever balances looks who is ready, and how long the instance waits for that.
const LOOK: Duration = Duration::from_millis(200);
const DRAIN_SECONDS: &str = "4";
/// How many requests are made before the stop, during it, and after it.
const BEFORE: usize = 300;
const AFTER: usize = 300;

fn is_ready(service: &Service) -> bool {
    service.ask("GET", "/health/ready", "", &Value::Null).0 == 200
}

#[test]
fn an_instance_told_to_stop_is_not_ready_but_answers_until_it_has_drained() {
    let server = Server::start();
    let mut service = Service::start(on(&server).env("DRAIN_SECONDS", "8"));
    let login = service.login("+79991234567");
    let mut kept = TcpStream::connect(service.address()).unwrap();
    service.signal("-TERM");
    wait_until("an instance that is not ready", || !is_ready(&service));
    assert_eq!(service.profile(&login).0, 200, "who did not notice yet is answered");
    kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    // Who has seen enough says so again.
    service.signal("-TERM");
    assert!(service.ended().success(), "{}", service.stderr());
}

#[test]
fn at_a_terminal_nobody_waits_for_a_balancer() {
    let server = Server::start();
    let mut service = Service::start(on(&server).env("DRAIN_SECONDS", "8"));
    service.signal("-INT");
    assert!(service.ended().success());
    assert!(!service.stderr().contains("not ready any more"), "{}", service.stderr());
}

/// An instance, as whoever balances knows it.
struct Upstream {
    address: String,
    is_ready: AtomicBool,
}

#[test]
fn no_request_fails_while_one_of_two_instances_stops_under_load() {
    let server = Server::start();
    // Few connections to the database, made before it counts: this is about those of clients.
    let start =
        || Service::start(on(&server).env("DRAIN_SECONDS", DRAIN_SECONDS).env("DATABASE_POOL_SIZE", "4"));
    let (staying, mut leaving) = (start(), start());
    let login = staying.login("+79991234567");
    let token = login["access_token"].as_str().unwrap().to_owned();
    let upstream =
        |service: &Service| Upstream { address: service.address(), is_ready: AtomicBool::new(true) };
    let load = Arc::new(Load {
        client: reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap(),
        token,
        upstreams: [upstream(&staying), upstream(&leaving)],
        is_enough: AtomicBool::new(false),
        answered: AtomicUsize::new(0),
    });

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let looking = runtime.spawn(look(Arc::clone(&load)));
    let asking: Vec<_> = (0..CLIENTS).map(|number| runtime.spawn(ask(Arc::clone(&load), number))).collect();
    let more = |wanted: usize| {
        let from = load.answered.load(Ordering::Relaxed);
        wait_until("answers", || {
            let has_failed = asking.iter().any(tokio::task::JoinHandle::is_finished);
            has_failed || load.answered.load(Ordering::Relaxed) >= from + wanted
        });
    };
    more(BEFORE);
    leaving.signal("-TERM");
    let status = leaving.ended();
    more(AFTER);
    load.is_enough.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        looking.await.unwrap();
        for client in asking {
            client.await.unwrap();
        }
    });
    assert!(status.success(), "{status}: {}", leaving.stderr());
}

/// Two instances, and those who ask them.
struct Load {
    client: reqwest::Client,
    token: String,
    upstreams: [Upstream; 2],
    is_enough: AtomicBool,
    answered: AtomicUsize,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.is_enough.load(Ordering::Relaxed)
    }
}

/// Asks whoever is ready, again and again; every request has to be answered.
async fn ask(load: Arc<Load>, number: usize) {
    let mut ticks = tokio::time::interval(EACH);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turn = number;
    while load.goes_on() {
        ticks.tick().await;
        let ready = |upstream: &&Upstream| upstream.is_ready.load(Ordering::Relaxed);
        let ready: Vec<_> = load.upstreams.iter().filter(ready).collect();
        let address = &ready[turn % ready.len()].address;
        let request = load.client.get(format!("http://{address}/api/v1/profile")).bearer_auth(&load.token);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error:?}"));
        let is_warm = load.answered.load(Ordering::Relaxed) > BEFORE / 2;
        assert!(answer.status() == 200 || !is_warm, "{:?}", answer.text().await);
        load.answered.fetch_add(1, Ordering::Relaxed);
        turn += 1;
    }
}

/// Notes who is ready, until it is enough.
async fn look(load: Arc<Load>) {
    while load.goes_on() {
        for upstream in &load.upstreams {
            let answer = load.client.get(format!("http://{}/health/ready", upstream.address)).send().await;
            let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
            upstream.is_ready.store(is_ready, Ordering::Relaxed);
        }
        tokio::time::sleep(LOOK).await;
    }
}
