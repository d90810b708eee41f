//! The end of a session beside its use, on two instances with one database: it is over, whoever came first.
//!
//! [`TestApp::at_once`] lets both sides come as far as they can, see `races.rs`.

use std::future::Future;

use chrono::Duration;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser, app::TestAppBuilder, new_database};

const PHONE: &str = "+79991234567";
const LOGOUT: &str = "/api/v1/auth/logout";
/// How often each race is run: which side comes first is chance.
const ROUNDS: usize = 8;

/// Two instances on one database.
async fn two() -> [TestApp; 2] {
    two_of(TestApp::builder).await
}

async fn two_of(build: impl Fn() -> TestAppBuilder) -> [TestApp; 2] {
    let database = new_database().await;
    let start = || build().database(&database).set("--database-pool-size", "20").start();
    let instances = [start().await, start().await];
    join_all(instances.iter().map(|app| app.connect(20))).await;
    instances
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// The same session by way of another instance.
fn at<'a>(app: &'a TestApp, user: TestUser<'_>) -> TestUser<'a> {
    TestUser::of(app, user.login)
}

/// Logs in from a device that was logged in on, as far as entering the code.
async fn begin_login(app: &TestApp, device: Option<&Value>) -> (String, String) {
    let body = json!({"phone": PHONE, "device_token": device});
    let body = if device.is_some() { body } else { json!({"phone": PHONE}) };
    let challenge = app.post("/api/v1/auth/phone", body).await.expect(200).text_of("challenge_token");
    (challenge, app.code(PHONE))
}

async fn id_of(user: &TestUser<'_>) -> String {
    let list = user.get("/api/v1/sessions").await.expect(200).body["items"].clone();
    let current = list.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    current["id"].as_str().unwrap().to_owned()
}

/// Neither token is good for anything, on no instance.
async fn expect_ended_everywhere(instances: &[TestApp; 2], access: &str, refresh_token: &str) {
    for app in instances {
        let request = app.request(reqwest::Method::GET, "/api/v1/profile").bearer_auth(access);
        app.send(request).await.expect_problem(401, "unauthenticated");
        refresh(app, refresh_token).await.expect_problem(401, "invalid-refresh-token");
    }
}

/// Refreshes `user` at the second instance while `ending` ends its session at the first.
async fn refresh_beside(instances: &[TestApp; 2], user: &TestUser<'_>, ending: impl Future<Output = Answer>) {
    let both = join(refresh(&instances[1], &user.refresh_token), ending);
    let (refreshed, ended) = instances[0].at_once("sessions", 2, both).await;
    ended.expect(204);
    if refreshed.status == 200 {
        let (access, newer) = (refreshed.text_of("access_token"), refreshed.text_of("refresh_token"));
        expect_ended_everywhere(instances, &access, &newer).await;
    } else {
        refreshed.expect_problem(401, "invalid-refresh-token");
    }
    expect_ended_everywhere(instances, &user.access_token, &user.refresh_token).await;
}

#[tokio::test]
async fn a_logout_beside_a_refresh_ends_the_session_on_every_instance() {
    let instances = two().await;
    for scope in ["this", "all", "others"].repeat(ROUNDS / 2) {
        let (ada, other) = (instances[0].login(PHONE).await, instances[0].login(PHONE).await);
        let asking = if scope == "others" { &other } else { &ada };
        refresh_beside(&instances, &ada, asking.post(LOGOUT, json!({"scope": scope}))).await;
        assert_eq!(other.get("/api/v1/profile").await.status == 200, scope != "all");
        other.post(LOGOUT, json!({"scope": "all"})).await;
        assert_eq!(instances[0].count("sessions").await, 0);
        assert_eq!(instances[0].count("device_guard").await, 0);
    }
}

#[tokio::test]
async fn the_end_of_a_session_beside_its_refresh_ends_it_on_every_instance() {
    let instances = two().await;
    let ada = instances[0].login(PHONE).await;
    for _ in 0..ROUNDS {
        let lost = instances[0].login(PHONE).await;
        let path = format!("/api/v1/sessions/{}", id_of(&lost).await);
        refresh_beside(&instances, &lost, ada.delete(&path)).await;
        ada.profile().await;
        assert_eq!(instances[0].count("sessions").await, 1);
        assert_eq!(instances[0].count("device_guard").await, 1);
    }
}

#[tokio::test]
async fn the_end_of_a_session_beside_a_login_ends_it_and_leaves_the_new_one() {
    let instances = two().await;
    let ada = instances[0].login(PHONE).await;
    // From the device of the session that ends, whose place the login takes, and from another.
    for from_the_same in [true, false].repeat(ROUNDS / 2) {
        let lost = instances[0].login(PHONE).await;
        let path = format!("/api/v1/sessions/{}", id_of(&lost).await);
        let device = &lost.login.body["device_token"];
        let (challenge, code) = begin_login(&instances[1], from_the_same.then_some(device)).await;
        let both = join(ada.delete(&path), instances[1].verify(&challenge, &code));
        let (ended, login) = instances[0].at_once("sessions", 2, both).await;
        // A login on the same device has ended it already when it came first.
        assert!(ended.status == 204 || from_the_same && ended.status == 404, "{}", ended.text);
        expect_ended_everywhere(&instances, &lost.access_token, &lost.refresh_token).await;
        let newer = at(&instances[0], TestUser::of(&instances[1], login.expect(200)));
        newer.profile().await;
        assert_eq!(instances[0].count("sessions").await, 2);
        assert_eq!(instances[0].count("device_guard JOIN sessions ON sessions.id = session_id").await, 2);
        newer.post(LOGOUT, json!({})).await.expect(204);
    }
}

#[tokio::test]
async fn the_end_of_the_oldest_session_beside_an_eleventh_login_leaves_ten_or_nine_others() {
    let instances = two().await;
    for _ in 0..ROUNDS {
        let oldest = instances[0].login(PHONE).await;
        for _ in 0..9 {
            for app in &instances {
                app.pass(Duration::seconds(1));
            }
            instances[0].login(PHONE).await;
        }
        let ada = instances[0].login(PHONE).await;
        // The first was the oldest of eleven: now the second is.
        expect_ended_everywhere(&instances, &oldest.access_token, &oldest.refresh_token).await;
        let list = ada.get("/api/v1/sessions").await.expect(200).body["items"].clone();
        let path = format!("/api/v1/sessions/{}", list[9]["id"].as_str().unwrap());
        let (challenge, code) = begin_login(&instances[1], None).await;
        let both = join(ada.delete(&path), instances[1].verify(&challenge, &code));
        let (ended, login) = instances[0].at_once("sessions", 2, both).await;
        assert!(matches!(ended.status.as_u16(), 204 | 404), "{}", ended.text);
        login.expect(200);
        assert!((9..=10).contains(&instances[0].count("sessions").await));
        ada.post(LOGOUT, json!({"scope": "all"})).await.expect(204);
    }
}

#[tokio::test]
async fn two_sessions_that_end_each_other_are_over_or_one_is() {
    let instances = two().await;
    for _ in 0..ROUNDS {
        let (one, two) = (instances[0].login(PHONE).await, instances[0].login(PHONE).await);
        let two = at(&instances[1], two);
        let (path_of_one, path_of_two) = (
            format!("/api/v1/sessions/{}", id_of(&one).await),
            format!("/api/v1/sessions/{}", id_of(&two).await),
        );
        let both = join(one.delete(&path_of_two), two.delete(&path_of_one));
        let (by_one, by_two) = instances[0].at_once("sessions", 2, both).await;
        let ended = [&by_one, &by_two].iter().filter(|answer| answer.status == 204).count();
        assert!(ended >= 1, "{} {}", by_one.text, by_two.text);
        assert_eq!(instances[0].count("sessions").await, 2 - ended);
        instances[0].execute("DELETE FROM sessions; DELETE FROM device_guard").await;
    }
}

#[tokio::test]
async fn fifteen_logins_at_once_leave_ten_sessions() {
    // Of four digits only three codes of a phone are compared at a time.
    let instances = two_of(|| TestApp::builder().set("--otp-length", "6")).await;
    let mut logins = Vec::new();
    for number in 0..15 {
        let app = &instances[number % 2];
        logins.push((app, begin_login(app, None).await));
    }
    let all = join_all(logins.iter().map(|(app, (challenge, code))| app.verify(challenge, code)));
    let answers = instances[0].at_once("users", 15, all).await;
    let mut live = 0;
    for answer in answers {
        match answer.status.as_u16() {
            200 => {
                let user = TestUser::of(&instances[0], answer);
                live += usize::from(user.get("/api/v1/profile").await.status == 200);
            }
            // Ended already by five later ones, before the profile was read.
            _ => drop(answer.expect_problem(401, "invalid-challenge")),
        }
    }
    assert_eq!((live, instances[0].count("sessions").await), (10, 10));
}
