use std::time::Duration;

use serde_json::json;

use super::{expect_all_put_off_within, with_many_connections};
use crate::support::{OwnPostgres, TestApp, another_code};

const PROFILE: &str = "/api/v1/profile";
const A_SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn while_the_database_is_stopped_clients_are_put_off_and_afterwards_all_is_as_before() {
    let mut postgres = OwnPostgres::start();
    let app = with_many_connections(&postgres).await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    grace.activate(&ada.invite_code()).await.expect(200);
    ada.put(PROFILE, json!({"first_name": "Ada"})).await.expect(200);
    let before = ada.profile().await;
    let challenge = app.challenge("+79990000045").await;
    let code = app.code("+79990000045");
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.get("/health/ready").await.expect(200);

    postgres.stop();
    expect_all_put_off_within(A_SECOND, &ada, &challenge, &code).await;
    // Again, now that no connection is left that could break.
    expect_all_put_off_within(A_SECOND, &ada, &challenge, &code).await;

    postgres.start_again();
    // The same service, by itself, at the first request.
    assert_eq!(ada.profile().await, before);
    app.get("/health/ready").await.expect(200);
    // The tries that were put off cost nothing, the wrong one before them still counts.
    let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    assert_eq!(wrong.body["attempts_left"], 1);
    app.verify(&challenge, &code).await.expect(200);
    let refresh = json!({"refresh_token": ada.refresh_token});
    app.post("/api/v1/auth/refresh", refresh).await.expect(200);
}

#[tokio::test]
async fn a_crash_of_the_database_loses_nothing_that_was_acknowledged() {
    let mut postgres = OwnPostgres::start();
    let app = TestApp::builder().database(&postgres.url()).start().await;
    let ada = app.login("+79991234567").await;
    for round in 0..3 {
        let grace = app.login(&format!("+799900000{round:02}")).await;
        grace.activate(&ada.invite_code()).await.expect(200);
        let written = ada.patch(PROFILE, json!({"first_name": format!("Ada {round}")})).await.expect(200);
        let refreshed = app.post("/api/v1/auth/refresh", json!({"refresh_token": grace.refresh_token})).await;
        let phone = format!("+799900001{round:02}");
        let (challenge, code) = (app.challenge(&phone).await, app.code(&phone));
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");

        postgres.kill();
        super::expect_put_off(ada.get(PROFILE).await, "crashed");
        postgres.start_again();
        assert_eq!(ada.profile().await, written.body);
        assert_eq!(ada.profile().await["invited_users_count"], round + 1);
        let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
        assert_eq!(wrong.body["attempts_left"], 1);
        let newest = json!({"refresh_token": refreshed.expect(200).text_of("refresh_token")});
        app.post("/api/v1/auth/refresh", newest).await.expect(200);
    }
}
