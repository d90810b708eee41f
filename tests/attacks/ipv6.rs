//! One household has more IPv6 addresses than the internet has IPv4 ones: networks are counted, not addresses.

use futures_util::{StreamExt, stream};

use crate::{
    support::{Answer, TestApp},
    tools::{ask, expect_refused, limited, number, outcomes, tally},
};

/// Each address asks for a number of its own.
async fn ask_from_all(app: &TestApp, addresses: impl Iterator<Item = String>) -> Vec<Answer> {
    let asking =
        addresses.enumerate().map(|(index, from)| async move { ask(app, &from, &number(index)).await });
    stream::iter(asking).buffered(4).collect().await
}

async fn expect_admitted(addresses: impl Iterator<Item = String>, admitted: usize) -> TestApp {
    let app = limited().start().await;
    let answers = ask_from_all(&app, addresses).await;
    assert_eq!(
        outcomes(&answers),
        tally([("200", admitted), ("too-many-requests", answers.len() - admitted)])
    );
    app
}

#[tokio::test]
async fn a_thousand_addresses_in_one_64_are_sent_five_codes() {
    let app = expect_admitted((0..1000).map(|host| format!("2001:db8:1:2:{host:x}::{host:x}")), 5).await;
    expect_refused(ask(&app, "2001:db8:1:2:ffff:ffff:ffff:ffff", &number(1001)).await, 12 * 60);
    ask(&app, "2001:db8:1:3::1", &number(1001)).await.expect(200);
}

#[tokio::test]
async fn a_thousand_addresses_in_one_56_are_sent_twenty_codes() {
    let addresses = (0..1000).map(|host| format!("2001:db8:1:2{:02x}::{host:x}", host % 256));
    let app = expect_admitted(addresses, 20).await;
    expect_refused(ask(&app, "2001:db8:1:2ff:ffff::1", &number(1001)).await, 3 * 60);
    ask(&app, "2001:db8:1:300::1", &number(1001)).await.expect(200);
}

#[tokio::test]
async fn a_thousand_addresses_in_one_48_are_sent_a_hundred_codes() {
    let addresses = (0..1000).map(|host| format!("2001:db8:1:{:x}::{host:x}", host * 64));
    let app = expect_admitted(addresses, 100).await;
    expect_refused(ask(&app, "2001:db8:1:ffff::1", &number(1001)).await, 36);
    ask(&app, "2001:db8:2::1", &number(1001)).await.expect(200);
}

#[tokio::test]
async fn an_ipv4_address_in_ipv6_clothing_is_the_same_client() {
    let app = limited().start().await;
    let spellings = [
        "203.0.113.9",
        "::ffff:203.0.113.9",
        "::FFFF:cb00:7109",
        "[::ffff:203.0.113.9]:443",
        "203.0.113.9:443",
        "0:0:0:0:0:ffff:203.0.113.9",
    ];
    let answers = ask_from_all(&app, spellings.into_iter().map(str::to_owned)).await;
    assert_eq!(outcomes(&answers), tally([("200", 5), ("too-many-requests", 1)]));
}
