//! What other services are told, and the check that gateways ask for.

use chrono::Duration;
use reqwest::Method;

use crate::support::TestApp;

const PHONE: &str = "+79991234567";
const JWKS: &str = "/.well-known/jwks.json";
const CONFIGURATION: &str = "/.well-known/openid-configuration";
const CHECK: &str = "/api/v1/auth/check";

#[tokio::test]
async fn the_published_keys_are_public_and_may_be_kept_for_five_minutes() {
    let app = TestApp::start().await;
    let answer = app.get(JWKS).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let mut members: Vec<_> = keys[0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
}

#[tokio::test]
async fn a_copy_that_is_still_right_is_not_sent_again() {
    let app = TestApp::start().await;
    for path in [JWKS, CONFIGURATION] {
        let tag = app.get(path).await.expect(200).header("etag").to_owned();
        assert!(tag.starts_with('"'), "{tag} is strong");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let asked = app.request(Method::GET, path).header("If-None-Match", &known);
            let answer = app.send(asked).await.expect(304);
            assert_eq!((answer.header("etag"), &*answer.text), (&*tag, ""), "{known}");
            assert_eq!(answer.header("cache-control"), "public, max-age=300");
        }
        let asked = app.request(Method::GET, path).header("If-None-Match", "\"other\"");
        app.send(asked).await.expect(200);
    }
}

#[tokio::test]
async fn the_configuration_tells_the_issuer_and_leads_to_the_keys() {
    let app = TestApp::start().await;
    let body = app.get(CONFIGURATION).await.expect(200).body;
    assert_eq!(body["issuer"], "https://auth.example.com");
    assert_eq!(body["jwks_uri"], "https://auth.example.com/.well-known/jwks.json");
    assert_eq!(body["id_token_signing_alg_values_supported"], serde_json::json!(["ES256"]));
    // Every address in it is one that is answered.
    for (name, address) in body.as_object().unwrap() {
        let Some(path) = address.as_str().and_then(|text| text.strip_prefix("https://auth.example.com/"))
        else {
            continue;
        };
        let answer = app.get(&format!("/{path}")).await;
        assert_ne!(answer.status.as_u16(), 404, "{name}");
    }
}

#[tokio::test]
async fn a_gateway_learns_who_calls_and_by_which_session() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let answer = ada.get(CHECK).await.expect(204);
    assert_eq!(answer.header("x-user-id"), ada.login.body["user"]["id"]);
    let sessions = app.query("SELECT id::text FROM sessions").await;
    assert_eq!([answer.header("x-session-id")], *sessions);
    assert_eq!(answer.header("cache-control"), "no-store");
    // As for any GET, a HEAD will do.
    app.send(ada.request(Method::HEAD, CHECK)).await.expect(204);
}

#[tokio::test]
async fn a_gateway_learns_at_once_that_a_session_was_ended() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.get(CHECK).await.expect(204);
    ada.post("/api/v1/auth/logout", serde_json::json!({})).await.expect(204);
    let refused = ada.get(CHECK).await.expect_problem(401, "unauthenticated");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(refused.header("x-user-id"), "");
}

#[tokio::test]
async fn a_gateway_lets_nobody_through_without_a_good_token() {
    let app = TestApp::start().await;
    app.get(CHECK).await.expect_problem(401, "unauthenticated");
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(600));
    ada.get(CHECK).await.expect_problem(401, "unauthenticated");
}
