//! What inviters and invited see of each other, and the invite link as a picture.

use reqwest::Method;
use serde_json::json;

use super::REFERRAL;
use crate::support::{TestApp, TestUser};

const INVITED: &str = "/api/v1/referral/invited";
const QR: &str = "/api/v1/referral/qr.svg";

#[tokio::test]
async fn masked_phones_are_masked_wherever_others_see_them() {
    let app = TestApp::builder().set("--referral-phones", "masked").start().await;
    let (inviter, ada) = (app.login("+79000000031").await, app.login("+79991234567").await);
    let status = ada.activate(&inviter.invite_code()).await.expect(200);
    let profile = ada.profile().await;
    for body in [&status.body, &ada.get(REFERRAL).await.body, &profile] {
        assert_eq!(body["invited_by_phone"], "+7900***0031");
    }
    assert_eq!(profile["phone"], "+79991234567", "one's own is no secret");
    assert_eq!(inviter.profile().await["invited_users"], json!(["+7999***4567"]));
    let page = inviter.get(INVITED).await.expect(200);
    assert_eq!(page.body["items"][0]["phone"], "+7999***4567");
    // A first login shows the profile as well.
    let body = json!({"phone": "+79990000044", "invite_code": ada.invite_code()});
    let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
    let login = app.verify(&asked.text_of("challenge_token"), &app.code("+79990000044")).await;
    let grace = TestUser::of(&app, login.expect(200));
    assert_eq!(grace.login.body["user"]["invited_by_phone"], "+7999***4567");
    for user in [&inviter, &ada, &grace] {
        for path in ["/api/v1/profile", REFERRAL, INVITED] {
            let text = user.get(path).await.expect(200).text;
            let own = user.login.body["user"]["phone"].as_str().unwrap();
            for phone in ["+79000000031", "+79991234567", "+79990000044"] {
                assert!(phone == own || !text.contains(phone), "{path}: {text}");
            }
        }
    }
}

/// What a camera reads: the dark squares of the picture, which are drawn one `M…h…v…H…V…` each.
fn read(svg: &str) -> String {
    let side: usize = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let mut dark = vec![false; side * side];
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    for square in path.split('M').skip(1) {
        let numbers: Vec<usize> =
            square.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        let (left, top, width, height) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        for row in top..top + height {
            dark[row * side + left..row * side + left + width].fill(true);
        }
    }
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(
            side,
            side,
            |x, y| if dark[y * side + x] { 0 } else { 255 },
        );
    image.detect_grids()[0].decode().unwrap().1
}

#[tokio::test]
async fn a_camera_reads_the_invite_link_from_the_picture() {
    for url in
        ["https://auth.example.com", "https://a-rather-long-name-for-a-host.of.some.company.example.com:8443"]
    {
        let app = TestApp::builder().set("--public-url", url).start().await;
        let ada = app.newcomer().await;
        let picture = ada.get(QR).await.expect(200);
        assert_eq!(picture.header("content-type"), "image/svg+xml");
        assert_eq!(picture.header("cache-control"), "no-store");
        assert_eq!(read(&picture.text), format!("{url}/i/{}", ada.invite_code()));
        assert!(!picture.text.contains("script"), "{}", picture.text);
    }
}

#[tokio::test]
async fn the_picture_is_for_its_user_only() {
    let app = TestApp::start().await;
    app.get(QR).await.expect_problem(401, "unauthenticated");
    let ada = app.newcomer().await;
    ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
    ada.get(QR).await.expect_problem(401, "unauthenticated");
    app.send(app.request(Method::POST, QR)).await.expect_problem(405, "method-not-allowed");
}
