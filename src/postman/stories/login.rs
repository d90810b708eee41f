//! From a phone number to a profile, and out again.

use serde_json::json;

use super::{Story, inbox};
use crate::postman::{script, step::ask};

pub(super) fn story() -> Story {
    Story {
        name: "Log in",
        description: "From a phone number to a profile, and out again.",
        steps: vec![
            ask("ready")
                .named("The service is ready", "A run begins here: with nobody logged in.")
                .after(script::BEGIN),
            ask("request_code")
                .named("Ask for a code", "The answer is the challenge that belongs to the code.")
                .json(json!({"phone": "{{phone}}", "locale": "en"}))
                .after(script::KEEP_CHALLENGE),
            inbox("{{phone}}"),
            ask("verify_code")
                .named("Enter the code", "The first login makes the account. Its tokens go into the variables.")
                .json(json!({
                    "challenge_token": "{{challengeToken}}", "code": "{{code}}", "device_name": "Postman",
                }))
                .after(script::KEEP_LOGIN)
                .after(script::IS_NEW),
            ask("get_profile")
                .named("Read the profile", "With the access token.")
                .after(script::IS_MY_PROFILE),
            ask("refresh_tokens")
                .named("Trade the refresh token", "For a new pair. The one that was traded is used up.")
                .json(json!({"refresh_token": "{{refreshToken}}"}))
                .after(script::KEEP_PAIR),
            ask("refresh_tokens")
                .named(
                    "Trade it once more",
                    "As a client does whose answer was lost: for half a minute the used token gives the same one.",
                )
                .json(json!({"refresh_token": "{{usedRefreshToken}}"}))
                .after(script::IS_SAME_PAIR),
            ask("log_out").named("Log out", "This session ends, and with it the trust in its device.").json(json!({})),
            ask("get_profile")
                .named("The access token is good for nothing now", "A logout holds at once.")
                .fails(401, "unauthenticated")
                .after(script::ASKS_FOR_A_TOKEN),
            ask("refresh_tokens")
                .named("And so is the refresh token", "Somebody else plays on, so the number is forgotten.")
                .json(json!({"refresh_token": "{{refreshToken}}"}))
                .fails(401, "invalid-refresh-token")
                .after(
                    r#"
// A code that this person has for others to enter.
pm.collectionVariables.set("inviteCode", pm.variables.get("ownInviteCode"));
pm.collectionVariables.set("phone", "");
"#,
                ),
        ],
    }
}
