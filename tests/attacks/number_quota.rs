//! Codes to one number, and to the numbers beside it, asked for from addresses that have asked for nothing else.

use chrono::Duration;

use crate::tools::{
    HOME, PHONE, address, ask, expect_refused, expect_room_after, limited, log_in, number, outcomes, sent,
    tally,
};

const HOUR: i64 = 3600;

/// One of the numbers of a block.
fn beside(index: usize) -> String {
    format!("+7999123{index:04}")
}

#[tokio::test]
async fn between_two_codes_are_thirty_seconds_and_after_three_eight_hours() {
    let app = limited().start().await;
    sent(&app, &address(0), PHONE).await;
    for client in 1..3 {
        let from = address(client);
        expect_room_after(&app, 30, async || ask(&app, &from, PHONE).await).await;
    }
    let from = address(3);
    expect_room_after(&app, 8 * HOUR - 60, async || ask(&app, &from, PHONE).await).await;
    for client in 4..7 {
        let from = address(client);
        expect_room_after(&app, 8 * HOUR, async || ask(&app, &from, PHONE).await).await;
    }
    // Whoever waits for weeks saves up no more than three.
    app.pass(Duration::days(30));
    for client in 10..13 {
        sent(&app, &address(client), PHONE).await;
        app.pass(Duration::seconds(30));
    }
    expect_refused(ask(&app, HOME, PHONE).await, 8 * HOUR - 90);
}

#[tokio::test]
async fn what_is_refused_counts_nowhere() {
    let app = limited().start().await;
    sent(&app, &address(0), PHONE).await;
    let rows = "SELECT * FROM phone_guard";
    let traffic = "SELECT * FROM country_traffic";
    let day = "SELECT * FROM sends_per_day";
    let used = "SELECT key, tat FROM rate_limit WHERE tat > 'epoch' ORDER BY key";
    let before = (app.rows(rows).await, app.rows(traffic).await, app.rows(day).await, app.rows(used).await);
    for _ in 0..20 {
        expect_refused(ask(&app, HOME, PHONE).await, 30);
    }
    let after = (app.rows(rows).await, app.rows(traffic).await, app.rows(day).await, app.rows(used).await);
    assert_eq!(after, before);
    // So the address has all of its five.
    let mut answers = Vec::new();
    for index in 0..6 {
        answers.push(ask(&app, HOME, &number(index)).await);
    }
    assert_eq!(outcomes(&answers), tally([("200", 5), ("too-many-requests", 1)]));
}

#[tokio::test]
async fn a_refusal_by_one_limit_leaves_the_others_alone() {
    let app = limited().start().await;
    for index in 0..5 {
        sent(&app, HOME, &number(index)).await;
    }
    // Refused for the network's sake: the phone has its three all the same.
    for _ in 0..10 {
        expect_refused(ask(&app, HOME, PHONE).await, 12 * 60);
    }
    for client in 0..3 {
        sent(&app, &address(client), PHONE).await;
        app.pass(Duration::seconds(30));
    }
    expect_refused(ask(&app, &address(3), PHONE).await, 8 * HOUR - 90);
}

#[tokio::test]
async fn ten_codes_go_to_a_block_of_numbers_and_then_one_each_six_minutes() {
    let app = limited().start().await;
    for index in 0..10 {
        sent(&app, &address(index), &beside(index)).await;
    }
    for index in 10..13 {
        let (from, phone) = (address(index), beside(index));
        expect_room_after(&app, 360, async || ask(&app, &from, &phone).await).await;
    }
    // The next block has its own.
    sent(&app, &address(20), "+79991240000").await;
}

#[tokio::test]
async fn a_block_whose_people_log_in_never_fills() {
    let app = limited().start().await;
    for index in 0..30 {
        log_in(&app, &address(index), &beside(index)).await;
    }
    for index in 30..40 {
        sent(&app, &address(index), &beside(index)).await;
    }
    expect_refused(ask(&app, HOME, &beside(40)).await, 360);
    // One more login, of a number that was asked for before: one place.
    let rows = app.rows("SELECT * FROM sends_per_day").await;
    expect_refused(ask(&app, HOME, &beside(41)).await, 360);
    assert_eq!(app.rows("SELECT * FROM sends_per_day").await, rows);
}

#[tokio::test]
async fn in_a_full_block_a_login_makes_room_for_one() {
    let app = limited().start().await;
    let mut codes = Vec::new();
    for index in 0..10 {
        codes.push(sent(&app, &address(index), &beside(index)).await);
    }
    for (index, code) in codes.iter().enumerate() {
        expect_refused(ask(&app, HOME, &beside(50)).await, 360);
        app.verify(&code.challenge, &code.code).await.expect(200);
        sent(&app, &address(20 + index), &beside(20 + index)).await;
    }
    expect_refused(ask(&app, HOME, &beside(50)).await, 360);
}
