//! The refresh token in a cookie: for pages of the service's own origin, and for nobody else.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser};

const REFRESH: &str = "/api/v1/auth/refresh";
const VERIFY: &str = "/api/v1/auth/verify";
const ORIGIN: &str = "https://auth.example.com";
const NAME: &str = "__Host-phone_auth_refresh";

/// Posts `body` as a page of `origin` with `cookie` would.
async fn post(app: &TestApp, path: &str, origin: &str, cookie: &str, body: Value) -> Answer {
    let mut request = app.request(Method::POST, path).json(&body);
    if !origin.is_empty() {
        request = request.header("origin", origin);
    }
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    app.send(request).await
}

async fn refresh(app: &TestApp, cookie: &str) -> Answer {
    post(app, REFRESH, ORIGIN, cookie, json!({"refresh_token_in": "cookie"})).await
}

/// `name=value` of the cookie that `answer` sets.
#[track_caller]
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// The attributes of the cookie that `answer` sets, in order of the alphabet.
fn attributes(answer: &Answer) -> Vec<&str> {
    let mut attributes: Vec<_> = answer.header("set-cookie").split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[track_caller]
fn expect_taken_away(answer: &Answer) {
    assert_eq!(cookie(answer), format!("{NAME}="), "{}", answer.text);
    assert!(attributes(answer).contains(&"Max-Age=0") && attributes(answer).contains(&"Secure"));
}

/// Logs in as the page does; gives the answer and the cookie.
async fn login(app: &TestApp, phone: &str, origin: &str) -> (Answer, String) {
    let body = json!({"challenge_token": app.challenge(phone).await, "code": app.code(phone),
        "refresh_token_in": "cookie"});
    let answer = post(app, VERIFY, origin, "", body).await.expect(200);
    let cookie = cookie(&answer);
    (answer, cookie)
}

#[tokio::test]
async fn a_page_gets_the_refresh_token_where_no_script_can_read_it() {
    let app = TestApp::start().await;
    let (answer, cookie) = login(&app, "+79991234567", ORIGIN).await;
    assert!(answer.body.get("refresh_token").is_none(), "{}", answer.text);
    assert_eq!(answer.body["refresh_expires_in"], 2_592_000);
    assert!(cookie.starts_with(&format!("{NAME}=eyJ")), "{cookie}");
    assert_eq!(attributes(&answer), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict", "Secure"]);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_cookie_is_traded_for_its_successor() {
    let app = TestApp::start().await;
    let (_, first) = login(&app, "+79991234567", ORIGIN).await;
    app.pass(Duration::seconds(1));
    let answer = refresh(&app, &first).await.expect(200);
    assert!(answer.body.get("refresh_token").is_none(), "{}", answer.text);
    assert_eq!(attributes(&answer), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict", "Secure"]);
    let second = cookie(&answer);
    assert_ne!(first, second);
    let profile = app.request(Method::GET, "/api/v1/profile").bearer_auth(answer.text_of("access_token"));
    app.send(profile).await.expect(200);
    // The same grace as for apps: for two tabs at once.
    assert_eq!(cookie(&refresh(&app, &first).await.expect(200)), second);
    refresh(&app, &second).await.expect(200);
}

#[tokio::test]
async fn other_cookies_do_not_matter() {
    let app = TestApp::start().await;
    let (_, own) = login(&app, "+79991234567", ORIGIN).await;
    let others = format!("no-value; =; theme=dark; city=Москва; x{own}; {own}; b=\"c");
    let bytes = [others.as_bytes(), b"; d=\xff\xfe"].concat();
    let request = app.request(Method::POST, REFRESH).json(&json!({"refresh_token_in": "cookie"}));
    let cookies = reqwest::header::HeaderValue::from_bytes(&bytes).unwrap();
    app.send(request.header("origin", ORIGIN).header("cookie", cookies)).await.expect(200);
}

#[tokio::test]
async fn without_tls_the_cookie_has_no_prefix_and_host_says_the_origin() {
    let app = TestApp::builder().set("--public-url", "http://auth.example.com").start().await;
    let other = TestApp::builder().set("--public-url", "http://localhost:8080").start().await;
    for (app, origin, name) in [
        (&app, "http://auth.example.com", "phone_auth_refresh"),
        (&app, &*app.url, "phone_auth_refresh"),
        // Cookies know no ports, and two services may share a host.
        (&other, "http://localhost:8080", "phone_auth_refresh_8080"),
    ] {
        let (answer, cookie) = login(app, "+79991234567", origin).await;
        assert!(cookie.starts_with(&format!("{name}=eyJ")), "{cookie}");
        assert_eq!(attributes(&answer), ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Strict"]);
        post(app, REFRESH, origin, &cookie, json!({"refresh_token_in": "cookie"})).await.expect(200);
    }
}

#[tokio::test]
async fn a_page_of_another_origin_gets_nothing_and_uses_nothing_up() {
    let app = TestApp::start().await;
    let (phone, in_cookie) = ("+79991234567", json!({"refresh_token_in": "cookie"}));
    let (_, kept) = login(&app, phone, ORIGIN).await;
    let challenge = app.challenge(phone).await;
    let right = json!({"challenge_token": challenge, "code": app.code(phone), "refresh_token_in": "cookie"});
    let strangers = [
        "",
        "null",
        "https://evil.example",
        "https://www.auth.example.com",
        "https://example.com",
        "https://auth.example.com.evil.example",
        "https://auth.example.com:8443",
        "http://auth.example.com",
        "https://AUTH.example.com/",
        &app.url,
    ];
    for origin in strangers {
        for (path, cookie, body) in [(REFRESH, &*kept, &in_cookie), (VERIFY, "", &right)] {
            let answer = post(&app, path, origin, cookie, body.clone()).await;
            assert_eq!(answer.header("set-cookie"), "", "{origin}");
            answer.expect_problem(403, "foreign-origin");
        }
    }
    let twice = app.request(Method::POST, REFRESH).json(&in_cookie).header("cookie", &kept);
    let twice = twice.header("origin", ORIGIN).header("origin", ORIGIN);
    app.send(twice).await.expect_problem(403, "foreign-origin");

    // None of the refused counted: the code has its attempts, and the cookie was not traded.
    post(&app, VERIFY, ORIGIN, "", right).await.expect(200);
    app.pass(Duration::minutes(5));
    refresh(&app, &kept).await.expect(200);
}

#[tokio::test]
async fn the_cookie_counts_only_where_the_body_says_so() {
    let app = TestApp::start().await;
    let (answer, kept) = login(&app, "+79991234567", ORIGIN).await;
    for body in [json!({}), json!({"refresh_token_in": "body"})] {
        let refused = post(&app, REFRESH, ORIGIN, &kept, body).await;
        let refused = refused.expect_problem(422, "invalid-request");
        assert!(refused.text_of("detail").contains("missing field `refresh_token`"), "{}", refused.text);
    }
    let other = app.login("+79991234568").await;
    let traded =
        post(&app, REFRESH, "", &kept, json!({"refresh_token": other.refresh_token})).await.expect(200);
    assert_eq!(traded.header("set-cookie"), "");
    assert!(traded.body["refresh_token"].is_string());
    // It is no access token, and stands in for none.
    let profile = app.request(Method::GET, "/api/v1/profile").header("cookie", &kept);
    app.send(profile.header("origin", ORIGIN)).await.expect_problem(401, "unauthenticated");
    assert_eq!(cookie(&refresh(&app, &kept).await.expect(200)).len(), kept.len(), "{}", answer.text);
}

#[tokio::test]
async fn a_token_is_either_in_the_body_or_in_the_cookie() {
    let app = TestApp::start().await;
    let user = app.newcomer().await;
    let both = |place| json!({"refresh_token": user.refresh_token, "refresh_token_in": place});
    for body in [both("cookie"), both("body"), json!({"refresh_token_in": "s3cret"})] {
        let refused = post(&app, REFRESH, ORIGIN, "", body).await.expect_problem(422, "invalid-request");
        assert!(!refused.text.contains("s3cret") && !refused.text.contains(&user.refresh_token));
    }
    app.post(REFRESH, json!({"refresh_token": user.refresh_token})).await.expect(200);
}

#[tokio::test]
async fn a_refusal_leaves_the_cookie_for_it_may_be_that_of_a_newer_login_by_then() {
    let app = TestApp::start().await;
    let (_, first) = login(&app, "+79991234567", ORIGIN).await;
    refresh(&app, &first).await.expect(200);
    app.pass(Duration::minutes(5));
    for (cookie, code) in [
        (&*first, "refresh-token-reused"),
        (&*format!("{NAME}=forged"), "invalid-refresh-token"),
        ("", "invalid-refresh-token"),
    ] {
        let refused = refresh(&app, cookie).await;
        assert_eq!(refused.header("set-cookie"), "");
        refused.expect_problem(401, code);
    }
}

#[tokio::test]
async fn a_cookie_of_somebody_else_is_left_alone() {
    let app = TestApp::start().await;
    let (_, kept) = login(&app, "+79991234567", ORIGIN).await;
    for (method, path) in [(Method::POST, "/api/v1/auth/logout"), (Method::DELETE, "/api/v1/profile")] {
        let other = app.newcomer().await;
        let request = other.request(method, path).header("cookie", &kept);
        assert_eq!(app.send(request).await.expect(204).header("set-cookie"), "");
    }
    refresh(&app, &kept).await.expect(200);
}

#[tokio::test]
async fn of_several_cookies_of_the_name_the_good_one_counts() {
    let app = TestApp::start().await;
    let (_, kept) = login(&app, "+79991234567", ORIGIN).await;
    refresh(&app, &format!("{NAME}=junk; {kept}; {NAME}=more")).await.expect(200);
}

#[tokio::test]
async fn a_logout_takes_the_cookie_away_unless_it_ends_only_other_sessions() {
    let app = TestApp::start().await;
    for (scope, taken) in [("others", false), ("this", true), ("all", true)] {
        let (answer, kept) = login(&app, "+79991234567", ORIGIN).await;
        let request = app.request(Method::POST, "/api/v1/auth/logout").json(&json!({"scope": scope}));
        let request = request.bearer_auth(answer.text_of("access_token"));
        let without = app.send(request.try_clone().unwrap()).await.expect(204);
        assert_eq!(without.header("set-cookie"), "");
        let (answer, kept) = if taken { login(&app, "+79991234567", ORIGIN).await } else { (answer, kept) };
        let request = app.request(Method::POST, "/api/v1/auth/logout").json(&json!({"scope": scope}));
        let request = request.bearer_auth(answer.text_of("access_token"));
        let done = app.send(request.header("cookie", &kept)).await.expect(204);
        if taken {
            expect_taken_away(&done);
            refresh(&app, &kept).await.expect_problem(401, "invalid-refresh-token");
        } else {
            assert_eq!(done.header("set-cookie"), "");
            refresh(&app, &kept).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_deletion_takes_the_cookie_away() {
    let app = TestApp::start().await;
    let (answer, kept) = login(&app, "+79991234567", ORIGIN).await;
    let request = app.request(Method::DELETE, "/api/v1/profile").bearer_auth(answer.text_of("access_token"));
    let deleted = app.send(request.header("cookie", &kept)).await.expect(204);
    expect_taken_away(&deleted);
    let user: TestUser<'_> = app.newcomer().await;
    assert_eq!(user.delete("/api/v1/profile").await.expect(204).header("set-cookie"), "");
}
