//! What an operator can begin anew.

use chrono::Duration;
use phone_auth::{
    jobs::webhooks,
    store::{
        events::{self, State},
        retries::{self, Retry},
        webhook_endpoints::{self, Restarted},
    },
};

use super::{happen, round, service};
use crate::{
    receiver::{Receiver, Reply},
    support::TestApp,
};

async fn retry(app: &TestApp, what: Retry) -> i64 {
    // Instances that run name their endpoints.
    webhooks::share_out(&app.state).await.unwrap();
    let now = app.state.clock.now();
    let mut conn = app.state.database.connection().await.unwrap();
    retries::retry(&mut conn, what, now, now + webhooks::LEASE).await.unwrap()
}

const FAILED: Retry = Retry { event: None, endpoint: None, only_failed: true };
const ALL: Retry = Retry { only_failed: false, ..FAILED };

/// A service with an endpoint that has refused an event for the last time, and refuses everything.
async fn with_failed(receiver: &Receiver) -> TestApp {
    receiver.otherwise(Reply::Status(500, ""));
    let app = service(&[receiver]).start().await;
    happen(&app, 1).await;
    for _ in 0..10 {
        round(&app).await;
        app.pass(Duration::hours(29));
    }
    assert_eq!(app.count("deliveries WHERE failed_at IS NOT NULL").await, 1);
    app
}

#[tokio::test]
async fn what_has_failed_is_told_anew_under_the_same_id_with_all_attempts() {
    let receiver = Receiver::start();
    let app = with_failed(&receiver).await;
    assert_eq!(retry(&app, FAILED).await, 1);
    assert_eq!(retry(&app, FAILED).await, 0);
    for _ in 0..10 {
        round(&app).await;
        app.pass(Duration::hours(29));
    }
    assert_eq!(receiver.count(), 20);
    receiver.otherwise(Reply::Status(200, ""));
    assert_eq!(retry(&app, FAILED).await, 1);
    round(&app).await;
    let messages = receiver.received();
    assert_eq!(messages.len(), 21);
    assert!(messages.iter().all(|again| again.id == messages[0].id && again.body == messages[0].body));
    assert_eq!(retry(&app, ALL).await, 0, "what was delivered is not told anew");
}

#[tokio::test]
async fn what_waits_is_told_at_once_if_it_is_asked_for() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(500, ""), Reply::Status(500, "")]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    app.pass(Duration::seconds(6));
    round(&app).await;
    assert_eq!(retry(&app, FAILED).await, 0);
    let event = app.query("SELECT id::text FROM events").await[0].parse().unwrap();
    let other = Retry { event: Some(phone_auth::domain::EventId(uuid::Uuid::nil())), ..ALL };
    assert_eq!(retry(&app, other).await, 0);
    let this = Retry { event: Some(phone_auth::domain::EventId(event)), ..ALL };
    assert_eq!(retry(&app, this).await, 1);
    round(&app).await;
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn an_attempt_that_is_under_way_is_not_begun_anew() {
    let receiver = Receiver::start();
    receiver.next([Reply::Silence(200)]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    webhooks::share_out(&app.state).await.unwrap();
    let meanwhile = async {
        while receiver.count() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(retry(&app, ALL).await, 0);
        receiver.let_go();
    };
    let (told, ()) = futures_util::future::join(webhooks::tell_everybody(&app.state), meanwhile).await;
    told.unwrap();
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_endpoint_that_ended_can_be_started_again_and_is_told_what_it_missed() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(500, ""), Reply::Status(410, "")]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 2).await;
    round(&app).await;
    app.pass(Duration::days(1));
    assert_eq!(retry(&app, ALL).await, 0, "it has ended");
    let mut conn = app.state.database.connection().await.unwrap();
    let id = webhook_endpoints::list(&mut conn, app.state.clock.now()).await.unwrap()[0].id;
    let now = app.state.clock.now();
    assert_eq!(webhook_endpoints::restart(&mut conn, id, now).await.unwrap(), Restarted::Live);
    assert_eq!(webhook_endpoints::restart(&mut conn, id + 1, now).await.unwrap(), Restarted::Unknown);
    let later = now + Duration::hours(1);
    assert_eq!(webhook_endpoints::restart(&mut conn, id, later).await.unwrap(), Restarted::Unnamed);
    drop(conn);
    retry(&app, Retry { endpoint: Some(id), ..ALL }).await;
    round(&app).await;
    assert_eq!(receiver.count(), 4);
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, 2);
}

#[tokio::test]
async fn what_is_retried_is_kept_as_long_as_what_is_new() {
    let receiver = Receiver::start();
    let app = with_failed(&receiver).await;
    app.pass(Duration::days(18) - Duration::hours(2));
    assert_eq!(retry(&app, FAILED).await, 1);
    receiver.otherwise(Reply::Status(200, ""));
    round(&app).await;
    app.pass(Duration::days(7));
    assert_eq!(phone_auth::jobs::purge::purge(&app.state).await.unwrap().events, 0);
    app.pass(Duration::milliseconds(2));
    assert_eq!(phone_auth::jobs::purge::purge(&app.state).await.unwrap().events, 1);
}

#[tokio::test]
async fn an_event_is_listed_by_how_far_it_has_come() {
    let receivers = [(); 2].map(|()| Receiver::start());
    let app = service(&receivers.each_ref()).start().await;
    let states = async |state| {
        let mut conn = app.state.database.connection().await.unwrap();
        let listed = events::list(&mut conn, state, 100, app.state.clock.now()).await.unwrap();
        let mut states: Vec<_> =
            listed.into_iter().map(|listed| (listed.state, listed.endpoint.is_some())).collect();
        states.sort_by_key(|(state, _)| state.as_str());
        states
    };
    happen(&app, 1).await;
    assert_eq!(states(None).await, [(State::Waiting, false)]);
    receivers[0].next([Reply::Status(500, "")]);
    round(&app).await;
    assert_eq!(states(None).await, [(State::Delivered, true), (State::Waiting, true)]);
    assert_eq!(states(Some(State::Delivered)).await, [(State::Delivered, true)]);
    receivers[0].next([Reply::Status(410, "")]);
    app.pass(Duration::minutes(1));
    round(&app).await;
    assert_eq!(states(Some(State::Failed)).await, [(State::Failed, true)]);
    assert_eq!(states(Some(State::Waiting)).await, []);
    app.execute("TRUNCATE deliveries").await;
    for asked in [None, Some(State::Unaddressed)] {
        assert_eq!(states(asked).await, [(State::Unaddressed, false)]);
    }
}

#[tokio::test]
async fn what_waits_for_an_endpoint_that_ended_or_that_nobody_names_is_held() {
    let receiver = Receiver::start();
    receiver.otherwise(Reply::Status(500, ""));
    let app = service(&[&receiver]).start().await;
    happen(&app, 2).await;
    round(&app).await;
    let seen = async || {
        let mut conn = app.state.database.connection().await.unwrap();
        let now = app.state.clock.now();
        let endpoint = webhook_endpoints::list(&mut conn, now).await.unwrap().remove(0);
        let mut listed = Vec::new();
        for state in [State::Waiting, State::Held, State::Failed] {
            let events = events::list(&mut conn, Some(state), 100, now).await.unwrap();
            assert!(events.iter().all(|event| event.state == state));
            listed.push(events.len());
        }
        let stuck = retries::stuck(&mut conn, None, now).await.unwrap();
        // Who is warned of: not one that has ended, for that was told.
        let left_behind = webhook_endpoints::left_behind(&mut conn, now).await.unwrap().len();
        assert_eq!(left_behind == 1, !endpoint.is_named);
        (listed, endpoint.undelivered, endpoint.failed, stuck)
    };
    assert_eq!(seen().await, (vec![2, 0, 0], 2, 0, 0));
    app.pass(Duration::hours(1));
    assert_eq!(seen().await, (vec![0, 2, 0], 2, 0, 0), "nobody names it");
    webhooks::share_out(&app.state).await.unwrap();
    assert_eq!(seen().await, (vec![2, 0, 0], 2, 0, 0), "somebody names it");
    app.execute("UPDATE deliveries SET due_at = due_at + interval '1 day' WHERE event_id = (SELECT min(id::text) FROM events)::uuid").await;
    receiver.otherwise(Reply::Status(410, ""));
    round(&app).await;
    assert_eq!(seen().await, (vec![0, 1, 1], 1, 1, 1), "it has ended");
    assert_eq!(retry(&app, FAILED).await, 0);
}

#[tokio::test]
async fn of_two_operators_who_retry_at_the_same_moment_one_does() {
    let receiver = Receiver::start();
    let app = with_failed(&receiver).await;
    let both = futures_util::future::join(retry(&app, FAILED), retry(&app, FAILED));
    let (one, other) = Box::pin(app.at_once("deliveries", 2, both)).await;
    assert_eq!(one + other, 1);
}
