//! Challenges that were bent: one answer for all of them, no row, no meter.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures_util::{StreamExt, stream};

use crate::{
    support::TestApp,
    tools::{HOME, PHONE, Sent, enter, guess, limited, sent},
};

/// `token` once for each of its characters, with that one changed.
pub fn bent_everywhere(token: &str) -> Vec<String> {
    let bend = |at: usize| {
        let instead = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut bent = token.to_owned();
        bent.replace_range(at..=at, instead);
        bent
    };
    (0..token.len()).map(bend).collect()
}

/// Enters the right code for each of `forged`: every answer is the same, and nothing was written by any.
pub async fn expect_no_trace(app: &TestApp, sent: &Sent, forged: &[String]) {
    let rows = app.dump().await;
    let entering = forged.iter().map(|token| enter(app, HOME, token, &sent.code));
    let answers: Vec<_> = stream::iter(entering).buffered(4).collect().await;
    let mut seen = Vec::new();
    for (answer, token) in answers.into_iter().zip(forged) {
        assert_eq!(answer.body["code"], "invalid-challenge", "{token}");
        let mut answer = answer.expect_problem(401, "invalid-challenge");
        let trace = answer.text_of("trace_id");
        for changing in ["date", "x-request-id"] {
            answer.headers.remove(changing);
        }
        seen.push((answer.headers, answer.text.replace(&trace, "")));
    }
    assert!(seen.iter().all(|one| *one == seen[0]));
    assert_eq!(app.dump().await, rows);
}

async fn prepared() -> (TestApp, Sent) {
    let app = limited().start().await;
    let mine = sent(&app, HOME, PHONE).await;
    (app, mine)
}

/// The challenge is good all the same, and all its tries are there.
async fn expect_untouched(app: &TestApp, sent: &Sent) {
    assert_eq!(guess(app, sent).await.body["attempts_left"], 2);
    enter(app, HOME, &sent.challenge, &sent.code).await.expect(200);
}

#[tokio::test]
async fn one_changed_character_anywhere_makes_it_no_challenge() {
    let (app, mine) = prepared().await;
    let forged = bent_everywhere(&mine.challenge);
    assert!(forged.len() > 500);
    expect_no_trace(&app, &mine, &forged).await;
    expect_untouched(&app, &mine).await;
}

#[tokio::test]
async fn one_changed_bit_of_iv_ciphertext_tag_or_salt_makes_it_no_challenge() {
    let (app, mine) = prepared().await;
    let parts: Vec<&str> = mine.challenge.split('.').collect();
    let mut forged = Vec::new();
    for part in [0, 2, 3, 4] {
        let bytes = BASE64.decode(parts[part]).unwrap();
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << (at % 8);
            let mut changed: Vec<_> = parts.iter().map(ToString::to_string).collect();
            changed[part] = BASE64.encode(bent);
            forged.push(changed.join("."));
        }
    }
    expect_no_trace(&app, &mine, &forged).await;
    expect_untouched(&app, &mine).await;
}

#[tokio::test]
async fn a_tag_of_any_other_length_makes_it_no_challenge() {
    let (app, mine) = prepared().await;
    let (rest, tag) = mine.challenge.rsplit_once('.').unwrap();
    let bytes = BASE64.decode(tag).unwrap();
    assert_eq!(bytes.len(), 16);
    // Whole bytes, and single characters; cut at the end, cut at the front, and longer.
    let mut tags: Vec<String> = (0..16).map(|length| BASE64.encode(&bytes[..length])).collect();
    tags.extend((1..16).map(|from| BASE64.encode(&bytes[from..])));
    tags.extend((0..tag.len()).map(|length| tag[..length].to_owned()));
    tags.extend((1..8).map(|more| BASE64.encode([&bytes[..], &vec![0; more]].concat())));
    tags.extend([
        format!("{tag}=="),
        format!("{tag}A"),
        format!("{tag}{tag}"),
        tag.to_uppercase(),
        "AA".to_owned(),
    ]);
    let mut forged: Vec<_> = tags.iter().map(|tag| format!("{rest}.{tag}")).collect();
    // With the length of the whole made up for elsewhere.
    let parts: Vec<&str> = rest.split('.').collect();
    for length in 0..16 {
        let short = BASE64.encode(&bytes[..length]);
        let filling = "A".repeat(tag.len() - short.len());
        forged.push(format!("{}..{}.{}{filling}.{short}", parts[0], parts[2], parts[3]));
        forged.push(format!("{}..{}{filling}.{}.{short}", parts[0], parts[2], parts[3]));
        forged.push(format!("{}.{filling}.{}.{}.{short}", parts[0], parts[2], parts[3]));
    }
    forged.retain(|token| *token != mine.challenge);
    expect_no_trace(&app, &mine, &forged).await;
    expect_untouched(&app, &mine).await;
}

#[tokio::test]
async fn ivs_and_keys_of_any_other_length_make_it_no_challenge() {
    let (app, mine) = prepared().await;
    let parts: Vec<&str> = mine.challenge.split('.').collect();
    let mut forged = Vec::new();
    for length in (0..12).chain(13..40) {
        let iv = BASE64.encode(vec![7; length]);
        forged.push(format!("{}..{iv}.{}.{}", parts[0], parts[3], parts[4]));
    }
    for length in 1..40 {
        let key = BASE64.encode(vec![7; length]);
        forged.push(format!("{}.{key}.{}.{}.{}", parts[0], parts[2], parts[3], parts[4]));
    }
    for length in (0..parts[3].len()).step_by(7) {
        forged.push(format!("{}..{}.{}.{}", parts[0], parts[2], &parts[3][..length], parts[4]));
    }
    expect_no_trace(&app, &mine, &forged).await;
    expect_untouched(&app, &mine).await;
}

#[tokio::test]
async fn parts_of_two_challenges_make_no_third() {
    let (app, mine) = prepared().await;
    let other = sent(&app, HOME, "+79161112233").await;
    let (mine_parts, other_parts): (Vec<&str>, Vec<&str>) =
        (mine.challenge.split('.').collect(), other.challenge.split('.').collect());
    let mut forged = Vec::new();
    // Each way to take some parts from one and the rest from the other.
    for choice in 1_u32..15 {
        let pick =
            |bit: u32, part: usize| if choice >> bit & 1 == 1 { mine_parts[part] } else { other_parts[part] };
        forged.push(format!("{}..{}.{}.{}", pick(0, 0), pick(1, 2), pick(2, 3), pick(3, 4)));
    }
    expect_no_trace(&app, &mine, &forged).await;
    expect_no_trace(&app, &other, &forged).await;
    expect_untouched(&app, &mine).await;
}
