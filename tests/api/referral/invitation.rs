//! The page behind an invite link.

use super::REFERRAL;
use crate::support::TestApp;

#[tokio::test]
async fn the_link_to_share_leads_to_a_page_that_says_the_code() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let link = ada.get(REFERRAL).await.expect(200).text_of("invite_url");
    let page = app.get(link.strip_prefix("https://auth.example.com").unwrap()).await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains(&ada.invite_code()), "{}", page.text);
    assert!(!page.text.contains("+79991234567"), "{}", page.text);
}

#[tokio::test]
async fn the_page_tells_nobody_which_codes_exist() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let (known, unknown) = (app.get(&format!("/i/{}", ada.invite_code())).await, app.get("/i/000000").await);
    assert_eq!(
        known.expect(200).text.replace(&ada.invite_code(), ""),
        unknown.expect(200).text.replace("000000", "")
    );
}

#[tokio::test]
async fn what_cannot_be_a_code_has_no_page_and_is_not_shown() {
    let app = TestApp::start().await;
    for wrong in ["/i/", "/i/ABC", "/i/%3Cb%3E", "/i/%3Cscript%3E", "/i/ABCDEF/more", "/i/%00%00%00%00%00%00"]
    {
        app.get(wrong).await.expect_problem(404, "not-found");
    }
}
