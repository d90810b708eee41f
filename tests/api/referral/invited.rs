use serde_json::{Value, json};

use crate::support::{TestApp, TestUser};

const INVITED: &str = "/api/v1/referral/invited";

/// Lets 45 people, from `+79995550000` on, activate the user's code, three a
/// second: the moment alone does not put them in order.
async fn invite_45(inviter: &TestUser<'_>) {
    let (id, code) = (inviter.login.body["user"]["id"].as_str().unwrap(), inviter.invite_code());
    let sql = format!(
        "INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT gen_random_uuid(), '+7999555' || lpad(n::text, 4, '0'), 'AAAA' || lpad(n::text, 2, '0'), now(), now(), now()
         FROM generate_series(0, 44) n;
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT users.id, '{id}', '{code}', timestamptz '2026-11-21 12:00:00Z' + interval '1 second' * (n / 3)
         FROM generate_series(0, 44) n JOIN users ON phone = '+7999555' || lpad(n::text, 4, '0');
         UPDATE users SET invited_users_count = 45 WHERE id = '{id}'"
    );
    inviter.app.execute(&sql).await;
}

/// The items of a page, and the cursor of the next.
async fn page(user: &TestUser<'_>, query: &str) -> (Vec<Value>, Option<String>) {
    let answer = user.get(&format!("{INVITED}{query}")).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let members: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["items", "next_cursor"]);
    (answer.body["items"].as_array().unwrap().clone(), answer.body["next_cursor"].as_str().map(str::to_owned))
}

fn phones(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["phone"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn whoever_invited_nobody_has_one_empty_page() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    assert_eq!(page(&ada, "").await, (vec![], None));
}

#[tokio::test]
async fn pages_of_any_size_show_each_of_the_invited_once_newest_first() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    for limit in [1, 7, 9, 44, 45, 46, 100] {
        let (mut items, mut next) = page(&ada, &format!("?limit={limit}")).await;
        let mut pages = 1;
        while let Some(cursor) = next {
            assert_eq!(items.len(), pages * limit);
            let (more, after) = page(&ada, &format!("?limit={limit}&cursor={cursor}")).await;
            assert!(!more.is_empty(), "an empty page after {} items", items.len());
            items.extend(more);
            next = after;
            pages += 1;
        }
        assert_eq!(pages, 45_usize.div_ceil(limit));
        let mut seen = phones(&items);
        seen.sort_unstable();
        let all: Vec<_> = (0..45).map(|n| format!("+7999555{n:04}")).collect();
        assert_eq!(seen, all, "limit {limit}");
        assert!(items.is_sorted_by(|one, next| one["invited_at"].as_str() >= next["invited_at"].as_str()));
    }
}

#[tokio::test]
async fn a_page_has_twenty_unless_asked_otherwise() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    let (items, next) = page(&ada, "").await;
    assert_eq!(items.len(), 20);
    let (more, _) = page(&ada, &format!("?cursor={}", next.unwrap())).await;
    assert_eq!(more.len(), 20);
}

#[tokio::test]
async fn who_is_invited_while_pages_are_turned_moves_none_of_the_others() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    let (first, next) = page(&ada, "?limit=20").await;
    app.pass(chrono::Duration::minutes(1));
    app.login("+79990000044").await.activate(&ada.invite_code()).await.expect(200);
    // One who was shown already leaves again.
    let gone = first[19]["phone"].as_str().unwrap();
    app.login(gone).await.delete("/api/v1/profile").await.expect(204);
    let (rest, end) = page(&ada, &format!("?limit=100&cursor={}", next.unwrap())).await;
    assert_eq!((rest.len(), end), (25, None));
    assert!(!phones(&rest).iter().any(|phone| phones(&first).contains(phone)));
    assert_eq!(page(&ada, "?limit=1").await.0[0]["phone"], "+79990000044");
}

#[tokio::test]
async fn the_profile_shows_the_newest_twenty_and_where_to_go_on() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    let profile = ada.profile().await;
    let (first, _) = page(&ada, "").await;
    assert_eq!(profile["invited_users"], json!(phones(&first)));
    assert_eq!(profile["invited_users_count"], 45);

    let next = profile["invited_users_next"].as_str().unwrap();
    assert!(next.starts_with("/api/v1/referral/invited?cursor="), "{next}");
    let rest = ada.get(&format!("{next}&limit=100")).await.expect(200).body;
    let all = page(&ada, "?limit=100").await.0;
    assert_eq!(json!(rest["items"]), json!(all[20..]));
}

#[tokio::test]
async fn the_profile_names_no_next_page_when_all_are_shown() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    app.execute(
        "DELETE FROM referrals WHERE invitee_id NOT IN (SELECT invitee_id FROM referrals LIMIT 20);
         UPDATE users SET invited_users_count = 20 WHERE phone = '+79991234567'",
    )
    .await;
    let profile = ada.profile().await;
    assert_eq!(profile["invited_users"].as_array().unwrap().len(), 20);
    assert_eq!(profile.get("invited_users_next"), None);
}

#[tokio::test]
async fn nobody_sees_the_invited_of_another_even_with_their_cursor() {
    let app = TestApp::start().await;
    let (ada, mallory) = (app.login("+79991234567").await, app.login("+79990000013").await);
    invite_45(&ada).await;
    let (_, cursor) = page(&ada, "?limit=5").await;
    assert_eq!(page(&mallory, &format!("?cursor={}", cursor.unwrap())).await, (vec![], None));
}

#[tokio::test]
async fn what_is_no_limit_is_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for wrong in [
        "0",
        "101",
        "255",
        "256",
        "-1",
        "918273",
        "abc",
        "1.5",
        "",
        "%00",
        "1e1",
        "٣",
        "99999999999999999999",
    ] {
        let problem =
            ada.get(&format!("{INVITED}?limit={wrong}")).await.expect_problem(422, "invalid-request");
        assert!(problem.text_of("detail").starts_with("limit: "), "{wrong}: {}", problem.text);
        assert!(!problem.text.contains("918273"), "{}", problem.text);
    }
    for right in ["1", "100"] {
        ada.get(&format!("{INVITED}?limit={right}")).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_no_cursor_is_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite_45(&ada).await;
    let cursor = page(&ada, "?limit=5").await.1.unwrap();
    let shorter = &cursor[..cursor.len() - 1];
    for wrong in
        [shorter, &format!("{cursor}A"), &format!("{cursor}%3D"), "", "abc", "%00", "null", "+79991234567"]
    {
        let problem =
            ada.get(&format!("{INVITED}?cursor={wrong}")).await.expect_problem(422, "invalid-request");
        assert!(problem.text_of("detail").starts_with("cursor: "), "{wrong}: {}", problem.text);
        assert!(!problem.text.contains("9991234567"), "{}", problem.text);
    }
    // The earliest and the latest moment that 64 bits can tell, and neither is one.
    for bytes in ["gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "f_________8AAAAAAAAAAAAAAAAAAAAA"] {
        ada.get(&format!("{INVITED}?cursor={bytes}")).await.expect_problem(422, "invalid-request");
    }
}

#[tokio::test]
async fn other_parameters_are_refused_by_name_and_none_is_given_twice() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for (query, name) in [
        ("?page=2", "page"),
        ("?limit=5&Limit=6", "Limit"),
        ("?limit=5&limit=6", "limit"),
        ("?limit[]=5", "limit[]"),
    ] {
        let problem = ada.get(&format!("{INVITED}{query}")).await.expect_problem(422, "invalid-request");
        assert!(problem.text_of("detail").contains(name), "{query}: {}", problem.text);
    }
}
