//! Who may activate which code: once for a number, in time, in no circle, and without looking for codes.

use chrono::Duration;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser};

const PHONE: &str = "+79991234567";
const OTHER: &str = "+79990000044";
const PROFILE: &str = "/api/v1/profile";

/// Logs in with an invite code given at the phone step.
async fn login_with<'a>(app: &'a TestApp, phone: &str, code: &str) -> TestUser<'a> {
    let asked =
        app.post("/api/v1/auth/phone", json!({"phone": phone, "invite_code": code})).await.expect(200);
    let answer = app.verify(&asked.text_of("challenge_token"), &app.code(phone)).await;
    TestUser::of(app, answer.expect(200))
}

/// Gives the account another number.
async fn move_to(user: &TestUser<'_>, phone: &str) {
    let asked = user.post("/api/v1/profile/phone", json!({"phone": phone})).await.expect(200);
    let body = json!({"challenge_token": asked.body["challenge_token"], "code": user.app.code(phone)});
    user.post("/api/v1/profile/phone/verify", body).await.expect(200);
}

/// As after an activation by an account that is no more: nobody knows of which code.
#[track_caller]
fn expect_spent(answer: Answer) {
    let problem = answer.expect_problem(409, "invite-already-activated");
    assert!(problem.body.get("activated_invite_code").is_none(), "{}", problem.text);
}

#[tokio::test]
async fn deleting_the_account_and_registering_again_gives_no_second_activation() {
    let app = TestApp::start().await;
    let (first, second) = (app.newcomer().await, app.newcomer().await);
    let ada = app.login(PHONE).await;
    ada.activate(&first.invite_code()).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    let again = login_with(&app, PHONE, &second.invite_code()).await;
    assert_eq!(again.login.body["referral"], "invite-already-activated");
    for code in [first.invite_code(), second.invite_code()] {
        expect_spent(again.activate(&code).await);
    }
    // Nor does a third account: the one between need not have activated anything.
    again.delete(PROFILE).await.expect(204);
    expect_spent(app.login(PHONE).await.activate(&second.invite_code()).await);
    assert_eq!(second.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn whoever_activated_nothing_may_still_do_it_after_registering_again() {
    let app = TestApp::start().await;
    let inviter = app.newcomer().await;
    app.login(PHONE).await.delete(PROFILE).await.expect(204);
    assert_eq!(app.count("tombstones").await, 0);
    let again = login_with(&app, PHONE, &inviter.invite_code()).await;
    assert_eq!(again.login.body["referral"], "activated");
}

#[tokio::test]
async fn a_tombstone_stands_for_180_days_and_is_then_forgotten() {
    let app = TestApp::start().await;
    let inviter = app.newcomer().await.invite_code();
    let ada = app.login(PHONE).await;
    ada.activate(&inviter).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    app.pass(Duration::days(180) - Duration::seconds(1));
    let again = app.login(PHONE).await;
    expect_spent(again.activate(&inviter).await);
    assert_eq!(phone_auth::jobs::purge::purge(&app.state).await.unwrap().tombstones, 0);
    app.pass(Duration::seconds(1));
    assert_eq!(again.activate(&inviter).await.expect(200).body["activated_invite_code"], inviter);
    app.pass(Duration::seconds(1));
    assert_eq!(phone_auth::jobs::purge::purge(&app.state).await.unwrap().tombstones, 1);
}

#[tokio::test]
async fn a_tombstone_tells_nobody_the_number() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.activate(&app.newcomer().await.invite_code()).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    assert_eq!(app.count("tombstones").await, 1);
    assert!(!app.dump().await.contains(&PHONE[1..]));
}

#[tokio::test]
async fn two_numbers_in_turn_give_two_activations_and_no_more() {
    let app = TestApp::start().await;
    let inviter = app.newcomer().await;
    let code = inviter.invite_code();
    let ada = app.login(PHONE).await;
    ada.activate(&code).await.expect(200);
    move_to(&ada, OTHER).await;
    // The number that is free again has activated; so has the account that left it.
    expect_spent(app.login(PHONE).await.activate(&code).await);
    ada.activate(&app.newcomer().await.invite_code()).await.expect_problem(409, "invite-already-activated");
    ada.delete(PROFILE).await.expect(204);
    let on_other = login_with(&app, OTHER, &code).await;
    assert_eq!(on_other.login.body["referral"], "invite-already-activated");
    assert_eq!(inviter.profile().await["invited_users_count"], 0);
}

#[tokio::test]
async fn an_account_that_comes_to_a_spent_number_activates_nothing_there() {
    let app = TestApp::start().await;
    let (inviter, ada, grace) = (app.newcomer().await, app.login(PHONE).await, app.login(OTHER).await);
    ada.activate(&inviter.invite_code()).await.expect(200);
    ada.delete(PROFILE).await.expect(204);
    move_to(&grace, PHONE).await;
    expect_spent(grace.activate(&inviter.invite_code()).await);
    move_to(&grace, "+79990000045").await;
    grace.activate(&inviter.invite_code()).await.expect(200);
}

#[tokio::test]
async fn a_first_login_beside_the_end_of_the_account_before_it_activates_nothing() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let (one, two) = (app.newcomer().await.invite_code(), app.newcomer().await.invite_code());
    for round in 0..10 {
        let phone = format!("+7999100{round:04}");
        let ada = app.login(&phone).await;
        ada.activate(&one).await.expect(200);
        let asked =
            app.post("/api/v1/auth/phone", json!({"phone": phone, "invite_code": two})).await.expect(200);
        let (challenge, code) = (asked.text_of("challenge_token"), app.code(&phone));
        let both = join(ada.delete(PROFILE), app.verify(&challenge, &code));
        let (deleted, login) = app.at_once("users", 2, both).await;
        deleted.expect(204);
        if login.status == 200 {
            let expected = if login.body["is_new_user"] == true {
                "invite-already-activated"
            } else {
                "not-a-first-login"
            };
            assert_eq!(login.body["referral"], expected);
        }
    }
    assert_eq!(app.count(&format!("referrals WHERE invite_code = '{two}'")).await, 0);
}

#[tokio::test]
async fn an_activation_beside_a_change_of_number_counts_for_the_account_wherever_it_is() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let inviter = app.newcomer().await.invite_code();
    for round in 0..20 {
        let (old, new) = (format!("+7999100{round:04}"), format!("+7999300{round:04}"));
        let ada = app.login(&old).await;
        let asked = ada.post("/api/v1/profile/phone", json!({"phone": new})).await.expect(200);
        let body = json!({"challenge_token": asked.body["challenge_token"], "code": app.code(&new)});
        let both = join(ada.activate(&inviter), ada.post("/api/v1/profile/phone/verify", body));
        let (activated, changed) = app.at_once("users", 2, both).await;
        activated.expect(200);
        changed.expect(200);
        assert_eq!(ada.profile().await["activated_invite_code"], inviter);
        ada.delete(PROFILE).await.expect(204);
        expect_spent(app.login(&new).await.activate(&inviter).await);
    }
}

#[tokio::test]
async fn twenty_unknown_codes_a_day_and_then_not_even_a_known_one() {
    let app = TestApp::start().await;
    let (inviter, ada) = (app.newcomer().await, app.login(PHONE).await);
    for _ in 0..20 {
        ada.activate("000000").await.expect_problem(404, "unknown-invite-code");
    }
    for code in ["000000", &inviter.invite_code()] {
        let refused = ada.activate(code).await.expect_problem(429, "too-many-requests");
        assert_eq!(refused.body["retry_after"], 72 * 60);
    }
    app.pass(Duration::minutes(72));
    let ada = app.login(PHONE).await;
    ada.activate(&inviter.invite_code()).await.expect(200);
}

#[tokio::test]
async fn codes_that_somebody_has_are_not_counted() {
    let app = TestApp::start().await;
    let (inviter, ada) = (app.newcomer().await, app.login(PHONE).await);
    for _ in 0..25 {
        ada.activate(&ada.invite_code()).await.expect_problem(409, "own-invite-code");
    }
    for _ in 0..25 {
        ada.activate(&inviter.invite_code()).await.expect(200);
    }
    // Who has activated one learns nothing of others, and so these are not counted either.
    for _ in 0..25 {
        ada.activate("000000").await.expect_problem(409, "invite-already-activated");
    }
    for _ in 0..20 {
        inviter.activate("000000").await.expect_problem(404, "unknown-invite-code");
    }
}

#[tokio::test]
async fn registering_anew_gives_no_more_unknown_codes() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    for _ in 0..20 {
        ada.activate("000000").await.expect_problem(404, "unknown-invite-code");
    }
    ada.delete(PROFILE).await.expect(204);
    app.login(PHONE).await.activate("000000").await.expect_problem(429, "too-many-requests");
    app.login(OTHER).await.activate("000000").await.expect_problem(404, "unknown-invite-code");
}

#[tokio::test]
async fn of_many_unknown_codes_at_once_twenty_are_looked_for() {
    let app = TestApp::builder().set("--database-pool-size", "16").start().await;
    let ada = app.login(PHONE).await;
    app.connect(16).await;
    let enter = async || loop {
        let answer = ada.activate("000000").await;
        // As many as wait for connections, and no more, may be told to come again.
        if answer.status != 503 {
            return answer;
        }
    };
    let answers = join_all((0..40).map(|_| enter())).await;
    let unknown = answers.iter().filter(|answer| answer.status == 404).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((unknown, refused), (20, 20));
}

#[tokio::test]
async fn a_window_closes_to_the_second_and_zero_days_is_none() {
    for (days, closes) in [("3", true), ("0", false)] {
        let app = TestApp::builder().set("--referral-window-days", days).start().await;
        let inviter = app.newcomer().await.invite_code();
        for phone in [PHONE, OTHER] {
            app.login(phone).await;
        }
        app.pass(Duration::days(3) - Duration::seconds(1));
        let (early, late) = (app.login(PHONE).await, app.login(OTHER).await);
        early.activate(&inviter).await.expect(200);
        app.pass(Duration::seconds(1));
        let answer = late.activate(&inviter).await;
        if closes {
            answer.expect_problem(409, "invite-window-closed");
            // Nothing is looked for any more, so there is nothing to count either.
            late.activate("000000").await.expect_problem(409, "invite-window-closed");
            // What was activated in time is no error later.
            early.activate(&inviter).await.expect(200);
        } else {
            answer.expect(200);
        }
    }
}

/// Lets each of so many people activate the code of the one before; gives them, the first first.
async fn line(app: &TestApp, length: usize) -> Vec<TestUser<'_>> {
    let mut people: Vec<TestUser<'_>> = Vec::new();
    for _ in 0..length {
        let newcomer = app.newcomer().await;
        if let Some(before) = people.last() {
            newcomer.activate(&before.invite_code()).await.expect(200);
        }
        people.push(newcomer);
    }
    people
}

#[tokio::test]
async fn no_circle_of_any_length_is_closed() {
    let app = TestApp::start().await;
    for length in [2, 3, 50] {
        let people = line(&app, length).await;
        let (first, last) = (&people[0], &people[length - 1]);
        first.activate(&last.invite_code()).await.expect_problem(409, "invite-cycle");
        assert!(first.profile().await["activated_invite_code"].is_null());
        assert_eq!(last.profile().await["invited_users_count"], 0);
    }
}

#[tokio::test]
async fn of_parallel_activations_that_would_close_a_circle_one_does_not_happen() {
    let app = TestApp::builder().set("--database-pool-size", "16").start().await;
    app.connect(16).await;
    for (length, rounds) in [(2, 10), (3, 10), (50, 2)] {
        for _ in 0..rounds {
            // Two lines; the first of each wants the code of the last of the other, both at once.
            let (one, two) = (line(&app, length / 2).await, line(&app, length - length / 2).await);
            let (codes, firsts) =
                ([two[two.len() - 1].invite_code(), one[one.len() - 1].invite_code()], [&one[0], &two[0]]);
            let both = join(firsts[0].activate(&codes[0]), firsts[1].activate(&codes[1]));
            let (first, second) = app.at_once("referrals", 1, both).await;
            let mut statuses = [first.status.as_u16(), second.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
        }
    }
    // Whoever is walked up from, the walk ends.
    let walk = "WITH RECURSIVE up AS (
            SELECT invitee_id, referrer_id, 1 AS steps FROM referrals
            UNION ALL
            SELECT up.invitee_id, referrals.referrer_id, steps + 1
            FROM up JOIN referrals ON referrals.invitee_id = up.referrer_id WHERE steps < 1000
        ) SELECT max(steps)::text FROM up";
    assert_eq!(app.query(walk).await, ["49"]);
}

#[tokio::test]
async fn three_at_once_that_together_are_a_circle_leave_one_out() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    for _ in 0..10 {
        let people = [app.newcomer().await, app.newcomer().await, app.newcomer().await];
        let codes = people.each_ref().map(TestUser::invite_code);
        let all = join_all((0..3).map(|person| people[person].activate(&codes[(person + 1) % 3])));
        let answers = app.at_once("referrals", 1, all).await;
        let activated = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(activated, 2, "{answers:?}");
    }
}

#[tokio::test]
async fn an_activation_beside_the_deletion_of_the_codes_owner_happens_whole_or_not_at_all() {
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let mut activated = 0;
    for round in 0..200 {
        let owner = app.login(PHONE).await;
        let code = owner.invite_code();
        let phone = format!("+7999200{round:04}");
        let (deleted, outcome, invitee) = if round % 2 == 0 {
            let invitee = app.login(&phone).await;
            let (deleted, answer) = join(owner.delete(PROFILE), invitee.activate(&code)).await;
            let outcome = match answer.status.as_u16() {
                200 => true,
                _ => answer.expect_problem(404, "unknown-invite-code").status == 200,
            };
            (deleted, outcome, invitee)
        } else {
            let (deleted, invitee) = join(owner.delete(PROFILE), login_with(&app, &phone, &code)).await;
            let outcome = match &invitee.login.body["referral"] {
                Value::String(text) if text == "activated" => true,
                other => {
                    assert_eq!(other, "unknown-invite-code");
                    false
                }
            };
            (deleted, outcome, invitee)
        };
        deleted.expect(204);
        // The code is kept by whoever activated it; the phone of its owner is seen by nobody.
        let profile = invitee.profile().await;
        assert_eq!(profile["activated_invite_code"], if outcome { json!(code) } else { Value::Null });
        assert!(profile["invited_by_phone"].is_null());
        activated += usize::from(outcome);
    }
    assert_eq!(app.count("referrals").await, activated);
    let counts = "SELECT coalesce(sum(invited_users_count), 0)::text FROM users";
    assert_eq!(app.query(counts).await, [activated.to_string()]);
}
