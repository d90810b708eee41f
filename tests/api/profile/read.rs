use insta::{assert_json_snapshot, dynamic_redaction};
use serde_json::json;

use super::PROFILE;
use crate::support::TestApp;

#[tokio::test]
async fn a_new_profile_has_every_member_of_the_contract_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let profile = ada.profile().await;
    let members: Vec<_> = profile.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "id",
            "phone",
            "email",
            "first_name",
            "last_name",
            "full_name",
            "avatar_url",
            "invite_code",
            "activated_invite_code",
            "invited_by_phone",
            "invited_users",
            "invited_users_count",
            "has_pin",
            "created_at",
            "updated_at",
        ]
    );
    for empty in ["email", "first_name", "last_name", "full_name", "avatar_url", "activated_invite_code"] {
        assert!(profile[empty].is_null(), "{empty}");
    }
    assert_eq!(profile["invited_users"], json!([]));
}

#[tokio::test]
async fn a_full_profile_looks_like_this() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000031").await;
    let ada = app.login("+79991234567").await;
    let newcomer = app.login("+79990000044").await;
    ada.activate(&inviter.invite_code()).await.expect(200);
    newcomer.activate(&ada.invite_code()).await.expect(200);
    app.pass(chrono::Duration::minutes(5));
    let names = json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"});
    ada.put(PROFILE, names).await.expect(200);

    let code = dynamic_redaction(|value, _| {
        let code = value.as_str().unwrap().to_owned();
        assert_eq!(code.len(), 6, "{code}");
        assert!(code.bytes().all(|byte| b"ABCDEFGHJKMNPQRSTUVWXYZ23456789".contains(&byte)), "{code}");
        "[six characters without look-alikes]"
    });
    let inviters_code = inviter.invite_code();
    assert_json_snapshot!(ada.profile().await, {
        ".id" => dynamic_redaction(|value, _| {
            let id: uuid::Uuid = value.as_str().unwrap().parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
            "[UUID of version 7]"
        }),
        ".invite_code" => code,
        ".activated_invite_code" => dynamic_redaction(move |value, _| {
            assert_eq!(value.as_str(), Some(&*inviters_code));
            "[the inviter's code]"
        }),
    }, @r#"
    {
      "id": "[UUID of version 7]",
      "phone": "+79991234567",
      "email": "ada@example.com",
      "first_name": "Ada",
      "last_name": "Lovelace",
      "full_name": "Ada Lovelace",
      "avatar_url": null,
      "invite_code": "[six characters without look-alikes]",
      "activated_invite_code": "[the inviter's code]",
      "invited_by_phone": "+79990000031",
      "invited_users": [
        "+79990000044"
      ],
      "invited_users_count": 1,
      "has_pin": false,
      "created_at": "2026-11-21T12:00:00Z",
      "updated_at": "2026-11-21T12:05:00Z"
    }
    "#);
}

#[tokio::test]
async fn a_profile_stays_out_of_caches_and_carries_a_strong_tag() {
    let app = TestApp::start().await;
    let answer = app.login("+79991234567").await.get(PROFILE).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let tag = answer.header("etag");
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
}

#[tokio::test]
async fn the_full_name_is_what_there_is_of_the_two_names() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for (first, last, full) in [
        (json!("Ada"), json!("Lovelace"), json!("Ada Lovelace")),
        (json!("Ada"), json!(null), json!("Ada")),
        (json!(null), json!("Lovelace"), json!("Lovelace")),
        (json!(null), json!(null), json!(null)),
    ] {
        let answer = ada.put(PROFILE, json!({"first_name": first, "last_name": last})).await.expect(200);
        assert_eq!(answer.body["full_name"], full);
    }
}
