//! Both sides at once: what the database decides, it decides for one of them.
//!
//! [`TestApp::at_once`] holds the requests of a race at a table until all are
//! there, so that each run is the race and not one request after the other.

use std::collections::HashSet;

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser, another_code};

const PHONE: &str = "+79991234567";
const CONNECTIONS: usize = 16;

/// A service whose requests wait for each other and not for connections.
async fn start() -> TestApp {
    start_with("--otp-length", "4").await
}

async fn start_with(flag: &str, value: &str) -> TestApp {
    let size = CONNECTIONS.to_string();
    let app = TestApp::builder().set("--database-pool-size", &size).set(flag, value).start().await;
    app.connect(CONNECTIONS).await;
    app
}

/// How many answers are this problem; `200` counts those that are none.
fn count(answers: &[Answer], code: &str) -> usize {
    let code_of = |answer: &Answer| match answer.status.as_u16() {
        200 => "200".to_owned(),
        _ => answer.text_of("code"),
    };
    answers.iter().filter(|answer| code_of(answer) == code).count()
}

/// Enters a code; repeats it, as the service asks to, when too many others wait for a connection.
async fn verify(app: &TestApp, challenge: &str, code: &str) -> Answer {
    loop {
        let answer = app.verify(challenge, code).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

#[tokio::test]
async fn of_many_right_codes_for_one_challenge_one_logs_in() {
    let app = start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    let all = join_all((0..32).map(|_| verify(&app, &challenge, &code)));
    // The three attempts are all claimed before the first login goes on.
    let answers = app.at_once("users", 3, all).await;
    assert_eq!(count(&answers, "200"), 1);
    assert_eq!(count(&answers, "invalid-challenge"), 31);
    assert_eq!(app.count("users").await, 1);
    assert_eq!(app.count("sessions").await, 1);
}

#[tokio::test]
async fn of_many_wrong_codes_at_once_three_are_compared() {
    let app = start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    let wrong = another_code(&code);
    let all = join_all((0..64).map(|_| verify(&app, &challenge, &wrong)));
    let answers = app.at_once("challenge_use", 10, all).await;
    assert_eq!(count(&answers, "invalid-code"), 3);
    assert_eq!(count(&answers, "invalid-challenge"), 61);
    let mut left: Vec<_> =
        answers.iter().filter_map(|answer| answer.body["attempts_left"].as_i64()).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    assert_eq!(app.query("SELECT attempts::text FROM challenge_use").await, ["3"]);
}

#[tokio::test]
async fn of_right_and_wrong_codes_at_once_three_are_compared_and_at_most_one_logs_in() {
    let app = start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    let wrong = another_code(&code);
    let all = join_all(
        (0..32).map(|number| verify(&app, &challenge, if number % 2 == 0 { &code } else { &wrong })),
    );
    let answers = app.at_once("challenge_use", 10, all).await;
    let (logged_in, refused) = (count(&answers, "200"), count(&answers, "invalid-code"));
    assert!(logged_in <= 1 && logged_in + refused <= 3, "{logged_in} logged in, {refused} were wrong");
    assert!(logged_in == 1 || refused == 3, "{logged_in} logged in, {refused} were wrong");
    assert_eq!(count(&answers, "invalid-challenge"), 32 - logged_in - refused);
    assert_eq!(app.count("sessions").await, logged_in);
}

#[tokio::test]
async fn challenges_of_a_new_number_make_one_account() {
    // Of four digits only three codes of a phone are compared at a time.
    let app = start_with("--otp-length", "6").await;
    let mut challenges = Vec::new();
    for _ in 0..8 {
        challenges.push((app.challenge(PHONE).await, app.code(PHONE)));
    }
    let all = join_all(challenges.iter().map(|(challenge, code)| app.verify(challenge, code)));
    let answers = app.at_once("users", 8, all).await;
    assert_eq!(count(&answers, "200"), 8);
    assert!(answers.iter().all(|answer| answer.body["user"]["id"] == answers[0].body["user"]["id"]));
    assert_eq!(answers.iter().filter(|answer| answer.body["is_new_user"] == true).count(), 1);
    assert_eq!(app.count("users").await, 1);
    assert_eq!(app.count("sessions").await, 8);
}

#[tokio::test]
async fn of_two_simultaneous_activations_one_wins() {
    let app = start().await;
    let mut owners = Vec::new();
    for number in 1..=8 {
        owners.push(app.login(&format!("+7999000000{number}")).await);
    }
    let ada = app.login(PHONE).await;
    let codes: Vec<_> = owners.iter().map(TestUser::invite_code).collect();
    let answers = app.at_once("referrals", 8, join_all(codes.iter().map(|code| ada.activate(code)))).await;
    assert_eq!(count(&answers, "200"), 1);
    assert_eq!(count(&answers, "invite-already-activated"), 7);
    let chosen = ada.profile().await["activated_invite_code"].clone();
    for owner in &owners {
        let profile = owner.profile().await;
        let expected = usize::from(owner.invite_code() == chosen);
        assert_eq!(profile["invited_users_count"], expected);
        assert_eq!(profile["invited_users"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn of_two_who_activate_each_other_one_wins() {
    let app = start().await;
    let mut users = Vec::new();
    for number in 0..14 {
        users.push(app.login(&format!("+799900000{number:02}")).await);
    }
    let codes: Vec<_> = users.iter().map(TestUser::invite_code).collect();
    // Seven couples: whoever stands next to each other.
    let all = join_all(users.iter().enumerate().map(|(number, user)| user.activate(&codes[number ^ 1])));
    let answers = app.at_once("referrals", 14, all).await;
    for couple in answers.chunks(2) {
        assert_eq!(count(couple, "200"), 1);
        assert_eq!(count(couple, "invite-cycle"), 1);
    }
    assert_eq!(app.count("referrals").await, 7);
}

#[tokio::test]
async fn those_who_sign_up_at_once_with_one_invite_code_are_all_counted() {
    let app = start().await;
    let inviter = app.login(PHONE).await;
    let phones: Vec<_> = (0..50).map(|number| format!("+799900001{number:02}")).collect();
    let sign_up = async |phone: &str| {
        let body = json!({"phone": phone, "invite_code": inviter.invite_code()});
        let challenge = app.post("/api/v1/auth/phone", body).await.expect(200).text_of("challenge_token");
        verify(&app, &challenge, &app.code(phone)).await.expect(200)
    };
    let all = join_all(phones.iter().map(|phone| sign_up(phone)));
    let answers = app.at_once("users", CONNECTIONS - 1, all).await;
    assert!(answers.iter().all(|answer| answer.body["referral"] == "activated"));
    let codes: HashSet<_> =
        answers.iter().map(|answer| answer.body["user"]["invite_code"].to_string()).collect();
    assert_eq!(codes.len(), 50);
    assert_eq!(inviter.profile().await["invited_users_count"], 50);
    assert_eq!(app.count("referrals").await, 50);
}

#[tokio::test]
async fn an_invite_code_that_is_taken_is_drawn_again() {
    let app = start().await;
    // Leaves 31 codes to draw from: among twenty accounts some are drawn twice.
    app.execute(
        "CREATE FUNCTION few_codes() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.invite_code := substr(NEW.invite_code, 1, 1) || 'AAAAA'; RETURN NEW; END $$;
         CREATE TRIGGER few_codes BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION few_codes()",
    )
    .await;
    let phones: Vec<_> = (0..20).map(|number| format!("+799900001{number:02}")).collect();
    let sign_up =
        async |phone: &str| verify(&app, &app.challenge(phone).await, &app.code(phone)).await.expect(200);
    let answers = join_all(phones.iter().map(|phone| sign_up(phone))).await;
    let codes: HashSet<_> =
        answers.iter().map(|answer| answer.body["user"]["invite_code"].to_string()).collect();
    assert_eq!(codes.len(), 20);
}

#[tokio::test]
async fn refreshes_at_once_give_the_same_token() {
    let app = start().await;
    let ada = app.login(PHONE).await;
    // The one that advances the session and the three that are forgiven.
    let all = join_all((0..4).map(|_| refresh(&app, &ada.refresh_token)));
    let answers = app.at_once("sessions", 4, all).await;
    let tokens: Vec<_> =
        answers.into_iter().map(|answer| answer.expect(200).text_of("refresh_token")).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_ne!(tokens[0], ada.refresh_token);
    assert_eq!(app.query("SELECT generation::text FROM sessions").await, ["1"]);
}

#[tokio::test]
async fn a_logout_beside_a_refresh_ends_the_session() {
    let app = start().await;
    for _ in 0..8 {
        let ada = app.login(PHONE).await;
        let logout = app.send(ada.request(reqwest::Method::POST, "/api/v1/auth/logout"));
        let both = join(refresh(&app, &ada.refresh_token), logout);
        let (refreshed, logout) = app.at_once("sessions", 2, both).await;
        logout.expect(204);
        if refreshed.status == 200 {
            let newer = TestUser::of(&app, refreshed);
            refresh(&app, &newer.refresh_token).await.expect_problem(401, "invalid-refresh-token");
            newer.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
        } else {
            refreshed.expect_problem(401, "invalid-refresh-token");
        }
        assert_eq!(app.count("sessions").await, 0);
    }
}

#[tokio::test]
async fn a_login_beside_a_deletion_leaves_a_new_account_or_none() {
    let app = start().await;
    for table in ["users", "sessions", "referrals"].repeat(4) {
        let ada = app.login(PHONE).await;
        let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
        let both = join(ada.delete("/api/v1/profile"), app.verify(&challenge, &code));
        let (deleted, login) = app.at_once(table, 2, both).await;
        deleted.expect(204);
        let deleted_users = "users JOIN sessions ON user_id = users.id WHERE deleted_at IS NOT NULL";
        assert_eq!(app.count(deleted_users).await, 0);
        let live = app.count("users WHERE deleted_at IS NULL").await;
        assert_eq!(live, app.count("sessions").await);
        // A login that came first was ended again before it could read the profile.
        if login.status == 200 {
            let newer = TestUser::of(&app, login);
            assert_eq!(newer.get("/api/v1/profile").await.status == 200, live == 1);
        } else {
            assert_eq!(live, 0);
            login.expect_problem(401, "invalid-challenge");
        }
        app.execute("DELETE FROM sessions; DELETE FROM users").await;
    }
}
