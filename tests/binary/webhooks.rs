//! Telling of events by services that run, and are killed.

use std::{collections::BTreeSet, process::Command};

use diesel::{dsl::sql, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    receiver::{Receiver, Reply, SECRET},
    service::{Service, wait_until},
    shared::{Server, on},
};

const PHONE: &str = "+79991234567";

/// A service that is to tell `receiver`.
fn telling(server: &Server, receiver: &Receiver) -> Command {
    let mut command = on(server);
    command.env("WEBHOOK_URLS", receiver.url()).env("WEBHOOK_SECRETS", SECRET);
    command.env("WEBHOOK_ALLOW_PRIVATE", "true");
    command
}

/// A transaction beside the services that holds a table until it is dropped.
struct Hold(Runtime, AsyncPgConnection);

impl Hold {
    fn of(server: &Server, table: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let conn = runtime.block_on(async {
            let mut conn = AsyncPgConnection::establish(&server.url()).await.unwrap();
            conn.batch_execute(&format!("BEGIN; LOCK {table} IN EXCLUSIVE MODE")).await.unwrap();
            conn
        });
        Self(runtime, conn)
    }

    /// Whether a statement with this text in it waits for what is held.
    fn is_waited_for_by(&mut self, text: &str) -> bool {
        let waiting = format!(
            "SELECT count(*)::text FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND strpos(query, '{text}') > 0"
        );
        // A transaction sees who waits as it was when it first looked.
        self.0.block_on(self.1.batch_execute("SELECT pg_stat_clear_snapshot()")).unwrap();
        let count = sql::<Text>(&waiting);
        let count = diesel_async::RunQueryDsl::get_result::<String>(count, &mut self.1);
        self.0.block_on(count).unwrap() != "0"
    }

    /// Ends what a killed service left behind in the database, and gives the table back.
    fn let_go(mut self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid();
                   COMMIT";
        self.0.block_on(self.1.batch_execute(end)).unwrap();
    }
}

#[track_caller]
fn kill(mut service: Service) {
    service.signal("-KILL");
    assert!(!service.ended().success());
}

/// Both attempts were to tell the same.
#[track_caller]
fn is_a_repeat(receiver: &Receiver) {
    let messages = receiver.received();
    assert_eq!(messages.len(), 2);
    assert_eq!((&messages[0].id, &messages[0].body), (&messages[1].id, &messages[1].body));
    assert!(messages.iter().all(|message| message.is_signed_by(SECRET)));
}

#[test]
fn killed_before_an_event_is_shared_out_the_next_one_tells_of_it() {
    let (server, receiver) = (Server::start(), Receiver::start());
    let service = Service::start(&mut telling(&server, &receiver));
    let hold = Hold::of(&server, "deliveries");
    let login = service.login(PHONE);
    kill(service);
    hold.let_go();
    assert_eq!(receiver.count(), 0);
    let service = Service::start(&mut telling(&server, &receiver));
    wait_until("the event", || receiver.count() == 1);
    assert_eq!(receiver.received()[0].json()["data"]["user_id"], login["user"]["id"]);
    drop(service);
}

#[test]
fn killed_while_the_endpoint_thinks_the_next_one_tells_it_again_when_the_lease_ends() {
    let (server, receiver) = (Server::start(), Receiver::start());
    receiver.next([Reply::Silence(204)]);
    let service = Service::start(&mut telling(&server, &receiver));
    service.login(PHONE);
    wait_until("the request", || receiver.count() == 1);
    kill(service);
    let _next = Service::start(&mut telling(&server, &receiver));
    // The lease is a minute; it is ended here.
    server.execute("UPDATE deliveries SET due_at = now()");
    wait_until("the repeat", || receiver.count() == 2);
    is_a_repeat(&receiver);
}

#[test]
fn killed_between_the_answer_and_its_note_the_next_one_tells_it_again() {
    let (server, receiver) = (Server::start(), Receiver::start());
    receiver.next([Reply::Silence(204)]);
    let service = Service::start(&mut telling(&server, &receiver));
    service.login(PHONE);
    wait_until("the request", || receiver.count() == 1);
    let mut hold = Hold::of(&server, "deliveries");
    receiver.let_go();
    wait_until("the note", || hold.is_waited_for_by("SET delivered_at"));
    kill(service);
    hold.let_go();
    let _next = Service::start(&mut telling(&server, &receiver));
    server.execute("UPDATE deliveries SET due_at = now()");
    wait_until("the repeat", || receiver.count() == 2);
    is_a_repeat(&receiver);
}

#[test]
fn told_to_stop_a_service_waits_for_the_endpoint_and_notes_what_it_says() {
    let (server, receiver) = (Server::start(), Receiver::start());
    receiver.next([Reply::Silence(204)]);
    let mut service = Service::start(&mut telling(&server, &receiver));
    service.login(PHONE);
    wait_until("the request", || receiver.count() == 1);
    service.signal("-TERM");
    wait_until("the word of the stop", || service.stderr().contains("stopping: no new requests"));
    assert!(service.runs());
    receiver.let_go();
    assert!(service.ended().success());
    let (done, listed, complaint) = say(&server, &receiver, &["list", "--json", "--state", "delivered"]);
    assert!(done && listed.contains("\"attempts\": 1"), "{listed}{complaint}");
}

#[test]
fn two_services_share_the_work_and_a_third_that_is_killed_loses_nothing() {
    let (server, receiver) = (Server::start(), Receiver::start());
    let mut services = [(); 3].map(|()| Service::start(&mut telling(&server, &receiver)));
    server.execute(
        "INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT gen_random_uuid(), '+7998' || (1000000 + n), 'A' || (10000 + n), now(), now(), now()
         FROM generate_series(1, 400) n",
    );
    wait_until("the first events", || receiver.count() > 20);
    services[2].signal("-KILL");
    services[2].ended();
    server.execute("UPDATE deliveries SET due_at = now() WHERE delivered_at IS NULL AND attempts = 1");
    let different = || receiver.received().into_iter().map(|message| message.id).collect::<BTreeSet<_>>();
    wait_until("all events", || different().len() == 400);
    // What was under way when one was killed, or was thought to be, may have come twice; nothing else has.
    assert!(receiver.count() <= 400 + 3 * 8, "{}", receiver.count());
}

/// What a command of the operator says.
fn say(server: &Server, receiver: &Receiver, arguments: &[&str]) -> (bool, String, String) {
    let done = telling(server, receiver).arg("events").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[test]
fn an_operator_sees_what_was_not_taken_and_has_it_told_anew() {
    let (server, receiver) = (Server::start(), Receiver::start());
    receiver.otherwise(Reply::Status(500, ""));
    let mut service = Service::start(telling(&server, &receiver).env("LOG", "debug"));
    service.login(PHONE);
    let ask = |arguments: &[&str]| {
        let (done, answer, complaint) = say(&server, &receiver, arguments);
        assert!(done, "{complaint}");
        assert!(!answer.contains("s3cr3t") && !complaint.contains("s3cr3t"), "{answer}{complaint}");
        answer
    };
    let list = |state: &str| -> Vec<Value> {
        serde_json::from_str(&ask(&["list", "--json", "--state", state])).unwrap()
    };
    wait_until("the first attempt", || list("waiting").iter().any(|event| event["last_outcome"] == "500"));
    server.execute("UPDATE deliveries SET attempts = 9, due_at = now()");
    wait_until("the last attempt", || !list("failed").is_empty());
    let failed = list("failed").remove(0);
    assert_eq!((&failed["type"], &failed["attempts"]), (&"user.created".into(), &10.into()));
    assert_eq!(failed["id"], receiver.received()[0].id);
    let endpoints = ask(&["endpoints"]);
    assert!(endpoints.contains(&format!("http://127.0.0.1:{}", receiver.port)), "{endpoints}");
    let endpoints: Value = serde_json::from_str(&ask(&["endpoints", "--json"])).unwrap();
    assert_eq!((&endpoints[0]["position"], &endpoints[0]["failed"]), (&1.into(), &1.into()), "{endpoints}");

    receiver.next([Reply::Status(410, "")]);
    let answer = ask(&["retry", failed["id"].as_str().unwrap()]);
    assert!(answer.contains("1 to be told anew"), "{answer}");
    wait_until("the end of the endpoint", || ask(&["endpoints"]).contains("ended"));
    receiver.otherwise(Reply::Status(204, ""));
    let (done, _, complaint) = say(&server, &receiver, &["retry", failed["id"].as_str().unwrap()]);
    assert!(!done && complaint.contains("the endpoint has ended"), "{complaint}");
    let answer = ask(&["retry", "--failed"]);
    assert!(answer.contains("1 failed at endpoints that have ended"), "{answer}");
    assert_eq!(list("failed").len(), 1, "both commands say the same");
    ask(&["retry", "--endpoint", &failed["endpoint"].to_string()]);
    wait_until("the delivery", || !list("delivered").is_empty());
    let table = ask(&["list"]);
    assert!(table.contains("delivered") && table.contains("user.created"), "{table}");
    for wrong in [&["retry"][..], &["retry", "--failed", "--endpoint", "1"], &["retry", "--endpoint", "77"]] {
        assert!(!say(&server, &receiver, wrong).0, "{wrong:?}");
    }

    let log = service.whole_log();
    for (level, told) in [
        ("WARN", "an endpoint did not take an event"),
        ("ERROR", "an endpoint was not told of an event, and no attempt follows"),
        ("WARN", "an endpoint answered 410"),
    ] {
        let lines = log.lines().filter(|line| line.contains(told) && line.contains(level)).count();
        assert_eq!(lines, 1, "{told}: {log}");
    }
    for secret in ["s3cr3t", &SECRET[6..], "what the endpoint says"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
