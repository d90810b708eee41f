//! Traces, as a collector gets them; and that no collector can do harm.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use serde_json::{Value, json};

use crate::{
    collector::{Collector, Manner, attributes},
    service::{Service, exchange, wait_until},
    shared::{Server, on},
};

const PHONE: &str = "+79991234567";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Sends a request as a proxy would that has begun a trace.
fn ask_within_a_trace(service: &Service, path: &str) -> String {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: mine-4821\r\n\
         traceparent: 00-{TRACE}-{PARENT}-01\r\n\r\n"
    );
    exchange(&service.address(), &head)
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The only span of this name.
fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let (Some(span), None) = (found.next(), found.next()) else {
        panic!("not one {name}: {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>())
    };
    span
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    attributes(&span.attributes).into_iter().find_map(|(key, value)| (key == name).then_some(value))
}

#[test]
fn a_login_is_traced_with_its_steps_and_without_anything_of_the_person() {
    let (server, collector) = (Server::start(), Collector::start(Manner::Well));
    let mut command = on(&server);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url() + "/").env("OTEL_SERVICE_NAME", "sign-in");
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=k3y,x-tenant=us");
    // What is traced is not what is logged.
    let mut service = Service::start(command.env("LOG", "error,actix_server=info"));
    let challenge = service.challenge(PHONE);
    let (status, login) = service.ask("POST", "/api/v1/auth/verify", "", &challenge);
    assert_eq!(status, 200, "{login}");
    let token = login["access_token"].as_str().unwrap();
    assert_eq!(service.ask("PATCH", "/api/v1/profile", token, &json!({"first_name": "M4rk3r"})).0, 200);
    service.ask("GET", "/M4rk3r?phone=M4rk3r", "M4rk3r", &Value::Null);
    service.whole_log();

    let spans = collector.spans();
    let phone = named(&spans, "POST /api/v1/auth/phone");
    assert_eq!(phone.kind, SpanKind::Server as i32);
    assert!(phone.parent_span_id.is_empty());
    let known = attributes(&phone.attributes);
    let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["http.request.method", "http.response.status_code", "http.route", "phone_auth.request_id"];
    assert_eq!(names, expected);
    assert_eq!(attribute(phone, "http.route").unwrap(), "/api/v1/auth/phone");
    assert_eq!(attribute(phone, "http.response.status_code").unwrap(), "#200");

    // The message is a part of the handler, which is a part of the request.
    let sent = named(&spans, "sms.send");
    let handler = named(&spans, "auth.phone");
    assert_eq!((&sent.trace_id, &sent.parent_span_id), (&phone.trace_id, &handler.span_id));
    assert_eq!(handler.parent_span_id, phone.span_id);
    assert_eq!(sent.kind, SpanKind::Client as i32);
    assert_eq!(
        attributes(&sent.attributes),
        [("phone_auth.outcome", "accepted"), ("phone_auth.sms.provider", "simulated")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    // So are the statements.
    let verify = named(&spans, "POST /api/v1/auth/verify");
    let of_verify: Vec<_> = spans.iter().filter(|span| span.trace_id == verify.trace_id).collect();
    let statements: Vec<_> =
        of_verify.iter().filter(|span| attribute(span, "db.system.name").is_some()).collect();
    assert!(statements.len() >= 3, "{of_verify:?}");
    for statement in &statements {
        assert_eq!(attribute(statement, "db.system.name").unwrap(), "postgresql");
        assert_eq!(attribute(statement, "db.query.summary").unwrap(), statement.name);
        assert_eq!(statement.parent_span_id, named(&spans, "auth.verify").span_id);
        assert!(!statement.name.contains('<') && !statement.name.contains(' '), "{}", statement.name);
    }
    let names: Vec<_> = statements.iter().map(|statement| statement.name.as_str()).collect();
    assert!(names.iter().any(|name| name.starts_with("challenges::")), "{names:?}");
    assert!(of_verify.iter().any(|span| span.name == "database.wait"
        && attribute(span, "phone_auth.queue").as_deref() == Some("connection")));
    // A path that nobody knows is no name.
    let lost =
        spans.iter().find(|span| attribute(span, "http.response.status_code").as_deref() == Some("#404"));
    assert_eq!(lost.map(|span| (span.name.as_str(), attribute(span, "http.route"))), Some(("GET", None)));

    let resource = collector.resource();
    for (name, value) in [("service.name", "sign-in"), ("service.version", env!("CARGO_PKG_VERSION"))] {
        assert!(resource.contains(&(name.to_owned(), value.to_owned())), "{resource:?}");
    }
    let everything = collector.everything();
    assert!(everything.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{everything}");
    assert!(everything.contains("x-api-key: k3y") && everything.contains("x-tenant: us"), "{everything}");
    let user = login["user"]["id"].as_str().unwrap();
    let code = challenge["code"].as_str().unwrap();
    let texts: Vec<_> = spans
        .iter()
        .flat_map(|span| {
            attributes(&span.attributes).into_iter().map(|(_, value)| value).chain([span.name.clone()])
        })
        .collect();
    assert!(!texts.iter().any(|text| text == code), "{code} in {texts:?}");
    let secrets = [
        "9991234567",
        "M4rk3r",
        user,
        token,
        login["refresh_token"].as_str().unwrap(),
        challenge["challenge_token"].as_str().unwrap(),
        "SELECT",
        "127.0.0.0/24",
    ];
    for secret in secrets {
        assert!(!everything.contains(secret), "{secret} in {everything}");
    }
    for span in &spans {
        assert!(span.events.is_empty() && span.links.is_empty(), "{span:?}");
    }
}

#[test]
fn a_trace_goes_on_that_a_trusted_proxy_began_and_nobody_elses() {
    let (server, collector) = (Server::start(), Collector::start(Manner::Well));
    for (proxies, goes_on) in [("127.0.0.1", true), ("10.0.0.0/8", false), ("", false)] {
        let mut command = on(&server);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env("TRUSTED_PROXIES", proxies);
        let mut service = Service::start(&mut command);
        let before = collector.spans().len();
        ask_within_a_trace(&service, "/health/live");
        service.whole_log();
        let spans = collector.spans().split_off(before);
        let request = named(&spans, "GET /health/live");
        assert_eq!(hex(&request.trace_id) == TRACE, goes_on, "{proxies}");
        assert_eq!(hex(&request.parent_span_id), if goes_on { PARENT } else { "" }, "{proxies}");
        assert_eq!(attribute(request, "phone_auth.request_id").unwrap(), "mine-4821");
    }
}

#[test]
fn a_sampler_decides_what_is_traced_and_a_proxy_before_it() {
    let (server, collector) = (Server::start(), Collector::start(Manner::Well));
    for (sampler, argument, traced) in [
        ("always_off", "1", 0),
        ("traceidratio", "0", 0),
        ("parentbased_traceidratio", "0", 1),
        ("parentbased_always_off", "1", 1),
    ] {
        let mut command = on(&server);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env("TRUSTED_PROXIES", "127.0.0.1");
        command.env("OTEL_TRACES_SAMPLER", sampler).env("OTEL_TRACES_SAMPLER_ARG", argument);
        let mut service = Service::start(&mut command);
        let before = collector.spans().len();
        ask_within_a_trace(&service, "/health/live");
        service.ask("GET", "/health/live", "", &Value::Null);
        service.whole_log();
        assert_eq!(collector.spans().split_off(before).len(), traced, "{sampler}");
    }
}

#[test]
fn a_request_that_fails_by_the_service_is_an_error_of_its_span() {
    let (server, collector) = (Server::start(), Collector::start(Manner::Well));
    let mut service = Service::start(on(&server).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()));
    server.execute("ALTER TABLE users RENAME TO elsewhere");
    let (status, _) = service.ask("POST", "/api/v1/auth/verify", "", &service.challenge(PHONE));
    assert_eq!(status, 500);
    service.whole_log();
    let spans = collector.spans();
    let failed = named(&spans, "POST /api/v1/auth/verify");
    assert_eq!(failed.status.as_ref().unwrap().code, StatusCode::Error as i32);
    assert_eq!(attribute(failed, "error.type").unwrap(), "500");
    assert_eq!(failed.status.as_ref().unwrap().message, "");
}

#[test]
fn a_collector_that_hangs_talks_refuses_or_is_away_slows_no_request_and_holds_up_no_stop() {
    let server = Server::start();
    for manner in [Some(Manner::Hanging), Some(Manner::Talking), Some(Manner::Refusing), None] {
        let collector = manner.map(Collector::start);
        // Nobody listens at the first port.
        let url = collector.as_ref().map_or_else(|| "http://127.0.0.1:1".to_owned(), Collector::url);
        let mut command = on(&server);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url).env("OTEL_BSP_SCHEDULE_DELAY", "10");
        let mut service = Service::start(command.env("SEND_LIMITS", "off"));
        service.login(PHONE);
        if let Some(collector) = &collector {
            wait_until("a message", || collector.messages() > 0);
        }
        // While the first message is under way, or lost. More than the queue holds.
        let start = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(service.ask("GET", "/health/live", "", &Value::Null).0, 200);
        }
        let took = start.elapsed();
        assert!(took < Duration::from_mins(1), "{manner:?}: {took:?}");
        let stopping = Instant::now();
        let log = service.whole_log();
        assert!(stopping.elapsed() < Duration::from_secs(10), "{manner:?}: {:?}", stopping.elapsed());
        if manner != Some(Manner::Hanging) {
            let told = log.matches("traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT").count();
            assert_eq!(told, 1, "{manner:?}: {log}");
        }
    }
}

#[test]
fn without_a_collector_nothing_of_traces_runs() {
    let server = Server::start();
    let names = |service: &Service| {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", service.pid())).unwrap().flatten();
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).collect::<String>()
    };
    let service = Service::start(&mut on(&server));
    assert!(!names(&service).contains("OpenTelemetry"), "{}", names(&service));
    let collector = Collector::start(Manner::Well);
    let service = Service::start(on(&server).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()));
    assert!(names(&service).contains("OpenTelemetry"), "{}", names(&service));
}
