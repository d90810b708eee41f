use chrono::Duration;
use wiremock::ResponseTemplate;

use super::{PHONE, ask, asked, carried_by, carried_by_two, now_answers, provider};

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn the_next_provider_takes_over_where_the_first_is_not_reached() {
    let second = provider(ResponseTemplate::new(204)).await;
    let app = carried_by_two(NOWHERE, &second.uri()).start().await;
    ask(&app, PHONE).await.expect(200);
    assert_eq!(asked(&second).await, 1);
}

#[tokio::test]
async fn the_next_provider_takes_over_where_the_first_says_that_it_did_nothing() {
    let second = provider(ResponseTemplate::new(204)).await;
    for status in [500, 503, 429, 401, 400, 301] {
        let first = provider(ResponseTemplate::new(status)).await;
        let app = carried_by_two(&first.uri(), &second.uri()).start().await;
        let before = asked(&second).await;
        ask(&app, PHONE).await.expect(200);
        assert_eq!((asked(&first).await, asked(&second).await - before), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn nobody_else_is_asked_once_a_provider_may_have_sent_the_message() {
    let second = provider(ResponseTemplate::new(204)).await;
    for status in [502, 504, 408] {
        let first = provider(ResponseTemplate::new(status)).await;
        let app = carried_by_two(&first.uri(), &second.uri()).start().await;
        let told = ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
        assert!(told.text.contains("It may still arrive"), "{}", told.text);
        assert_eq!((asked(&first).await, asked(&second).await), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn a_message_that_everybody_refuses_is_rejected_and_one_that_somebody_may_take_later_is_not() {
    let refusing = provider(ResponseTemplate::new(422)).await;
    let first = provider(ResponseTemplate::new(400)).await;
    let app = carried_by_two(&first.uri(), &refusing.uri()).start().await;
    ask(&app, PHONE).await.expect_problem(502, "sms-rejected");
    now_answers(&first, ResponseTemplate::new(503).insert_header("Retry-After", "17")).await;
    let told = ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
    assert_eq!(told.header("retry-after"), "17");
}

#[tokio::test]
async fn after_five_failures_a_provider_rests_for_thirty_seconds_and_then_one_message_tries_it() {
    let first = provider(ResponseTemplate::new(500)).await;
    let second = provider(ResponseTemplate::new(204)).await;
    let app = carried_by_two(&first.uri(), &second.uri()).start().await;
    for _ in 0..7 {
        ask(&app, PHONE).await.expect(200);
    }
    assert_eq!((asked(&first).await, asked(&second).await), (5, 7));
    app.pass(Duration::seconds(31));
    ask(&app, PHONE).await.expect(200);
    ask(&app, PHONE).await.expect(200);
    assert_eq!((asked(&first).await, asked(&second).await), (6, 9));
    now_answers(&first, ResponseTemplate::new(201)).await;
    app.pass(Duration::seconds(31));
    ask(&app, PHONE).await.expect(200);
    ask(&app, PHONE).await.expect(200);
    assert_eq!((asked(&first).await, asked(&second).await), (2, 9));
}

#[tokio::test]
async fn while_the_only_provider_rests_people_are_told_for_how_long() {
    let only = provider(ResponseTemplate::new(500)).await;
    let app = carried_by(&only.uri()).start().await;
    for _ in 0..5 {
        ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
    }
    let told = ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
    let seconds: i64 = told.header("retry-after").parse().unwrap();
    assert!((20..=31).contains(&seconds), "{seconds}");
    assert_eq!(asked(&only).await, 5);
}

#[tokio::test]
async fn numbers_that_a_provider_refuses_do_not_shut_it_for_others() {
    let only = provider(ResponseTemplate::new(422)).await;
    let app = carried_by(&only.uri()).start().await;
    for _ in 0..8 {
        ask(&app, PHONE).await.expect_problem(502, "sms-rejected");
    }
    assert_eq!(asked(&only).await, 8);
}

#[tokio::test]
async fn without_the_simulated_sender_there_is_no_inbox() {
    let only = provider(ResponseTemplate::new(204)).await;
    let app = carried_by(&only.uri()).start().await;
    ask(&app, PHONE).await.expect(200);
    app.get("/dev/inbox?phone=%2B79991234567").await.expect_problem(404, "not-found");
}
