//! Who a client is: the peer, or whom a trusted proxy speaks for.

use reqwest::{Method, header::HeaderValue};
use serde_json::json;

use crate::{
    support::{Answer, TestApp},
    tools::{limited, number, outcomes, tally},
};

type Headers<'a> = &'a [(&'static str, &'a [u8])];

/// Asks for a code to a number that nobody asked for before.
async fn ask(app: &TestApp, index: usize, headers: Headers<'_>) -> Answer {
    let mut request = app.request(Method::POST, "/api/v1/auth/phone").json(&json!({"phone": number(index)}));
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    app.send(request).await
}

/// Headers that say something else with each `client`.
fn forgeries(client: usize) -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let address = format!("198.51.{client}.1");
    let forwarded = format!("for={address};proto=https;by=127.0.0.1");
    let (chain, mapped) = (format!("{address}, 127.0.0.1"), format!("::ffff:{address}"));
    let one = |name, value: &str| vec![(name, value.as_bytes().to_vec())];
    vec![
        one("X-Forwarded-For", &address),
        one("x-forwarded-for", &chain),
        one("X-Forwarded-For", &mapped),
        one("X-Forwarded-For", &format!("\"{address}\"")),
        one("X-Forwarded-For", ""),
        one("X-Forwarded-For", &",".repeat(500)),
        vec![("X-Forwarded-For", vec![0xff, 0xfe, b',', 0x80])],
        [one("X-Forwarded-For", &address), one("X-Forwarded-For", "127.0.0.1")].concat(),
        [one("X-Forwarded-For", "127.0.0.1"), one("X-Forwarded-For", &address)].concat(),
        one("Forwarded", &forwarded),
        one("Forwarded", &format!("for=\"[2001:db8:{client}::1]\"")),
        one("X-Real-IP", &address),
        one("CF-Connecting-IP", &address),
        one("True-Client-IP", &address),
        one("X-Client-IP", &address),
        one("X-Cluster-Client-IP", &address),
        one("Via", &format!("1.1 {address}")),
    ]
}

fn borrowed<'a>(headers: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'static str, &'a [u8])> {
    headers.iter().map(|(name, value)| (*name, value.as_slice())).collect()
}

#[tokio::test]
async fn an_untrusted_peer_is_its_own_address_whatever_it_writes() {
    // Nobody is trusted, or somebody else is.
    for proxies in ["", "10.0.0.0/8,198.51.100.0/24"] {
        let app = limited().set("--trusted-proxies", proxies).start().await;
        let mut answers = Vec::new();
        for round in 0..2 {
            for (kind, headers) in forgeries(round + 1).iter().enumerate() {
                answers.push(ask(&app, round * 50 + kind, &borrowed(headers)).await);
            }
        }
        assert_eq!(outcomes(&answers[..5]), tally([("200", 5)]));
        assert_eq!(outcomes(&answers[5..]), tally([("too-many-requests", 29)]));
    }
}

#[tokio::test]
async fn an_untrusted_peer_changes_no_key_that_is_counted() {
    let app = limited().set("--trusted-proxies", "").start().await;
    for (kind, headers) in forgeries(1).iter().enumerate().take(5) {
        ask(&app, kind * 3, &borrowed(headers)).await.expect(200);
    }
    // The address twice and its network, its phones, one country; and per number a block and a pair.
    assert_eq!(app.count("rate_limit").await, 5 + 2 * 5);
}

#[tokio::test]
async fn through_a_trusted_proxy_only_the_rightmost_untrusted_hop_counts() {
    let app = limited().set("--trusted-proxies", "127.0.0.1,10.0.0.0/8").start().await;
    let mut answers = Vec::new();
    for client in 0..12 {
        let spoofed = format!("198.51.{client}.1");
        let value = match client % 4 {
            0 => format!("{spoofed}, 203.0.113.9"),
            1 => format!("{spoofed},203.0.113.9, 10.0.0.{client}"),
            2 => format!("203.0.113.{client}, {spoofed}, [::ffff:203.0.113.9]:4711"),
            _ => format!("127.0.0.1, 10.1.1.1, garbage, {spoofed}, 203.0.113.9:80 ,10.9.9.9"),
        };
        answers.push(ask(&app, client, &[("X-Forwarded-For", value.as_bytes())]).await);
    }
    assert_eq!(outcomes(&answers[..5]), tally([("200", 5)]));
    assert_eq!(outcomes(&answers[5..]), tally([("too-many-requests", 7)]));
    // Several lines are one list.
    let lines: Headers =
        &[("X-Forwarded-For", b"198.51.100.1"), ("X-Forwarded-For", b"203.0.113.9, 10.0.0.1")];
    assert_eq!(ask(&app, 20, lines).await.status, 429);
    let lines: Headers =
        &[("X-Forwarded-For", b"203.0.113.9"), ("X-Forwarded-For", b"198.51.100.1, 10.0.0.1")];
    ask(&app, 21, lines).await.expect(200);
}

#[tokio::test]
async fn what_a_trusted_proxy_wrote_and_nobody_can_read_is_the_proxys_own_limit() {
    let app = limited().start().await;
    let mut answers = Vec::new();
    for (index, garbage) in [
        "unknown",
        "203.0.113.9, _hidden",
        "203.0.113.9, 999.1.1.1",
        "203.0.113.9, ",
        "203.0.113.9,::g",
        "a",
        "b",
    ]
    .into_iter()
    .enumerate()
    {
        answers.push(ask(&app, index, &[("X-Forwarded-For", garbage.as_bytes())]).await);
    }
    answers.push(ask(&app, 8, &[]).await);
    assert_eq!(outcomes(&answers), tally([("200", 5), ("too-many-requests", 3)]));
}
