use reqwest::Method;
use serde_json::{Value, json};

use super::PROFILE;
use crate::support::{TestApp, TestUser};

/// The three members a user can write, as they are now.
async fn written(user: &TestUser<'_>) -> [Value; 3] {
    let profile = user.profile().await;
    ["email", "first_name", "last_name"].map(|member| profile[member].clone())
}

async fn user_with_names(app: &TestApp) -> TestUser<'_> {
    let ada = app.login("+79991234567").await;
    let names = json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"});
    ada.put(PROFILE, names).await.expect(200);
    ada
}

#[tokio::test]
async fn put_answers_with_what_a_later_read_shows() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    app.pass(chrono::Duration::seconds(7));
    let names = json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"});
    let answer = ada.put(PROFILE, names).await.expect(200);
    assert_eq!(written(&ada).await, [json!("ada@example.com"), json!("Ada"), json!("Lovelace")]);
    assert_eq!(answer.body, ada.profile().await);
    assert_eq!(answer.body["updated_at"], "2026-11-21T12:00:07Z");
    assert_eq!(answer.body["created_at"], "2026-11-21T12:00:00Z");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn put_clears_what_is_absent_and_what_is_null() {
    let app = TestApp::start().await;
    let ada = user_with_names(&app).await;
    ada.put(PROFILE, json!({"first_name": "Augusta", "last_name": null})).await.expect(200);
    assert_eq!(written(&ada).await, [json!(null), json!("Augusta"), json!(null)]);
    ada.put(PROFILE, json!({})).await.expect(200);
    assert_eq!(written(&ada).await, [json!(null), json!(null), json!(null)]);
}

#[tokio::test]
async fn patch_clears_what_is_null_and_keeps_what_is_absent() {
    let app = TestApp::start().await;
    let ada = user_with_names(&app).await;
    let answer = ada.patch(PROFILE, json!({"first_name": null})).await.expect(200);
    assert_eq!(answer.body, ada.profile().await);
    assert_eq!(written(&ada).await, [json!("ada@example.com"), json!(null), json!("Lovelace")]);
    ada.patch(PROFILE, json!({"first_name": "Augusta", "email": null})).await.expect(200);
    assert_eq!(written(&ada).await, [json!(null), json!("Augusta"), json!("Lovelace")]);
}

#[tokio::test]
async fn an_empty_patch_keeps_everything() {
    let app = TestApp::start().await;
    let ada = user_with_names(&app).await;
    ada.patch(PROFILE, json!({})).await.expect(200);
    assert_eq!(written(&ada).await, [json!("ada@example.com"), json!("Ada"), json!("Lovelace")]);
}

#[tokio::test]
async fn a_patch_may_be_json_or_a_merge_patch_and_a_put_only_json() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let send = async |method: Method, media_type: &str, name: &str| {
        let request = ada.request(method, PROFILE).header("content-type", media_type);
        app.send(request.body(json!({"first_name": name}).to_string())).await
    };
    for (media_type, name) in [
        ("application/json", "Ada"),
        ("application/merge-patch+json", "Augusta"),
        ("application/merge-patch+json; charset=utf-8", "Ada Augusta"),
        ("Application/Merge-Patch+JSON", "A."),
    ] {
        assert_eq!(send(Method::PATCH, media_type, name).await.expect(200).body["first_name"], name);
    }
    for (method, media_type) in
        [(Method::PUT, "application/merge-patch+json"), (Method::PATCH, "application/json-patch+json")]
    {
        send(method, media_type, "Mallory").await.expect_problem(415, "unsupported-media-type");
    }
    assert_eq!(ada.profile().await["first_name"], "A.");
}

#[tokio::test]
async fn values_are_trimmed() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let spaced = json!({"email": " ada@example.com\n", "first_name": "  Ada\t", "last_name": "\u{a0}Love lace\u{2003}"});
    for method in [Method::PUT, Method::PATCH] {
        app.send(ada.request(method, PROFILE).json(&spaced)).await.expect(200);
        assert_eq!(written(&ada).await, [json!("ada@example.com"), json!("Ada"), json!("Love lace")]);
        ada.put(PROFILE, json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn a_name_has_up_to_100_characters_however_many_bytes_they_take() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for character in ["a", "я", "李", "𝒜", "🦀"] {
        let name = character.repeat(100);
        let answer = ada.put(PROFILE, json!({"first_name": name})).await.expect(200);
        assert_eq!(answer.body["first_name"], *name);
        let longer = character.repeat(101);
        for method in [Method::PUT, Method::PATCH] {
            let request = ada.request(method, PROFILE).json(&json!({"last_name": longer}));
            let problem = app.send(request).await.expect_problem(422, "invalid-request");
            assert_eq!(problem.text_of("detail"), "last_name: must be at most 100 characters.");
        }
        assert_eq!(written(&ada).await, [json!(null), json!(name), json!(null)]);
    }
}

#[tokio::test]
async fn an_email_has_up_to_254_characters_and_is_kept_as_given() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    // A label of a domain has 63 characters at most (RFC 1035, section 2.3.4).
    let labels = ["b".repeat(60), "c".repeat(60), "d".repeat(60)].join(".");
    let longest = format!("{}@{labels}.example", "A".repeat(254 - 1 - labels.len() - ".example".len()));
    for email in
        ["ADA@Example.COM", "ada+tag@sub.example.com", "o'brien@example.com", "ада@пример.рф", &longest]
    {
        let answer = ada.patch(PROFILE, json!({"email": email})).await.expect(200);
        assert_eq!(answer.body["email"], email);
    }
    let problem = ada.patch(PROFILE, json!({"email": format!("A{longest}")})).await;
    let problem = problem.expect_problem(422, "invalid-request");
    assert!(problem.text_of("detail").starts_with("email: "), "{}", problem.text);
}

#[tokio::test]
async fn the_same_values_are_what_the_next_login_shows() {
    let app = TestApp::start().await;
    let ada = user_with_names(&app).await;
    let again = app.login("+79991234567").await;
    assert_eq!(again.login.body["user"], ada.profile().await);
    assert_eq!(again.login.body["user"]["full_name"], "Ada Lovelace");
}
