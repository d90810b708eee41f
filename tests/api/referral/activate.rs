use futures_util::future::join_all;
use serde_json::json;

use super::REFERRAL;
use crate::support::TestApp;

#[tokio::test]
async fn the_status_of_a_new_user_is_the_own_code_and_a_link_that_carries_it() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let code = ada.invite_code();
    let answer = ada.get(REFERRAL).await.expect(200);
    let expected = json!({
        "invite_code": code,
        "invite_url": format!("https://auth.example.com/i/{code}"),
        "activated_invite_code": null,
        "invited_by_phone": null,
        "invited_users_count": 0,
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn any_spelling_of_the_code_activates_it() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let code = inviter.invite_code();
    let (head, tail) = code.split_at(3);
    let spellings = [
        code.clone(),
        code.to_lowercase(),
        format!("{head}-{tail}"),
        format!("  {head} {tail}\n"),
        format!("{}\u{a0}-\t{}", head.to_lowercase(), tail),
        code.chars().flat_map(|character| [character, ' ']).collect(),
    ];
    for (number, spelling) in spellings.iter().enumerate() {
        let newcomer = app.login(&format!("+7999000005{number}")).await;
        let answer = newcomer.activate(spelling).await.expect(200);
        assert_eq!(answer.body["activated_invite_code"], code, "{spelling:?}");
    }
    assert_eq!(inviter.profile().await["invited_users_count"], spellings.len());
}

#[tokio::test]
async fn after_an_activation_both_sides_see_each_other() {
    let app = TestApp::start().await;
    let (inviter, newcomer) = (app.login("+79990000031").await, app.login("+79990000044").await);
    let answer = newcomer.activate(&inviter.invite_code()).await.expect(200);
    assert_eq!(answer.body, newcomer.get(REFERRAL).await.expect(200).body);
    assert_eq!(answer.header("cache-control"), "no-store");
    for body in [answer.body, newcomer.profile().await] {
        assert_eq!(body["activated_invite_code"], inviter.invite_code());
        assert_eq!(body["invited_by_phone"], "+79990000031");
        assert_eq!(body["invited_users_count"], 0);
    }
    let profile = inviter.profile().await;
    assert_eq!(profile["invited_users"], json!(["+79990000044"]));
    assert_eq!(profile["invited_users_count"], 1);
    assert!(profile["activated_invite_code"].is_null());
    let status = inviter.get(REFERRAL).await.expect(200).body;
    assert_eq!(status["invited_users_count"], 1);
    assert!(status["invited_by_phone"].is_null());
}

#[tokio::test]
async fn repeating_the_same_code_is_no_error_and_counts_once() {
    let app = TestApp::start().await;
    let (inviter, newcomer) = (app.login("+79990000031").await, app.login("+79990000044").await);
    let code = inviter.invite_code();
    let first = newcomer.activate(&code).await.expect(200).body;
    app.pass(chrono::Duration::hours(1));
    let newcomer = app.login("+79990000044").await;
    assert_eq!(newcomer.activate(&code.to_lowercase()).await.expect(200).body, first);
    let inviter = app.login("+79990000031").await;
    assert_eq!(inviter.profile().await["invited_users_count"], 1);
    let page = inviter.get("/api/v1/referral/invited").await.expect(200).body;
    assert_eq!(page["items"], json!([{"phone": "+79990000044", "invited_at": "2026-11-21T12:00:00Z"}]));
}

#[tokio::test]
async fn a_second_code_is_refused_with_the_one_that_counts() {
    let app = TestApp::start().await;
    let (first, second) = (app.login("+79990000031").await, app.login("+79990000032").await);
    let newcomer = app.login("+79990000044").await;
    newcomer.activate(&first.invite_code()).await.expect(200);
    let problem =
        newcomer.activate(&second.invite_code()).await.expect_problem(409, "invite-already-activated");
    assert_eq!(problem.text_of("activated_invite_code"), first.invite_code());
    assert_eq!(newcomer.profile().await["invited_by_phone"], "+79990000031");
    assert_eq!(second.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn the_own_code_is_refused_before_and_after_an_activation() {
    let app = TestApp::start().await;
    let (inviter, ada) = (app.login("+79990000031").await, app.login("+79991234567").await);
    ada.activate(&ada.invite_code()).await.expect_problem(409, "own-invite-code");
    ada.activate(&inviter.invite_code()).await.expect(200);
    ada.activate(&ada.invite_code()).await.expect_problem(409, "own-invite-code");
    assert_eq!(ada.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn a_code_that_nobody_has_is_unknown() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for code in ["000000", "AAAAAA", "0O1IL0"] {
        ada.activate(code).await.expect_problem(404, "unknown-invite-code");
    }
    assert!(ada.profile().await["activated_invite_code"].is_null());
}

#[tokio::test]
async fn what_cannot_be_a_code_is_refused_and_not_quoted() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for wrong in [
        "",
        " ",
        "ABCDE",
        "ABCDEFG",
        "ABC_EF",
        "ÄBCDEF",
        "АВСЕНК",
        "ABCDE\u{0}",
        "AB\u{202e}CDEF",
        "🦀🦀🦀🦀🦀🦀",
    ] {
        let problem = ada.activate(wrong).await.expect_problem(422, "invalid-request");
        assert_eq!(problem.text_of("detail"), "invite_code: must be six letters or digits.", "{wrong:?}");
    }
    for body in
        [json!({}), json!({"invite_code": null}), json!({"invite_code": 123_456}), json!({"code": "ABCDEF"})]
    {
        let problem = ada.post("/api/v1/referral/activate", body.clone()).await;
        let problem = problem.expect_problem(422, "invalid-request");
        assert!(problem.text_of("detail").contains("code"), "{body}: {}", problem.text);
        assert!(!problem.text.contains("123456"), "{}", problem.text);
    }
}

#[tokio::test]
async fn two_people_cannot_invite_each_other() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    grace.activate(&ada.invite_code()).await.expect(200);
    ada.activate(&grace.invite_code()).await.expect_problem(409, "invite-cycle");
    assert!(ada.profile().await["activated_invite_code"].is_null());
    assert_eq!(grace.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn nobody_is_invited_by_somebody_further_down_the_line() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79990000041").await, app.login("+79990000042").await);
    let (mary, joan) = (app.login("+79990000043").await, app.login("+79990000044").await);
    grace.activate(&ada.invite_code()).await.expect(200);
    mary.activate(&grace.invite_code()).await.expect(200);
    ada.activate(&mary.invite_code()).await.expect_problem(409, "invite-cycle");
    // The refused may still be invited by somebody else, which closes no circle.
    ada.activate(&joan.invite_code()).await.expect(200);
    joan.activate(&mary.invite_code()).await.expect_problem(409, "invite-cycle");
}

#[tokio::test]
async fn of_two_people_who_activate_each_other_at_once_one_succeeds() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let ada = app.login(&format!("+7999100{round:04}")).await;
        let grace = app.login(&format!("+7999200{round:04}")).await;
        let (codes, users) = ([ada.invite_code(), grace.invite_code()], [&grace, &ada]);
        let answers = join_all(users.iter().zip(&codes).map(|(user, code)| user.activate(code))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{answers:?}");
    }
}

#[tokio::test]
async fn of_simultaneous_activations_by_one_user_exactly_one_code_counts() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let first = app.login(&format!("+7999100{round:04}")).await;
        let second = app.login(&format!("+7999200{round:04}")).await;
        let newcomer = app.login(&format!("+7999300{round:04}")).await;
        let codes = [first.invite_code(), second.invite_code(), first.invite_code(), second.invite_code()];
        let answers = join_all(codes.iter().map(|code| newcomer.activate(code))).await;
        let counts =
            [first.profile().await, second.profile().await].map(|one| one["invited_users_count"].clone());
        assert!(counts == [json!(1), json!(0)] || counts == [json!(0), json!(1)], "{counts:?}");
        let counted = newcomer.profile().await["activated_invite_code"].clone();
        for (code, answer) in codes.iter().zip(answers) {
            if counted == **code {
                answer.expect(200);
            } else {
                let problem = answer.expect_problem(409, "invite-already-activated");
                assert_eq!(problem.body["activated_invite_code"], counted);
            }
        }
    }
}
