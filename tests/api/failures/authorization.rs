use chrono::Duration;

use crate::support::{Answer, Operation, TestApp};

fn authenticated() -> Vec<Operation> {
    let operations: Vec<_> =
        Operation::all().into_iter().filter(|operation| operation.authenticated).collect();
    assert!(operations.len() >= 8, "{operations:?}");
    operations
}

/// Calls the operation as a client would that has everything but the right to.
async fn call(app: &TestApp, operation: &Operation, authorization: Option<&str>) -> Answer {
    let mut request = operation.whole_request(app);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    app.send(request).await
}

#[track_caller]
fn expect_unauthenticated(answer: Answer, why: &str) {
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}: {answer:?}");
    answer.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn without_a_good_authorization_no_operation_lets_anyone_in() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    let token = &user.access_token;
    let challenge = app.challenge("+79991234567").await;
    let headers = [
        String::new(),
        " ".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer null".to_owned(),
        "Bearer ..".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        format!("Bearer,{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {token}="),
        format!("Bearer {token} {token}"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {}", user.refresh_token),
        format!("Bearer {challenge}"),
        format!("Bearer {}", "A".repeat(10_000)),
    ];
    for operation in authenticated() {
        expect_unauthenticated(call(&app, &operation, None).await, &operation.to_string());
        for header in &headers {
            expect_unauthenticated(
                call(&app, &operation, Some(header)).await,
                &format!("{operation} {header}"),
            );
        }
    }
    user.profile().await;
}

#[tokio::test]
async fn a_header_that_is_not_even_text_lets_nobody_in() {
    let app = TestApp::start().await;
    for operation in authenticated() {
        let request = operation.request(&app).header("authorization", &b"Bearer \xff\xfe\x80"[..]);
        expect_unauthenticated(app.send(request).await, &operation.to_string());
    }
}

#[tokio::test]
async fn the_scheme_is_known_in_any_case() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {}", user.access_token);
        let request = app.request(reqwest::Method::GET, "/api/v1/profile").header("authorization", header);
        app.send(request).await.expect(200);
    }
}

#[tokio::test]
async fn an_access_token_ends_to_the_second() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    let life = user.login.body["expires_in"].as_i64().unwrap();
    let header = format!("Bearer {}", user.access_token);
    app.pass(Duration::seconds(life - 1));
    user.profile().await;
    app.pass(Duration::seconds(1));
    for operation in authenticated() {
        expect_unauthenticated(call(&app, &operation, Some(&header)).await, &operation.to_string());
    }
}

#[tokio::test]
async fn a_token_of_another_deployment_lets_nobody_in() {
    let (app, other) = (TestApp::start().await, TestApp::start().await);
    let stranger = other.login("+79991234567").await;
    app.login("+79991234567").await;
    let header = format!("Bearer {}", stranger.access_token);
    for operation in authenticated() {
        expect_unauthenticated(call(&app, &operation, Some(&header)).await, &operation.to_string());
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_before_anything_about_the_body() {
    let app = TestApp::start().await;
    for operation in authenticated().into_iter().filter(|operation| !operation.media_types.is_empty()) {
        for (media_type, body) in
            [("application/json", "{"), ("text/plain", "{}"), ("application/json", "{\"a\":1}")]
        {
            let request = operation.request(&app).header("content-type", media_type).body(body);
            expect_unauthenticated(app.send(request).await, &operation.to_string());
        }
    }
}

#[tokio::test]
async fn public_operations_do_not_look_at_the_header_at_all() {
    let app = TestApp::start().await;
    let public = Operation::all().into_iter().filter(|operation| !operation.authenticated);
    for operation in public {
        let without = call(&app, &operation, None).await;
        let with = call(&app, &operation, Some("Bearer garbage")).await;
        assert_eq!(without.status, with.status, "{operation}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_one_too_many() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let bob = app.login("+79991234568").await;
    let both = ada.request(reqwest::Method::GET, "/api/v1/profile").bearer_auth(&bob.access_token);
    app.send(both).await.expect_problem(401, "unauthenticated");
}
