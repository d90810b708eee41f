//! Whoever reads the owner's messages has the code, and guesses at the PIN.

use std::{num::NonZero, thread};

use chrono::{DateTime, Duration, Utc};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::{
    support::{Answer, TestApp, another_code},
    tools::{HOME, PHONE, Sent, outcomes, post_from, sent, sent_to_device, tally, three},
};

const PIN: &str = "271828";
const WRONG: &str = "314159";

async fn enter(app: &TestApp, sent: &Sent, pin: &str) -> Answer {
    let body = json!({"challenge_token": sent.challenge, "code": sent.code, "pin": pin});
    post_from(app, HOME, "/api/v1/auth/verify", &body).await
}

/// The same; repeats it when too many others wait for a core, for then nothing was charged.
async fn enter_patiently(app: &TestApp, sent: &Sent, pin: &str) -> Answer {
    loop {
        let answer = enter(app, sent, pin).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

#[tokio::test]
async fn of_wrong_pins_in_parallel_over_three_instances_ten_are_compared() {
    // Eight digits have no meter that would stop the codes.
    let instances = three(|| TestApp::builder().set("--otp-length", "8")).await;
    let app = &instances[0];
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    let mut codes = Vec::new();
    for _ in 0..15 {
        codes.push(sent(app, HOME, PHONE).await);
    }
    let guesses = codes.iter().flat_map(|code| [code, code]).enumerate();
    let all = join_all(guesses.map(|(index, code)| enter_patiently(&instances[index % 3], code, WRONG)));
    // Each holds a core when it is charged.
    let charged = 3 * thread::available_parallelism().map_or(1, NonZero::get);
    let answers = app.at_once("pins", charged.min(20), all).await;
    assert_eq!(outcomes(&answers), tally([("invalid-pin", 10), ("too-many-requests", 20)]));
}

#[tokio::test]
async fn a_day_of_guessing_with_the_messages_of_the_owner_is_worth_thirty_four_pins() {
    let app = TestApp::builder().set("--pin-release-days", "0").start().await;
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    let mut compared = 0;
    for _ in 0..24 * 4 {
        let code = sent(&app, HOME, PHONE).await;
        while enter(&app, &code, WRONG).await.body["code"] == "invalid-pin" {
            compared += 1;
        }
        app.pass(Duration::minutes(15));
    }
    // The thirty-fourth comes with the next hour.
    assert_eq!(compared, 10 + 23);
    let code = sent(&app, HOME, PHONE).await;
    enter(&app, &code, WRONG).await.expect_problem(401, "invalid-pin");
    enter(&app, &code, WRONG).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_stolen_session_has_the_same_ten_guesses_and_a_new_pin_brings_no_new_ones() {
    let app = TestApp::start().await;
    let thief = app.login(PHONE).await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 0..9 {
        thief.remove_pin(Some(WRONG)).await.expect_problem(401, "invalid-pin");
    }
    ada.set_pin("161803", Some(PIN)).await.expect(204);
    thief.set_pin(WRONG, Some(WRONG)).await.expect_problem(401, "invalid-pin");
    thief.set_pin(WRONG, Some(WRONG)).await.expect_problem(429, "too-many-requests");
    let code = sent(&app, HOME, PHONE).await;
    enter(&app, &code, WRONG).await.expect_problem(429, "too-many-requests");
}

/// A code that `token` brings, entered with a PIN.
async fn enter_on_device(app: &TestApp, token: &str, pin: &str) -> Answer {
    enter(app, &sent_to_device(app, HOME, PHONE, token).await, pin).await
}

#[tokio::test]
async fn whoever_fills_the_meter_of_wrong_pins_keeps_no_trusted_device_out() {
    let app = TestApp::start().await;
    let (thief, ada) = (app.login(PHONE).await, app.login(PHONE).await);
    let mut token = ada.login.text_of("device_token");
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 0..10 {
        thief.remove_pin(Some(WRONG)).await.expect_problem(401, "invalid-pin");
    }
    thief.remove_pin(Some(WRONG)).await.expect_problem(429, "too-many-requests");
    for _ in 0..24 {
        let code = sent(&app, HOME, PHONE).await;
        enter(&app, &code, PIN).await.expect_problem(429, "too-many-requests");
        // The owner may err twice, too.
        for _ in 0..2 {
            enter_on_device(&app, &token, WRONG).await.expect_problem(401, "invalid-pin");
        }
        token = enter_on_device(&app, &token, PIN).await.expect(200).text_of("device_token");
        app.pass(Duration::hours(3));
        let code = sent(&app, HOME, PHONE).await;
        enter(&app, &code, WRONG).await.expect_problem(401, "invalid-pin");
    }
}

#[tokio::test]
async fn the_messages_and_a_stolen_device_token_are_worth_three_pins_more() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let token = ada.login.text_of("device_token");
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 0..13 {
        enter_on_device(&app, &token, WRONG).await.expect_problem(401, "invalid-pin");
    }
    enter_on_device(&app, &token, PIN).await.expect_problem(429, "too-many-requests");
    app.pass(Duration::hours(1));
    let code = sent(&app, HOME, PHONE).await;
    enter(&app, &code, PIN).await.expect_problem(429, "too-many-requests");
    enter_on_device(&app, &token, PIN).await.expect(200);
}

#[tokio::test]
async fn the_attempt_of_a_right_code_is_given_back_once_and_never_that_of_a_wrong_one() {
    let app = TestApp::start().await;
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    let code = sent(&app, HOME, PHONE).await;
    let wrong = Sent { code: another_code(&code.code), ..code.clone() };
    for left in [2, 1, 0] {
        assert_eq!(
            enter(&app, &wrong, PIN).await.expect_problem(401, "invalid-code").body["attempts_left"],
            left
        );
        if left > 0 {
            for _ in 0..3 {
                enter(&app, &code, WRONG).await.expect_problem(401, "invalid-pin");
            }
        }
    }
    // Three wrong codes are three, however many right ones came between.
    enter(&app, &code, PIN).await.expect_problem(401, "invalid-challenge");
}

/// Checks that nothing is charged, and that nothing was given back that was not.
async fn expect_even(app: &TestApp, start: DateTime<Utc>) {
    let now = app.state.clock.now();
    for (table, meter) in [("phone_guard", "f4"), ("risk", "g4"), ("pins", "failures")] {
        let uneven = format!("{meter} > '{now}' OR {meter} <> 'epoch' AND {meter} < '{start}'");
        assert_eq!(app.count(&format!("{table} WHERE {uneven}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn right_codes_at_once_give_back_what_they_were_charged_and_nothing_beyond() {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    let start = app.state.clock.now();
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    for _ in 0..6 {
        let code = sent(&app, HOME, PHONE).await;
        let without = join_all((0..2).map(|_| app.verify(&code.challenge, &code.code)));
        let (missing, login) = app.at_once("users", 1, join(without, enter(&app, &code, PIN))).await;
        login.expect(200);
        // Before the login, or after it.
        assert!(missing.iter().all(|answer| answer.status == 401), "{:?}", outcomes(&missing));
        expect_even(&app, start).await;
        app.pass(Duration::milliseconds(1));
    }
}

#[tokio::test]
async fn of_two_logins_with_code_and_pin_at_once_one_happens_and_all_is_given_back_once() {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    let start = app.state.clock.now();
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    for _ in 0..3 {
        let code = sent(&app, HOME, PHONE).await;
        // One waits for the table, the other for the challenge that the first consumes.
        let both = join_all((0..2).map(|_| enter(&app, &code, PIN)));
        let answers = app.at_once("users", 2, both).await;
        assert_eq!(outcomes(&answers), tally([("200", 1), ("invalid-challenge", 1)]));
        expect_even(&app, start).await;
        app.pass(Duration::milliseconds(1));
    }
}

#[tokio::test]
async fn everything_that_touches_a_pin_at_once_is_one_after_the_other() {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    for table in ["pins", "users", "sessions", "device_guard"].repeat(3) {
        let ada = app.login(PHONE).await;
        ada.set_pin(PIN, None).await.expect(204);
        let code = sent(&app, HOME, PHONE).await;
        // A sign of life is written after an hour.
        app.execute("UPDATE pins SET last_seen_at = last_seen_at - interval '2 hours'").await;
        let refresh = app.post("/api/v1/auth/refresh", json!({"refresh_token": ada.refresh_token}));
        let steps = join(enter(&app, &code, PIN), join(enter(&app, &code, WRONG), refresh));
        let changes = join(ada.set_pin(WRONG, Some(PIN)), ada.remove_pin(Some(PIN)));
        let all = join(join(steps, changes), ada.delete("/api/v1/profile"));
        let (((login, (wrong, refreshed)), (set, removed)), deleted) =
            Box::pin(app.at_once(table, 2, all)).await;
        for answer in [&login, &wrong, &refreshed, &set, &removed, &deleted] {
            assert!(answer.status.as_u16() < 500, "{table}: {}", answer.text);
        }
        let anew = "DELETE FROM pins; DELETE FROM sessions; DELETE FROM rate_limit;
                    UPDATE users SET phone = NULL, deleted_at = now()";
        app.execute(anew).await;
    }
}

#[tokio::test]
async fn a_refresh_waits_for_nobody_who_has_the_pin_locked() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    app.pass(Duration::hours(2));
    app.execute(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
         CREATE TRIGGER linger AFTER UPDATE ON pins FOR EACH ROW EXECUTE FUNCTION linger()",
    )
    .await;
    let code = sent(&app, HOME, PHONE).await;
    let charge = enter(&app, &code, WRONG);
    let refresh = async {
        while app
            .count("pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
            .await
            == 0
        {}
        let start = std::time::Instant::now();
        let body = json!({"refresh_token": ada.refresh_token});
        app.post("/api/v1/auth/refresh", body).await.expect(200);
        start.elapsed()
    };
    let (charged, taken) = join(charge, refresh).await;
    charged.expect_problem(401, "invalid-pin");
    assert!(taken.as_millis() < 300, "{taken:?}");
}
