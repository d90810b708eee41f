//! `POST /auth/verify`: attempts, and what a right code brings.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, another_code};

const PHONE: &str = "+79991234567";

/// A challenge, and the code that was sent with it.
async fn asked(app: &TestApp) -> (String, String) {
    (app.challenge(PHONE).await, app.code(PHONE))
}

/// Sends any body.
async fn verify(app: &TestApp, body: Value) -> Answer {
    app.post("/api/v1/auth/verify", body).await
}

#[tokio::test]
async fn a_right_code_brings_tokens_and_the_profile() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let answer = &ada.login;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 600);
    assert_eq!(answer.body["refresh_expires_in"], 2_592_000);
    assert_eq!(answer.body["is_new_user"], true);
    assert_eq!(answer.body.get("referral"), None);
    assert_eq!(answer.body["user"], ada.profile().await);
}

#[tokio::test]
async fn each_wrong_code_costs_an_attempt_and_without_one_even_the_right_code_is_refused() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    for left in [2, 1, 0] {
        let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
        assert_eq!(wrong.body["attempts_left"], left);
    }
    let right = app.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
    assert_eq!(right.body.get("attempts_left"), None);
    assert_eq!(app.count("users").await, 0);
}

#[tokio::test]
async fn from_eight_digits_on_there_are_two_attempts() {
    for (length, attempts) in [("7", 3), ("8", 2)] {
        let app = TestApp::builder().set("--otp-length", length).start().await;
        let (challenge, code) = asked(&app).await;
        for left in (0..attempts).rev() {
            let wrong =
                app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
            assert_eq!(wrong.body["attempts_left"], left, "{length} digits");
        }
        app.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
    }
}

#[tokio::test]
async fn the_right_code_logs_in_after_two_wrong_ones() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    for _ in 0..2 {
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    }
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn a_challenge_is_good_for_one_login() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    app.verify(&challenge, &code).await.expect(200);
    app.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-challenge");
    assert_eq!(app.count("sessions").await, 1);
}

#[tokio::test]
async fn challenges_of_one_phone_have_codes_and_attempts_of_their_own() {
    let app = TestApp::builder().set("--otp-length", "7").start().await;
    let (first, first_code) = asked(&app).await;
    let (second, second_code) = asked(&app).await;
    for left in [2, 1] {
        let crossed = app.verify(&first, &second_code).await.expect_problem(401, "invalid-code");
        assert_eq!(crossed.body["attempts_left"], left);
    }
    let crossed = app.verify(&second, &first_code).await.expect_problem(401, "invalid-code");
    assert_eq!(crossed.body["attempts_left"], 2);
    app.verify(&second, &second_code).await.expect(200);
    app.verify(&first, &first_code).await.expect(200);
}

#[tokio::test]
async fn what_is_no_code_is_refused_without_being_quoted_or_costing_an_attempt() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    for wrong in [
        json!("739157x"),
        json!("739 157"),
        json!("-739157"),
        json!("７３９１５７"),
        json!("739"),
        json!("73915773915"),
        json!(""),
        json!(739_157),
        json!(739.157),
        json!(["739157"]),
        json!({"739157": "739157"}),
        json!(true),
        json!(null),
    ] {
        let answer = verify(&app, json!({"challenge_token": challenge, "code": wrong})).await;
        let detail = answer.expect_problem(422, "invalid-request").text_of("detail");
        assert!(detail.starts_with("code: "), "{detail}");
        assert!(!detail.contains("739") && !detail.contains("７３９"), "{detail}");
    }
    let missing = verify(&app, json!({"challenge_token": challenge})).await;
    assert!(missing.expect_problem(422, "invalid-request").text_of("detail").contains("`code`"));
    assert_eq!(app.count("challenge_use").await, 0);
    let counted = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    assert_eq!(counted.body["attempts_left"], 2);
}

#[tokio::test]
async fn a_code_of_another_length_is_a_wrong_code() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    let longer = app.verify(&challenge, &format!("{code}0")).await.expect_problem(401, "invalid-code");
    assert_eq!(longer.body["attempts_left"], 2);
    let led = app.verify(&challenge, &format!("0{code}")).await.expect_problem(401, "invalid-code");
    assert_eq!(led.body["attempts_left"], 1);
}

#[tokio::test]
async fn spaces_around_a_code_are_forgiven() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    app.verify(&challenge, &format!(" {code}\n")).await.expect(200);
}

#[tokio::test]
async fn the_session_keeps_the_name_of_the_device() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    for wrong in [json!(""), json!("x".repeat(101)), json!("a\u{7}b"), json!(7)] {
        let body = json!({"challenge_token": challenge, "code": code, "device_name": wrong});
        verify(&app, body).await.expect_problem(422, "invalid-request");
    }
    let name = format!("Ada’s phone {}", "é".repeat(88));
    let body = json!({"challenge_token": challenge, "code": code, "device_name": format!(" {name} ")});
    verify(&app, body).await.expect(200);
    app.login(PHONE).await;
    let names = app.query("SELECT coalesce(device_name, 'none') FROM sessions ORDER BY device_name").await;
    assert_eq!(names, [name.as_str(), "none"]);
}

#[tokio::test]
async fn a_pin_that_nobody_set_is_neither_asked_for_nor_looked_at() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    let wrong = json!({"challenge_token": challenge, "code": another_code(&code), "pin": code});
    verify(&app, wrong).await.expect_problem(401, "invalid-code");
    let right = json!({"challenge_token": challenge, "code": code, "pin": "0000"});
    verify(&app, right).await.expect(200);
}

#[tokio::test]
async fn an_attempt_stays_claimed_when_the_login_fails_afterwards() {
    let app = TestApp::start().await;
    let (challenge, code) = asked(&app).await;
    app.execute("ALTER TABLE sessions RENAME TO sessions_away").await;
    for _ in 0..2 {
        app.verify(&challenge, &code).await.expect_problem(500, "internal-error");
    }
    app.execute("ALTER TABLE sessions_away RENAME TO sessions").await;
    // All of the failed login is undone but the attempts.
    assert_eq!(app.count("users").await, 0);
    assert_eq!(app.query("SELECT attempts::text FROM challenge_use WHERE consumed_at IS NULL").await, ["2"]);
    let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    assert_eq!(wrong.body["attempts_left"], 0);
    app.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn the_database_holds_neither_codes_nor_tokens() {
    let app = TestApp::builder().set("--otp-length", "10").start().await;
    let (tried, tried_code) = asked(&app).await;
    app.verify(&tried, &another_code(&tried_code)).await.expect_problem(401, "invalid-code");
    let (challenge, code) = asked(&app).await;
    let login = app.verify(&challenge, &code).await.expect(200);
    let dump = app.dump().await;
    assert!(dump.contains(PHONE), "the dump has what is there: {dump}");
    let tokens = [tried, challenge, login.text_of("access_token"), login.text_of("refresh_token")];
    // The first part of a token is its header, and that is public.
    let parts = tokens.iter().flat_map(|token| token.split('.').skip(1)).filter(|part| !part.is_empty());
    for secret in parts.chain([tried_code.as_str(), &another_code(&tried_code), &code]) {
        assert!(!dump.contains(secret), "{secret} is in the database: {dump}");
        let hex: Vec<_> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(&hex.concat()), "{secret} is in the database, as bytes: {dump}");
    }
}
