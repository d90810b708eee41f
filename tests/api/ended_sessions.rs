//! A session that has ended acts no more, also where its request was on its way already when it ended.
//!
//! What writes for a session waits for the user's row, and so does what ends the sessions of a user. [`TestUser::in_line`]
//! holds that row until one stands behind the other: PostgreSQL lets them have it in the order in which they came.

use futures_util::future::join;
use image::{ImageFormat, RgbImage};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser};

const PROFILE: &str = "/api/v1/profile";
const PIN_PATH: &str = "/api/v1/profile/pin";
const AVATAR: &str = "/api/v1/profile/avatar";
const LOGOUT: &str = "/api/v1/auth/logout";
const NEW: &str = "+79997654321";
const OTHER: &str = "+79997654322";
const PIN: &str = "271828";
/// How often a scene is played anew: on a busy computer the service may give up before the row is let go.
const TAKES: usize = 20;
/// A service whose requests wait for each other and not for connections.
async fn busy() -> TestApp {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    app
}

/// The change to a number, as far as entering the code.
async fn change(user: &TestUser<'_>, phone: &str) -> RequestBuilder {
    let asked = user.post("/api/v1/profile/phone", json!({"phone": phone})).await.expect(200);
    let body = json!({"challenge_token": asked.body["challenge_token"], "code": user.app.code(phone)});
    user.request(Method::POST, "/api/v1/profile/phone/verify").json(&body)
}

fn log_out(user: &TestUser<'_>, scope: &str) -> RequestBuilder {
    user.request(Method::POST, LOGOUT).json(&json!({"scope": scope}))
}

/// The request that ends a session, by another of the same user.
async fn end(user: &TestUser<'_>, other: &TestUser<'_>) -> RequestBuilder {
    let list = other.get("/api/v1/sessions").await.expect(200).body["items"].clone();
    let current = list.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    user.request(Method::DELETE, &format!("/api/v1/sessions/{}", current["id"].as_str().unwrap()))
}

fn set_avatar(user: &TestUser<'_>) -> RequestBuilder {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::new(8, 8).write_to(&mut file, ImageFormat::Png).unwrap();
    user.request(Method::PUT, AVATAR).header("content-type", "image/png").body(file.into_inner())
}

/// What an account is and has.
async fn account(user: &TestUser<'_>) -> Value {
    let query = format!(
        "SELECT phone, email, first_name, last_name, deleted_at, version, invited_users_count,
                (SELECT hash FROM pins WHERE user_id = users.id) AS pin,
                (SELECT hash FROM avatars WHERE user_id = users.id) AS avatar,
                (SELECT invite_code FROM referrals WHERE invitee_id = users.id) AS activated
         FROM users WHERE id = '{}'",
        user.id()
    );
    user.app.rows(&query).await.remove(0)
}

fn gave_up(answers: &[&Answer]) -> bool {
    answers.iter().any(|answer| answer.status == 503)
}

/// Two sessions of one account.
async fn two(app: &TestApp) -> [TestUser<'_>; 2] {
    let ada = app.newcomer().await;
    let other = app.login(ada.phone()).await;
    [ada, other]
}

/// Lets Ada's other session ask for something while a request of Ada that ends it stands in line before it. However
/// that ends it, the other is answered as `is_refused` checks, and did nothing.
async fn ended_meanwhile(asking: impl AsyncFn(&TestUser<'_>) -> RequestBuilder, is_refused: impl Fn(Answer)) {
    let app = busy().await;
    for moves in [true, false] {
        let mut takes = 0..TAKES;
        loop {
            assert!(takes.next().is_some(), "the service gave up each time");
            let [ada, other] = two(&app).await;
            let (new, old) = (format!("+7998{}", &ada.phone()[5..]), ada.phone().to_owned());
            let ending = if moves { change(&ada, &new).await } else { log_out(&ada, "others") };
            let asking = asking(&other).await;
            let mut expected = account(&ada).await;
            let (ending, asked, _) = ada.in_line(ending, asking).await;
            if gave_up(&[&ending, &asked]) {
                continue;
            }
            ending.expect(if moves { 200 } else { 204 });
            is_refused(asked);
            expected["version"] = json!(expected["version"].as_i64().unwrap() + i64::from(moves));
            expected["phone"] = json!(if moves { new } else { old });
            assert_eq!(account(&ada).await, expected, "ended by a change of number: {moves}");
            ada.profile().await;
            other.get(PROFILE).await.expect_problem(401, "unauthenticated");
            let of_ada = format!("WHERE user_id = '{}'", ada.id());
            assert_eq!(app.count(&format!("sessions {of_ada}")).await, 1);
            assert_eq!(app.count(&format!("device_guard {of_ada}")).await, 1);
            break;
        }
    }
}

fn unauthenticated(answer: Answer) {
    answer.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_ended_session_gives_the_account_no_number() {
    ended_meanwhile(async |other| change(other, OTHER).await, unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_deletes_no_account() {
    ended_meanwhile(async |other| other.request(Method::DELETE, PROFILE), unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_sets_no_pin() {
    let asking =
        async |other: &TestUser<'_>| other.request(Method::PUT, PIN_PATH).json(&json!({"pin": "314159"}));
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_replaces_no_pin() {
    let asking = async |other: &TestUser<'_>| {
        other.set_pin(PIN, None).await.expect(204);
        other.request(Method::PUT, PIN_PATH).json(&json!({"pin": "314159", "current_pin": PIN}))
    };
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_removes_no_pin() {
    let asking = async |other: &TestUser<'_>| {
        other.set_pin(PIN, None).await.expect(204);
        other.request(Method::DELETE, PIN_PATH).json(&json!({"current_pin": PIN}))
    };
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_writes_no_profile() {
    for method in [Method::PATCH, Method::PUT] {
        let asking = async |other: &TestUser<'_>| {
            other.request(method.clone(), PROFILE).json(&json!({"first_name": "Mallory"}))
        };
        ended_meanwhile(asking, unauthenticated).await;
    }
}

#[tokio::test]
async fn an_ended_session_sets_no_avatar() {
    ended_meanwhile(async |other| set_avatar(other), unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_removes_no_avatar() {
    let asking = async |other: &TestUser<'_>| {
        other.app.send(set_avatar(other)).await.expect(200);
        other.request(Method::DELETE, AVATAR)
    };
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn an_ended_session_activates_no_code() {
    let asking = async |other: &TestUser<'_>| {
        let code = other.app.newcomer().await.invite_code();
        other.request(Method::POST, "/api/v1/referral/activate").json(&json!({"invite_code": code}))
    };
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn the_logout_of_an_ended_session_is_no_error_and_ends_no_other() {
    for scope in ["others", "all"] {
        ended_meanwhile(async |other| log_out(other, scope), |answer| drop(answer.expect(204))).await;
    }
}

#[tokio::test]
async fn an_ended_session_ends_no_other() {
    let asking = async |other: &TestUser<'_>| {
        let list = other.get("/api/v1/sessions").await.expect(200).body["items"].clone();
        let ada = list.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
        other.request(Method::DELETE, &format!("/api/v1/sessions/{}", ada["id"].as_str().unwrap()))
    };
    ended_meanwhile(asking, unauthenticated).await;
}

#[tokio::test]
async fn of_two_changes_of_number_at_once_the_one_that_is_answered_happened() {
    let app = busy().await;
    let mut takes = 0..TAKES;
    loop {
        assert!(takes.next().is_some(), "the service gave up each time");
        let [ada, other] = two(&app).await;
        let (to_new, to_other) = (change(&ada, NEW).await, change(&other, OTHER).await);
        let both = join(app.send(to_new), app.send(to_other));
        let (by_ada, by_other) = app.at_once("users", 2, both).await;
        if gave_up(&[&by_ada, &by_other]) {
            app.execute("DELETE FROM sessions; DELETE FROM users").await;
            continue;
        }
        let (changed, refused, phone) =
            if by_ada.status == 200 { (by_ada, by_other, NEW) } else { (by_other, by_ada, OTHER) };
        assert_eq!(changed.expect(200).body["phone"], phone);
        unauthenticated(refused);
        assert_eq!(account(&ada).await["phone"], phone);
        assert_eq!(app.count("sessions").await, 1);
        break;
    }
}

#[tokio::test]
async fn a_session_that_another_one_ends_while_it_waits_acts_no_more() {
    let app = busy().await;
    // By the other one, and by its own logout: where these wait for nobody, they are over before it goes on.
    for by_itself in [false, true] {
        let mut takes = 0..TAKES;
        loop {
            assert!(takes.next().is_some(), "the service gave up each time");
            let [ada, other] = two(&app).await;
            let patch = other.request(Method::PATCH, PROFILE).json(&json!({"first_name": "Mallory"}));
            let ending = if by_itself { log_out(&other, "this") } else { end(&ada, &other).await };
            let (patched, ended, has_passed) = ada.in_line(patch, ending).await;
            if gave_up(&[&patched, &ended]) {
                continue;
            }
            ended.expect(204);
            let name = account(&ada).await["first_name"].clone();
            if has_passed {
                unauthenticated(patched);
                assert_eq!(name, Value::Null);
            } else {
                assert_eq!(name, "Mallory");
            }
            other.get(PROFILE).await.expect_problem(401, "unauthenticated");
            break;
        }
    }
}
