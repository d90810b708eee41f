//! What the operator pays for on a day.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

use crate::tools::{
    HOME, PHONE, address, ask, ask_patiently, ask_with, expect_refused, guess, level, limited, log_in,
    number, outcomes, sent, sent_to_device, tally, three,
};

const HOUR: i64 = 3600;

#[tokio::test]
async fn strangers_are_sent_the_days_budget_and_nothing_until_midnight() {
    let app = limited().set("--sends-per-day", "5").start().await;
    for index in 0..5 {
        sent(&app, &address(index), &number(index)).await;
    }
    // The test begins at noon.
    expect_refused(ask(&app, HOME, PHONE).await, 12 * HOUR);
    app.pass(Duration::hours(12) - Duration::seconds(1));
    expect_refused(ask(&app, HOME, PHONE).await, 1);
    app.pass(Duration::seconds(1));
    for index in 10..15 {
        sent(&app, &address(index), &number(index)).await;
    }
    expect_refused(ask(&app, HOME, PHONE).await, 24 * HOUR);
}

#[tokio::test]
async fn logins_give_the_day_nothing_back() {
    let app = limited().set("--sends-per-day", "5").start().await;
    for index in 0..5 {
        log_in(&app, &address(index), &number(index)).await;
    }
    expect_refused(ask(&app, HOME, PHONE).await, 12 * HOUR);
}

#[tokio::test]
async fn a_fifth_on_top_is_kept_for_trusted_devices_beside_their_first_codes() {
    let app = limited().set("--sends-per-day", "10").start().await;
    let token = log_in(&app, HOME, PHONE).await.text_of("device_token");
    for index in 1..10 {
        sent(&app, &address(index), &number(index)).await;
    }
    expect_refused(ask(&app, HOME, "+447400123456").await, 12 * HOUR);
    // One that is the device's own business, and two that come out of the fifth.
    for _ in 0..3 {
        sent_to_device(&app, HOME, PHONE, &token).await;
    }
    let body = json!({"phone": PHONE, "device_token": token});
    // In two hours the next is its own business.
    expect_refused(ask_with(&app, HOME, &body).await, 2 * HOUR);
}

#[tokio::test]
async fn of_64_requests_at_once_over_three_instances_the_days_budget_is_admitted() {
    let instances = three(|| limited().set("--sends-per-day", "7")).await;
    let asking = (0..64)
        .zip(instances.iter().cycle())
        .map(|(index, app)| async move { ask_patiently(app, &address(index), &number(index)).await });
    let answers = instances[0].at_once("sends_per_day", 12, join_all(asking)).await;
    assert_eq!(outcomes(&answers), tally([("200", 7), ("too-many-requests", 57)]));
}

#[tokio::test]
async fn what_the_day_refuses_counts_nowhere_else() {
    let app = limited().set("--sends-per-day", "1").start().await;
    let code = sent(&app, &address(0), &number(0)).await;
    for _ in 0..10 {
        expect_refused(ask(&app, HOME, PHONE).await, 12 * HOUR);
    }
    app.pass(Duration::hours(12));
    sent(&app, HOME, PHONE).await;
    app.pass(Duration::seconds(30));
    // The budget of a day bounds what is sent and not what is entered.
    guess(&app, &code).await.expect_problem(401, "invalid-challenge");
    assert_eq!(app.query("SELECT strangers::text FROM sends_per_day ORDER BY day").await, ["1", "1"]);
    let level = level(&app, "phone_guard", "sends", Duration::hours(8)).await;
    assert!(level <= 1.0, "{level}");
}
