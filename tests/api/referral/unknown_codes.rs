//! What a first login shares with an activation: the limit on codes that nobody has, and the window.

use chrono::Duration;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser};

const PHONE: &str = "+79991234567";
const OTHER: &str = "+79990000044";
const PROFILE: &str = "/api/v1/profile";
const UNKNOWN: &str = "000000";

/// The phone step with an invite code; gives the challenge and the code to enter.
async fn ask(app: &TestApp, phone: &str, invite_code: &str) -> (String, String) {
    let body = json!({"phone": phone, "invite_code": invite_code});
    let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
    (asked.text_of("challenge_token"), app.code(phone))
}

/// Logs in with an invite code given at the phone step.
async fn login_with<'a>(app: &'a TestApp, phone: &str, invite_code: &str) -> TestUser<'a> {
    let (challenge, code) = ask(app, phone, invite_code).await;
    TestUser::of(app, app.verify(&challenge, &code).await.expect(200))
}

/// Registers, is told what became of the invite code, and deletes the account.
async fn register_and_go(app: &TestApp, phone: &str, invite_code: &str) -> Value {
    let user = login_with(app, phone, invite_code).await;
    assert_eq!(user.login.body["is_new_user"], true);
    user.delete(PROFILE).await.expect(204);
    user.login.body["referral"].clone()
}

/// Gives the account another number.
async fn move_to(user: &TestUser<'_>, phone: &str) {
    let asked = user.post("/api/v1/profile/phone", json!({"phone": phone})).await.expect(200);
    let body = json!({"challenge_token": asked.body["challenge_token"], "code": user.app.code(phone)});
    user.post("/api/v1/profile/phone/verify", body).await.expect(200);
}

/// A service whose accounts activate codes for three days.
async fn with_window() -> TestApp {
    TestApp::builder().set("--referral-window-days", "3").set("--database-pool-size", "8").start().await
}

#[tokio::test]
async fn registering_anew_looks_for_twenty_codes_and_then_not_even_for_a_known_one() {
    let app = TestApp::start().await;
    let inviter = app.newcomer().await;
    for _ in 0..20 {
        assert_eq!(register_and_go(&app, PHONE, UNKNOWN).await, "unknown-invite-code");
    }
    for code in [UNKNOWN, &inviter.invite_code()] {
        let ada = login_with(&app, PHONE, code).await;
        assert_eq!(ada.login.body["referral"], "too-many-requests");
        assert_eq!(ada.login.body["user"]["activated_invite_code"], Value::Null);
        ada.delete(PROFILE).await.expect(204);
    }
    assert_eq!(app.count("referrals").await, 0);
    assert_eq!(inviter.profile().await["invited_users_count"], 0);
    // Another number has codes of its own.
    assert_eq!(register_and_go(&app, OTHER, UNKNOWN).await, "unknown-invite-code");
    app.pass(Duration::minutes(72));
    assert_eq!(register_and_go(&app, PHONE, &inviter.invite_code()).await, "activated");
}

#[tokio::test]
async fn codes_that_nobody_has_are_counted_together_at_first_logins_and_activations() {
    for at_first_logins in [20, 10] {
        let app = TestApp::start().await;
        let inviter = app.newcomer().await.invite_code();
        for _ in 1..at_first_logins {
            assert_eq!(register_and_go(&app, PHONE, UNKNOWN).await, "unknown-invite-code");
        }
        let ada = login_with(&app, PHONE, UNKNOWN).await;
        assert_eq!(ada.login.body["referral"], "unknown-invite-code");
        for _ in at_first_logins..20 {
            ada.activate(UNKNOWN).await.expect_problem(404, "unknown-invite-code");
        }
        for code in [UNKNOWN, &inviter] {
            let refused = ada.activate(code).await.expect_problem(429, "too-many-requests");
            assert_eq!(refused.body["retry_after"], 72 * 60);
        }
        ada.delete(PROFILE).await.expect(204);
        assert_eq!(register_and_go(&app, PHONE, &inviter).await, "too-many-requests");
    }
}

#[tokio::test]
async fn codes_that_are_not_looked_for_or_that_somebody_has_are_not_counted_at_a_login() {
    let app = TestApp::start().await;
    let inviter = app.newcomer().await.invite_code();
    app.login(PHONE).await;
    for _ in 0..25 {
        let again = login_with(&app, PHONE, UNKNOWN).await;
        assert_eq!(again.login.body["referral"], "not-a-first-login");
    }
    for _ in 0..20 {
        app.login(PHONE).await.activate(UNKNOWN).await.expect_problem(404, "unknown-invite-code");
    }
    assert_eq!(register_and_go(&app, OTHER, &inviter).await, "activated");
    // Its number has activated one, and so no other is looked for.
    for code in [UNKNOWN, &inviter].repeat(12) {
        assert_eq!(register_and_go(&app, OTHER, code).await, "invite-already-activated");
    }
    app.pass(Duration::days(180));
    assert_eq!(register_and_go(&app, OTHER, UNKNOWN).await, "unknown-invite-code");
}

#[tokio::test]
async fn registering_anew_opens_no_window_that_is_closed() {
    let app = with_window().await;
    app.login(PHONE).await;
    app.pass(Duration::days(3));
    app.login(PHONE).await.delete(PROFILE).await.expect(204);
    let inviter = app.newcomer().await;
    for code in [inviter.invite_code(), UNKNOWN.to_owned()] {
        // Nor does a third account: the one between was not too old itself.
        let again = login_with(&app, PHONE, &code).await;
        assert_eq!(again.login.body["is_new_user"], true);
        assert_eq!(again.login.body["referral"], "invite-window-closed");
        assert_eq!(again.login.body["user"]["activated_invite_code"], Value::Null);
        again.activate(&code).await.expect_problem(409, "invite-window-closed");
        again.delete(PROFILE).await.expect(204);
    }
    assert_eq!(inviter.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn a_number_that_is_left_after_the_window_opens_none_for_its_next_account() {
    let app = with_window().await;
    app.login(PHONE).await;
    app.pass(Duration::days(3));
    let ada = app.login(PHONE).await;
    move_to(&ada, OTHER).await;
    let inviter = app.newcomer().await;
    let next = login_with(&app, PHONE, &inviter.invite_code()).await;
    assert_eq!(next.login.body["is_new_user"], true);
    assert_eq!(next.login.body["referral"], "invite-window-closed");
    for user in [&next, &ada] {
        user.activate(&inviter.invite_code()).await.expect_problem(409, "invite-window-closed");
    }
    ada.delete(PROFILE).await.expect(204);
    assert_eq!(register_and_go(&app, OTHER, &inviter.invite_code()).await, "invite-window-closed");
    assert_eq!(inviter.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn whoever_registers_anew_within_the_window_and_activated_nothing_may_do_it() {
    for (days, age) in [("3", Duration::days(3) - Duration::seconds(1)), ("0", Duration::days(100))] {
        let app = TestApp::builder().set("--referral-window-days", days).start().await;
        for phone in [PHONE, OTHER] {
            app.login(phone).await;
        }
        app.pass(age);
        app.login(PHONE).await.delete(PROFILE).await.expect(204);
        move_to(&app.login(OTHER).await, "+79990000045").await;
        let inviter = app.newcomer().await;
        assert_eq!(register_and_go(&app, PHONE, &inviter.invite_code()).await, "activated");
        app.login(OTHER).await.activate(&inviter.invite_code()).await.expect(200);
    }
}

#[tokio::test]
async fn a_first_login_beside_the_end_of_an_account_that_is_too_old_activates_nothing() {
    let app = with_window().await;
    app.connect(8).await;
    let phones: Vec<_> = (0..10).map(|round| format!("+7999100{round:04}")).collect();
    for phone in &phones {
        app.login(phone).await;
    }
    app.pass(Duration::days(3));
    let inviter = app.newcomer().await.invite_code();
    for (round, phone) in phones.iter().enumerate() {
        let ada = app.login(phone).await;
        let (challenge, code) = ask(&app, phone, &inviter).await;
        let end = async {
            if round % 2 == 0 {
                drop(ada.delete(PROFILE).await.expect(204));
            } else {
                move_to(&ada, &format!("+7999300{round:04}")).await;
            }
        };
        let both = join(end, app.verify(&challenge, &code));
        let ((), login) = app.at_once("users", 2, both).await;
        if login.status == 200 {
            let expected =
                if login.body["is_new_user"] == true { "invite-window-closed" } else { "not-a-first-login" };
            assert_eq!(login.body["referral"], expected);
        }
    }
    assert_eq!(app.count("referrals").await, 0);
}
