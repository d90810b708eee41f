//! From a phone number to a profile.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_first_login_makes_the_account_and_a_second_finds_it() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    assert_eq!(ada.login.body["is_new_user"], true);
    assert_eq!(ada.login.body["user"], ada.profile().await);
    let again = app.login("+79991234567").await;
    assert_eq!(again.login.body["is_new_user"], false);
    assert_eq!(again.login.body["user"]["id"], ada.login.body["user"]["id"]);
}

#[tokio::test]
async fn the_answer_to_a_phone_has_what_the_contract_names() {
    let app = TestApp::start().await;
    let answer = app.post("/api/v1/auth/phone", json!({"phone": "8 (999) 123-45-67"})).await.expect(200);
    assert_eq!(answer.body["code_length"], 4);
    assert_eq!(answer.body["expires_in"], 300);
    assert_eq!(answer.body["resend_in"], 60);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(app.code("+79991234567").len(), 4);
}
