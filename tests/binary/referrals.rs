//! `phone-auth referrals tree`.

use std::process::Stdio;

use serde_json::Value;

use crate::{
    commands::{documented_members, members, say},
    shared::{Server, on},
};

/// A user with this number as the end of id, phone and code; six digits.
fn user(number: u32) -> String {
    format!(
        "INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         VALUES ('{}', '+7999{number:07}', '{number:06}', now(), now(), now());",
        id(number)
    )
}

fn id(number: u32) -> String {
    format!("01a1fd2c-0000-7000-8000-{number:012}")
}

fn invited(invitee: u32, referrer: u32) -> String {
    format!(
        "INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         VALUES ('{}', '{}', '{referrer:06}', now());
         UPDATE users SET invited_users_count = invited_users_count + 1 WHERE id = '{}';",
        id(invitee),
        id(referrer),
        id(referrer)
    )
}

/// A server whose tables are there, and no service.
fn migrated() -> Server {
    let server = Server::start();
    say(on(&server), &["migrate"]).done();
    server
}

/// Levels and numbers of those in a tree.
fn shape(tree: &Value) -> Vec<(u64, u32)> {
    let number = |user: &Value| user["id"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap();
    let users = tree["users"].as_array().unwrap();
    users.iter().map(|user| (user["level"].as_u64().unwrap(), number(user))).collect()
}

#[test]
fn a_tree_is_shown_level_by_level_within_its_bounds() {
    let server = migrated();
    // 1 invited 2 and 3, 2 invited 4, 4 invited 5.
    let sql: String =
        (1..=5).map(user).chain([(2, 1), (3, 1), (4, 2), (5, 4)].map(|(a, b)| invited(a, b))).collect();
    server.execute(&sql);
    let tree = |arguments: &[&str]| {
        let all = [&["referrals", "tree", "000001", "--json"], arguments].concat();
        say(on(&server), &all).done().json()
    };
    let whole = tree(&[]);
    assert_eq!(members(&whole), documented_members("referrals tree"));
    assert_eq!(shape(&whole), [(1, 3), (1, 2), (2, 4), (3, 5)]);
    assert_eq!((&whole["users_count"], &whole["complete"]), (&4.into(), &true.into()));
    assert_eq!(whole["root"]["phone"], "+7999***0001");
    let four = &whole["users"][2];
    assert_eq!((&four["phone"], &four["invited_by"]), (&"+7999***0004".into(), &id(2).into()), "{four}");
    assert_eq!(tree(&["--show-phones"])["users"][2]["phone"], "+79990000004");

    let shallow = tree(&["--depth", "1"]);
    assert_eq!((shape(&shallow), &shallow["complete"]), (vec![(1, 3), (1, 2)], &false.into()));
    let few = tree(&["--limit", "3"]);
    assert_eq!((shape(&few), &few["complete"]), (vec![(1, 3), (1, 2), (2, 4)], &false.into()));
    assert_eq!(tree(&["--limit", "4"])["complete"], true);

    let text = say(on(&server), &["referrals", "tree", "000001", "--depth", "2"]).done().answer;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("+7999***0001  000001"), "{text}");
    assert!(lines[3].starts_with("    +7999***0004  000004"), "{text}");
    assert_eq!(lines[4], "3 users; there are more: --depth and --limit show them");
    // Somebody at the end of it has nobody.
    assert_eq!(shape(&say(on(&server), &["referrals", "tree", &id(5), "--json"]).done().json()), []);
    assert_eq!(say(on(&server), &["referrals", "tree", "ZZZZZZ"]).code, 3);
}

#[test]
fn a_circle_that_should_not_be_there_is_walked_once() {
    let server = migrated();
    let sql: String = (1..=3).map(user).chain([(2, 1), (3, 2), (1, 3)].map(|(a, b)| invited(a, b))).collect();
    server.execute(&sql);
    let tree = say(on(&server), &["referrals", "tree", "000001", "--json", "--depth", "1000"]).done().json();
    assert_eq!(shape(&tree), [(1, 2), (2, 3), (3, 1)]);
}

#[test]
fn ten_thousand_invited_come_page_by_page_and_each_once() {
    let server = migrated();
    server.execute(&format!(
        "{}
         INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT ('01a1fd2c-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '+7998' || lpad(n::text, 7, '0'),
                lpad(n::text, 6, '0'), now(), now(), now() FROM generate_series(2, 10001) n;
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT id, '{}', '000001', now() + (right(invite_code, 3) || ' seconds')::interval FROM users WHERE phone LIKE '+7998%';
         UPDATE users SET invited_users_count = 10000 WHERE invite_code = '000001'",
        user(1),
        id(1)
    ));
    let tree = say(on(&server), &["referrals", "tree", "000001", "--json"]).done().json();
    assert_eq!((&tree["users_count"], &tree["complete"]), (&10_000.into(), &true.into()));
    let mut numbers: Vec<_> = shape(&tree).into_iter().map(|(_, number)| number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=10_001).collect::<Vec<_>>());
    let times: Vec<_> =
        tree["users"].as_array().unwrap().iter().map(|user| user["invited_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, other| one >= other));
    // Whoever has read enough is not told of a failure.
    let mut command = on(&server);
    let mut reading = command.args(["referrals", "tree", "000001"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(reading.stdout.take());
    let ended = reading.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}
