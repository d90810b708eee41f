//! What `/metrics` tells of the guess budget.

use chrono::Duration;
use phone_auth::metrics;

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
