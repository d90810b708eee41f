//! The PIN as the second step of a login.

use std::time::{Duration as RealDuration, Instant};

use chrono::Duration;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join, join_all, join3};
use phone_auth::token::PinPlace;
use serde_json::{Value, json};

use crate::{
    pin_races::WAITING,
    support::{Answer, TestApp, another_code},
};

const PHONE: &str = "+79991234567";
const PIN: &str = "271828";
const WRONG: &str = "314159";

/// A service on which [`PHONE`] has a PIN.
async fn start() -> TestApp {
    start_with("--otp-length", "4").await
}

async fn start_with(flag: &str, value: &str) -> TestApp {
    let app = TestApp::builder().set(flag, value).start().await;
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    app
}

/// A challenge, and the code that was sent with it.
async fn asked(app: &TestApp) -> (String, String) {
    (app.challenge(PHONE).await, app.code(PHONE))
}

/// Everything that a try at a code is charged to.
async fn charged(app: &TestApp) -> Vec<Value> {
    let mut rows = app.rows("SELECT jti, attempts, upgraded FROM challenge_use ORDER BY jti").await;
    rows.extend(app.rows("SELECT phone, f4, f6, sends, returned, voided_before FROM phone_guard").await);
    rows.extend(app.rows("SELECT device, failures, sends FROM device_guard ORDER BY device").await);
    rows.extend(app.rows("SELECT slot, g4, g6 FROM risk ORDER BY slot").await);
    rows
}

/// How many PINs count as wrong.
pub async fn failures(app: &TestApp) -> i64 {
    let now = app.state.clock.now();
    let seconds =
        format!("SELECT extract(epoch FROM greatest(failures, '{now}') - '{now}')::bigint::text FROM pins");
    app.query(&seconds).await[0].parse::<i64>().unwrap() / 3600
}

#[tokio::test]
async fn a_login_needs_the_code_and_the_pin() {
    let app = start().await;
    let (challenge, code) = asked(&app).await;
    let missing = app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
    assert_eq!(missing.body.get("attempts_left"), None);
    app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
    let body = json!({"challenge_token": challenge, "code": code, "pin": null});
    app.post("/api/v1/auth/verify", body).await.expect_problem(401, "pin-required");
    assert_eq!(app.count("sessions").await, 1);
    let right = app.verify_with_pin(&challenge, &code, PIN).await.expect(200);
    assert_eq!(right.body["user"]["has_pin"], true);
    app.verify_with_pin(&challenge, &code, PIN).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn a_right_code_without_the_right_pin_costs_nothing_however_often_it_comes() {
    for (length, attempts_left) in [("4", 1), ("6", 1), ("8", 0)] {
        let app = start_with("--otp-length", length).await;
        let (challenge, code) = asked(&app).await;
        let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
        assert_eq!(
            wrong.body["attempts_left"],
            attempts_left + 1 - i32::from(length == "8") + i32::from(length == "8")
        );
        let before = charged(&app).await;
        for _ in 0..12 {
            app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
        }
        for _ in 0..3 {
            app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
        }
        assert_eq!(charged(&app).await, before, "{length} digits");
        app.verify_with_pin(&challenge, &code, PIN).await.expect(200);
        // The login gave the wrong code back, and that alone.
        let now = app.state.clock.now();
        assert_eq!(app.count(&format!("phone_guard WHERE greatest(f4, f6) > '{now}'")).await, 0);
        assert_eq!(app.count(&format!("risk WHERE greatest(g4, g6) > '{now}'")).await, 0);
    }
}

#[tokio::test]
async fn in_the_lane_of_a_device_and_with_a_test_number_it_costs_nothing_either() {
    let app = start_with("--test-phones", "+79990000001=4821").await;
    let ada = app.login_with_pin(PHONE, PIN).await;
    let body = json!({"phone": PHONE, "device_token": ada.login.text_of("device_token")});
    let challenge = app.post("/api/v1/auth/phone", body).await.expect(200).text_of("challenge_token");
    let code = app.code(PHONE);
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    let before = charged(&app).await;
    for _ in 0..6 {
        app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
    }
    assert_eq!(charged(&app).await, before);
    app.verify_with_pin(&challenge, &code, PIN).await.expect(200);

    let challenge = app.challenge("+79990000001").await;
    let tester = app.verify(&challenge, "4821").await.expect(200);
    crate::support::TestUser::of(&app, tester).set_pin(PIN, None).await.expect(204);
    let challenge = app.challenge("+79990000001").await;
    for _ in 0..6 {
        app.verify(&challenge, "4821").await.expect_problem(401, "pin-required");
    }
    app.verify_with_pin(&challenge, "4821", PIN).await.expect(200);
}

#[tokio::test]
async fn ten_wrong_pins_are_compared_and_then_one_an_hour() {
    let app = start().await;
    let (challenge, code) = asked(&app).await;
    for _ in 0..10 {
        app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
    }
    app.pass(Duration::minutes(1));
    // Not compared: the right one is refused as well, and costs nothing.
    for pin in [WRONG, PIN, PIN] {
        let refused = app.verify_with_pin(&challenge, &code, pin).await;
        let refused = refused.expect_problem(429, "too-many-requests");
        assert_eq!(refused.header("retry-after"), "3540");
        assert_eq!(refused.body["retry_after"], 3540);
    }
    assert_eq!(app.query("SELECT attempts::text FROM challenge_use WHERE consumed_at IS NULL").await, ["0"]);
    app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
    app.pass(Duration::seconds(3539));
    let (challenge, code) = asked(&app).await;
    app.verify_with_pin(&challenge, &code, PIN).await.expect_problem(429, "too-many-requests");
    app.pass(Duration::seconds(1));
    app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
    app.verify_with_pin(&challenge, &code, PIN).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_right_pin_takes_back_its_own_charge_and_forgives_no_other() {
    let app = start().await;
    let (challenge, code) = asked(&app).await;
    for _ in 0..9 {
        app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
    }
    for _ in 0..3 {
        app.login_with_pin(PHONE, PIN).await;
        assert_eq!(failures(&app).await, 9);
    }
    let (challenge, code) = asked(&app).await;
    app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
    app.verify_with_pin(&challenge, &code, PIN).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_wrong_code_is_a_wrong_code_whatever_the_pin() {
    let app = start().await;
    let (challenge, code) = asked(&app).await;
    let answer = app.verify_with_pin(&challenge, &another_code(&code), PIN).await;
    assert_eq!(answer.expect_problem(401, "invalid-code").body["attempts_left"], 2);
    assert_eq!(failures(&app).await, 0);
}

#[tokio::test]
async fn before_the_code_is_right_nothing_tells_whether_there_is_a_pin_or_an_account() {
    let app = start().await;
    app.login("+79991234568").await;
    let without_trace = |mut answer: Answer| {
        answer.body["trace_id"] = Value::Null;
        (answer.status, answer.body)
    };
    let mut seen = Vec::new();
    // With a PIN, without one, and without an account.
    for phone in [PHONE, "+79991234568", "+79991234569"] {
        let (challenge, code) = (app.challenge(phone).await, app.code(phone));
        let mut answers = Vec::new();
        for pin in ["123", PIN, WRONG] {
            answers.push(app.verify_with_pin(&challenge, &another_code(&code), pin).await);
        }
        answers.push(app.verify(&challenge, &another_code(&code)).await);
        answers.push(app.verify_with_pin(&challenge, &code, WRONG).await);
        seen.push(answers.into_iter().map(without_trace).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(
        seen[0].iter().map(|(status, _)| status.as_u16()).collect::<Vec<_>>(),
        [422, 401, 401, 401, 401]
    );
}

#[tokio::test]
async fn a_pin_that_changes_while_the_old_one_is_compared_is_not_passed_by() {
    let app = start().await;
    let hash = "SELECT hash FROM pins";
    let old = app.query(hash).await;
    app.login_with_pin(PHONE, PIN).await.set_pin(WRONG, None).await.expect(204);
    let new = app.query(hash).await;
    app.execute(&format!("UPDATE pins SET hash = '{}'", old[0])).await;
    let (challenge, code) = asked(&app).await;
    let mut other = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    other.batch_execute("BEGIN; LOCK users IN EXCLUSIVE MODE").await.unwrap();
    let change = async {
        // The old one was compared, and is right: the login waits.
        while app.count(WAITING).await == 0 {}
        let change = format!("UPDATE pins SET hash = '{}'; COMMIT", new[0]);
        other.batch_execute(&change).await.unwrap();
    };
    let (login, ()) = join(app.verify_with_pin(&challenge, &code, PIN), change).await;
    login.expect_problem(401, "invalid-pin");
    assert_eq!(failures(&app).await, 0);
    app.verify_with_pin(&challenge, &code, WRONG).await.expect(200);
}

/// Takes every core there is for PINs.
pub async fn every_core(app: &TestApp) -> Vec<PinPlace> {
    let mut places = Vec::new();
    while let Ok(place) = app.state.pins.place().await {
        places.push(place);
    }
    places
}

#[tokio::test]
async fn while_a_pin_waits_for_a_core_its_right_code_is_charged_to_nobody() {
    let app = start().await;
    let (challenge, code) = asked(&app).await;
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    let before = charged(&app).await;
    let places = every_core(&app).await;
    let look = async {
        // The second claim is there and gone: else a hundred such logins fill the meter of all.
        while app.state.pins.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        let seen = charged(&app).await;
        drop(places);
        seen
    };
    let (login, seen) = join(app.verify_with_pin(&challenge, &code, PIN), look).await;
    assert_eq!(seen, before);
    login.expect(200);
}

#[tokio::test]
async fn while_every_core_is_taken_those_with_a_pin_wait_a_second_and_the_others_do_not() {
    let app = start().await;
    let ada = app.login_with_pin(PHONE, PIN).await;
    let (challenge, code) = asked(&app).await;
    let places = every_core(&app).await;
    let counted = app.rows("SELECT key, tat FROM rate_limit ORDER BY key").await;
    let start = Instant::now();
    let all = join3(
        app.verify_with_pin(&challenge, &code, PIN),
        ada.set_pin(WRONG, Some(PIN)),
        ada.remove_pin(Some(PIN)),
    );
    let (login, set, removed) = all.await;
    assert!(start.elapsed() < RealDuration::from_secs(5), "{:?}", start.elapsed());
    for answer in [login, set, removed] {
        let answer = answer.expect_problem(503, "service-unavailable");
        assert_eq!(answer.header("retry-after"), "2");
    }
    app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
    app.newcomer().await.profile().await;
    // None of this cost anything.
    assert_eq!(failures(&app).await, 0);
    assert_eq!(app.query("SELECT attempts::text FROM challenge_use WHERE consumed_at IS NULL").await, ["0"]);
    assert_eq!(app.rows("SELECT key, tat FROM rate_limit ORDER BY key").await, counted);
    drop(places);
    app.verify_with_pin(&challenge, &code, PIN).await.expect(200);
}

#[tokio::test]
async fn whoever_waits_for_a_core_takes_no_connection_along() {
    let app = start_with("--database-pool-size", "2").await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(asked(&app).await);
    }
    let places = every_core(&app).await;
    let logins = join_all(codes.iter().map(|(challenge, code)| app.verify_with_pin(challenge, code, PIN)));
    let others = async {
        // Until all of them wait.
        while app.state.pins.waiting() < 3 {
            tokio::task::yield_now().await;
        }
        app.newcomer().await.profile().await;
        drop(places);
    };
    let (logins, ()) = join(logins, others).await;
    // On a slow machine their second may be over by now.
    assert!(logins.iter().all(|login| [200, 401, 503].contains(&login.status.as_u16())));
}

#[tokio::test]
async fn whoever_hangs_up_while_a_pin_is_compared_takes_no_core_along() {
    let app = start().await;
    let all = every_core(&app).await.len();
    for _ in 0..9 {
        let (challenge, code) = asked(&app).await;
        let login = app.verify_with_pin(&challenge, &code, PIN);
        let _ = tokio::time::timeout(RealDuration::from_millis(5), login).await;
    }
    let free = async { while every_core(&app).await.len() < all {} };
    tokio::time::timeout(RealDuration::from_secs(10), free).await.unwrap();
}
