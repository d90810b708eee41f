//! Codes that one address and its network ask for.

use chrono::Duration;
use futures_util::{StreamExt, stream};

use crate::tools::{HOME, PHONE, ask, expect_refused, expect_room_after, limited, log_in, number, sent};

const MINUTE: i64 = 60;

#[tokio::test]
async fn an_address_is_sent_five_codes_and_then_ten_an_hour() {
    let app = limited().start().await;
    // Two numbers, so that it is not they that are limited.
    for index in 0..5 {
        sent(&app, HOME, &number(index % 2)).await;
        app.pass(Duration::seconds(30));
    }
    let passed = 150;
    expect_room_after(&app, 6 * MINUTE - passed, async || ask(&app, HOME, &number(1)).await).await;
    // A number it did not ask for yet; that limit has room.
    for index in 2..5 {
        expect_room_after(&app, 6 * MINUTE, async || ask(&app, HOME, &number(index)).await).await;
    }
}

#[tokio::test]
async fn an_address_asks_for_five_numbers_and_then_for_one_more_each_twelve_minutes() {
    let app = limited().start().await;
    for index in 0..5 {
        sent(&app, HOME, &number(index)).await;
    }
    // Six minutes later it may ask again for one of them, and not for another.
    app.pass(Duration::minutes(6));
    expect_refused(ask(&app, HOME, &number(5)).await, 6 * MINUTE);
    sent(&app, HOME, &number(0)).await;
    for index in 5..8 {
        app.pass(Duration::minutes(6) - Duration::seconds(1));
        assert_eq!(ask(&app, HOME, &number(index)).await.status, 429);
        app.pass(Duration::seconds(1));
        sent(&app, HOME, &number(index)).await;
        app.pass(Duration::minutes(6));
    }
}

#[tokio::test]
async fn a_number_is_another_one_again_after_an_hour() {
    let app = limited().start().await;
    for index in 0..5 {
        sent(&app, HOME, &number(index)).await;
    }
    // Takes the places that came back, but one: one number each twelve minutes.
    for index in 5..9 {
        app.pass(Duration::minutes(12));
        sent(&app, HOME, &number(index)).await;
    }
    app.pass(Duration::minutes(12) - Duration::seconds(1));
    sent(&app, HOME, &number(0)).await;
    // Within the hour one of the five takes no place. After it the next of them does, and the one after finds none.
    app.pass(Duration::minutes(6) + Duration::seconds(1));
    sent(&app, HOME, &number(1)).await;
    app.pass(Duration::minutes(6) - Duration::seconds(1));
    assert_eq!(ask(&app, HOME, &number(2)).await.status, 429);
}

#[tokio::test]
async fn an_address_that_asks_all_day_is_sent_thirty_at_once_and_then_one_each_48_minutes() {
    let app = limited().start().await;
    let mut passed = 0;
    let mut admitted: Vec<i64> = Vec::new();
    // Takes whatever the other limits let through: five numbers, then one each twelve minutes.
    while admitted.len() < 43 {
        let answer = ask(&app, HOME, &number(admitted.len())).await;
        if answer.status == 429 {
            let wait = answer.body["retry_after"].as_i64().unwrap();
            app.pass(Duration::seconds(wait));
            passed += wait;
        } else {
            answer.expect(200);
            admitted.push(passed);
        }
    }
    let minutes: Vec<_> = admitted.windows(2).map(|pair| (pair[1] - pair[0]) / MINUTE).collect();
    // In the seventh hour thirty are used up, and what has leaked since.
    let expected = [&[0; 4][..], &[12; 33], &[36], &[48; 4]].concat();
    assert_eq!(minutes, expected);
}

#[tokio::test]
async fn a_24_is_sent_sixty_codes_and_then_one_a_minute() {
    let app = limited().start().await;
    let asking = (0..60).map(|index| {
        let app = &app;
        async move { sent(app, &format!("203.0.113.{}", index / 5), &number(index)).await }
    });
    let _: Vec<_> = stream::iter(asking).buffered(4).collect().await;
    for index in 60..63 {
        let (from, phone) = (format!("203.0.113.{}", index + 100), number(index));
        expect_room_after(&app, MINUTE, async || ask(&app, &from, &phone).await).await;
    }
    sent(&app, "203.0.114.1", &number(70)).await;
}

#[tokio::test]
async fn logins_give_a_network_nothing_back() {
    // Else whoever has a few numbers of their own could ask for codes to others without an end.
    let app = limited().start().await;
    for _ in 0..5 {
        log_in(&app, HOME, PHONE).await;
    }
    expect_refused(ask(&app, HOME, PHONE).await, 6 * MINUTE);
    expect_refused(ask(&app, HOME, &number(1)).await, 6 * MINUTE);
}
