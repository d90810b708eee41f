//! Whoever has a device, a code and an account can do several things with them at once. None may end in the other's way
//! for long: the locks of the counters are taken in one order everywhere.

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::{
    support::TestApp,
    tools::{HOME, PHONE, address, ask_with, enter, guess, limited, sent, sent_to_device},
};

/// Returns once a statement waits for a lock.
async fn until_one_waits(app: &TestApp) {
    let waiting =
        "pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()";
    while app.count(waiting).await == 0 {}
}

#[tokio::test]
async fn a_login_and_a_request_of_a_device_that_is_full_both_succeed() {
    let app = limited().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    let other = sent_to_device(&app, HOME, PHONE, &token).await;
    for _ in 0..2 {
        guess(&app, &other).await.expect_problem(401, "invalid-code");
    }
    let other = sent_to_device(&app, HOME, PHONE, &token).await;
    for _ in 0..2 {
        guess(&app, &other).await.expect_problem(401, "invalid-code");
    }
    // Which of the two comes first is chance: one round may go well.
    for round in 0..8 {
        // The fifth try fills the device's meter until the login gives it back.
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        let request = async {
            until_one_waits(&app).await;
            ask_with(&app, &address(round), &json!({"phone": PHONE, "device_token": token})).await
        };
        let both = join(enter(&app, HOME, &code.challenge, &code.code), request);
        let (login, asked) = app.at_once("phone_guard", 2, both).await;
        login.expect(200);
        assert!(asked.status == 200 || asked.status == 429, "{}", asked.text);
        app.pass(chrono::Duration::hours(8));
    }
}

#[tokio::test]
async fn a_login_with_an_eleventh_device_beside_a_deletion_is_one_after_the_other() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for _ in 0..8 {
        let mut user = app.login(PHONE).await;
        for _ in 0..9 {
            // The oldest session is another's: with the eleventh login it goes.
            app.pass(chrono::Duration::seconds(1));
            user = app.login(PHONE).await;
        }
        let code = sent(&app, HOME, PHONE).await;
        let both = join(user.delete("/api/v1/profile"), app.verify(&code.challenge, &code.code));
        let (deleted, login) = app.at_once("users", 2, both).await;
        deleted.expect(204);
        assert!(login.status == 200 || login.status == 401, "{}", login.text);
    }
}

#[tokio::test]
async fn requests_whose_limits_are_all_new_do_not_wait_for_each_other_in_a_circle() {
    let app = limited().set("--database-pool-size", "22").start().await;
    app.connect(22).await;
    for round in 0..4 {
        // One network and one block of numbers; whose keys come first is chance.
        let asking = (0..20).map(|index| {
            let (from, phone) = (format!("203.0.{round}.{index}"), format!("+7999{round:03}{index:04}"));
            let app = &app;
            async move { ask_with(app, &from, &json!({"phone": phone})).await.status.as_u16() }
        });
        let statuses = app.at_once("rate_limit", 12, join_all(asking)).await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 10, "a block has ten");
    }
}

#[tokio::test]
async fn of_a_right_code_entered_twice_at_once_with_room_for_one_try_one_logs_in() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for round in 0..8 {
        let phone = format!("+799900000{round:02}");
        let tried = sent(&app, HOME, &phone).await;
        for _ in 0..2 {
            guess(&app, &tried).await.expect_problem(401, "invalid-code");
        }
        let code = sent(&app, HOME, &phone).await;
        let twice = join(
            enter(&app, HOME, &code.challenge, &code.code),
            enter(&app, HOME, &code.challenge, &code.code),
        );
        let (one, other) = app.at_once("phone_guard", 2, twice).await;
        let logged_in = [one.status, other.status].iter().filter(|status| **status == 200).count();
        assert_eq!(logged_in, 1, "{} {}", one.text, other.text);
    }
}

#[tokio::test]
async fn a_deletion_beside_a_logout_is_one_after_the_other() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for _ in 0..16 {
        let user = app.login(PHONE).await;
        let both =
            join(user.post("/api/v1/auth/logout", json!({"scope": "all"})), user.delete("/api/v1/profile"));
        let (out, deleted) = app.at_once("device_guard", 2, both).await;
        assert!(matches!(out.status.as_u16(), 204 | 401), "{}", out.text);
        assert!(matches!(deleted.status.as_u16(), 204 | 401), "{}", deleted.text);
        if deleted.status == 401 {
            app.login(PHONE).await.delete("/api/v1/profile").await.expect(204);
        }
    }
}

#[tokio::test]
async fn requests_of_a_device_with_room_for_one_do_not_stand_in_the_way_of_its_login() {
    let app = limited().set("--database-pool-size", "22").start().await;
    app.connect(22).await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    for round in 0..6 {
        // One more fits into its lane; the others become strangers while the login is under way.
        sent_to_device(&app, HOME, PHONE, &token).await;
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        let body = json!({"phone": PHONE, "device_token": token});
        let asking = (0..8).map(|index| {
            let (app, body, from) = (&app, &body, address(round * 8 + index));
            async move { ask_with(app, &from, body).await.status.as_u16() }
        });
        let both = join(enter(&app, HOME, &code.challenge, &code.code), join_all(asking));
        let (login, statuses) = app.at_once("device_guard", 4, both).await;
        login.expect(200);
        assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
        app.pass(chrono::Duration::days(2));
    }
}
