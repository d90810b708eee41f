//! What an endpoint answers, and what is made of it.

use chrono::Duration;

use super::{happen, round, service};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn every_2xx_is_success_and_is_not_repeated() {
    let receiver = Receiver::start();
    let statuses = [200, 201, 202, 204, 299];
    receiver.next(statuses.map(|status| Reply::Status(status, "")));
    let app = service(&[&receiver]).start().await;
    happen(&app, statuses.len()).await;
    for _ in 0..2 {
        round(&app).await;
        app.pass(Duration::days(1));
    }
    assert_eq!(receiver.count(), statuses.len());
    let noted = app.query("SELECT last_outcome FROM deliveries ORDER BY last_outcome").await;
    assert_eq!(noted, ["200", "201", "202", "204", "299"]);
}

#[tokio::test]
async fn every_other_status_is_repeated_and_no_redirection_is_followed() {
    let elsewhere = Receiver::start();
    let location: &'static str = format!("Location: {}\r\n", elsewhere.url()).leak();
    let statuses = [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 413, 429, 500, 502, 503, 504];
    let receivers = statuses.map(|status| {
        let receiver = Receiver::start();
        receiver.next([Reply::Status(status, location)]);
        receiver
    });
    let app = service(&receivers.each_ref()).start().await;
    happen(&app, 1).await;
    round(&app).await;
    let noted = app.query("SELECT last_outcome FROM deliveries ORDER BY last_outcome").await;
    assert_eq!(noted, statuses.map(|status| status.to_string()));
    app.pass(Duration::seconds(6));
    round(&app).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [2; 17]);
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn an_endpoint_that_asks_to_be_left_alone_is() {
    let cases = [
        (429, "Retry-After: 100\r\n", 100),
        (503, "Retry-After: 100\r\n", 100),
        (503, "Retry-After: Sat, 21 Nov 2026 12:01:40 GMT\r\n", 100),
        (503, "Retry-After: Saturday, 21-Nov-26 12:01:40 GMT\r\n", 100),
        (503, "Retry-After: Sat Nov 21 12:01:40 2026\r\n", 100),
        // Less than the schedule has, or nothing that can be read: the schedule.
        (503, "Retry-After: 1\r\n", 5),
        (503, "Retry-After: later\r\n", 5),
        // Not for ever.
        (503, "Retry-After: 99999999\r\n", 86_400),
        (503, "Retry-After: 99999999999999999999999999\r\n", 86_400),
    ];
    let receivers = cases.map(|(status, lines, _)| {
        let receiver = Receiver::start();
        receiver.next([Reply::Status(status, lines)]);
        receiver
    });
    let app = service(&receivers.each_ref()).start().await;
    happen(&app, 1).await;
    round(&app).await;
    let mut passed = Duration::zero();
    for least in [5, 100, 86_400] {
        let expected = |now: i64| cases.map(|(_, _, least)| if least <= now { 2 } else { 1 });
        let turn_to = |to: Duration, passed: &mut Duration| {
            app.pass(to - *passed);
            *passed = to;
        };
        turn_to(Duration::seconds(least) - Duration::milliseconds(1), &mut passed);
        round(&app).await;
        assert_eq!(receivers.each_ref().map(Receiver::count), expected(least - 1), "before {least} s");
        turn_to(Duration::seconds(least) * 6 / 5, &mut passed);
        round(&app).await;
        assert_eq!(receivers.each_ref().map(Receiver::count), expected(least), "after {least} s");
    }
}

#[tokio::test]
async fn an_endpoint_that_answers_410_is_told_nothing_more_and_others_are() {
    let receivers = [(); 2].map(|()| Receiver::start());
    let app = service(&receivers.each_ref()).start().await;
    happen(&app, 1).await;
    receivers[0].next([Reply::Status(410, "")]);
    round(&app).await;
    for _ in 0..2 {
        app.pass(Duration::days(1));
        happen(&app, 1).await;
        round(&app).await;
    }
    assert_eq!(receivers.each_ref().map(Receiver::count), [1, 3]);
    let ended = app.rows("SELECT ended_because FROM webhook_endpoints WHERE ended_at IS NOT NULL").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["ended_because"], "it answered 410");
    // Also after a start with the same settings.
    let again = service(&receivers.each_ref())
        .database(&app.database_url)
        .clock_at("2026-11-24T12:00:00Z".parse().unwrap())
        .start()
        .await;
    happen(&again, 1).await;
    round(&again).await;
    assert_eq!(receivers.each_ref().map(Receiver::count), [1, 4]);
}

#[tokio::test]
async fn what_waits_for_an_endpoint_that_ended_is_not_sent() {
    let receiver = Receiver::start();
    let app = service(&[&receiver]).start().await;
    receiver.next([Reply::Status(500, "")]);
    happen(&app, 1).await;
    round(&app).await;
    happen(&app, 1).await;
    receiver.next([Reply::Status(410, "")]);
    round(&app).await;
    assert_eq!(receiver.count(), 2);
    app.pass(Duration::days(1));
    round(&app).await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn what_happens_while_an_endpoint_has_ended_is_not_told_to_it_also_if_it_is_the_only_one() {
    let receivers = [(); 2].map(|()| Receiver::start());
    let apps = [service(&[&receivers[0]]).start().await, service(&receivers.each_ref()).start().await];
    for app in &apps {
        receivers[0].next([Reply::Status(410, "")]);
        happen(app, 1).await;
        round(app).await;
        let before = receivers[0].count();
        app.pass(Duration::seconds(1));
        happen(app, 2).await;
        round(app).await;
        app.execute("UPDATE webhook_endpoints SET ended_at = NULL, ended_because = NULL").await;
        app.pass(Duration::seconds(1));
        happen(app, 1).await;
        round(app).await;
        assert_eq!(receivers[0].count() - before, 1);
        assert_eq!(app.count("events WHERE shared_at IS NULL").await, 0);
    }
}
