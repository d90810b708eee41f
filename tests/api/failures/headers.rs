use std::collections::HashSet;

use serde_json::json;

use crate::support::{Answer, TestApp};

/// One answer of each kind: good ones, the service's failures, the framework's.
async fn one_of_each(app: &TestApp) -> Vec<Answer> {
    let user = app.login("+79991234567").await;
    let post = |path: &str, media_type: &str, body: String| {
        let request = user.request(reqwest::Method::POST, path).header("content-type", media_type);
        app.send(request.body(body))
    };
    let activate = "/api/v1/referral/activate";
    let mut answers = vec![
        app.post("/api/v1/auth/phone", json!({"phone": "+79990000044"})).await.expect(200),
        user.get("/api/v1/profile").await.expect(200),
        app.get("/health/ready").await.expect(200),
        app.get("/dev/inbox?phone=%2B79991234567").await.expect(200),
        app.get("/openapi.json").await.expect(200),
        app.get("/redoc").await.expect(200),
        app.get("/redoc/redoc.standalone.js").await.expect(200),
        app.get("/swagger/").await.expect(200),
        app.get("/problems/invalid-code").await.expect(200),
        app.get("/nothing").await.expect(404),
        app.get("/api/v1/nothing").await.expect(404),
        app.get("/api/v1/profile").await.expect(401),
        app.get("/api/v1/auth/phone").await.expect(405),
        app.verify("forged", "0000").await.expect(401),
        user.activate("000000").await.expect(404),
        user.activate(&user.invite_code()).await.expect(409),
        post(activate, "application/json", "{".to_owned()).await.expect(400),
        post(activate, "application/json", " ".repeat(17 * 1024)).await.expect(413),
        post(activate, "text/plain", "{}".to_owned()).await.expect(415),
        post(activate, "application/json", "{}".to_owned()).await.expect(422),
    ];
    answers.push(user.delete("/api/v1/profile").await.expect(204));
    answers
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = TestApp::start().await;
    for answer in one_of_each(&app).await {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy:?} {answer:?}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
        for telling in ["server", "x-powered-by"] {
            assert_eq!(answer.header(telling), "");
        }
    }
}

#[tokio::test]
async fn https_is_demanded_only_where_the_service_is_reached_by_it() {
    let app = TestApp::builder().set("--public-url", "http://localhost:8080").start().await;
    for answer in one_of_each(&app).await {
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

#[tokio::test]
async fn nothing_under_the_api_is_kept_in_a_cache() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    let refreshed = app.post("/api/v1/auth/refresh", json!({"refresh_token": user.refresh_token})).await;
    for answer in [
        app.post("/api/v1/auth/phone", json!({"phone": "+79990000044"})).await,
        refreshed.expect(200),
        user.get("/api/v1/referral/invited").await.expect(200),
        user.post("/api/v1/auth/logout", json!({})).await.expect(204),
        user.get("/api/v1/profile").await.expect(401),
        app.get("/api/v1/nothing").await.expect(404),
    ] {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

#[tokio::test]
async fn every_problem_names_its_request_and_no_two_the_same() {
    let app = TestApp::start().await;
    let mut seen = HashSet::new();
    for _ in 0..3 {
        for answer in one_of_each(&app).await.into_iter().filter(|answer| answer.status.as_u16() >= 400) {
            let id: uuid::Uuid = answer.text_of("trace_id").parse().unwrap();
            assert!(seen.insert(id), "{id} came twice");
        }
    }
}
