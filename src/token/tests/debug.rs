use std::error::Error;

use super::*;

/// Everything this room gives out, printed.
fn printed() -> (Vec<String>, Vec<String>) {
    let (phone, code, invite) = (phone("+79991234567"), code("735190"), InviteCode::random());
    let new = NewChallenge {
        purpose: Purpose::Login,
        phone: &phone,
        code: &code,
        invite_code: Some(&invite),
        device: None,
    };
    let sealed = tokens().seal_challenge(new, noon()).unwrap();
    let opened = tokens().open_challenge(&sealed.token, noon()).unwrap();
    let access = tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    let refresh = tokens().issue_refresh(session(), 0, noon() + seconds(60)).unwrap();
    let key = new_key();
    let stored = tokens().seal_signing_key(&key).unwrap();
    let (private, _) = hand::unseal(&stored.sealed, "phone-auth/signing-key/");
    let not_ours = tokens_of(OTHER_SECRET).open_signing_key(&stored).unwrap_err();
    let printed = vec![
        format!("{:#?}", settings(SECRET)),
        format!("{:#?}", tokens()),
        format!("{sealed:#?}"),
        format!("{opened:#?}"),
        format!("{key:#?}"),
        format!("{stored:#?}"),
        format!("{:#?}", tokens().verify_access(&access, noon())),
        format!("{:#?}", tokens().verify_refresh(&refresh, noon())),
        format!("{:#?} {}", tokens().open_challenge(&access, noon()).unwrap_err(), InvalidToken),
        format!("{not_ours:#?} {not_ours}"),
    ];
    let private = private["d"].as_str().unwrap().to_owned();
    let secrets = vec![
        SECRET.to_owned(),
        phone.as_str()[1..].to_owned(),
        code.expose().to_owned(),
        invite.as_str().to_owned(),
        sealed.token[sealed.token.len() - 20..].to_owned(),
        stored.sealed[stored.sealed.len() - 20..].to_owned(),
        access[access.len() - 20..].to_owned(),
        refresh[refresh.len() - 20..].to_owned(),
        format!("{:?}", hand::bytes(&private)),
        private,
    ];
    (printed, secrets)
}

#[test]
fn nothing_prints_a_secret_a_phone_a_code_or_a_token() {
    let (printed, secrets) = printed();
    for text in printed {
        for secret in &secrets {
            assert!(!text.contains(secret), "{text}");
        }
        // Nor does anything print raw bytes, keys among them.
        assert!(!text.contains("[\n"), "{text}");
    }
}

#[test]
fn what_is_not_valid_is_one_answer_without_a_reason() {
    let tokens = tokens();
    let expired =
        tokens.open_challenge(&challenge_at(tokens, noon()).token, noon() + seconds(900)).unwrap_err();
    let forged = tokens.open_challenge("a.b.c.d.e", noon()).unwrap_err();
    let empty = tokens.verify_access("", noon()).unwrap_err();
    let foreign = tokens.verify_refresh("a.b.c", noon()).unwrap_err();
    for error in [expired, forged, empty, foreign] {
        assert_eq!((error.to_string().as_str(), error.source().is_none()), ("the token is not valid", true));
    }
}
