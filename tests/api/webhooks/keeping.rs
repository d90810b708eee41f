//! How long events are kept, and that none is forgotten that somebody is still to be told of.

use chrono::Duration;
use phone_auth::{jobs::purge, metrics};

use super::{happen, round, service};
use crate::{
    receiver::{Receiver, Reply},
    support::TestApp,
};

async fn purged(app: &TestApp) -> i64 {
    purge::purge(&app.state).await.unwrap().events
}

#[tokio::test]
async fn an_event_that_was_told_is_kept_for_seven_days() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    happen(&app, 3).await;
    round(&app).await;
    app.pass(Duration::days(7));
    assert_eq!(purged(&app).await, 0);
    app.pass(Duration::milliseconds(2));
    assert_eq!(purged(&app).await, 3);
    assert_eq!(app.count("deliveries").await, 0);
}

#[tokio::test]
async fn an_event_that_nobody_is_to_be_told_of_is_kept_for_seven_days() {
    let app = TestApp::start().await;
    happen(&app, 3).await;
    app.pass(Duration::days(7));
    assert_eq!(purged(&app).await, 0);
    app.pass(Duration::milliseconds(2));
    assert_eq!(purged(&app).await, 3);
}

#[tokio::test]
async fn an_event_that_one_endpoint_did_not_take_is_kept_for_thirty_days() {
    let receivers = [(); 2].map(|()| Receiver::start());
    receivers[1].otherwise(Reply::Status(500, ""));
    let app = service(&receivers.each_ref()).start().await;
    happen(&app, 1).await;
    for _ in 0..10 {
        round(&app).await;
        app.pass(Duration::hours(29));
    }
    assert_eq!(app.count("deliveries WHERE failed_at IS NOT NULL").await, 1);
    app.pass(Duration::days(30) - Duration::hours(290));
    assert_eq!(purged(&app).await, 0);
    app.pass(Duration::milliseconds(2));
    assert_eq!(purged(&app).await, 1);
}

#[tokio::test]
async fn an_event_that_somebody_is_still_to_be_told_of_is_kept_for_ever() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(500, "")]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    happen(&app, 1).await;
    // The service was away; one event waits for its second attempt, the other for being shared out.
    app.pass(Duration::days(60));
    app.execute("UPDATE webhook_endpoints SET named_at = named_at + interval '60 days'").await;
    assert_eq!(purged(&app).await, 0);
    round(&app).await;
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn more_events_than_one_statement_takes_are_forgotten_too() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(410, "")]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    happen(&app, 2_500).await;
    app.pass(Duration::days(31));
    assert_eq!(purged(&app).await, 2_501);
}

#[tokio::test]
async fn an_endpoint_that_nobody_names_is_forgotten_with_its_last_event() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    app.pass(Duration::days(31));
    assert_eq!(purge::purge(&app.state).await.unwrap().endpoints, 1);
    let named = service(&[&receiver]).database(&app.database_url).start().await;
    assert_eq!(purge::purge(&named.state).await.unwrap().endpoints, 0);
    assert_eq!(named.count("webhook_endpoints").await, 1);
}

#[tokio::test]
async fn the_metrics_tell_how_much_waits() {
    let receivers = [(); 2].map(|()| Receiver::start());
    receivers[0].otherwise(Reply::Status(500, ""));
    let app = service(&receivers.each_ref()).start().await;
    let waiting = async || {
        let text = metrics::text(&app.state).await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("phone_auth_events_waiting "));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert_eq!(waiting().await, "0");
    happen(&app, 3).await;
    assert_eq!(waiting().await, "3", "not shared out yet");
    round(&app).await;
    assert_eq!(waiting().await, "3", "one endpoint took them, the other did not");
    receivers[0].next([Reply::Status(410, "")]);
    app.pass(Duration::minutes(1));
    round(&app).await;
    assert_eq!(waiting().await, "0");
    let alone = TestApp::start().await;
    happen(&alone, 3).await;
    let text = metrics::text(&alone.state).await.unwrap();
    assert!(text.contains("phone_auth_events_waiting 0\n"), "nobody is to be told: {text}");
}
