//! What can be done to a token in compact form, with a name for each.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use serde_json::{Value, json};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The token with another part in one place.
fn with_part(token: &str, at: usize, part: &str) -> String {
    let mut parts: Vec<_> = token.split('.').collect();
    parts[at] = part;
    parts.join(".")
}

/// Each name with its text, none of which is `token`.
pub fn mutations(token: &str) -> Vec<(String, String)> {
    let mut all = [characters(token), spellings(token), parts(token), headers(token), claims(token)].concat();
    all.extend(no_tokens());
    all.retain(|(_, text)| text != token);
    assert!(all.len() > 70, "{}", all.len());
    all
}

/// One character of each part is another: its first, one in the middle, its last; or its last is the other of those
/// that stand for the same bytes.
fn characters(token: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (at, part) in token.split('.').enumerate().filter(|(_, part)| !part.is_empty()) {
        for place in [0, part.len() / 2, part.len() - 1] {
            let mut bent = part.to_owned();
            bent.replace_range(place..=place, if part.as_bytes()[place] == b'A' { "B" } else { "A" });
            all.push((format!("character {place} of part {at}"), with_part(token, at, &bent)));
        }
        if part.len() % 4 != 0 {
            let last = ALPHABET.iter().position(|letter| Some(letter) == part.as_bytes().last()).unwrap();
            let alike = char::from(ALPHABET[last ^ 1]);
            let bent = format!("{}{alike}", &part[..part.len() - 1]);
            all.push((format!("another spelling of part {at}"), with_part(token, at, &bent)));
        }
    }
    all
}

/// The same to a reader who is generous.
fn spellings(token: &str) -> Vec<(String, String)> {
    let middle = token.len() / 2;
    let (front, back) = token.split_at(middle);
    let named = [
        ("a character appended", format!("{token}A")),
        ("a full stop appended", format!("{token}.")),
        ("a full stop in front", format!(".{token}")),
        ("padding", format!("{token}=")),
        ("more padding", format!("{token}==")),
        ("a part appended", format!("{token}.AAAA")),
        ("the token twice", format!("{token}{token}")),
        ("the token twice, separated", format!("{token},{token}")),
        ("without its last character", token[..token.len() - 1].to_owned()),
        ("without its first character", token[1..].to_owned()),
        ("half of it", front.to_owned()),
        ("a space in front", format!(" {token}")),
        ("a space behind", format!("{token} ")),
        ("a space within", format!("{front} {back}")),
        ("a tab within", format!("{front}\t{back}")),
        ("a line break within", format!("{front}\n{back}")),
        ("a line break behind", format!("{token}\r\n")),
        ("NUL behind", format!("{token}\0")),
        ("a space of no width within", format!("{front}\u{200b}{back}")),
        ("quotation marks", format!("\"{token}\"")),
        ("percent encoding of the full stops", token.replace('.', "%2E")),
        ("percent encoding of the first character", format!("%{:02X}{}", token.as_bytes()[0], &token[1..])),
        ("base64url of it", BASE64.encode(token)),
        ("base64 of it", STANDARD.encode(token)),
        ("the alphabet of base64", token.replace('-', "+").replace('_', "/")),
        ("capitals", token.to_uppercase()),
        ("small letters", token.to_lowercase()),
        ("full width", token.replacen('e', "\u{ff45}", 1)),
        ("a prefix", format!("Bearer {token}")),
    ];
    named.map(|(name, text)| (name.to_owned(), text)).into()
}

/// Parts that are absent, twice, elsewhere.
fn parts(token: &str) -> Vec<(String, String)> {
    let parts: Vec<_> = token.split('.').collect();
    let mut all = vec![("its parts from the last to the first".to_owned(), {
        let mut turned = parts.clone();
        turned.reverse();
        turned.join(".")
    })];
    for at in 0..parts.len() {
        let mut fewer = parts.clone();
        fewer.remove(at);
        all.push((format!("without part {at}"), fewer.join(".")));
        all.push((format!("an empty part {at}"), with_part(token, at, "")));
        let twice = format!("{}.{}", parts[at], parts[at]);
        all.push((format!("part {at} twice"), with_part(token, at, &twice)));
    }
    all
}

/// Headers that ask for something else, with the signature or tag as it was and without.
fn headers(token: &str) -> Vec<(String, String)> {
    let (header, rest) = token.split_once('.').unwrap();
    let original: Value = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    let demands = [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("")),
        ("alg", json!("HS256")),
        ("alg", json!("HS512")),
        ("alg", json!("ES256")),
        ("alg", json!("RS256")),
        ("alg", json!("EdDSA")),
        ("alg", json!("dir")),
        ("alg", json!("A256GCMKW")),
        ("kid", json!("another")),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR true --")),
        ("kid", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!("rt+jwt")),
        ("typ", json!("otp+jwe")),
        ("crit", json!(["exp"])),
        ("jku", json!("https://example.com/keys")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("zip", json!("DEF")),
    ];
    let mut all = Vec::new();
    for (member, value) in demands {
        let mut changed = original.clone();
        changed[member].clone_from(&value);
        let header = BASE64.encode(changed.to_string());
        all.push((format!("{member} {value}"), format!("{header}.{rest}")));
        let unsigned = rest.rsplit_once('.').unwrap().0;
        all.push((format!("{member} {value}, unsigned"), format!("{header}.{unsigned}.")));
    }
    all
}

/// Other claims under the signature of these; nothing can be read of a token that is sealed.
fn claims(token: &str) -> Vec<(String, String)> {
    let payload = token.split('.').nth(1).unwrap();
    let Ok(Value::Object(claims)) = serde_json::from_slice(&BASE64.decode(payload).unwrap()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in &claims {
        let others = match value.as_i64() {
            Some(number) => {
                vec![json!(number + 1), json!(number - 1), json!(i64::MAX), json!(number.to_string())]
            }
            None => {
                vec![json!("019aa3c1-7e52-7d60-9d4b-2f6a0c1b8e11"), json!("*"), json!([value]), Value::Null]
            }
        };
        for other in others {
            let mut changed = claims.clone();
            changed.insert(name.clone(), other.clone());
            let payload = BASE64.encode(Value::Object(changed).to_string());
            all.push((format!("{name} {other}"), with_part(token, 1, &payload)));
        }
    }
    all
}

/// Texts that have nothing of a token.
fn no_tokens() -> Vec<(String, String)> {
    [
        "",
        ".",
        "..",
        "....",
        ".....",
        "null",
        "undefined",
        "{}",
        "[]",
        "true",
        "0",
        "'",
        "%00",
        "e30.e30.",
        "токен",
    ]
    .map(|text| (format!("{text:?}"), text.to_owned()))
    .into()
}
