//! Every place that takes a token, and everything that is no token for it: one answer, nothing written, never a 5xx.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::Duration;
use serde_json::Value;

use crate::{
    support::{TestApp, TestUser},
    token_mutations::mutations,
    token_places::{Place, Wallet, guarded},
    tools::{HOME, PHONE, guess_until, sent},
};

const OTHER: &str = "+79161112233";
/// What a header may be long, which is more than a body may.
const HUGE: usize = 100_000;

#[tokio::test]
async fn tokens_of_another_kind_are_none() {
    let (app, mine) = guarded().await;
    let rows = app.dump().await;
    for place in Place::all() {
        for (kind, token) in mine.all() {
            if token != mine.of_place(&place) {
                place.refuses(&app, kind, token).await;
            }
        }
    }
    assert_eq!(app.dump().await, rows);
    mine.expect_good(&app).await;
}

#[tokio::test]
async fn bent_tokens_are_none() {
    let (app, mine) = guarded().await;
    let rows = app.dump().await;
    for place in Place::all() {
        let is_header = matches!(place, Place::Header(_));
        let mut wrong = mutations(mine.of_place(&place));
        wrong.push(("a hundred thousand characters".to_owned(), "A".repeat(HUGE)));
        wrong.push(("fifteen thousand characters".to_owned(), "A".repeat(15_000)));
        for (why, token) in wrong {
            // What no header can hold, and the white space around a token that is none of it (RFC 9110, section 5.5).
            let fits = token.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && token.trim() == token;
            if fits || !is_header {
                place.refuses(&app, &why, &token).await;
            }
        }
    }
    assert_eq!(app.dump().await, rows);
    mine.expect_good(&app).await;
}

#[tokio::test]
async fn tokens_of_another_deployment_are_none() {
    let (app, mine) = guarded().await;
    let secret = "quite another root secret of the same length";
    let elsewhere = TestApp::builder().set("--root-secret", secret).start().await;
    let theirs = Wallet::of(&elsewhere, PHONE).await;
    // The same secret and the same number: what is in the database is missing there.
    let sister = TestApp::builder().set("--public-url", "https://staging.example.com").start().await;
    let sisters = Wallet::of(&sister, PHONE).await;
    // Even the same database: an access token says for whom it is.
    let renamed = TestApp::builder().set("--public-url", "https://staging.example.com");
    let renamed = renamed.database(&app.database_url).start().await;
    let visitors = renamed.login(OTHER).await.access_token;
    let rows = app.dump().await;
    for place in Place::all() {
        place.refuses(&app, "a token under another secret", theirs.of_place(&place)).await;
        match place {
            // docs/SECURITY.md, "What an operator must do": a challenge is good wherever the secret is the same.
            Place::Challenge => {}
            Place::Header(_) => {
                place.refuses(&app, "a token of another deployment", &sisters.access).await;
                place.refuses(&app, "a token of another issuer", &visitors).await;
            }
            Place::Refresh | Place::Device => {
                place.refuses(&app, "a token of another deployment", sisters.of_place(&place)).await;
            }
        }
    }
    assert_eq!(app.dump().await, rows);
    mine.expect_good(&app).await;
}

#[tokio::test]
async fn expired_tokens_are_none() {
    let (app, mine) = guarded().await;
    let mut past = Duration::zero();
    let mut places = Place::all();
    // A challenge lives the shortest, a device token the longest.
    let life = |place: &Place| match place {
        Place::Challenge => Duration::minutes(5),
        Place::Header(_) => Duration::minutes(10),
        Place::Refresh => Duration::days(30),
        Place::Device => Duration::days(180),
    };
    places.sort_by_key(life);
    for place in &places {
        app.pass(life(place) - past);
        past = life(place);
        if let Place::Device = place {
            guess_until(&app, PHONE, 6).await;
        }
        place.refuses(&app, "an expired token", mine.of_place(place)).await;
    }
}

#[tokio::test]
async fn tokens_of_the_future_are_none() {
    // Six seconds, for clocks may differ by five. A refresh token does not say since when it is good: that it would be
    // good for longer than any is what tells.
    for (ahead, is_told_by_refresh) in [(Duration::seconds(6), false), (Duration::days(340), true)] {
        let app = TestApp::start().await;
        guess_until(&app, PHONE, 6).await;
        app.pass(ahead);
        let user = app.login(PHONE).await;
        let challenge = app.challenge(PHONE).await;
        let device = user.login.text_of("device_token");
        let future = Wallet { access: user.access_token, refresh: user.refresh_token, challenge, device };
        app.pass(-ahead);
        let rows = app.dump().await;
        for place in Place::all() {
            if is_told_by_refresh || !matches!(place, Place::Refresh) {
                place.refuses(&app, "a token of the future", future.of_place(&place)).await;
            }
        }
        assert_eq!(app.dump().await, rows);
    }
}

/// What the database knows of the user with this number.
async fn rows_of(app: &TestApp, phone: &str) -> Vec<Value> {
    let user = format!("(SELECT id FROM users WHERE phone = '{phone}')");
    let mut rows = app.rows(&format!("SELECT * FROM users WHERE id = {user}")).await;
    for table in ["sessions", "device_guard"] {
        rows.extend(app.rows(&format!("SELECT * FROM {table} WHERE user_id = {user}")).await);
    }
    rows
}

#[tokio::test]
async fn the_tokens_of_somebody_else_show_and_change_nothing_of_a_user() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let sessions = ada.get("/api/v1/sessions").await.expect(200).body;
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let secrets = [PHONE, ada.login.body["user"]["id"].as_str().unwrap(), &session].map(str::to_owned);
    let rows = rows_of(&app, PHONE).await;
    for place in Place::all() {
        // Anew each time, for some of these operations end the session, or the account, or set a PIN.
        app.execute("DELETE FROM pins").await;
        let bob: TestUser<'_> = app.login(OTHER).await;
        let answer = match &place {
            Place::Header(operation) => {
                let path = operation.path.replace("{id}", &session);
                let request = bob.request(operation.method.clone(), &path);
                let answer = app.send(operation.with_example(request)).await;
                if path.ends_with(&session) {
                    assert_eq!(answer.body["code"], "not-found", "{operation}: {}", answer.text);
                }
                answer
            }
            Place::Refresh => place.show(&app, &bob.refresh_token).await.expect(200),
            Place::Challenge => {
                let his = sent(&app, HOME, OTHER).await;
                app.verify(&his.challenge, &his.code).await.expect(200)
            }
            Place::Device => {
                guess_until(&app, PHONE, 6).await;
                let answer = place.show(&app, &bob.login.text_of("device_token")).await.expect(200);
                assert_eq!(answer.body["code_length"], 6);
                answer
            }
        };
        assert!(answer.status.as_u16() < 500, "{place:?}: {}", answer.text);
        for secret in &secrets {
            assert!(!answer.text.contains(secret), "{place:?}: {}", answer.text);
        }
        // What tokens of his say of him is his alone, too.
        if let Some(token) = answer.body["access_token"].as_str() {
            let claims = BASE64.decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            assert!(!secrets.contains(&claims["sub"].as_str().unwrap().to_owned()), "{claims}");
        }
        assert_eq!(rows_of(&app, PHONE).await, rows, "{place:?}");
    }
    ada.profile().await;
}
