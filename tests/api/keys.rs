//! Signing keys: when one follows another, and that nobody notices.

use std::time::Duration as Wait;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Duration;
use futures_util::future::join_all;
use phone_auth::{
    custody::{self, Rotated},
    jobs,
    store::signing_keys::Retirement,
};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, new_database};

const PHONE: &str = "+79991234567";

/// The header of a token.
fn header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

fn kid(user: &TestUser<'_>) -> String {
    header(&user.access_token)["kid"].as_str().unwrap().to_owned()
}

async fn refresh<'a>(user: &TestUser<'a>) -> TestUser<'a> {
    let body = json!({"refresh_token": user.refresh_token});
    TestUser::of(user.app, user.app.post("/api/v1/auth/refresh", body).await.expect(200))
}

/// The keys that others see.
async fn published(app: &TestApp) -> Vec<String> {
    let jwks = app.get("/.well-known/jwks.json").await.expect(200).body;
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Asks for a new key as `phone-auth keys rotate` does; its `kid`.
async fn rotate(app: &TestApp, urgent: bool) -> String {
    let mut conn = app.state.database.connection().await.unwrap();
    let rotated = custody::rotate(&mut conn, &app.state.tokens, urgent, app.state.clock.now()).await.unwrap();
    drop(conn);
    app.follow_keys().await.unwrap();
    match rotated {
        Rotated::Published(key) => key.kid,
        Rotated::Waiting(key) => panic!("{} waits already", key.kid),
    }
}

async fn retire(app: &TestApp, kid: &str) -> Retirement {
    let mut conn = app.state.database.connection().await.unwrap();
    let retirement = custody::retire(&mut conn, &app.state.tokens, kid, app.state.clock.now()).await.unwrap();
    drop(conn);
    app.follow_keys().await.unwrap();
    retirement
}

#[tokio::test]
async fn a_new_key_is_published_first_then_signs_and_the_old_one_goes_with_its_last_token() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let old = kid(&ada);
    let new = rotate(&app, false).await;
    assert_eq!(published(&app).await, [new.clone(), old.clone()]);

    app.pass(Duration::seconds(600));
    let ada = refresh(&ada).await;
    assert_eq!(kid(&ada), old, "others may not know the new one yet");
    app.pass(Duration::seconds(20));
    let newer = refresh(&ada).await;
    assert_eq!(kid(&newer), new);
    ada.profile().await;
    newer.profile().await;

    // As long as an access token can live by any setting.
    app.pass(Duration::seconds(3620));
    assert_eq!(jobs::purge::purge(&app.state).await.unwrap().signing_keys, 0);
    app.pass(Duration::seconds(1));
    assert_eq!(jobs::purge::purge(&app.state).await.unwrap().signing_keys, 1);
    app.follow_keys().await.unwrap();
    assert_eq!(published(&app).await, [new]);
}

#[tokio::test]
async fn a_key_that_waits_for_its_time_is_not_followed_by_another() {
    let app = TestApp::start().await;
    let waiting = rotate(&app, false).await;
    let mut conn = app.state.database.connection().await.unwrap();
    let again = custody::rotate(&mut conn, &app.state.tokens, false, app.state.clock.now()).await.unwrap();
    assert!(matches!(again, Rotated::Waiting(key) if key.kid == waiting));
    drop(conn);
    // An urgent one is, and signs earlier.
    let ada = app.login(PHONE).await;
    let urgent = rotate(&app, true).await;
    app.pass(Duration::seconds(19));
    assert_ne!(kid(&refresh(&ada).await), urgent);
    app.pass(Duration::seconds(1));
    assert_eq!(kid(&app.login(PHONE).await), urgent);
    app.pass(Duration::seconds(600));
    assert_eq!(kid(&app.login(PHONE).await), waiting);
}

#[tokio::test]
async fn a_retired_key_is_refused_and_nobody_is_logged_out() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let old = kid(&ada);
    assert_eq!(retire(&app, &old).await, Retirement::Signing);
    let new = rotate(&app, true).await;
    assert_eq!(retire(&app, &old).await, Retirement::Signing);
    app.pass(Duration::seconds(39));
    assert_eq!(retire(&app, &old).await, Retirement::Signing, "an instance may be a little behind");
    ada.profile().await;
    app.pass(Duration::seconds(1));
    assert_eq!(retire(&app, &old).await, Retirement::Retired);
    assert_eq!(retire(&app, &old).await, Retirement::Unknown);
    ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    assert_eq!(published(&app).await, [new]);
    refresh(&ada).await.profile().await;
}

#[tokio::test]
async fn a_key_that_only_waits_can_be_retired_and_the_one_that_signs_stays() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let waiting = rotate(&app, false).await;
    assert_eq!(retire(&app, &waiting).await, Retirement::Retired);
    assert_eq!(retire(&app, &kid(&ada)).await, Retirement::Signing);
    assert_eq!(published(&app).await, [kid(&ada)]);
}

#[tokio::test]
async fn keys_rotate_by_themselves_as_often_as_the_setting_says() {
    let app = TestApp::builder().set("--signing-key-rotation-days", "30").start().await;
    let first = published(&app).await;
    app.pass(Duration::days(30) - Duration::seconds(1));
    app.follow_keys().await.unwrap();
    assert_eq!(published(&app).await, first);
    app.pass(Duration::seconds(1));
    // Found due by many instances at once, one key is made.
    join_all((0..4).map(|_| app.follow_keys())).await.into_iter().for_each(Result::unwrap);
    let keys = published(&app).await;
    assert_eq!((keys.len(), &keys[1]), (2, &first[0]));
    // Thirty days are counted from when the new one signs.
    app.pass(Duration::days(30));
    app.follow_keys().await.unwrap();
    assert_eq!(published(&app).await, keys);
    app.pass(Duration::seconds(620));
    app.follow_keys().await.unwrap();
    assert_eq!(published(&app).await.len(), 3);
}

#[tokio::test]
async fn with_zero_days_keys_rotate_only_when_told() {
    let app = TestApp::builder().set("--signing-key-rotation-days", "0").start().await;
    let first = published(&app).await;
    app.pass(Duration::days(10_000));
    app.follow_keys().await.unwrap();
    assert_eq!(published(&app).await, first);
}

#[tokio::test]
async fn every_instance_follows_and_none_refuses_what_another_signed() {
    let database = new_database().await;
    let one = TestApp::builder().database(&database).start().await;
    let two = TestApp::builder().database(&database).start().await;
    let new = rotate(&one, false).await;
    two.follow_keys().await.unwrap();
    assert_eq!(published(&two).await, published(&one).await);
    for app in [&one, &two] {
        app.pass(Duration::seconds(620));
    }
    let ada = one.login(PHONE).await;
    assert_eq!(kid(&ada), new);
    TestUser { app: &two, ..ada }.profile().await;
}

#[tokio::test]
async fn a_rotation_under_load_fails_no_request() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let load = async {
        let mut newest = refresh(&ada).await;
        let mut kids = vec![kid(&newest)];
        for _ in 0..100 {
            let (next, profiles) =
                futures_util::future::join(refresh(&newest), join_all((0..4).map(|_| newest.profile())))
                    .await;
            assert_eq!(profiles.len(), 4);
            newest = next;
            kids.push(kid(&newest));
            tokio::time::sleep(Wait::from_millis(1)).await;
        }
        kids.dedup();
        kids
    };
    let rotations = async {
        for _ in 0..5 {
            rotate(&app, true).await;
            app.pass(Duration::seconds(20));
            tokio::time::sleep(Wait::from_millis(20)).await;
        }
    };
    let (kids, ()) = futures_util::future::join(load, rotations).await;
    assert!(kids.len() > 2, "the load saw no rotation: {kids:?}");
}

#[tokio::test]
async fn eddsa_is_a_setting_and_a_change_of_it_is_a_rotation() {
    let database = new_database().await;
    let before = TestApp::builder().database(&database).start().await;
    let ada = before.login(PHONE).await;
    assert_eq!(header(&ada.access_token)["alg"], "ES256");
    let eddsa = || TestApp::builder().database(&database).set("--signing-algorithm", "EdDSA");
    let after = eddsa().start().await;
    // Started once more before the new key signs: one is enough.
    let after_again = eddsa().start().await;
    assert_eq!(published(&after).await, published(&after_again).await);
    assert_eq!(published(&after).await.len(), 2);
    let same = TestUser { app: &after, ..ada };
    same.profile().await;
    after.pass(Duration::seconds(620));
    let newer = refresh(&same).await;
    assert_eq!(header(&newer.access_token)["alg"], "EdDSA");
    newer.profile().await;
    // It takes an operator or a start to change it back: running instances do not outbid each other.
    before.follow_keys().await.unwrap();
    assert_eq!(published(&before).await, published(&after).await);
}

#[tokio::test]
async fn a_new_root_secret_takes_over_the_keys_and_the_old_one_can_be_dropped() {
    let database = new_database().await;
    let (old, new) = (crate::support::ROOT_SECRET, "the secret that took the place of the other");
    let service = |secrets: &str| TestApp::builder().database(&database).set("--root-secret", secrets);

    let before = service(old).start().await;
    let (ada, challenge) = (before.login(PHONE).await, before.challenge(PHONE).await);
    let device = ada.login.text_of("device_token");
    let (keys, pseudonym) = (published(&before).await, before.state.pseudonyms.of("phone", PHONE));

    let both = service(&format!("{new},{old}")).start().await;
    let same = TestUser { app: &both, ..ada };
    same.profile().await;
    both.verify(&challenge, &before.code(PHONE)).await.expect(200);
    let refreshed = refresh(&same).await;
    assert!(both.state.tokens.open_device(&device, both.state.clock.now()).is_ok());
    // Whoever runs on with the old one alone keeps the keys it has.
    before.follow_keys().await.unwrap();
    assert_eq!(published(&before).await, keys);

    let after = service(new).start().await;
    assert_eq!(published(&after).await, keys);
    assert_eq!(after.state.pseudonyms.of("phone", PHONE), pseudonym, "every meter would begin anew");
    // What was signed by a key, or made since, is good without the old secret.
    let same = TestUser { app: &after, ..refreshed };
    same.profile().await;
    refresh(&same).await;
}

/// Puts a key beside the others that nobody here can use.
async fn plant(app: &TestApp, algorithm: &str, sealed: &str, signs_in: &str) {
    app.execute(&format!(
        "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_key, created_at, signs_from)
         SELECT 'foreign', {algorithm}, public_jwk, {sealed}, created_at, signs_from + interval '{signs_in}'
         FROM signing_keys"
    ))
    .await;
}

#[tokio::test]
async fn a_key_that_cannot_be_used_does_not_take_the_others_along() {
    for (algorithm, sealed) in [("algorithm", "'nothing'"), ("'ES384'", "sealed_private_key")] {
        let app = TestApp::start().await;
        let ada = app.login(PHONE).await;
        let old = kid(&ada);
        plant(&app, algorithm, sealed, "-1 hour").await;
        let error = app.follow_keys().await.unwrap_err().to_string();
        assert!(error.contains("foreign"), "{error}");
        ada.profile().await;
        // What comes after it is taken up all the same.
        app.execute("UPDATE signing_keys SET kid = 'moved' WHERE kid <> 'foreign'").await;
        let _ = app.follow_keys().await;
        ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
        app.execute(&format!("UPDATE signing_keys SET kid = '{old}' WHERE kid = 'moved'")).await;
        assert_eq!(retire(&app, "foreign").await, Retirement::Retired);
        refresh(&ada).await.profile().await;
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_takes_nobodys_place() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    plant(&app, "algorithm", "'nothing'", "1 second").await;
    app.pass(Duration::minutes(5));
    let mut conn = app.state.database.connection().await.unwrap();
    let retired = custody::retire(&mut conn, &app.state.tokens, &kid(&ada), app.state.clock.now()).await;
    assert_eq!(retired.unwrap(), Retirement::Signing);
    app.pass(Duration::hours(3));
    assert_eq!(jobs::purge::purge(&app.state).await.unwrap().signing_keys, 0);
    // Nor is another made, which would be as useless where the other secret is known.
    assert!(custody::rotate(&mut conn, &app.state.tokens, true, app.state.clock.now()).await.is_err());
    assert_eq!(app.count("signing_keys").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_for_its_root_secret_leaves_the_keys_alone() {
    let database = new_database().await;
    let app = TestApp::builder().database(&database).start().await;
    app.execute("UPDATE signing_keys SET signs_from = signs_from - interval '1 year'").await;
    let keys = app.query("SELECT kid || sealed_private_key FROM signing_keys").await;
    let flags =
        ["--root-secret", "a secret that was never one of this deployment", "--signing-algorithm", "EdDSA"];
    let why = crate::settings::refusal(&database, &flags).await;
    assert!(why.starts_with("ROOT_SECRET does not open"), "{why}");
    assert_eq!(app.query("SELECT kid || sealed_private_key FROM signing_keys").await, keys);
}

#[tokio::test]
async fn without_a_key_that_can_be_used_nothing_is_signed_or_believed() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.execute("UPDATE signing_keys SET kid = 'moved'").await;
    let _ = app.follow_keys().await;
    ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    let body = json!({"refresh_token": ada.refresh_token});
    app.post("/api/v1/auth/refresh", body).await.expect_problem(503, "service-unavailable");
    // Emptied, the table gets a first key again.
    app.execute("DELETE FROM signing_keys").await;
    app.follow_keys().await.unwrap();
    refresh(&ada).await.profile().await;
}

#[tokio::test]
async fn a_key_about_to_sign_is_not_retired() {
    let app = TestApp::start().await;
    let new = rotate(&app, false).await;
    app.pass(Duration::seconds(600));
    assert_eq!(retire(&app, &new).await, Retirement::Signing, "an instance may begin at any moment");
}
