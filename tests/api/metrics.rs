//! What `/metrics` tells of the guess budget.

use chrono::Duration;
use phone_auth::metrics;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, another_code};

const PHONE: &str = "+79991234567";

/// The value of `name`, with its labels.
async fn value(app: &TestApp, name: &str) -> f64 {
    let text = metrics::text(&app.state).await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[tokio::test]
async fn the_bounds_are_those_that_the_command_prints() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let year = value(&app, r#"phone_auth_guess_bound{attack="phone_year"}"#).await;
    assert!((9e-4..9.43e-4).contains(&year), "{year}");
    let strict =
        TestApp::builder().set("--send-limits", "on").set("--security-profile", "strict").start().await;
    let year = value(&strict, r#"phone_auth_guess_bound{attack="phone_year"}"#).await;
    assert!(year < 3.4e-4, "{year}");
    let unlimited = TestApp::start().await;
    assert!(value(&unlimited, r#"phone_auth_guess_bound{attack="phone_year"}"#).await.is_infinite());
}

#[tokio::test]
async fn the_meters_of_the_deployment_rise_with_each_guess_and_leak() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let guesses = r#"phone_auth_guesses_counted{code="short"}"#;
    assert!(value(&app, guesses).await.abs() < 1e-9);
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    for _ in 0..2 {
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    }
    assert!((value(&app, guesses).await - 2.0).abs() < 1e-9);
    assert!((value(&app, r#"phone_auth_guesses_counted_max{code="short"}"#).await - 100.0).abs() < 1e-9);
    assert!((value(&app, "phone_auth_sends_today").await - 1.0).abs() < 1e-9);
    app.verify(&challenge, &code).await.expect(200);
    assert!(value(&app, guesses).await.abs() < 1e-9, "a success gives back what its challenge charged");
    app.pass(Duration::days(1));
    assert!(value(&app, "phone_auth_sends_today").await.abs() < 1e-9);
}

/// The value of `name`, with its labels; none: there is no such line.
async fn value_if_any(app: &TestApp, name: &str) -> Option<f64> {
    let text = metrics::text(&app.state).await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[track_caller]
fn expect_about(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value} instead of {expected}");
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_status_and_never_by_path() {
    let app = TestApp::start().await;
    for path in ["/one", "/two", "/api/v1/three?phone=79991234567", "/api/v1/sessions"] {
        app.get(path).await;
    }
    for id in ["a", "b"] {
        app.send(app.request(Method::DELETE, &format!("/api/v1/sessions/{id}"))).await.expect(401);
    }
    app.send(app.request(Method::HEAD, "/health/live")).await.expect(200);
    app.send(app.request(Method::PUT, "/health/live")).await.expect(405);
    for made_up in ["BREW", "MARKER-4821"] {
        app.send(app.request(made_up.parse().unwrap(), "/health/live")).await.expect(405);
    }
    for (labels, requests) in [
        (r#"method="GET",route="unknown",status="404""#, 3.0),
        (r#"method="GET",route="/api/v1/sessions",status="401""#, 1.0),
        (r#"method="DELETE",route="/api/v1/sessions/{id}",status="401""#, 2.0),
        (r#"method="HEAD",route="/health/live",status="200""#, 1.0),
        (r#"method="PUT",route="/health/live",status="405""#, 1.0),
        (r#"method="_OTHER",route="/health/live",status="405""#, 2.0),
    ] {
        expect_about(value(&app, &format!("phone_auth_http_requests_total{{{labels}}}")).await, requests);
        let operation = labels.rsplit_once(',').unwrap().0;
        let counted = format!("phone_auth_http_request_duration_seconds_count{{{operation}}}");
        expect_about(value(&app, &counted).await, requests);
    }
    let text = metrics::text(&app.state).await.unwrap();
    for sent in ["/one", "three", "79991234567", "BREW", "MARKER"] {
        assert!(!text.contains(sent), "{sent} in {text}");
    }
    expect_about(value(&app, "phone_auth_http_requests_in_flight").await, 0.0);
}

#[tokio::test]
async fn a_request_is_in_flight_until_it_is_answered_and_one_that_a_stop_cut_off_is_counted() {
    let app = TestApp::builder().set("--sms-simulated-delay-ms", "60000").start().await;
    let asked = app.request(Method::POST, "/api/v1/auth/phone").json(&json!({"phone": PHONE}));
    let asking = tokio::spawn(asked.send());
    while value(&app, "phone_auth_http_requests_in_flight").await < 1.0 {
        tokio::task::yield_now().await;
    }
    let state = app.state.clone();
    // Stops it, without any grace.
    drop(app);
    assert!(asking.await.unwrap().is_err());
    let aborted =
        r#"phone_auth_http_requests_total{method="POST",route="/api/v1/auth/phone",status="aborted"} 1"#;
    let mut text = String::new();
    while !text.contains(aborted) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        text = metrics::text(&state).await.unwrap();
    }
    assert!(text.contains("phone_auth_http_requests_in_flight 0\n"), "{text}");
}

#[tokio::test]
async fn codes_are_counted_by_country_and_by_what_came_of_them() {
    let app = TestApp::start().await;
    let challenge = app.challenge(PHONE).await;
    app.challenge("+14155552671").await;
    let code = app.code(PHONE);
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.verify(&challenge, &code).await.expect(200);
    app.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
    app.verify("forged", &code).await.expect_problem(401, "invalid-challenge");
    for (metric, expected) in [
        (r#"codes_sent_total{country="RU"}"#, 1.0),
        (r#"codes_sent_total{country="US"}"#, 1.0),
        (r#"codes_entered_total{country="RU",outcome="right"}"#, 1.0),
        (r#"codes_entered_total{country="RU",outcome="wrong"}"#, 1.0),
        (r#"codes_entered_total{country="RU",outcome="invalid-challenge"}"#, 1.0),
        (r#"codes_entered_total{country="ZZ",outcome="invalid-challenge"}"#, 1.0),
        (r#"sms_messages_total{provider="simulated",outcome="accepted"}"#, 2.0),
        (r#"sms_duration_seconds_count{provider="simulated"}"#, 2.0),
    ] {
        expect_about(value(&app, &format!("phone_auth_{metric}")).await, expected);
    }
    // A test number gets no message.
    let app = TestApp::builder().set("--test-phones", &format!("{PHONE}=4821")).start().await;
    let challenge = app.challenge(PHONE).await;
    app.verify(&challenge, "4821").await.expect(200);
    assert_eq!(value_if_any(&app, r#"phone_auth_codes_sent_total{country="RU"}"#).await, None);
}

#[tokio::test]
async fn a_code_that_a_limit_refuses_is_counted_as_such() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let challenge = app.challenge(PHONE).await;
    let code = another_code(&app.code(PHONE));
    let mut refused = 0.0;
    while refused < 1.0 {
        // Each is refused by its number of attempts at the latest, which is another outcome.
        let challenge = app.verify(&challenge, &code).await;
        if challenge.body["code"] == "too-many-requests" {
            refused += 1.0;
        }
    }
    expect_about(
        value(&app, r#"phone_auth_codes_entered_total{country="RU",outcome="limited"}"#).await,
        refused,
    );
}

#[tokio::test]
async fn sessions_are_counted_when_they_begin_go_on_and_end() {
    let app = TestApp::start().await;
    let (user, other) = (app.login(PHONE).await, app.login(PHONE).await);
    let refresh = json!({"refresh_token": user.refresh_token});
    app.post("/api/v1/auth/refresh", refresh).await.expect(200);
    let out = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&user.access_token);
    app.send(out.json(&json!({"scope": "others"}))).await.expect(204);
    let out = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&other.access_token);
    app.send(out).await;
    for (metric, expected) in [
        ("sessions_opened_total", 2.0),
        ("sessions_refreshed_total", 1.0),
        (r#"sessions_ended_total{reason="logout"}"#, 1.0),
    ] {
        expect_about(value(&app, &format!("phone_auth_{metric}")).await, expected);
    }
    // How many there are is what the database has noted of them.
    app.execute("ANALYZE sessions; ANALYZE users").await;
    expect_about(value(&app, "phone_auth_sessions_estimate").await, 1.0);
    expect_about(value(&app, "phone_auth_users_estimate").await, 1.0);
    app.pass(Duration::days(100));
    phone_auth::jobs::purge::purge(&app.state).await.unwrap();
    expect_about(value(&app, r#"phone_auth_sessions_ended_total{reason="expiry"}"#).await, 1.0);
}

#[tokio::test]
async fn a_table_that_nobody_looked_at_has_no_estimate() {
    let app = TestApp::start().await;
    let unknown =
        app.query("SELECT 1::text FROM pg_class WHERE oid = 'sessions'::regclass AND reltuples = -1").await;
    assert_eq!(value_if_any(&app, "phone_auth_sessions_estimate").await.is_none(), !unknown.is_empty());
}

#[tokio::test]
async fn connections_are_counted_and_so_is_who_did_not_get_one() {
    let app = TestApp::start().await;
    app.connect(4).await;
    expect_about(value(&app, r#"phone_auth_database_connections{state="idle"}"#).await, 4.0);
    let late = r#"phone_auth_database_timeouts_total{queue="connection"}"#;
    let before = value(&app, late).await;
    let mut held = Vec::new();
    while held.len() < 4 {
        held.extend(app.state.database.connection().await);
    }
    let reads = app.get("/health/ready").await;
    reads.expect_problem(503, "service-unavailable");
    expect_about(value(&app, r#"phone_auth_database_connections{state="in-use"}"#).await, 4.0);
    expect_about(value(&app, "phone_auth_database_connections_max").await, 4.0);
    assert!(value(&app, late).await > before);
    expect_about(value(&app, "phone_auth_database_reachable").await, 0.0);
    drop(held);
    expect_about(value(&app, "phone_auth_database_reachable").await, 1.0);
    assert!(value(&app, r#"phone_auth_database_wait_seconds_count{queue="connection"}"#).await > 5.0);
    expect_about(value(&app, r#"phone_auth_database_waiting{queue="turn"}"#).await, 0.0);
}
