//! Changes of number: the same codes, and so the same limits and the same guess budget.

use serde_json::json;

use crate::{
    support::{Answer, TestApp, TestUser, another_code},
    tools::{HOME, PHONE, ask, limited, sent},
};

const CHANGE: &str = "/api/v1/profile/phone";
const VERIFY: &str = "/api/v1/profile/phone/verify";
const VICTIM: &str = "+79161112233";

async fn guess(user: &TestUser<'_>, asked: &Answer) -> Answer {
    let wrong = another_code(&user.app.code(VICTIM));
    user.post(VERIFY, json!({"challenge_token": asked.body["challenge_token"], "code": wrong})).await
}

#[tokio::test]
async fn guesses_at_a_change_and_at_a_login_fill_one_meter() {
    let app = TestApp::start().await;
    let thief = app.login(PHONE).await;
    let mut lengths = Vec::new();
    for _ in 0..30 {
        let asked = thief.post(CHANGE, json!({"phone": VICTIM})).await.expect(200);
        lengths.push(asked.body["code_length"].as_u64().unwrap());
        guess(&thief, &asked).await.expect_problem(401, "invalid-code");
    }
    assert_eq!(lengths, [vec![4; 3], vec![6; 20], vec![8; 7]].concat());
    // And the login finds it so.
    let asked = app.post("/api/v1/auth/phone", json!({"phone": VICTIM})).await.expect(200);
    assert_eq!(asked.body["code_length"], 8);
}

#[tokio::test]
async fn a_challenge_has_three_attempts_and_the_right_code_gives_back_only_its_own() {
    let app = TestApp::start().await;
    let thief = app.login(PHONE).await;
    let asked = thief.post(CHANGE, json!({"phone": VICTIM})).await.expect(200);
    for left in [2, 1, 0] {
        let wrong = guess(&thief, &asked).await.expect_problem(401, "invalid-code");
        assert_eq!(wrong.body["attempts_left"], left);
    }
    guess(&thief, &asked).await.expect_problem(401, "invalid-challenge");
    // The owner of the number comes, with a code of their own: what others tried stays counted.
    let asked = thief.post(CHANGE, json!({"phone": VICTIM})).await.expect(200);
    assert_eq!(asked.body["code_length"], 6);
    let code = app.code(VICTIM);
    let right = json!({"challenge_token": asked.body["challenge_token"], "code": code});
    thief.post(VERIFY, right).await.expect(200);
    let levels =
        "SELECT round(extract(epoch FROM f4 - timestamptz '2026-11-21T12:00:00Z') / 864000) || ' ' ||
                         (f6 <= timestamptz '2026-11-21T12:00:00Z')
                  FROM phone_guard WHERE f4 > timestamptz '2026-11-21T12:00:00Z'";
    assert_eq!(app.query(levels).await, ["36 true"], "three of 120 days each, and nothing of six digits");
}

#[tokio::test]
async fn codes_to_a_new_number_count_against_every_limit_on_sending() {
    let app = limited().start().await;
    let thief = app.login(PHONE).await;
    let change = |phone: &'static str, from: &'static str| {
        let request = thief.request(reqwest::Method::POST, CHANGE).header("X-Forwarded-For", from);
        app.send(request.json(&json!({"phone": phone})))
    };
    // The gap of 30 seconds, whichever way the code before it took.
    change(VICTIM, HOME).await.expect(200);
    change(VICTIM, "198.51.100.1").await.expect_problem(429, "too-many-requests");
    ask(&app, "198.51.100.2", VICTIM).await.expect_problem(429, "too-many-requests");
    // Three to one phone, then one in eight hours.
    for _ in 0..2 {
        app.pass(chrono::Duration::seconds(31));
        sent(&app, "198.51.100.3", VICTIM).await;
    }
    app.pass(chrono::Duration::seconds(31));
    change(VICTIM, "198.51.100.4").await.expect_problem(429, "too-many-requests");
    // Five from one address.
    for phone in ["+79261112201", "+79361112202", "+79461112203", "+79561112204"] {
        change(phone, HOME).await.expect(200);
    }
    change("+79661112205", HOME).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_change_counts_for_its_country_and_gives_its_message_back_as_a_login_does() {
    let app = limited().start().await;
    let ada = app.login(PHONE).await;
    let asked = ada.post(CHANGE, json!({"phone": VICTIM})).await.expect(200);
    let right = json!({"challenge_token": asked.body["challenge_token"], "code": app.code(VICTIM)});
    ada.post(VERIFY, right).await.expect(200);
    let traffic = app.query("SELECT sum(sends) || ' ' || sum(logins) FROM country_traffic").await;
    assert_eq!(traffic, ["2 2"]);
    // As if none had been sent: neither the gap nor the three at once know of it.
    for _ in 0..3 {
        sent(&app, "198.51.100.3", VICTIM).await;
        app.pass(chrono::Duration::seconds(30));
    }
}

#[tokio::test]
async fn the_device_of_a_user_opens_no_lane_to_another_number() {
    let app = TestApp::start().await;
    let thief = app.login(PHONE).await;
    let body = json!({"phone": VICTIM, "device_token": thief.login.text_of("device_token")});
    let refused = thief.post(CHANGE, body).await.expect_problem(422, "invalid-request");
    assert!(refused.text_of("detail").contains("device_token"));
}
