//! Avatars beside others, and beside the end of the account; and more of them than there is room for.

use std::time::Duration;

use futures_util::future::{join, join_all};
use image::ImageFormat;
use phone_auth::picture::Pictures;
use serde_json::json;

use super::{
    PROFILE,
    avatar::{AVATAR, plain, put},
};
use crate::support::{TestApp, TestUser};

const PHONE: &str = "+79991234567";

fn file() -> Vec<u8> {
    plain(ImageFormat::Png, [200, 20, 20])
}

/// A service whose requests wait for each other and not for connections.
async fn busy() -> TestApp {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    app
}

#[tokio::test]
async fn a_deletion_takes_the_avatar_along_also_one_that_is_being_set() {
    let app = busy().await;
    for table in ["users", "avatars"].repeat(4) {
        let ada = app.login(PHONE).await;
        assert_eq!(ada.login.body["user"]["avatar_url"], json!(null));
        let both = join(put(&ada, "image/png", file()), ada.delete(PROFILE));
        let (set, deleted) = app.at_once(table, 2, both).await;
        deleted.expect(204);
        assert!(matches!(set.status.as_u16(), 200 | 401), "{}", set.text);
        assert_eq!(app.count("avatars").await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_session_that_ends_while_its_picture_is_decoded_sets_none() {
    let app = TestApp::start().await;
    let (_, ada) = (app.login(PHONE).await, app.login(PHONE).await);
    let cores = every_core(&app.state.pictures);
    let logout = async {
        waiting(&app, 1).await;
        ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
        drop(cores);
    };
    let (set, ()) = join(put(&ada, "image/png", file()), logout).await;
    set.expect_problem(401, "unauthenticated");
    assert_eq!(app.count("avatars").await, 0);
}

#[tokio::test]
async fn of_pictures_for_one_version_of_the_profile_one_is_set() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    let tag = ada.get(PROFILE).await.expect(200).header("etag").to_owned();
    let send = || {
        let request = ada.request(reqwest::Method::PUT, AVATAR).header("content-type", "image/png");
        app.send(request.header("if-match", &tag).body(file()))
    };
    let mut statuses: Vec<_> = app
        .at_once("avatars", 4, join_all((0..4).map(|_| send())))
        .await
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

#[tokio::test]
async fn an_avatar_and_names_that_are_written_at_once_both_stay() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    let both = join(put(&ada, "image/png", file()), ada.patch(PROFILE, json!({"first_name": "Ada"})));
    let (set, named) = app.at_once("users", 2, both).await;
    for answer in [set, named] {
        answer.expect(200);
    }
    let profile = ada.profile().await;
    assert_eq!((&profile["first_name"], profile["avatar_url"].is_string()), (&json!("Ada"), true));
}

#[tokio::test]
async fn of_settings_and_removals_at_once_none_fails() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    put(&ada, "image/png", file()).await.expect(200);
    let sets = join_all((0..3).map(|_| put(&ada, "image/png", file())));
    let removals = join_all((0..3).map(|_| ada.delete(AVATAR)));
    let (sets, removals) = app.at_once("avatars", 6, join(sets, removals)).await;
    for answer in sets {
        answer.expect(200);
    }
    for answer in removals {
        answer.expect(204);
    }
    assert_eq!(app.count("avatars").await, usize::from(ada.profile().await["avatar_url"].is_string()));
}

/// Every place at decoding.
fn every_core(pictures: &Pictures) -> Vec<phone_auth::places::Place> {
    let mut places = Vec::new();
    while let Some(place) = pictures.try_core() {
        places.push(place);
    }
    assert!((1..=2).contains(&places.len()), "{}", places.len());
    places
}

/// Returns once so many pictures wait to be decoded, and fails if that never comes.
async fn waiting(app: &TestApp, pictures: usize) {
    let come = async {
        while app.state.pictures.waiting() < pictures {
            tokio::task::yield_now().await;
        }
    };
    let come = tokio::time::timeout(Duration::from_secs(10), come).await;
    come.unwrap_or_else(|_| panic!("fewer than {pictures} pictures wait"));
}

#[tokio::test]
async fn while_pictures_wait_to_be_decoded_everything_else_goes_on() {
    // With one connection it shows who holds it.
    let app = TestApp::builder().set("--database-pool-size", "1").start().await;
    let ada = app.login(PHONE).await;
    let cores = every_core(&app.state.pictures);
    let others = async {
        waiting(&app, 3).await;
        for _ in 0..3 {
            ada.profile().await;
        }
        drop(cores);
    };
    let all = join_all((0..3).map(|_| put(&ada, "image/png", file())));
    let (answers, ()) = join(all, others).await;
    for answer in answers {
        answer.expect(200);
    }
}

#[tokio::test]
async fn when_too_many_pictures_are_on_their_way_the_next_is_put_off_at_once() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let mut places = Vec::new();
    while let Ok(place) = app.state.pictures.upload().await {
        places.push(place);
    }
    assert_eq!(places.len(), 32);
    // As often as pictures may be sent: who was put off has sent none.
    for _ in 0..20 {
        let refused = put(&ada, "image/png", file()).await.expect_problem(503, "service-unavailable");
        assert_eq!(refused.header("retry-after"), "2");
    }
    // Nothing else waits for them.
    TestUser::profile(&ada).await;
    places.pop();
    put(&ada, "image/png", file()).await.expect(200);
}

#[tokio::test]
async fn pictures_that_nobody_had_time_for_do_not_count() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let cores = every_core(&app.state.pictures);
    for answer in join_all((0..20).map(|_| put(&ada, "image/png", file()))).await {
        answer.expect_problem(503, "service-unavailable");
    }
    drop(cores);
    put(&ada, "image/png", file()).await.expect(200);
}
