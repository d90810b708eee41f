use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{asked, now_answers, provider};
use crate::support::TestApp;

#[tokio::test]
async fn while_a_provider_hangs_two_connections_to_the_database_answer_everybody_else() {
    // A login needs its code, which the simulated sender shows; the hanging provider gets the others' messages.
    let hanging = provider(ResponseTemplate::new(204)).await;
    let first = TestApp::start().await;
    let user = first.login("+79991234567").await;
    let app = super::carried_by(&hanging.uri())
        .set("--database-pool-size", "2")
        .database(&first.database_url)
        .start()
        .await;
    now_answers(&hanging, ResponseTemplate::new(204).set_delay(Duration::from_hours(1))).await;
    let waiting = (0..20).map(|number| {
        let (client, url) = (app.client.clone(), format!("{}/api/v1/auth/phone", app.url));
        let phone = format!("+7999765{number:04}");
        tokio::spawn(async move { client.post(url).json(&json!({"phone": phone})).send().await })
    });
    let waiting: Vec<_> = waiting.collect();
    while asked(&hanging).await < waiting.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let profile = || async {
        let request = app.client.get(format!("{}/api/v1/profile", app.url)).bearer_auth(&user.access_token);
        request.send().await.unwrap().status().as_u16()
    };
    for _ in 0..10 {
        assert_eq!(join_all((0..4).map(|_| profile())).await, [200; 4]);
    }
    assert!(waiting.iter().all(|request| !request.is_finished()), "the provider hangs all the while");
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
