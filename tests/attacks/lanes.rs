//! Whoever uses up what strangers have at a number keeps nobody out who has a device to log in from.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    support::TestApp,
    tools::{
        HOME, PHONE, address, ask, ask_with, enter, expect_refused, expect_room_after, guess, guess_on,
        guess_patiently, guess_until, limited, log_in, number, outcomes, russian, sent, sent_to_device,
        tally, three,
    },
};

#[tokio::test]
async fn an_owner_logs_in_from_a_trusted_device_whatever_strangers_have_used_up() {
    let app = limited().set("--sends-per-day", "100").start().await;
    let token = log_in(&app, HOME, PHONE).await.text_of("device_token");
    let (mut sends, mut last) = (1, None);
    // The guesses, and with them the three sends.
    for client in 0..3 {
        let code = sent(&app, &address(client), PHONE).await;
        guess_on(&app, &code).await;
        app.pass(Duration::seconds(30));
        sends += 1;
        last = Some(code);
    }
    expect_refused(ask(&app, &address(3), PHONE).await, 8 * 3600 - 90);
    // The block of the number: ten, the three among them.
    for index in 0..7 {
        sent(&app, &address(100 + index), &format!("+7999123{index:04}")).await;
        sends += 1;
    }
    assert_eq!(ask(&app, &address(110), "+79991230099").await.status, 429);
    // The country: fifty sends and a single login.
    let mut index = 0;
    while index < 50 && ask(&app, &address(200 + index), &russian(index)).await.status == 200 {
        index += 1;
        sends += 1;
    }
    assert_eq!(index, 50 - 11);
    // The day, and with it what the owner's own network may ask for.
    for index in (0..).filter(|index| index % 3 != 0).take(100 - sends) {
        let from = if index < 6 { HOME.to_owned() } else { address(300 + index) };
        sent(&app, &from, &number(index)).await;
    }
    assert_eq!(ask(&app, &address(400), "+447400123456").await.status, 429);
    // And what may be entered there.
    for _ in 0..30 {
        guess(&app, last.as_ref().unwrap()).await;
    }
    assert_eq!(guess(&app, last.as_ref().unwrap()).await.status, 429);
    // A fifth is kept for devices; each login gives the device's own send back.
    let mut token = token;
    for _ in 0..20 {
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        assert_eq!(code.digits, 4);
        guess(&app, &code).await.expect_problem(401, "invalid-code");
        token = enter(&app, HOME, &code.challenge, &code.code).await.expect(200).text_of("device_token");
    }
    // What strangers have used up, they have used up.
    assert_eq!(ask(&app, &address(401), PHONE).await.status, 429);
}

#[tokio::test]
async fn a_device_has_five_tries_then_the_lane_of_strangers_and_one_back_after_30_days() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    guess_until(&app, PHONE, 6).await;
    let strangers = "SELECT f4, f6 FROM phone_guard";
    let risk = "SELECT * FROM risk ORDER BY slot";
    let before = (app.rows(strangers).await, app.rows(risk).await);
    let mut compared = 0;
    for _ in 0..2 {
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        assert_eq!(code.digits, 4);
        compared += guess_on(&app, &code).await;
    }
    assert_eq!(compared, 5);
    // A device's tries are its own.
    assert_eq!((app.rows(strangers).await, app.rows(risk).await), before);
    assert_eq!(sent_to_device(&app, HOME, PHONE, &token).await.digits, 6);
    app.pass(Duration::days(30) - Duration::seconds(1));
    assert_eq!(sent_to_device(&app, HOME, PHONE, &token).await.digits, 6);
    app.pass(Duration::seconds(1));
    let code = sent_to_device(&app, HOME, PHONE, &token).await;
    assert_eq!(code.digits, 4);
    guess(&app, &code).await.expect_problem(401, "invalid-code");
    guess(&app, &code).await.expect_problem(409, "code-upgraded");
    assert_eq!(sent_to_device(&app, HOME, PHONE, &token).await.digits, 6);
}

#[tokio::test]
async fn in_the_lane_of_a_device_typos_before_the_right_code_cost_nothing() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    guess_until(&app, PHONE, 6).await;
    for _ in 0..10 {
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        assert_eq!(code.digits, 4);
        for _ in 0..2 {
            guess(&app, &code).await.expect_problem(401, "invalid-code");
        }
        enter(&app, HOME, &code.challenge, &code.code).await.expect(200);
    }
    // And strangers get nothing back by it.
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
}

#[tokio::test]
async fn a_device_that_is_full_reaches_its_owner_as_a_stranger_does() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    for _ in 0..2 {
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        guess_on(&app, &code).await;
    }
    // Nobody tried anything in the lane of strangers: there are three tries of four digits, counted there.
    let code = sent_to_device(&app, HOME, PHONE, &token).await;
    assert_eq!(code.digits, 4);
    for _ in 0..3 {
        guess(&app, &code).await.expect_problem(401, "invalid-code");
    }
    assert_eq!(sent_to_device(&app, HOME, PHONE, &token).await.digits, 6);
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
}

#[tokio::test]
async fn a_device_is_sent_three_codes_and_one_each_two_hours() {
    let app = limited().start().await;
    let token = log_in(&app, HOME, PHONE).await.text_of("device_token");
    // Where its own lane is full, the device would be a stranger; strangers get nothing.
    for index in 0..3 {
        sent(&app, &address(index), PHONE).await;
        app.pass(Duration::seconds(30));
    }
    let ask_again = async || ask_with(&app, HOME, &json!({"phone": PHONE, "device_token": token})).await;
    for _ in 0..3 {
        ask_again().await.expect(200);
    }
    for _ in 0..2 {
        expect_room_after(&app, 2 * 3600, ask_again).await;
    }
    app.pass(Duration::hours(2));
    // One that a login follows is given back.
    let challenge = ask_again().await.expect(200).text_of("challenge_token");
    enter(&app, HOME, &challenge, &app.code(PHONE)).await.expect(200);
    ask_again().await.expect(200);
    // Its own lane has room in two hours, that of strangers a little earlier.
    expect_refused(ask_again().await, 2 * 3600 - 90);
}

#[tokio::test]
async fn of_64_guesses_at_a_hoard_of_one_device_over_three_instances_five_are_compared() {
    let instances = three(TestApp::builder).await;
    let token = instances[0].login(PHONE).await.login.text_of("device_token");
    let mut codes = Vec::new();
    for (_, app) in (0..64).zip(instances.iter().cycle()) {
        codes.push(sent_to_device(app, HOME, PHONE, &token).await);
    }
    let guesses = codes.iter().zip(instances.iter().cycle()).map(|(code, app)| guess_patiently(app, code));
    let answers = instances[0].at_once("device_guard", 12, join_all(guesses)).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 5), ("code-upgraded", 59)]));
}
