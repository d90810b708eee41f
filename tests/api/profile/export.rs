//! `GET /profile/export`: everything that is held about a user, and nothing else.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::Duration;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PROFILE,
    avatar::{plain, put},
};
use crate::support::{Answer, TestApp, TestUser, another_code};

const EXPORT: &str = "/api/v1/profile/export";
const PHONE: &str = "+79991234567";

/// Where in the document each column is that holds something about a user.
const EXPORTED: [(&str, &str); 55] = [
    ("avatars.content", "/avatar/content"),
    ("avatars.created_at", "/avatar/created_at"),
    ("avatars.hash", "/profile/avatar_url"),
    ("avatars.user_id", "/profile/id"),
    ("device_guard.created_at", "/trusted_devices/0/created_at"),
    ("device_guard.device", "/trusted_devices/0/id"),
    ("device_guard.expires_at", "/trusted_devices/0/trusted_until"),
    ("device_guard.failures", "/trusted_devices/0/wrong_codes_forgotten_at"),
    ("device_guard.last_own_send_at", "/trusted_devices/0/last_code_sent_at"),
    ("device_guard.returned", "/trusted_devices/0/codes_given_back_at/0"),
    ("device_guard.sends", "/trusted_devices/0/codes_sent_forgotten_at"),
    ("device_guard.session_id", "/trusted_devices/0/session_id"),
    ("device_guard.user_id", "/profile/id"),
    ("events.event_type", "/events/0/type"),
    ("events.occurred_at", "/events/0/at"),
    ("phone_guard.f4", "/number/wrong_short_codes_forgotten_at"),
    ("phone_guard.f6", "/number/wrong_longer_codes_forgotten_at"),
    ("phone_guard.last_sent_at", "/number/last_code_sent_at"),
    ("phone_guard.phone", "/profile/phone"),
    ("phone_guard.returned", "/number/codes_given_back_at/0"),
    ("phone_guard.sends", "/number/codes_sent_forgotten_at"),
    ("phone_guard.voided_before", "/number/older_codes_void_since"),
    ("pins.failures", "/pin/wrong_pins_forgotten_at"),
    ("pins.last_seen_at", "/pin/last_sign_of_life_at"),
    ("pins.proven_by", "/pin/given_by_session"),
    ("pins.user_id", "/profile/id"),
    ("referrals.invite_code", "/activation/invite_code"),
    ("referrals.invited_at", "/activation/activated_at"),
    ("referrals.invitee_id", "/profile/id"),
    ("referrals.referrer_id", "/profile/invited_by_phone"),
    ("sessions.created_at", "/sessions/0/created_at"),
    ("sessions.device_name", "/sessions/0/device_name"),
    ("sessions.ends_at", "/sessions/0/ends_at"),
    ("sessions.expires_at", "/sessions/0/expires_at"),
    ("sessions.id", "/sessions/0/id"),
    ("sessions.last_used_at", "/sessions/0/last_used_at"),
    ("sessions.network", "/sessions/0/ip_prefix"),
    ("sessions.replayed_at", "/sessions/0/replayed_at/0"),
    ("sessions.rotated_at", "/sessions/0/refreshed_at"),
    ("sessions.user_agent", "/sessions/0/user_agent"),
    ("sessions.user_id", "/profile/id"),
    ("tombstones.has_activated", "/number/earlier_account_activated"),
    ("tombstones.phone", "/profile/phone"),
    ("users.created_at", "/profile/created_at"),
    ("users.email", "/profile/email"),
    ("users.first_name", "/profile/first_name"),
    ("users.id", "/profile/id"),
    ("users.invite_code", "/profile/invite_code"),
    ("users.invited_users_count", "/profile/invited_users_count"),
    ("users.last_login_at", "/last_login_at"),
    ("users.last_name", "/profile/last_name"),
    ("users.phone", "/profile/phone"),
    ("users.updated_at", "/profile/updated_at"),
    // Those who activated the user's code: the same table from its other side.
    ("referrals.invitee_id", "/invited/0/phone"),
    ("referrals.invited_at", "/invited/0/invited_at"),
];

/// Columns, and tables with a star, that are not in it, and why.
const LEFT_OUT: [(&str, &str); 18] = [
    ("challenge_use.*", "tells of a challenge that it was used; no number and no user can be found from it"),
    ("country_traffic.*", "sums over a country"),
    ("deliveries.*", "which systems of the operator were told of an event"),
    ("events.data", "by it the events of the user are found; besides, identifiers of others and of sessions"),
    ("events.id", "by which the operator's systems know it"),
    ("events.shared_at", "when the operator's systems began to be told"),
    ("guard_keys.*", "a secret of the deployment"),
    ("pins.hash", "a secret: whoever had it could try PINs on it"),
    (
        "rate_limit.*",
        "one moment for each limit, forgotten when it has passed; it tells how often, and nothing of what",
    ),
    ("risk.*", "sums over all"),
    ("sends_per_day.*", "sums over a day"),
    ("sessions.generation", "which refresh token comes next: a part of a secret, and nothing about a person"),
    ("signing_keys.*", "secrets of the deployment"),
    ("webhook_endpoints.*", "systems of the operator"),
    ("tombstones.kept_until", "when somebody else left the number, but for a constant"),
    ("users.deleted_at", "whoever has it has no export any more"),
    ("users.version", "which `ETag` the profile has: how often it was changed, and by whatever"),
    ("__diesel_schema_migrations.*", "which tables there are"),
];

/// Somebody about whom everything is held that can be.
async fn known<'a>(app: &'a TestApp, inviter: &TestUser<'_>) -> TestUser<'a> {
    let ada = app.login(PHONE).await;
    ada.activate(&inviter.invite_code()).await.expect(200);
    let names = json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"});
    ada.put(PROFILE, names).await.expect(200);
    put(&ada, "image/png", plain(ImageFormat::Png, [9, 99, 9])).await.expect(200);
    ada.set_pin("271828", None).await.expect(204);
    // A login with everything, from the device it was trusted on.
    let device = ada.login.text_of("device_token");
    let asked =
        app.post("/api/v1/auth/phone", json!({"phone": PHONE, "device_token": device})).await.expect(200);
    let challenge = asked.text_of("challenge_token");
    app.verify(&challenge, &another_code(&app.code(PHONE))).await.expect_problem(401, "invalid-code");
    let body = json!({"challenge_token": challenge, "code": app.code(PHONE), "pin": "271828", "device_name": "Nokia"});
    let request = app.request(Method::POST, "/api/v1/auth/verify").header("user-agent", "AuthApp/3.2");
    let ada = TestUser::of(app, app.send(request.json(&body)).await.expect(200));
    // What takes long to come about by itself.
    let former = app.state.pseudonyms.of_former(PHONE).0;
    let number = app.state.pseudonyms.of("phone", PHONE).0;
    app.execute(&format!(
        "UPDATE phone_guard SET f4 = now() + interval '99 years', f6 = now() + interval '99 years',
                                sends = now() + interval '99 years', last_sent_at = now(), returned = ARRAY[now()]
         WHERE phone = '{number}';
         UPDATE device_guard SET failures = now() + interval '99 years', sends = now() + interval '99 years', last_own_send_at = now(), returned = ARRAY[now()];
         UPDATE pins SET failures = now() + interval '99 years'; UPDATE sessions SET replayed_at = ARRAY[now()];
         INSERT INTO tombstones VALUES ('{former}', true, now())"
    ))
    .await;
    ada
}

async fn export(user: &TestUser<'_>) -> Answer {
    user.get(EXPORT).await.expect(200)
}

#[tokio::test]
async fn every_column_that_holds_something_about_a_user_is_in_it_or_left_out_for_a_reason() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let ada = known(&app, &inviter).await;
    app.login("+79990000044").await.activate(&ada.invite_code()).await.expect(200);
    let document = export(&ada).await.body;
    let columns = app
        .query(
            "SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE table_schema = 'public' ORDER BY 1",
        )
        .await;
    let exported: BTreeMap<_, _> = EXPORTED.into();
    for column in columns {
        let whole_table = format!("{}.*", column.split('.').next().unwrap());
        let left_out =
            LEFT_OUT.iter().find(|(name, _)| [&column, &whole_table].contains(&&(*name).to_owned()));
        let is_exported = exported.contains_key(&*column);
        assert!(
            is_exported != left_out.is_some(),
            "{column}: put it into the export (src/store/exports.rs) or say here why not"
        );
    }
    for (column, way) in EXPORTED {
        let value = document.pointer(way).unwrap_or_else(|| panic!("{column}: no {way} in {document:#}"));
        assert!(!value.is_null(), "{column}: {way} is null");
    }
}

#[tokio::test]
async fn the_document_is_to_be_saved_and_has_its_members_in_one_order() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let answer = export(&ada).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"phone-auth-export.json\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = [
        "profile",
        "last_login_at",
        "sessions",
        "trusted_devices",
        "pin",
        "avatar",
        "activation",
        "number",
        "events",
        "invited",
    ];
    let at: Vec<_> = expected.map(|name| answer.text.find(&format!("\"{name}\":")).expect(name)).into();
    assert!(at.is_sorted(), "{}", answer.text);
    assert_eq!(answer.body.as_object().unwrap().len(), expected.len());
    assert_eq!(answer.body["profile"], ada.profile().await);
    for empty in ["pin", "avatar", "activation"] {
        assert!(answer.body[empty].is_null(), "{empty}");
    }
    assert_eq!(answer.body["invited"], json!([]));
}

#[tokio::test]
async fn what_is_held_is_told_as_it_is() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let ada = known(&app, &inviter).await;
    let document = export(&ada).await.body;
    assert_eq!(document["profile"], ada.profile().await);
    let listed = ada.get("/api/v1/sessions").await.expect(200).body;
    for (exported, shown) in
        document["sessions"].as_array().unwrap().iter().zip(listed["items"].as_array().unwrap())
    {
        for (member, value) in shown.as_object().unwrap() {
            assert_eq!(exported[member], *value, "{member}");
        }
    }
    assert_eq!(document["sessions"][0]["device_name"], "Nokia");
    assert_eq!(document["pin"]["given_by_session"], document["sessions"][0]["id"]);
    assert_eq!(document["activation"]["invite_code"], inviter.invite_code());
    let picture = BASE64_STANDARD.decode(document["avatar"]["content"].as_str().unwrap()).unwrap();
    assert_eq!(document["avatar"]["media_type"], "image/jpeg");
    assert_eq!(image::load_from_memory_with_format(&picture, ImageFormat::Jpeg).unwrap().width(), 256);
}

#[tokio::test]
async fn no_secret_and_nothing_of_a_stranger_is_in_it() {
    let app = TestApp::start().await;
    let (inviter, stranger) = (app.login("+79990000031").await, app.login("+79990000045").await);
    stranger.put(PROFILE, json!({"email": "eve@example.com", "first_name": "Evelyn"})).await.expect(200);
    stranger.set_pin("314159", None).await.expect(204);
    put(&stranger, "image/png", plain(ImageFormat::Png, [99, 9, 99])).await.expect(200);
    inviter.put(PROFILE, json!({"email": "bab@example.com", "first_name": "Babbage"})).await.expect(200);
    let ada = known(&app, &inviter).await;
    let text = export(&ada).await.text;
    let mut secrets: Vec<String> =
        ["argon2", "eve@", "Evelyn", "0000045", "bab@", "Babbage", "271828", "314159"]
            .map(str::to_owned)
            .into();
    for user in [&inviter, &stranger] {
        secrets.push(user.login.body["user"]["id"].as_str().unwrap().to_owned());
    }
    secrets.push(stranger.invite_code());
    for token in ["access_token", "refresh_token", "device_token"] {
        secrets.push(ada.login.text_of(token));
    }
    secrets.extend(app.query("SELECT hash FROM pins").await);
    secrets.extend(app.query("SELECT encode(content, 'base64') FROM avatars WHERE user_id <> (SELECT user_id FROM referrals JOIN avatars ON user_id = invitee_id)").await);
    secrets.extend(app.query("SELECT sealed_key FROM guard_keys").await);
    secrets.extend(app.query("SELECT phone::text FROM phone_guard").await);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
    assert!(text.contains("+79990000031"), "the profile shows it as well");
}

#[tokio::test]
async fn phones_of_others_are_shown_as_the_profile_shows_them() {
    let app = TestApp::builder().set("--referral-phones", "masked").start().await;
    let (inviter, ada, newcomer) =
        (app.login("+79990000031").await, app.login(PHONE).await, app.login("+79990000044").await);
    ada.activate(&inviter.invite_code()).await.expect(200);
    newcomer.activate(&ada.invite_code()).await.expect(200);
    let answer = export(&ada).await;
    assert!(
        !answer.text.contains("+79990000031") && !answer.text.contains("+79990000044"),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["invited"][0]["phone"], ada.profile().await["invited_users"][0]);
}

/// Gives `user` so many who activated the code, each a second after the other.
async fn invite(app: &TestApp, user: &TestUser<'_>, count: usize) {
    let id = user.login.body["user"]["id"].as_str().unwrap();
    // Not on a connection of the service, which waits a second and no longer.
    let mut other = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    let statements = format!(
        "DELETE FROM referrals;
         DELETE FROM users WHERE phone LIKE '+7901%';
         WITH made AS (
             INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
             SELECT gen_random_uuid(), '+7901' || to_char(n, 'FM0000000'),
                    translate(to_char(n, 'FM000000'), '01', 'XY'), now(), now(), now()
             FROM generate_series(1, {count}) n
             RETURNING id, phone
         )
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT id, '{id}', 'ABCDEF', timestamptz '2026-11-01' + right(phone, 7)::integer / 3 * interval '1 s' FROM made;
         UPDATE users SET invited_users_count = {count} WHERE id = '{id}';
         ANALYZE users, referrals"
    );
    other.batch_execute(&statements).await.unwrap();
}

#[tokio::test]
async fn however_many_were_invited_all_are_in_it_once_and_newest_first() {
    let app = TestApp::start().await;
    let (none, one, page, ada) =
        (app.newcomer().await, app.newcomer().await, app.newcomer().await, app.login(PHONE).await);
    assert_eq!(export(&none).await.body["invited"], json!([]));
    for (user, count) in [(&one, 1), (&page, 1_000), (&ada, 25_000)] {
        invite(&app, user, count).await;
        let document = export(user).await.body;
        let invited = document["invited"].as_array().unwrap();
        assert_eq!(invited.len(), count);
        let times: Vec<_> = invited.iter().map(|one| one["invited_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older));
        let mut phones: Vec<_> = invited.iter().map(|one| one["phone"].as_str().unwrap()).collect();
        phones.sort_unstable();
        phones.dedup();
        assert_eq!(phones.len(), count);
    }
}

#[tokio::test]
async fn while_a_client_takes_its_time_no_connection_is_held_and_a_logout_cuts_it_off() {
    let app = TestApp::builder().set("--database-pool-size", "1").start().await;
    let (other, ada) = (app.newcomer().await, app.login(PHONE).await);
    // More than goes into the buffers of a connection.
    invite(&app, &ada, 40_000).await;
    let mut answer = ada.request(Method::GET, EXPORT).send().await.unwrap();
    let mut text = answer.chunk().await.unwrap().unwrap().to_vec();
    // The client reads no more, and the only connection is free.
    for _ in 0..5 {
        other.profile().await;
    }
    ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
    let ended = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(ended.is_err(), "the end of the document is not to be taken for its end");
    assert!(serde_json::from_slice::<Value>(&text).is_err());
}

#[tokio::test]
async fn an_account_is_exported_ten_times_a_day_by_a_session_that_lives() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login(PHONE).await, app.login("+79990000044").await);
    for _ in 0..10 {
        export(&ada).await;
    }
    let refused = ada.get(EXPORT).await.expect_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "8640");
    export(&grace).await;
    app.pass(Duration::minutes(5));
    ada.get(EXPORT).await.expect_problem(429, "too-many-requests");
    let again = app.login(PHONE).await;
    again.get(EXPORT).await.expect_problem(429, "too-many-requests");
    app.pass(Duration::minutes(139));
    export(&app.login(PHONE).await).await;
    grace.post("/api/v1/auth/logout", json!({})).await;
    grace.get(EXPORT).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn who_gets_a_number_learns_nothing_of_who_had_it() {
    let app = TestApp::start().await;
    let before = app.login(PHONE).await;
    before.activate(&app.newcomer().await.invite_code()).await.expect(200);
    app.pass(Duration::minutes(1));
    app.challenge(PHONE).await;
    app.pass(Duration::minutes(1));
    before.delete(PROFILE).await.expect(204);
    app.pass(Duration::minutes(1));
    let number = &export(&app.login(PHONE).await).await.body["number"];
    assert_eq!(number["earlier_account_activated"], true);
    let now = "2026-11-21T12:03:00Z";
    assert_eq!(number["older_codes_void_since"], now);
    assert_eq!(number["codes_given_back_at"], json!([now]));
    assert!(number["last_code_sent_at"].is_null());
}

#[tokio::test]
async fn a_faultless_login_leaves_nothing_that_looks_like_guessing() {
    let app = TestApp::start().await;
    let number = &export(&app.login(PHONE).await).await.body["number"];
    for meter in ["wrong_short_codes_forgotten_at", "wrong_longer_codes_forgotten_at"] {
        assert!(number[meter].is_null(), "{number:#}");
    }
}
