//! Restarts and crashes between guesses: nothing is refunded by them.

use chrono::Duration;

use crate::{
    support::{OwnPostgres, ROOT_SECRET, TestApp, new_database},
    tools::{
        HOME, PHONE, address, ask, expect_refused, guess, limited, log_in, outcomes, read, sent,
        sent_to_device, tally,
    },
};

/// All that is counted, in an order of its own.
async fn guards(app: &TestApp) -> Vec<String> {
    let mut rows = Vec::new();
    for table in [
        "phone_guard",
        "device_guard",
        "risk",
        "rate_limit",
        "country_traffic",
        "sends_per_day",
        "challenge_use",
    ] {
        rows.extend(app.query(&format!("SELECT t::text FROM {table} t ORDER BY t::text")).await);
    }
    rows
}

/// A new process on the same database; the clock goes on where it was.
async fn restarted(postgres: &OwnPostgres, before: &TestApp) -> TestApp {
    limited().database(&postgres.url()).clock_at(before.state.clock.now()).start().await
}

/// Crashes the database and starts it again; the service finds it by itself.
async fn crash(postgres: &mut OwnPostgres, app: &TestApp) {
    postgres.kill();
    postgres.start_again();
    while app.get("/health/ready").await.status != 200 {}
}

#[tokio::test]
async fn crashes_and_restarts_between_guesses_and_sends_refund_nothing() {
    let mut postgres = OwnPostgres::start();
    let mut app = limited().database(&postgres.url()).start().await;
    let code = sent(&app, &address(0), PHONE).await;
    let mut answers = Vec::new();
    for guesses in 0..5 {
        answers.push(guess(&app, &code).await);
        let counted = guards(&app).await;
        if guesses % 2 == 0 {
            crash(&mut postgres, &app).await;
        } else {
            app = restarted(&postgres, &app).await;
        }
        assert_eq!(guards(&app).await, counted);
    }
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("invalid-challenge", 2)]));
    for client in 1..3 {
        expect_refused(ask(&app, &address(client), PHONE).await, 30);
        app.pass(Duration::seconds(30));
        assert_eq!(sent(&app, &address(client), PHONE).await.digits, 6);
        crash(&mut postgres, &app).await;
    }
    app = restarted(&postgres, &app).await;
    expect_refused(ask(&app, &address(3), PHONE).await, 8 * 3600 - 60);
}

#[tokio::test]
async fn another_root_secret_moves_no_meter() {
    let database = new_database().await;
    let app = limited().database(&database).start().await;
    let token = log_in(&app, HOME, PHONE).await.text_of("device_token");
    let code = sent(&app, HOME, PHONE).await;
    for _ in 0..3 {
        guess(&app, &code).await.expect_problem(401, "invalid-code");
    }
    let counted = guards(&app).await;
    let secrets = format!("the secret that took the place of the other,{ROOT_SECRET}");
    let rotated = limited().database(&database).set("--root-secret", &secrets).start().await;
    assert_eq!(guards(&rotated).await, counted);
    // The same phone, the same network, the same device.
    guess(&rotated, &code).await.expect_problem(401, "invalid-challenge");
    expect_refused(ask(&rotated, &address(1), PHONE).await, 30);
    let trusted = sent_to_device(&rotated, HOME, PHONE, &token).await;
    assert_eq!(trusted.digits, 4);
    rotated.pass(Duration::seconds(30));
    let asked = ask(&rotated, HOME, PHONE).await.expect(200);
    assert_eq!(read(&rotated, PHONE, &asked).digits, 6);
    assert_eq!(rotated.count("phone_guard").await, 1);
}
