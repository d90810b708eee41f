//! `PUT` and `DELETE /profile/avatar`, and the address of the picture.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};

use super::PROFILE;
use crate::support::{Answer, TestApp, TestUser};

pub const AVATAR: &str = "/api/v1/profile/avatar";

/// A picture of one colour in a format.
pub fn plain(format: ImageFormat, colour: [u8; 3]) -> Vec<u8> {
    encoded(&RgbImage::from_pixel(40, 30, Rgb(colour)).into(), format)
}

pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Sends a file as the avatar of `user`.
pub async fn put(user: &TestUser<'_>, media_type: &str, file: impl Into<Vec<u8>>) -> Answer {
    let request = user.request(Method::PUT, AVATAR).header("content-type", media_type);
    user.app.send(request.body(file.into())).await
}

/// The path of the address in a profile.
pub fn path(profile: &Value) -> String {
    let address = profile["avatar_url"].as_str().unwrap();
    address.strip_prefix("https://auth.example.com").unwrap().to_owned()
}

/// What is at the address in a profile.
pub async fn picture(app: &TestApp, profile: &Value) -> RgbImage {
    let response = app.request(Method::GET, &path(profile)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let bytes = response.bytes().await.unwrap();
    image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// Whether two colours are the same but for what a JPEG makes of them.
pub fn alike(one: Rgb<u8>, other: [u8; 3]) -> bool {
    one.0.iter().zip(other).all(|(one, other)| one.abs_diff(other) < 12)
}

async fn tag(user: &TestUser<'_>) -> String {
    user.get(PROFILE).await.expect(200).header("etag").to_owned()
}

#[tokio::test]
async fn a_picture_of_each_kind_becomes_a_square_that_anybody_can_see() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    assert_eq!(ada.profile().await["avatar_url"], Value::Null);
    for (media_type, format, colour) in [
        ("image/png", ImageFormat::Png, [200, 20, 20]),
        ("image/jpeg", ImageFormat::Jpeg, [20, 200, 20]),
        ("Image/WebP", ImageFormat::WebP, [20, 20, 200]),
    ] {
        let answer = put(&ada, media_type, plain(format, colour)).await.expect(200);
        assert_eq!(answer.body, ada.profile().await);
        assert_eq!(answer.header("etag"), tag(&ada).await);
        let seen = picture(&app, &answer.body).await;
        assert_eq!((seen.width(), seen.height()), (256, 256));
        assert!(seen.pixels().all(|pixel| alike(*pixel, colour)), "{media_type}");
    }
    assert_eq!(app.count("avatars").await, 1, "one for each user");
    assert_eq!(
        app.login("+79991234567").await.login.body["user"]["avatar_url"],
        ada.profile().await["avatar_url"]
    );
}

#[tokio::test]
async fn the_address_stands_for_the_bytes_and_is_kept_for_ever() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let first = put(&ada, "image/png", plain(ImageFormat::Png, [9, 9, 9])).await.expect(200).body;
    let hash = path(&first).strip_prefix("/avatars/").unwrap().to_owned();
    assert_eq!(app.query("SELECT encode(sha256(content), 'hex') FROM avatars").await, [hex(&hash)]);
    let response = app.request(Method::GET, &path(&first)).send().await.unwrap();
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("etag", &*format!("\"{hash}\"")),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    for (known, status) in [
        (format!("\"{hash}\""), 304),
        (format!("W/\"{hash}\", \"other\""), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        ("no tag".to_owned(), 200),
    ] {
        let request = app.request(Method::GET, &path(&first)).header("if-none-match", &known);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{known}");
        assert_eq!(response.headers()["etag"], format!("\"{hash}\""));
        assert_eq!(response.bytes().await.unwrap().is_empty(), status == 304);
    }
    let second = put(&ada, "image/png", plain(ImageFormat::Png, [99, 9, 9])).await.expect(200).body;
    assert_ne!(second["avatar_url"], first["avatar_url"]);
    app.get(&path(&first)).await.expect_problem(404, "not-found");
    // Also for who has it: what is gone is not confirmed.
    let known = app.request(Method::GET, &path(&first)).header("if-none-match", format!("\"{hash}\""));
    app.send(known).await.expect_problem(404, "not-found");
}

/// An address as the database writes the hash.
fn hex(hash: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD
        .decode(hash)
        .unwrap()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
async fn what_is_no_address_of_a_picture_is_not_found() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let path = path(&put(&ada, "image/png", plain(ImageFormat::Png, [9, 9, 9])).await.expect(200).body);
    let other = format!("/avatars/{}", "A".repeat(43));
    for wrong in
        [&path[..path.len() - 1], &format!("{path}="), &format!("{path}/"), &other, "/avatars/", "/avatars"]
    {
        app.get(wrong).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn removing_the_avatar_can_be_repeated_and_is_one_change() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let unchanged = tag(&ada).await;
    ada.delete(AVATAR).await.expect(204);
    assert_eq!(tag(&ada).await, unchanged, "there was none");
    let set = put(&ada, "image/png", plain(ImageFormat::Png, [9, 9, 9])).await.expect(200);
    app.pass(chrono::Duration::minutes(1));
    assert_eq!(ada.delete(AVATAR).await.expect(204).text, "");
    let removed = ada.profile().await;
    assert_eq!(removed["avatar_url"], Value::Null);
    assert_ne!(removed["updated_at"], set.body["updated_at"]);
    let once = tag(&ada).await;
    assert!(![unchanged, set.header("etag").to_owned()].contains(&once));
    ada.delete(AVATAR).await.expect(204);
    assert_eq!(tag(&ada).await, once);
    app.get(&path(&set.body)).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn an_avatar_is_a_part_of_the_profile_that_if_match_speaks_of() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let file = plain(ImageFormat::Png, [9, 9, 9]);
    let send = async |method: Method, if_match: &str| {
        let request = ada.request(method, AVATAR).header("if-match", if_match);
        app.send(request.header("content-type", "image/png").body(file.clone())).await
    };
    let stale = tag(&ada).await;
    let set = send(Method::PUT, &stale).await.expect(200);
    for method in [Method::PUT, Method::DELETE] {
        send(method.clone(), &stale).await.expect_problem(412, "profile-changed");
        send(method, "no tag").await.expect_problem(422, "invalid-request");
    }
    // A name that is written beside it, and the other way round.
    let request =
        ada.request(Method::PATCH, PROFILE).header("if-match", stale).json(&json!({"first_name": "Ada"}));
    app.send(request).await.expect_problem(412, "profile-changed");
    assert_eq!(tag(&ada).await, set.header("etag"));
    send(Method::DELETE, set.header("etag")).await.expect(204);
    send(Method::PUT, "*").await.expect(200);
}

#[tokio::test]
async fn users_with_the_same_picture_share_its_address_and_each_keeps_it() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let file = plain(ImageFormat::Png, [9, 9, 9]);
    let one = put(&ada, "image/png", file.clone()).await.expect(200).body;
    let other = put(&grace, "image/png", file).await.expect(200).body;
    assert_eq!(one["avatar_url"], other["avatar_url"]);
    ada.delete(AVATAR).await.expect(204);
    app.get(&path(&other)).await.expect(200);
    grace.delete(PROFILE).await.expect(204);
    app.get(&path(&other)).await.expect_problem(404, "not-found");
    assert_eq!(app.count("avatars").await, 0);
}

#[tokio::test]
async fn only_a_session_that_lives_sets_or_removes_an_avatar() {
    let app = TestApp::start().await;
    let (ended, ada) = (app.login("+79991234567").await, app.login("+79991234567").await);
    let set = put(&ada, "image/png", plain(ImageFormat::Png, [9, 9, 9])).await.expect(200).body;
    ended.post("/api/v1/auth/logout", json!({})).await.expect(204);
    // Two MiB that nobody reads.
    for file in [plain(ImageFormat::Png, [9, 99, 9]), vec![0; 2 << 20]] {
        put(&ended, "image/png", file.clone()).await.expect_problem(401, "unauthenticated");
        let request = app.request(Method::PUT, AVATAR).header("content-type", "image/png");
        app.send(request.body(file)).await.expect_problem(401, "unauthenticated");
    }
    ended.delete(AVATAR).await.expect_problem(401, "unauthenticated");
    assert_eq!(ada.profile().await, set);
}

#[tokio::test]
async fn a_user_sends_twenty_pictures_at_once_and_then_one_every_five_minutes() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    for _ in 0..20 {
        put(&ada, "image/png", "no picture").await.expect_problem(422, "invalid-image");
    }
    let file = plain(ImageFormat::Png, [9, 9, 9]);
    let refused = put(&ada, "image/png", file.clone()).await.expect_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "300");
    // Nor is it a way to look at a picture whose address one has.
    put(&grace, "image/png", file.clone()).await.expect(200);
    ada.delete(AVATAR).await.expect(204);
    app.pass(chrono::Duration::minutes(5));
    put(&ada, "image/png", file).await.expect(200);
}
