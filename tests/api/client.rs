//! Where a client is, with and without proxies in front.

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

/// Logs somebody new in with these headers; gives the network of the session.
async fn network_of_login(app: &TestApp, headers: &[(&'static str, &'static str)]) -> String {
    let phone = &format!("+799900000{:02}", app.count("users").await);
    let challenge = app.challenge(phone).await;
    let body = json!({"challenge_token": challenge, "code": app.code(phone)});
    let mut login = app.request(Method::POST, "/api/v1/auth/verify").json(&body);
    for (name, value) in headers {
        login = login.header(*name, *value);
    }
    app.send(login).await.expect(200);
    let session =
        format!("SELECT network FROM sessions JOIN users ON users.id = user_id WHERE phone = '{phone}'");
    app.query(&session).await.remove(0)
}

#[tokio::test]
async fn a_trusted_proxy_tells_whose_session_it_is() {
    let app = TestApp::builder().set("--trusted-proxies", "127.0.0.1,10.0.0.0/8").start().await;
    for (headers, network) in [
        (&[("x-forwarded-for", "203.0.113.77")][..], "203.0.113.0/24"),
        (&[("x-forwarded-for", "6.6.6.6, [2001:db8:aa:bb::1]:443, 10.1.1.1")], "2001:db8:aa::/48"),
        (&[("x-forwarded-for", "6.6.6.6, 203.0.113.77"), ("X-Forwarded-For", "10.1.1.1")], "203.0.113.0/24"),
        (&[("x-forwarded-for", "203.0.113.77, unknown")], "127.0.0.0/24"),
        (&[], "127.0.0.0/24"),
    ] {
        assert_eq!(network_of_login(&app, headers).await, network, "{headers:?}");
    }
}

#[tokio::test]
async fn nobody_else_is_believed_and_no_other_header() {
    let named = [
        ("x-forwarded-for", "203.0.113.77"),
        ("forwarded", "for=203.0.113.77"),
        ("x-real-ip", "203.0.113.77"),
    ];
    for proxies in ["", "10.0.0.0/8,::1"] {
        let app = TestApp::builder().set("--trusted-proxies", proxies).start().await;
        assert_eq!(network_of_login(&app, &named).await, "127.0.0.0/24", "{proxies}");
    }
    let app = TestApp::builder().set("--trusted-proxies", "127.0.0.1").start().await;
    assert_eq!(network_of_login(&app, &named[1..]).await, "127.0.0.0/24");
}
