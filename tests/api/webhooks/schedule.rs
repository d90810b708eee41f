//! When an event is told again.

use chrono::Duration;

use super::{delivery, happen, round, service};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn ten_attempts_are_made_in_three_days_each_in_its_time() {
    let receiver = Receiver::start();
    receiver.otherwise(Reply::Status(500, ""));
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    let mut made = 1;
    for seconds in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
        assert_eq!(receiver.count(), made);
        let wait = Duration::seconds(seconds);
        app.pass(wait - Duration::milliseconds(1));
        round(&app).await;
        assert_eq!(receiver.count(), made, "sooner than {seconds} s");
        app.pass(wait / 5 + Duration::milliseconds(1));
        round(&app).await;
        made += 1;
        assert_eq!(receiver.count(), made, "{seconds} s and a fifth were not enough");
    }
    let failed = delivery(&app).await;
    assert_eq!((&failed["attempts"], &failed["last_outcome"]), (&10.into(), &"500".into()));
    assert!(!failed["failed_at"].is_null());
    app.pass(Duration::days(20));
    round(&app).await;
    assert_eq!(receiver.count(), 10);
}

#[tokio::test]
async fn what_fails_together_does_not_come_back_together() {
    let receiver = Receiver::start();
    receiver.otherwise(Reply::Status(500, ""));
    let app = service(&[&receiver]).start().await;
    happen(&app, 30).await;
    round(&app).await;
    let due = app.query("SELECT DISTINCT due_at::text FROM deliveries").await;
    assert!(due.len() > 20, "{due:?}");
    let bounds = "deliveries, events WHERE id = event_id
                  AND due_at NOT BETWEEN occurred_at + interval '5 s' AND occurred_at + interval '6 s'";
    assert_eq!(app.count(bounds).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_comes_back_is_told_what_it_missed() {
    let receiver = Receiver::start();
    receiver.otherwise(Reply::Status(502, ""));
    let app = service(&[&receiver]).start().await;
    for _ in 0..3 {
        happen(&app, 1).await;
        round(&app).await;
        app.pass(Duration::minutes(1));
    }
    receiver.otherwise(Reply::Status(200, ""));
    app.pass(Duration::hours(1));
    round(&app).await;
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, 3);
}
