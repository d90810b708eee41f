//! Several instances share the work, and none of it is done twice.

use std::{collections::BTreeSet, time::Duration as StdDuration};

use chrono::Duration;
use futures_util::future::join;
use phone_auth::jobs::webhooks;
use tokio::sync::watch;

use super::{happen, round, service};
use crate::{
    receiver::{Receiver, Reply},
    support::TestApp,
};

/// Two instances with one database, which are to tell `receiver`.
async fn two(receiver: &Receiver) -> (TestApp, TestApp) {
    let one = service(&[receiver]).start().await;
    let other = service(&[receiver]).database(&one.database_url).start().await;
    for app in [&one, &other] {
        app.connect(3).await;
    }
    (one, other)
}

fn is_told_once_of(receiver: &Receiver, number: usize) {
    let messages = receiver.received();
    let different: BTreeSet<_> = messages.iter().map(|message| &message.id).collect();
    assert_eq!((messages.len(), different.len()), (number, number));
}

#[tokio::test]
async fn of_two_who_share_out_at_the_same_moment_each_takes_other_events_or_none() {
    let receiver = Receiver::start();
    let (one, other) = two(&receiver).await;
    happen(&one, 40).await;
    let sharing = join(webhooks::share_out(&one.state), webhooks::share_out(&other.state));
    let (first, second) = Box::pin(one.at_once("events", 2, sharing)).await;
    first.and(second).unwrap();
    assert_eq!(one.count("deliveries").await, 40);
    webhooks::tell_everybody(&one.state).await.unwrap();
    is_told_once_of(&receiver, 40);
}

#[tokio::test]
async fn of_two_who_tell_at_the_same_moment_each_tells_of_other_events() {
    let receiver = Receiver::start();
    let (one, other) = two(&receiver).await;
    happen(&one, 40).await;
    webhooks::share_out(&one.state).await.unwrap();
    let telling = join(webhooks::tell_everybody(&one.state), webhooks::tell_everybody(&other.state));
    let (first, second) = Box::pin(one.at_once("deliveries", 2, telling)).await;
    first.and(second).unwrap();
    is_told_once_of(&receiver, 40);
}

#[tokio::test]
async fn an_attempt_that_is_under_way_is_nobody_elses_until_its_lease_ends() {
    let receiver = Receiver::start();
    receiver.next([Reply::Silence(204)]);
    let (one, other) = two(&receiver).await;
    happen(&one, 1).await;
    webhooks::share_out(&one.state).await.unwrap();
    let (in_time, after) = (webhooks::LEASE - Duration::milliseconds(1), Duration::milliseconds(1));
    let others = async {
        while receiver.count() == 0 {
            tokio::task::yield_now().await;
        }
        for (step, told) in [(in_time, 1), (after, 2)] {
            other.pass(step);
            round(&other).await;
            assert_eq!(receiver.count(), told);
        }
        receiver.let_go();
    };
    let (told, ()) = join(webhooks::tell_everybody(&one.state), others).await;
    told.unwrap();
    let messages = receiver.received();
    assert_eq!((&messages[0].id, &messages[0].body), (&messages[1].id, &messages[1].body));
    assert_eq!(one.count("deliveries WHERE delivered_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn the_outcome_of_an_attempt_that_was_overtaken_counts_only_if_it_is_success() {
    for (status, delivered) in [(500, 0), (200, 1)] {
        let receiver = Receiver::start();
        receiver.next([Reply::Silence(status)]);
        let app = service(&[&receiver]).start().await;
        happen(&app, 1).await;
        webhooks::share_out(&app.state).await.unwrap();
        let overtaking = async {
            while receiver.count() == 0 {
                tokio::task::yield_now().await;
            }
            app.execute("UPDATE deliveries SET attempts = attempts + 1").await;
            receiver.let_go();
        };
        let (told, ()) = join(webhooks::tell_everybody(&app.state), overtaking).await;
        told.unwrap();
        assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, delivered);
        assert_eq!(app.count("deliveries WHERE last_outcome IS NOT NULL").await, delivered);
    }
}

#[tokio::test]
async fn a_backlog_is_worked_off_in_parts() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    happen(&app, 1_200).await;
    round(&app).await;
    is_told_once_of(&receiver, 1_200);
}

#[tokio::test]
async fn what_was_begun_before_comes_before_a_backlog() {
    let receiver = Receiver::start();
    receiver.next([Reply::Status(500, "")]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    happen(&app, 100).await;
    webhooks::share_out(&app.state).await.unwrap();
    app.pass(Duration::seconds(6));
    round(&app).await;
    let messages = receiver.received();
    let repeat = messages.iter().skip(1).position(|message| message.id == messages[0].id);
    assert!(repeat.unwrap() < 8, "{repeat:?}");
}

/// Runs the job until as many of nine events are under way as can be, then stops it with so much time.
async fn stop_under_way(app: &TestApp, receiver: &Receiver, grace: StdDuration, meanwhile: impl FnOnce()) {
    receiver.otherwise(Reply::Silence(204));
    happen(app, 9).await;
    let (stop, stopping) = watch::channel(false);
    let stop = async {
        while receiver.count() < 8 {
            tokio::task::yield_now().await;
        }
        stop.send_replace(true);
        meanwhile();
    };
    join(webhooks::run(app.state.clone().into_inner(), stopping, grace), stop).await;
    assert_eq!(receiver.count(), 8, "something was begun after the stop");
}

#[tokio::test]
async fn attempts_that_are_under_way_at_a_stop_end_and_are_noted() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    Box::pin(stop_under_way(&app, &receiver, StdDuration::from_mins(1), || receiver.let_go())).await;
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND attempts = 1").await, 8);
}

#[tokio::test]
async fn attempts_that_do_not_end_in_time_are_given_back_and_made_by_the_next_at_once() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    Box::pin(stop_under_way(&app, &receiver, StdDuration::ZERO, || {})).await;
    assert_eq!(app.count("deliveries WHERE delivered_at IS NULL AND attempts = 0").await, 9);
    receiver.let_go();
    round(&app).await;
    assert_eq!(receiver.count(), 8 + 9);
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND attempts = 1").await, 9);
}
