use serde_json::{Value, json};

use crate::support::{TestApp, TestUser};

/// Logs in with an invite code given at the phone step.
async fn login_with<'a>(app: &'a TestApp, phone: &str, code: &str) -> TestUser<'a> {
    let asked =
        app.post("/api/v1/auth/phone", json!({"phone": phone, "invite_code": code})).await.expect(200);
    let answer = app.verify(&asked.text_of("challenge_token"), &app.code(phone)).await;
    TestUser::of(app, answer.expect(200))
}

#[tokio::test]
async fn a_code_given_at_the_phone_step_is_activated_by_the_first_login() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let code = inviter.invite_code();
    let (head, tail) = code.split_at(2);
    for (number, spelling) in [code.clone(), format!(" {}-{tail} ", head.to_lowercase())].iter().enumerate() {
        app.pass(chrono::Duration::seconds(1));
        let phone = format!("+7999000004{number}");
        let newcomer = login_with(&app, &phone, spelling).await;
        assert_eq!(newcomer.login.body["is_new_user"], true);
        assert_eq!(newcomer.login.body["referral"], "activated");
        assert_eq!(newcomer.login.body["user"]["activated_invite_code"], code);
        assert_eq!(newcomer.login.body["user"]["invited_by_phone"], "+79990000031");
        assert_eq!(inviter.profile().await["invited_users"][0], phone);
    }
    assert_eq!(inviter.profile().await["invited_users_count"], 2);
}

#[tokio::test]
async fn a_wrong_code_never_blocks_the_login_and_leaves_the_choice_open() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let wrong = ["000000", "AAAAAA", "", "ABC", "ABCDEFG", "ÄBCDEF", "ABCDE\u{0}", &"A".repeat(5000)];
    for (number, code) in wrong.into_iter().enumerate() {
        let newcomer = login_with(&app, &format!("+7999000004{number}"), code).await;
        assert_eq!(newcomer.login.body["referral"], "unknown-invite-code");
        assert!(newcomer.login.body["user"]["activated_invite_code"].is_null());
        newcomer.activate(&inviter.invite_code()).await.expect(200);
    }
}

#[tokio::test]
async fn the_code_of_an_account_deleted_meanwhile_is_unknown() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let body = json!({"phone": "+79990000044", "invite_code": inviter.invite_code()});
    let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
    inviter.delete("/api/v1/profile").await.expect(204);
    let login = app.verify(&asked.text_of("challenge_token"), &app.code("+79990000044")).await.expect(200);
    assert_eq!(login.body["referral"], "unknown-invite-code");
}

#[tokio::test]
async fn a_later_login_activates_nothing() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    app.login("+79990000044").await;
    for code in [inviter.invite_code(), "000000".to_owned()] {
        let again = login_with(&app, "+79990000044", &code).await;
        assert_eq!(again.login.body["is_new_user"], false);
        assert_eq!(again.login.body["referral"], "not-a-first-login");
        assert!(again.login.body["user"]["activated_invite_code"].is_null());
    }
    assert_eq!(inviter.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn without_a_code_nothing_is_said_about_one() {
    let app = TestApp::start().await;
    let first = app.login("+79990000044").await;
    let second = app.login("+79990000044").await;
    assert_eq!([first.login.body.get("referral"), second.login.body.get("referral")], [None::<&Value>, None]);
    let body = json!({"phone": "+79990000045", "invite_code": null});
    let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
    let login = app.verify(&asked.text_of("challenge_token"), &app.code("+79990000045")).await.expect(200);
    assert_eq!(login.body.get("referral"), None);
}

#[tokio::test]
async fn of_two_first_logins_with_different_codes_the_one_that_made_the_account_counts() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79990000031").await, app.login("+79990000032").await);
    let phone = "+79990000044";
    let ask = async |code: String| {
        let body = json!({"phone": phone, "invite_code": code});
        let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
        (asked.text_of("challenge_token"), app.code(phone))
    };
    let (one, two) = (ask(ada.invite_code()).await, ask(grace.invite_code()).await);
    let (one, two) = tokio::join!(app.verify(&one.0, &one.1), app.verify(&two.0, &two.1));
    let outcomes = [one.expect(200).body["referral"].clone(), two.expect(200).body["referral"].clone()];
    assert!(outcomes.contains(&json!("activated")), "{outcomes:?}");
    assert!(outcomes.contains(&json!("not-a-first-login")), "{outcomes:?}");
    let counts =
        [ada.profile().await, grace.profile().await].map(|one| one["invited_users_count"].as_i64().unwrap());
    assert_eq!(counts.iter().sum::<i64>(), 1);
}
