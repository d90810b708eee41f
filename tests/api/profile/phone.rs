//! `POST /profile/phone` and `/profile/phone/verify`: another number for the account.

use chrono::Duration;
use futures_util::future::{join, join_all};
use serde_json::json;

use super::PROFILE;
use crate::support::{Answer, TestApp, TestUser, another_code};

const OLD: &str = "+79991234567";
const NEW: &str = "+79997654321";
const CHANGE: &str = "/api/v1/profile/phone";
const VERIFY: &str = "/api/v1/profile/phone/verify";

/// Asks for a code to `phone`; gives the challenge and the code.
async fn ask(user: &TestUser<'_>, phone: &str) -> (String, String) {
    let asked = user.post(CHANGE, json!({"phone": phone})).await.expect(200);
    (asked.text_of("challenge_token"), user.app.code(phone))
}

async fn enter(user: &TestUser<'_>, (challenge, code): &(String, String)) -> Answer {
    user.post(VERIFY, json!({"challenge_token": challenge, "code": code})).await
}

async fn change(user: &TestUser<'_>, phone: &str) -> Answer {
    let code = ask(user, phone).await;
    enter(user, &code).await
}

#[tokio::test]
async fn a_right_code_gives_the_account_the_number_and_frees_the_old_one() {
    let app = TestApp::start().await;
    let ada = app.login(OLD).await;
    let before = ada.get(PROFILE).await;
    let asked = ada.post(CHANGE, json!({"phone": "8 (999) 765-43-21", "locale": "en"})).await.expect(200);
    let members: Vec<_> = asked.body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["challenge_token", "code_length", "expires_in", "resend_in"]);
    app.pass(Duration::seconds(1));
    let answer = enter(&ada, &(asked.text_of("challenge_token"), app.code(NEW))).await.expect(200);
    assert_eq!(answer.body["phone"], NEW);
    assert_eq!(answer.body["id"], before.body["id"]);
    assert_eq!(answer.body["updated_at"], "2026-11-21T12:00:01Z");
    assert_ne!(answer.header("etag"), before.header("etag"));
    assert_eq!(answer.body, ada.profile().await);

    assert_eq!(app.login(NEW).await.login.body["user"]["id"], before.body["id"]);
    let other = app.login(OLD).await;
    assert_eq!(other.login.body["is_new_user"], true);
    assert_ne!(other.login.body["user"]["id"], before.body["id"]);
}

#[tokio::test]
async fn the_message_says_what_the_code_is_for() {
    let app = TestApp::start().await;
    let ada = app.login(OLD).await;
    let phone = NEW.to_owned().try_into().unwrap();
    for (locale, text) in [("en", "is the code to change your number"), ("ru", "Код смены номера")]
    {
        ada.post(CHANGE, json!({"phone": NEW, "locale": locale})).await.expect(200);
        let message = &app.state.sms.inbox().unwrap().messages_to(&phone)[0];
        assert!(message.text.contains(text), "{}", message.text);
    }
}

#[tokio::test]
async fn the_other_sessions_end_and_this_one_stays() {
    let app = TestApp::start().await;
    let (ada, elsewhere) = (app.login(OLD).await, app.login(OLD).await);
    let stranger = app.login("+79990000044").await;
    change(&ada, NEW).await.expect(200);
    elsewhere.get(PROFILE).await.expect_problem(401, "unauthenticated");
    let refresh = |user: &TestUser<'_>| json!({"refresh_token": user.refresh_token});
    app.post("/api/v1/auth/refresh", refresh(&elsewhere)).await.expect_problem(401, "invalid-refresh-token");
    app.post("/api/v1/auth/refresh", refresh(&ada)).await.expect(200);
    ada.profile().await;
    stranger.profile().await;
}

#[tokio::test]
async fn the_device_stays_trusted_with_the_new_number_and_those_that_were_ended_do_not() {
    let app = TestApp::builder().set("--otp-length", "4").start().await;
    let (ada, elsewhere) = (app.login(OLD).await, app.login(OLD).await);
    change(&ada, NEW).await.expect(200);
    let devices = app.query("SELECT session_id::text FROM device_guard").await;
    assert_eq!(devices.len(), 1);
    for (user, is_known) in [(&ada, true), (&elsewhere, false)] {
        let token = user.login.text_of("device_token");
        let asked = app.post("/api/v1/auth/phone", json!({"phone": NEW, "device_token": token})).await;
        app.verify(&asked.expect(200).text_of("challenge_token"), &app.code(NEW)).await.expect(200);
        let devices = app.count("device_guard").await;
        // A login on a device that is known makes no other.
        assert_eq!(devices, if is_known { 1 } else { 2 });
    }
}

#[tokio::test]
async fn that_a_number_is_taken_is_told_only_after_the_right_code() {
    let app = TestApp::start().await;
    let (ada, owner) = (app.login(OLD).await, app.login(NEW).await);
    let free = ada.post(CHANGE, json!({"phone": "+79997654322"})).await.expect(200);
    let taken = ada.post(CHANGE, json!({"phone": NEW})).await.expect(200);
    for member in ["code_length", "expires_in", "resend_in"] {
        assert_eq!(free.body[member], taken.body[member]);
    }
    assert_eq!(free.text_of("challenge_token").len(), taken.text_of("challenge_token").len());
    let code = (taken.text_of("challenge_token"), app.code(NEW));
    enter(&ada, &(code.0.clone(), another_code(&code.1))).await.expect_problem(401, "invalid-code");
    enter(&ada, &code).await.expect_problem(409, "phone-taken");
    enter(&ada, &code).await.expect_problem(401, "invalid-challenge");
    assert_eq!([ada.profile().await["phone"].clone(), owner.profile().await["phone"].clone()], [OLD, NEW]);
}

#[tokio::test]
async fn the_number_of_a_deleted_account_can_be_had() {
    let app = TestApp::start().await;
    let (ada, owner) = (app.login(OLD).await, app.login(NEW).await);
    let code = ask(&ada, NEW).await;
    owner.delete(PROFILE).await.expect(204);
    assert_eq!(enter(&ada, &code).await.expect(200).body["phone"], NEW);
}

#[tokio::test]
async fn it_takes_a_login_of_the_last_ten_minutes() {
    let app = TestApp::builder().set("--access-token-ttl-seconds", "3600").start().await;
    let ada = app.login(OLD).await;
    app.pass(Duration::minutes(10));
    let code = ask(&ada, NEW).await;
    app.pass(Duration::seconds(1));
    let refused = ada.post(CHANGE, json!({"phone": NEW})).await;
    let refused = refused.expect_problem(401, "reauthentication-required");
    assert!(refused.header("www-authenticate").ends_with("max_age=600"));
    // Who proved it when asking has the life of the challenge to enter the code.
    enter(&ada, &code).await.expect(200);
}

#[tokio::test]
async fn or_the_pin_which_is_metered_and_given_back() {
    let app = TestApp::builder().set("--access-token-ttl-seconds", "3600").start().await;
    let ada = app.login(OLD).await;
    ada.set_pin("271828", None).await.expect(204);
    app.pass(Duration::minutes(11));
    let with = |pin: &str| json!({"phone": NEW, "pin": pin});
    ada.post(CHANGE, json!({"phone": NEW})).await.expect_problem(401, "pin-required");
    for _ in 0..12 {
        ada.post(CHANGE, with("271828")).await.expect(200);
    }
    for _ in 0..10 {
        ada.post(CHANGE, with("271829")).await.expect_problem(401, "invalid-pin");
    }
    let sent = app.state.sms.inbox().unwrap().messages_to(&NEW.to_owned().try_into().unwrap()).len();
    ada.post(CHANGE, with("271828")).await.expect_problem(429, "too-many-requests");
    assert_eq!(app.state.sms.inbox().unwrap().messages_to(&NEW.to_owned().try_into().unwrap()).len(), sent);
}

#[tokio::test]
async fn a_challenge_is_good_for_its_user_and_purpose_only() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login(OLD).await, app.login("+79990000044").await);
    let change = ask(&ada, NEW).await;
    enter(&grace, &change).await.expect_problem(401, "invalid-challenge");
    app.verify(&change.0, &change.1).await.expect_problem(401, "invalid-challenge");
    let login = (app.challenge(NEW).await, app.code(NEW));
    enter(&ada, &login).await.expect_problem(401, "invalid-challenge");
    // None of it cost a try.
    assert_eq!(app.count("challenge_use").await, 2);
    enter(&ada, &change).await.expect(200);
}

#[tokio::test]
async fn what_is_no_challenge_opens_nothing() {
    let app = TestApp::start().await;
    let ada = app.login(OLD).await;
    let (_, code) = ask(&ada, NEW).await;
    let device = ada.login.text_of("device_token");
    for token in ["", "x", &ada.access_token, &ada.refresh_token, &device] {
        enter(&ada, &(token.to_owned(), code.clone())).await.expect_problem(401, "invalid-challenge");
    }
    assert_eq!(ada.profile().await["phone"], OLD);
}

#[tokio::test]
async fn what_is_no_number_or_ones_own_is_refused_without_a_message() {
    let app = TestApp::builder().set("--allowed-countries", "RU").start().await;
    let ada = app.login(OLD).await;
    for (phone, code) in [
        ("+7999", "invalid-phone"),
        ("+74951234567", "phone-not-supported"),
        ("+12025550123", "phone-not-supported"),
    ] {
        ada.post(CHANGE, json!({"phone": phone})).await.expect_problem(422, code);
    }
    for own in [OLD, "8 999 123 45 67"] {
        let refused = ada.post(CHANGE, json!({"phone": own})).await.expect_problem(422, "invalid-request");
        assert_eq!(refused.text_of("detail"), "phone: is the number of this account already.");
    }
    assert_eq!(app.state.sms.inbox().unwrap().messages_to(&OLD.to_owned().try_into().unwrap()).len(), 1);
}

#[tokio::test]
async fn without_a_session_nothing_is_sent_or_changed() {
    let app = TestApp::start().await;
    let ada = app.login(OLD).await;
    let code = ask(&ada, NEW).await;
    ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
    ada.post(CHANGE, json!({"phone": NEW})).await.expect_problem(401, "unauthenticated");
    enter(&ada, &code).await.expect_problem(401, "unauthenticated");
    assert_eq!(app.query("SELECT phone FROM users").await, [OLD]);
}

#[tokio::test]
async fn invited_and_inviter_see_the_new_number() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login(OLD).await, app.login("+79990000044").await);
    grace.activate(&ada.invite_code()).await.expect(200);
    change(&ada, NEW).await.expect(200);
    change(&grace, "+79990000045").await.expect(200);
    assert_eq!(grace.profile().await["invited_by_phone"], NEW);
    assert_eq!(ada.profile().await["invited_users"], json!(["+79990000045"]));
    assert_eq!(ada.profile().await["invite_code"], ada.invite_code());
}

#[tokio::test]
async fn a_login_voids_the_challenges_made_before_it_for_the_same_number() {
    let app = TestApp::start().await;
    let ada = app.login(OLD).await;
    let code = ask(&ada, NEW).await;
    app.pass(Duration::seconds(1));
    app.login(NEW).await;
    enter(&ada, &code).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn of_many_right_codes_for_one_challenge_one_changes_the_number() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    let ada = app.login(OLD).await;
    app.connect(8).await;
    let code = ask(&ada, NEW).await;
    let answers = join_all((0..3).map(|_| enter(&ada, &code))).await;
    let changed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(changed, 1, "{answers:?}");
    assert_eq!(app.query("SELECT version::text FROM users").await, ["2"]);
}

#[tokio::test]
async fn of_two_who_want_one_number_at_once_one_has_it() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for round in 0..20 {
        let (ada, grace) = (
            app.login(&format!("+7999100{round:04}")).await,
            app.login(&format!("+7999200{round:04}")).await,
        );
        let wanted = format!("+7999300{round:04}");
        // Made in one moment: neither success voids the other's.
        let (one, two) = (ask(&ada, &wanted).await, ask(&grace, &wanted).await);
        let both = join(enter(&ada, &one), enter(&grace, &two));
        let (one, two) = app.at_once("users", 2, both).await;
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
    }
}

#[tokio::test]
async fn a_first_login_and_a_change_to_one_number_make_one_account_of_it() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for round in 0..20 {
        let ada = app.login(&format!("+7999100{round:04}")).await;
        let wanted = format!("+7999300{round:04}");
        let (login, code) = (app.challenge(&wanted).await, app.code(&wanted));
        let change = ask(&ada, &wanted).await;
        let both = join(enter(&ada, &change), app.verify(&login, &code));
        let (changed, logged_in) = app.at_once("users", 2, both).await;
        let login = logged_in.expect(200);
        // If the login came second, it is into the account that has the number by then.
        let is_first = changed.status != 200;
        assert_eq!(login.body["is_new_user"], is_first);
        if is_first {
            changed.expect_problem(409, "phone-taken");
        }
        assert_eq!(app.count(&format!("users WHERE phone = '{wanted}'")).await, 1);
    }
}

#[tokio::test]
async fn a_login_beside_the_change_keeps_no_session_of_the_account_that_left() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for round in 0..20 {
        let old = format!("+7999100{round:04}");
        let ada = app.login(&old).await;
        let (login, code) = (app.challenge(&old).await, app.code(&old));
        let change = ask(&ada, &format!("+7999300{round:04}")).await;
        let both = join(enter(&ada, &change), app.verify(&login, &code));
        let (changed, logged_in) = app.at_once("users", 2, both).await;
        changed.expect(200);
        let account = ada.profile().await["id"].clone();
        // Before the change: ended with the others. After it: into a new account.
        if logged_in.status == 200 && logged_in.body["user"]["id"] != account {
            assert_eq!(logged_in.body["is_new_user"], true);
        }
        let sessions = app.count(&format!("sessions WHERE user_id = '{}'", account.as_str().unwrap())).await;
        assert_eq!(sessions, 1);
    }
}

#[tokio::test]
async fn a_deletion_beside_the_change_leaves_nobody_with_the_number() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for round in 0..20 {
        let ada = app.login(&format!("+7999100{round:04}")).await;
        let change = ask(&ada, &format!("+7999300{round:04}")).await;
        let both = join(enter(&ada, &change), ada.delete(PROFILE));
        let (changed, deleted) = app.at_once("users", 2, both).await;
        deleted.expect(204);
        assert!([200, 401].contains(&changed.status.as_u16()), "{}", changed.text);
        assert_eq!(app.count("users WHERE phone IS NOT NULL").await, 0);
    }
}
