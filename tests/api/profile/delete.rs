use serde_json::json;

use super::PROFILE;
use crate::support::TestApp;

const INVITED: &str = "/api/v1/referral/invited";

#[tokio::test]
async fn deletion_ends_every_session_of_the_user_at_once_and_nobody_elses() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let elsewhere = app.login("+79991234567").await;
    let answer = ada.delete(PROFILE).await.expect(204);
    assert_eq!(answer.text, "");
    for device in [&ada, &elsewhere] {
        for path in [PROFILE, "/api/v1/referral", INVITED] {
            device.get(path).await.expect_problem(401, "unauthenticated");
        }
        device.put(PROFILE, json!({"first_name": "Ghost"})).await.expect_problem(401, "unauthenticated");
        device.delete(PROFILE).await.expect_problem(401, "unauthenticated");
        let refresh = json!({"refresh_token": device.refresh_token});
        app.post("/api/v1/auth/refresh", refresh).await.expect_problem(401, "invalid-refresh-token");
    }
    grace.profile().await;
}

#[tokio::test]
async fn the_number_is_free_for_a_new_account_that_inherits_nothing() {
    let app = TestApp::start().await;
    let (inviter, ada) = (app.login("+79990000031").await, app.login("+79991234567").await);
    ada.put(PROFILE, json!({"first_name": "Ada", "email": "ada@example.com"})).await.expect(200);
    ada.activate(&inviter.invite_code()).await.expect(200);
    let old = ada.profile().await;
    ada.delete(PROFILE).await.expect(204);

    let again = app.login("+79991234567").await;
    let new = again.profile().await;
    assert_eq!(again.login.body["is_new_user"], true);
    assert_eq!(new["phone"], old["phone"]);
    assert_ne!(new["id"], old["id"]);
    assert_ne!(new["invite_code"], old["invite_code"]);
    for member in ["first_name", "email", "full_name", "activated_invite_code", "invited_by_phone"] {
        assert!(new[member].is_null(), "{member}");
    }
    // The tokens of the account that was are not those of the one that is.
    ada.get(PROFILE).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_invite_code_of_a_deleted_account_is_unknown_for_ever() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let code = ada.invite_code();
    ada.delete(PROFILE).await.expect(204);
    grace.activate(&code).await.expect_problem(404, "unknown-invite-code");
    // Not even a new account of the same number has it again.
    app.login("+79991234567").await;
    grace.activate(&code).await.expect_problem(404, "unknown-invite-code");
    let asked = app.post("/api/v1/auth/phone", json!({"phone": "+79990000045", "invite_code": code})).await;
    let newcomer = app.verify(&asked.expect(200).text_of("challenge_token"), &app.code("+79990000045")).await;
    assert_eq!(newcomer.expect(200).body["referral"], "unknown-invite-code");
    // The row that keeps it taken is still there.
    assert_eq!(app.rows(&format!("SELECT 1 FROM users WHERE invite_code = '{code}'")).await.len(), 1);
}

#[tokio::test]
async fn the_inviter_loses_the_deleted_from_list_and_count() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    ada.activate(&inviter.invite_code()).await.expect(200);
    grace.activate(&inviter.invite_code()).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    let profile = inviter.profile().await;
    assert_eq!(profile["invited_users"], json!(["+79990000044"]));
    assert_eq!(profile["invited_users_count"], 1);
    assert_eq!(inviter.get("/api/v1/referral").await.body["invited_users_count"], 1);
    let page = inviter.get(INVITED).await.expect(200).body;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["items"][0]["phone"], "+79990000044");
}

#[tokio::test]
async fn the_invited_keep_the_code_they_activated_but_see_no_phone() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let code = ada.invite_code();
    grace.activate(&code).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    for body in [grace.profile().await, grace.get("/api/v1/referral").await.expect(200).body] {
        assert_eq!(body["activated_invite_code"], *code);
        assert!(body["invited_by_phone"].is_null(), "{body}");
    }
    // The choice was final: it still is, and repeating it is still no error.
    let other = app.login("+79990000031").await;
    let problem = grace.activate(&other.invite_code()).await.expect_problem(409, "invite-already-activated");
    assert_eq!(problem.text_of("activated_invite_code"), code);
    grace.activate(&code).await.expect(200);
}

#[tokio::test]
async fn nothing_personal_is_left_in_any_table() {
    let app = TestApp::start().await;
    let challenge = app.challenge("+79991234567").await;
    let body =
        json!({"challenge_token": challenge, "code": app.code("+79991234567"), "device_name": "Adas Nokia"});
    let login = app.post("/api/v1/auth/verify", body).await.expect(200);
    let ada = crate::support::TestUser::of(&app, login);
    ada.put(PROFILE, json!({"email": "ada@example.com", "first_name": "Adalovelace", "last_name": "Byron"}))
        .await
        .expect(200);
    let personal = ["9991234567", "ada@example.com", "Adalovelace", "Byron", "Adas Nokia"];
    let stored = app.dump().await;
    for text in personal {
        assert!(stored.contains(text), "{text} was to be stored before: {stored}");
    }

    ada.delete(PROFILE).await.expect(204);
    let stored = app.dump().await;
    for text in personal {
        assert!(!stored.contains(text), "{text}: {stored}");
    }
    let rows = app
        .rows("SELECT phone, email, first_name, last_name, deleted_at IS NOT NULL AS gone FROM users")
        .await;
    let nobody = json!({"phone": null, "email": null, "first_name": null, "last_name": null, "gone": true});
    assert_eq!(rows, [nobody]);
    assert!(app.rows("SELECT 1 FROM sessions").await.is_empty());
}
