//! What an endpoint is told.

use chrono::Duration;
use serde_json::json;

use super::{happen, round, service};
use crate::{
    receiver::{Receiver, Reply, SECRET},
    support::{TestApp, new_database},
};

const NEW_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

#[tokio::test]
async fn an_endpoint_is_told_of_an_event_once_and_at_once() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    let ada = app.login("+79991234567").await;
    for _ in 0..3 {
        round(&app).await;
        app.pass(Duration::days(1));
    }
    let messages = receiver.received();
    assert_eq!(messages.len(), 1);
    let expected = json!({
        "type": "user.created",
        "timestamp": "2026-11-21T12:00:00.000000Z",
        "data": {"user_id": ada.login.body["user"]["id"]},
    });
    assert_eq!(messages[0].json(), expected);
    assert!(messages[0].body.starts_with(r#"{"type":"user.created","timestamp":"2026-"#));
    assert_eq!(messages[0].path, "/hooks/s3cr3t-m4rk3r");
    assert_eq!(messages[0].content_type, "application/json; charset=utf-8");
    assert_eq!(messages[0].user_agent, concat!("phone-auth/", env!("CARGO_PKG_VERSION")));
    assert_eq!(messages[0].timestamp, 1_795_262_400, "the attempt's time: 2026-11-21T12:00:00Z");
    assert!(messages[0].is_signed_by(SECRET) && !messages[0].is_signed_by(NEW_SECRET));
    assert_eq!(app.query("SELECT id::text FROM events").await, [messages[0].id.clone()]);
}

#[tokio::test]
async fn of_two_secrets_each_signs_every_message() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).set("--webhook-secrets", &format!("{NEW_SECRET},{SECRET}")).start().await;
    happen(&app, 1).await;
    round(&app).await;
    let message = &receiver.received()[0];
    assert!(message.is_signed_by(SECRET) && message.is_signed_by(NEW_SECRET));
}

#[tokio::test]
async fn a_repeat_has_the_same_id_and_bytes_and_is_signed_anew() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(500, ""), Reply::Cut]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    for _ in 0..3 {
        round(&app).await;
        app.pass(Duration::minutes(10));
    }
    let messages = receiver.received();
    assert_eq!(messages.len(), 3);
    for (repeat, minutes) in messages.iter().zip([0, 10, 20]) {
        assert_eq!((&repeat.id, &repeat.body), (&messages[0].id, &messages[0].body));
        assert_eq!(repeat.timestamp, messages[0].timestamp + minutes * 60);
        assert!(repeat.is_signed_by(SECRET));
    }
}

#[tokio::test]
async fn everybody_is_told_and_one_who_fails_costs_the_others_nothing() {
    let receivers = [(); 3].map(|()| Receiver::start());
    receivers[1].otherwise(Reply::Status(503, ""));
    let app = service(&receivers.each_ref()).start().await;
    happen(&app, 20).await;
    round(&app).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [20; 3]);
    round(&app).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [20; 3]);
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, 40);
}

#[tokio::test]
async fn an_endpoint_is_told_of_what_happened_after_it_was_added() {
    let database = new_database().await;
    let without = TestApp::builder().database(&database).start().await;
    happen(&without, 2).await;
    round(&without).await;
    assert_eq!(without.count("events WHERE shared_at IS NULL").await, 2, "kept, for the list");
    let receiver = Receiver::start();
    let later = "2026-11-21T12:00:01Z".parse().unwrap();
    let app = service(&[&receiver]).database(&database).clock_at(later).start().await;
    happen(&app, 3).await;
    // The other instance, which knows of no endpoint, writes an event as well.
    without.pass(Duration::seconds(2));
    happen(&without, 1).await;
    round(&app).await;
    assert_eq!(receiver.count(), 4);
}

#[tokio::test]
async fn what_happened_while_nobody_ran_is_told_after_the_next_start() {
    let (database, receiver) = (new_database().await, Receiver::start());
    let app = service(&[&receiver]).database(&database).start().await;
    happen(&app, 2).await;
    drop(app);
    let later = "2026-11-23T12:00:00Z".parse().unwrap();
    let again = service(&[&receiver]).database(&database).clock_at(later).start().await;
    round(&again).await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn what_an_instance_shares_out_is_for_the_endpoints_of_all_instances() {
    let (database, receivers) = (new_database().await, [(); 2].map(|()| Receiver::start()));
    let new = service(&receivers.each_ref()).database(&database).start().await;
    let old = service(&[&receivers[0]]).database(&database).start().await;
    happen(&old, 1).await;
    round(&old).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [1, 0]);
    round(&new).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [1, 1]);
    // Once nobody has named it for an hour it was removed.
    drop(new);
    old.pass(Duration::minutes(59));
    happen(&old, 1).await;
    round(&old).await;
    assert_eq!(old.count("deliveries").await, 4);
    old.pass(Duration::minutes(1));
    happen(&old, 1).await;
    round(&old).await;
    assert_eq!(old.count("deliveries").await, 5);
}
