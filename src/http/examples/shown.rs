//! Bodies that tell more than the examples of their members do.

use serde_json::{Value, json};

use super::people::{
    ADA, ADAS_NEXT, CHALLENGE, CODE, DEVICE, DEVICE_NAME, FRIENDS_CODE, NEXT_REFRESH, OLD_PIN, PIN, REFRESH,
};

/// One example of a body. Readers see them by name, so the plain one has the first in the alphabet.
pub struct Shown {
    pub name: &'static str,
    pub summary: &'static str,
    pub body: Value,
}

fn shown(name: &'static str, summary: &'static str, body: Value) -> Shown {
    Shown { name, summary, body }
}

/// What may be sent to `operation`; nothing: its members say it all.
pub fn requests(operation: &str) -> Vec<Shown> {
    match operation {
        "request_code" => vec![
            shown("number", "A number and nothing else", json!({"phone": ADA})),
            shown(
                "number-and-device",
                "On a device that somebody was logged in on before",
                json!({"phone": ADA, "device_token": DEVICE}),
            ),
            shown(
                "number-and-invite",
                "With the invite code of a friend, and the message in English",
                json!({"phone": ADA, "invite_code": FRIENDS_CODE, "locale": "en"}),
            ),
        ],
        "verify_code" => {
            let code = json!({"challenge_token": CHALLENGE, "code": CODE, "device_name": DEVICE_NAME});
            let pin = with(&code, &json!({"pin": PIN}));
            let cookie = with(&code, &json!({"refresh_token_in": "cookie"}));
            vec![
                shown("code", "The code of the message", code),
                shown("code-and-pin", "Once more after pin-required", pin),
                shown("cookie", "From a page, which wants the refresh token in a cookie", cookie),
            ]
        }
        "refresh_tokens" => {
            vec![
                shown("body", "The token itself", json!({"refresh_token": REFRESH})),
                shown(
                    "cookie",
                    "From a page, whose token is in the cookie",
                    json!({"refresh_token_in": "cookie"}),
                ),
            ]
        }
        "log_out" => vec![
            shown("current", "Only here", json!({"scope": "this"})),
            shown("everywhere", "Everywhere", json!({"scope": "all"})),
            shown("others", "Everywhere but here", json!({"scope": "others"})),
        ],
        "change_profile" => vec![
            shown("change", "Change one member", json!({"email": "ada@example.com"})),
            shown("clear", "Clear one", json!({"email": null})),
        ],
        "change_phone" => vec![
            shown("number", "Within ten minutes of the login", json!({"phone": ADAS_NEXT})),
            shown("number-and-pin", "Later, with the PIN", json!({"phone": ADAS_NEXT, "pin": PIN})),
        ],
        "set_pin" => vec![
            shown("first", "The first PIN", json!({"pin": PIN})),
            shown("replace", "Another PIN", json!({"pin": PIN, "current_pin": OLD_PIN})),
        ],
        _ => Vec::new(),
    }
}

/// What `operation` answers with 200; nothing: its members say it all. `made`
/// makes the example of a schema from those of its members.
pub fn answers(operation: &str, made: &dyn Fn(&str) -> Value) -> Vec<Shown> {
    match operation {
        "request_code" => vec![
            shown("four-digits", "As a rule", made("CodeRequested")),
            shown(
                "longer-code",
                "While codes of this number are being guessed at",
                with(&made("CodeRequested"), &json!({"code_length": 6})),
            ),
        ],
        "verify_code" => vec![
            shown("first-login", "The first login, with an invite code", first_login(made)),
            shown(
                "later-login",
                "Any later login",
                with(&made("LoginAnswer"), &json!({"is_new_user": false, "refresh_token": REFRESH})),
            ),
        ],
        "refresh_tokens" => vec![
            shown("body", "The new pair", with(&made("TokenPair"), &json!({"refresh_token": NEXT_REFRESH}))),
            shown("cookie", "The new refresh token is in the cookie", made("TokenPair")),
        ],
        "get_profile" => vec![
            shown("complete", "An account in use", made("Profile")),
            shown("new", "Right after the first login", newcomer(made)),
        ],
        "verify_phone" => {
            let changed =
                with(&made("Profile"), &json!({"phone": ADAS_NEXT, "updated_at": "2026-11-24T17:05:12Z"}));
            vec![shown("changed", "The account with its new number", changed)]
        }
        "export_account" => vec![shown("account", "An account in use", export(made))],
        _ => Vec::new(),
    }
}

/// Ada as she was when the account was made.
fn newcomer(made: &dyn Fn(&str) -> Value) -> Value {
    with(
        &made("Profile"),
        &json!({
            "email": null, "first_name": null, "last_name": null, "full_name": null, "avatar_url": null,
            "invited_users": [], "invited_users_count": 0, "has_pin": false, "updated_at": "2026-11-21T08:15:00Z",
        }),
    )
}

fn first_login(made: &dyn Fn(&str) -> Value) -> Value {
    with(
        &made("LoginAnswer"),
        &json!({
            "is_new_user": true, "refresh_token": REFRESH, "referral": "activated", "user": newcomer(made),
        }),
    )
}

/// With the browser that Ada logged in by on the 22nd.
fn export(made: &dyn Fn(&str) -> Value) -> Value {
    let laptop = with(
        &made("ExportedSession"),
        &json!({
            "id": "01a204bc-9ec0-7b18-b3d4-51a7e2c9f086", "device_name": null,
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "ip_prefix": "198.51.100.0/24", "created_at": "2026-11-22T19:30:00Z",
            "last_used_at": "2026-11-23T21:14:00Z", "current": false, "refreshed_at": "2026-11-23T21:14:00Z",
            "replayed_at": [], "expires_at": "2026-12-23T21:14:00Z", "ends_at": "2027-02-20T19:30:00Z",
        }),
    );
    let browser = with(
        &made("ExportedDevice"),
        &json!({
            "id": "01a204bc-9ec0-7d52-9a17-c8e64f0b2d35", "session_id": "01a204bc-9ec0-7b18-b3d4-51a7e2c9f086",
            "created_at": "2026-11-22T19:30:00Z", "trusted_until": "2027-05-21T19:30:00Z",
            "last_code_sent_at": null, "codes_given_back_at": [],
        }),
    );
    with(
        &made("Export"),
        &json!({
            "sessions": [laptop, made("ExportedSession")],
            "trusted_devices": [browser, made("ExportedDevice")],
        }),
    )
}

/// `body` with some members of another value, or more members.
fn with(body: &Value, members: &Value) -> Value {
    let both = [body, members].into_iter().filter_map(Value::as_object).flatten();
    both.map(|(name, value)| (name.clone(), value.clone())).collect()
}
