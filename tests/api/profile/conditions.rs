//! `ETag` and `If-Match` (RFC 9110, section 13.1.1).

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::PROFILE;
use crate::support::{Answer, TestApp, TestUser};

async fn tag(user: &TestUser<'_>) -> String {
    user.get(PROFILE).await.expect(200).header("etag").to_owned()
}

/// Writes `name` if the profile still has the tag.
async fn write(user: &TestUser<'_>, method: Method, if_match: &str, name: &str) -> Answer {
    let request = user.request(method, PROFILE).header("if-match", if_match);
    user.app.send(request.json(&json!({"first_name": name}))).await
}

#[tokio::test]
async fn every_write_changes_the_tag_and_answers_with_the_new_one() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let mut seen = vec![tag(&ada).await];
    for name in ["Ada", "Augusta", "Ada"] {
        let answer = ada.patch(PROFILE, json!({"first_name": name})).await.expect(200);
        assert_eq!(answer.header("etag"), tag(&ada).await);
        assert!(!seen.contains(&answer.header("etag").to_owned()));
        seen.push(answer.header("etag").to_owned());
    }
}

#[tokio::test]
async fn a_tag_that_matches_lets_the_write_through() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for form in ["{}", "\"other\", {}", "W/\"1\",{} , \"another\"", "*"] {
        for method in [Method::PUT, Method::PATCH] {
            let list = form.replace("{}", &tag(&ada).await);
            let name = format!("{method} {form}");
            assert_eq!(write(&ada, method, &list, &name).await.expect(200).body["first_name"], name);
        }
    }
}

#[tokio::test]
async fn a_tag_that_does_not_match_stops_the_write() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let stale = tag(&ada).await;
    ada.patch(PROFILE, json!({"first_name": "Ada"})).await.expect(200);
    let present = tag(&ada).await;
    for method in [Method::PUT, Method::PATCH] {
        for list in [stale.clone(), format!("{stale}, \"other\""), "\"\"".to_owned()] {
            let answer = write(&ada, method.clone(), &list, "Mallory").await;
            answer.expect_problem(412, "profile-changed");
        }
    }
    assert_eq!(ada.profile().await["first_name"], "Ada");
    assert_eq!(tag(&ada).await, present);
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_stops_the_write() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let present = tag(&ada).await;
    let bare = present.trim_matches('"');
    for garbage in [bare, "", ",", "\"", "null", "** ", &format!("{present}garbage")] {
        for method in [Method::PUT, Method::PATCH] {
            let answer = write(&ada, method, garbage, "Mallory").await;
            let problem = answer.expect_problem(422, "invalid-request");
            assert!(problem.text_of("detail").starts_with("If-Match: "), "{garbage}: {}", problem.text);
        }
    }
    assert_eq!(tag(&ada).await, present);
}

#[tokio::test]
async fn the_tags_of_several_header_lines_are_one_list() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let present = tag(&ada).await;
    let request =
        ada.request(Method::PUT, PROFILE).header("if-match", "\"other\"").header("if-match", present);
    app.send(request.json(&json!({"first_name": "Ada"}))).await.expect(200);
}

#[tokio::test]
async fn without_a_condition_the_last_write_wins() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    ada.put(PROFILE, json!({"first_name": "Ada"})).await.expect(200);
    ada.put(PROFILE, json!({"first_name": "Augusta"})).await.expect(200);
    assert_eq!(ada.profile().await["first_name"], "Augusta");
}

#[tokio::test]
async fn invitations_do_not_change_the_tag_for_they_are_not_written_here() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let before = tag(&ada).await;
    grace.activate(&ada.invite_code()).await.expect(200);
    assert_eq!(tag(&ada).await, before);
}

#[tokio::test]
async fn of_parallel_writes_on_one_tag_exactly_one_wins() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for round in 0..10 {
        let tag = tag(&ada).await;
        let names: Vec<_> = (0..4).map(|writer| format!("round {round} writer {writer}")).collect();
        let answers = join_all(names.iter().map(|name| write(&ada, Method::PUT, &tag, name))).await;
        let winners: Vec<_> = names.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert_eq!(ada.profile().await["first_name"], **winners[0].0);
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            answer.expect_problem(412, "profile-changed");
        }
    }
}

#[tokio::test]
async fn parallel_patches_of_different_members_both_stay() {
    // They wait for each other and not for connections.
    let app = TestApp::builder().set("--database-pool-size", "8").start().await;
    app.connect(8).await;
    let ada = app.login("+79991234567").await;
    for round in 0..10 {
        let (first, last, email) =
            (format!("A{round}"), format!("L{round}"), format!("a{round}@example.com"));
        let patches = [json!({"first_name": first}), json!({"last_name": last}), json!({"email": email})];
        let all = join_all(patches.iter().map(|patch| ada.patch(PROFILE, patch.clone())));
        for answer in app.at_once("users", 3, all).await {
            answer.expect(200);
        }
        let profile = ada.profile().await;
        assert_eq!(
            [&profile["first_name"], &profile["last_name"], &profile["email"]],
            [&*first, &*last, &*email]
        );
    }
}

#[tokio::test]
async fn a_stale_tag_keeps_the_account_from_being_deleted() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let tag = ada.get("/api/v1/profile").await.header("etag").to_owned();
    ada.patch("/api/v1/profile", serde_json::json!({"first_name": "Ada"})).await.expect(200);
    let delete = |tag: &str| ada.request(reqwest::Method::DELETE, "/api/v1/profile").header("if-match", tag);
    app.send(delete(&tag)).await.expect_problem(412, "profile-changed");
    let present = ada.get("/api/v1/profile").await.expect(200).header("etag").to_owned();
    app.send(delete(&present)).await.expect(204);
    ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_tag_that_a_proxy_weakened_is_told_apart_from_a_profile_that_changed() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let present = ada.get(PROFILE).await.header("etag").to_owned();
    for weak in [format!("W/{present}"), format!("W/{present}, W/\"other\"")] {
        let request = ada.request(reqwest::Method::PATCH, PROFILE).header("if-match", weak);
        let refused = app.send(request.json(&json!({"first_name": "Ada"}))).await;
        let refused = refused.expect_problem(422, "invalid-request");
        assert_eq!(refused.text_of("detail"), "If-Match: takes the ETag as it was given, without W/.");
    }
    assert!(ada.profile().await["first_name"].is_null());
}
