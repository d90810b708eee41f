//! Headers that ask for another cryptography, and tokens of another kind.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forged_tokens::expect_no_trace,
    support::{ROOT_SECRET, TestApp},
    tools::{HOME, PHONE, Sent, enter, guess, limited, log_in, sent},
};

/// The header of a token as text.
fn header(token: &str) -> String {
    String::from_utf8(BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

/// The token under another header.
fn under(token: &str, header: &str) -> String {
    format!("{}.{}", BASE64.encode(header), token.split_once('.').unwrap().1)
}

/// The header with a member set, in the order of the original.
fn with(original: &Value, member: &str, value: Value) -> String {
    let mut changed = original.clone();
    changed[member] = value;
    changed.to_string()
}

async fn expect_still_good(app: &TestApp, sent: &Sent) {
    assert_eq!(guess(app, sent).await.body["attempts_left"], 2);
    enter(app, HOME, &sent.challenge, &sent.code).await.expect(200);
}

#[tokio::test]
async fn a_header_that_chooses_the_cryptography_makes_it_no_challenge() {
    let app = limited().start().await;
    let mine = sent(&app, HOME, PHONE).await;
    let original: Value = serde_json::from_str(&header(&mine.challenge)).unwrap();
    assert_eq!(original["alg"], "dir");
    let members = [
        ("alg", json!("none")),
        ("alg", json!("DIR")),
        ("alg", json!("A128KW")),
        ("alg", json!("A256GCMKW")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("ECDH-ES")),
        ("alg", json!(["dir"])),
        ("alg", json!(null)),
        ("enc", json!("A128GCM")),
        ("enc", json!("A192GCM")),
        ("enc", json!("A128CBC-HS256")),
        ("enc", json!("A256CBC-HS512")),
        ("enc", json!("a256gcm")),
        ("zip", json!("DEF")),
        ("zip", json!("")),
        ("p2c", json!(2_147_483_647)),
        ("p2s", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("jku", json!("http://127.0.0.1/keys")),
        ("x5u", json!("http://127.0.0.1/keys")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("epk", json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})),
        ("apu", json!("AA")),
        ("iv", json!("AAAAAAAAAAAAAAAA")),
        ("tag", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("kid", json!("")),
        ("kid", json!("../../../../etc/passwd")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!(0)),
        ("kid", json!(original["kid"].as_str().unwrap().to_uppercase() + " ")),
        ("typ", json!("dvc+jwe")),
        ("typ", json!("at+jwt")),
        ("typ", json!("OTP+JWE")),
        ("typ", json!("application/otp+jwe")),
        ("salt", json!("")),
        ("salt", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("salt", json!("AAAAAAAAAAAAAAAAAAAAAB")),
        ("exp", json!(9_999_999_999_i64)),
    ];
    let forged: Vec<_> = members
        .into_iter()
        .map(|(member, value)| under(&mine.challenge, &with(&original, member, value)))
        .collect();
    expect_no_trace(&app, &mine, &forged).await;
    expect_still_good(&app, &mine).await;
}

#[tokio::test]
async fn a_header_that_says_the_same_in_other_words_makes_it_no_challenge() {
    let app = limited().start().await;
    let mine = sent(&app, HOME, PHONE).await;
    let text = header(&mine.challenge);
    let body = &text[1..text.len() - 1];
    let members: Vec<&str> = body.split(',').collect();
    let mut words = Vec::new();
    for first in 1..members.len() {
        let mut rotated = members.clone();
        rotated.rotate_left(first);
        words.push(format!("{{{}}}", rotated.join(",")));
    }
    for member in &members {
        words.push(format!("{{{member},{body}}}"));
        words.push(format!("{{{body},{member}}}"));
        let left: Vec<_> = members.iter().filter(|other| *other != member).copied().collect();
        words.push(format!("{{{}}}", left.join(",")));
    }
    words.extend([
        format!(r#"{{{body},"alg":"none"}}"#),
        format!(r#"{{"enc":"A128CBC-HS256",{body}}}"#),
        format!(" {text}"),
        format!("{text} "),
        format!("{text}\n"),
        format!("\u{feff}{text}"),
        text.replace("dir", "d\\u0069r"),
        text.replace("\"alg\"", "\"\\u0061lg\""),
        text.replace(':', ": "),
        text.replace("\"dir\"", "\"dir\\u0000\""),
        format!("[{text}]"),
        "{}".to_owned(),
        "null".to_owned(),
        String::new(),
    ]);
    let mut forged: Vec<_> = words.iter().map(|header| under(&mine.challenge, header)).collect();
    let (head, rest) = mine.challenge.split_once('.').unwrap();
    forged.extend([format!("{head}=.{rest}"), format!("{head}A.{rest}"), format!(".{rest}")]);
    expect_no_trace(&app, &mine, &forged).await;
    expect_still_good(&app, &mine).await;
}

#[tokio::test]
async fn tokens_of_every_other_kind_are_no_challenge() {
    let app = limited().start().await;
    let user = log_in(&app, HOME, PHONE).await;
    let mine = sent(&app, HOME, "+79161112233").await;
    let secret = "another secret of at least 32 characters";
    let elsewhere = limited().set("--root-secret", secret).start().await;
    let foreign = sent(&elsewhere, HOME, "+79161112233").await;
    let newer = limited().set("--root-secret", &format!("{secret},{ROOT_SECRET}")).start().await;
    let newer = sent(&newer, HOME, "+79161112233").await;
    let device = user.text_of("device_token");
    let forged = [
        user.text_of("access_token"),
        user.text_of("refresh_token"),
        device.clone(),
        under(&device, &header(&mine.challenge)),
        under(&mine.challenge, &header(&device)),
        foreign.challenge,
        newer.challenge,
        json!({"ciphertext": mine.challenge}).to_string(),
    ];
    expect_no_trace(&app, &mine, &forged).await;
    expect_still_good(&app, &mine).await;
}

#[tokio::test]
async fn a_challenge_is_no_access_and_no_refresh_token() {
    let app = TestApp::start().await;
    let user = app.login(PHONE).await;
    let challenge = app.challenge(PHONE).await;
    let rows = app.dump().await;
    for token in [challenge, user.login.text_of("device_token")] {
        let refreshed = app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await;
        refreshed.expect_problem(401, "invalid-refresh-token");
        let request = app.request(Method::GET, "/api/v1/profile").bearer_auth(&token);
        app.send(request).await.expect_problem(401, "unauthenticated");
        let request = app.request(Method::DELETE, "/api/v1/profile").bearer_auth(&token);
        app.send(request).await.expect_problem(401, "unauthenticated");
    }
    let refresh = json!({"refresh_token": user.access_token});
    app.post("/api/v1/auth/refresh", refresh).await.expect_problem(401, "invalid-refresh-token");
    let request = app.request(Method::GET, "/api/v1/profile").bearer_auth(&user.refresh_token);
    app.send(request).await.expect_problem(401, "unauthenticated");
    assert_eq!(app.dump().await, rows);
}
