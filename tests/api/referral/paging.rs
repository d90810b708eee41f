//! Pages of the invited read as little on the last page as on the first, however many there are.
//!
//! `INVITED=1000000 ./test --test api paging` asks the same of a million, in a minute or two.

use serde_json::Value;

use crate::support::{TestApp, TestUser};

const INVITED: &str = "/api/v1/referral/invited";

/// How many people to invite.
#[expect(clippy::disallowed_methods, reason = "a setting of this test and not of the service")]
fn how_many() -> usize {
    std::env::var("INVITED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Lets so many people, one a second, activate the user's code.
async fn invite(inviter: &TestUser<'_>, many: usize) {
    let (id, code) = (inviter.login.body["user"]["id"].as_str().unwrap(), inviter.invite_code());
    let sql = format!(
        "CREATE TEMP TABLE people AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {many}) n;
         INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT id, '+7' || lpad(n::text, 10, '0'), upper(lpad(to_hex(n), 6, '0')), now(), now(), now() FROM people;
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT id, '{id}', '{code}', timestamptz '2026-01-01 12:00:00Z' + interval '1 second' * n FROM people;
         UPDATE users SET invited_users_count = {many} WHERE id = '{id}';
         ANALYZE users, referrals"
    );
    inviter.app.execute_at_leisure(&sql).await;
}

/// How many blocks of the database the statement reads that the service has prepared and that says
/// `part`, with these parameters.
async fn blocks(app: &TestApp, part: &str, parameters: &str) -> u64 {
    let name = format!(
        "SELECT name FROM pg_prepared_statements
         WHERE statement LIKE '%{part}%' AND statement NOT LIKE '%pg_prepared_statements%'"
    );
    let names = app.query(&name).await;
    assert_eq!(names.len(), 1, "{names:?}");
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE \"{}\"({parameters})", names[0]);
    // As the service executes it, not as the planner likes it best for these very parameters; and for twenty thousand
    // people as much inclined to workers and to compiling as it would be for a million.
    app.execute(
        "SET plan_cache_mode = force_generic_plan; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
         SET min_parallel_index_scan_size = 0; SET jit_above_cost = 0",
    )
    .await;
    let plan: Value = serde_json::from_str(&app.query(&explain).await[0]).unwrap();
    assert!(plan[0].get("JIT").is_none() && !plan.to_string().contains("Gather"), "{plan:#}");
    ["Shared Hit Blocks", "Shared Read Blocks"]
        .iter()
        .map(|kind| plan[0]["Plan"][*kind].as_u64().unwrap())
        .sum()
}

#[tokio::test]
async fn a_page_reads_as_little_at_the_end_as_at_the_beginning() {
    let many = how_many();
    // One connection: it has prepared what the service asked on it.
    let app = TestApp::builder().set("--database-pool-size", "1").start().await;
    let ada = app.login("+79991234567").await;
    invite(&ada, many).await;
    let first = ada.get(&format!("{INVITED}?limit=100")).await.expect(200);
    assert_eq!(first.body["items"].as_array().unwrap().len(), 100);
    let profile = ada.profile().await;
    assert_eq!(profile["invited_users_count"], many);
    assert_eq!(profile["invited_users"].as_array().unwrap().len(), 20);

    let id = ada.login.body["user"]["id"].as_str().unwrap();
    for place in [many, many / 2, 100] {
        let at = format!("timestamptz '2026-01-01 12:00:00Z' + interval '1 second' * {place}");
        let read = blocks(&app, "LIMIT $4", &format!("'{id}', {at}, '{id}', 101")).await;
        // A hundred people, each found by walking an index of a few levels, and a few blocks to come there.
        assert!((101..=450).contains(&read), "{read} blocks at {place} of {many}");
    }
    let session = app.query(&format!("SELECT id::text FROM sessions WHERE user_id = '{id}'")).await;
    let read = blocks(&app, "invited_users_count, users.version", &format!("'{}', now()", session[0])).await;
    assert!((20..=120).contains(&read), "{read} blocks for a profile with {many} invited");
}

#[tokio::test]
async fn all_pages_together_are_everybody_once() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    invite(&ada, 1_234).await;
    let (mut seen, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
        let page = ada.get(&format!("{INVITED}?limit=100{cursor}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["phone"].as_str().unwrap().to_owned()));
        next = page.body["next_cursor"].as_str().map(str::to_owned);
    }
    let expected: Vec<_> = (1..=1_234).rev().map(|n| format!("+7{n:010}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(ada.profile().await["invited_users"], Value::from(expected[..20].to_vec()));
}
