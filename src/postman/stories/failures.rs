//! What goes wrong, one failure after the other.

use serde_json::json;

use super::{Story, inbox, on_this_device};
use crate::postman::{
    script,
    step::{Step, ask},
};

pub(super) fn story() -> Story {
    let mut steps = wrong_codes();
    steps.extend(wrong_requests());
    steps.extend(wrong_addresses());
    Story {
        name: "What goes wrong",
        description: "Every failure is a problem document (RFC 9457); its code is stable, and its type is the address \
                      of a page that says what to do.",
        steps,
    }
}

fn wrong_codes() -> Vec<Step> {
    let enter = |code: &'static str| {
        ask("verify_code").json(json!({"challenge_token": "{{challengeToken}}", "code": code}))
    };
    vec![
        on_this_device().named("Ask for a code", ""),
        inbox("{{phone}}"),
        enter("{{wrongCode}}")
            .named("A wrong code", "It costs one of the attempts of this challenge.")
            .before(script::SPOIL_CODE)
            .fails(401, "invalid-code")
            .after(
                r#"
pm.test("attempts are left", () => pm.expect(pm.response.json().attempts_left).to.be.within(1, 2));
"#,
            ),
        enter("letters").named("No code at all", "It costs nothing.").fails(422, "invalid-request"),
        enter("{{code}}")
            .named("The right code", "A login gives back what was charged for the wrong one.")
            .after(script::KEEP_LOGIN)
            .after(script::IS_NOT_NEW),
        enter("{{code}}")
            .named("The same challenge again", "It is good for one login.")
            .fails(401, "invalid-challenge"),
        ask("verify_code")
            .named("A forged challenge", "Why a challenge cannot be used is not told.")
            .json(json!({"challenge_token": "forged", "code": "0000"}))
            .fails(401, "invalid-challenge"),
        ask("refresh_tokens")
            .named("A forged refresh token", "")
            .json(json!({"refresh_token": "forged"}))
            .fails(401, "invalid-refresh-token"),
    ]
}

fn wrong_requests() -> Vec<Step> {
    vec![
        ask("request_code")
            .named("A number that is none", "")
            .json(json!({"phone": "12"}))
            .fails(422, "invalid-phone"),
        ask("request_code")
            .named("A body without what it needs", "")
            .json(json!({}))
            .fails(422, "invalid-request")
            .after(
                r#"
pm.test("the failure names what is missing", () => pm.expect(pm.response.json().detail).to.include("phone"));
"#,
            ),
        ask("request_code")
            .named("A member that nobody knows", "A misspelt member is told, not passed over.")
            .json(json!({"phone": "{{phone}}", "invite": "K7WQ2M"}))
            .fails(422, "invalid-request")
            .after(
                r#"
pm.test("the failure names the member", () => pm.expect(pm.response.json().detail).to.include("invite"));
"#,
            ),
        ask("request_code")
            .named("Not JSON", "")
            .text("application/json", "{\"phone\":")
            .fails(400, "invalid-json"),
        ask("request_code").named("No body", "").text("application/json", "").fails(400, "invalid-json"),
        ask("request_code")
            .named("No body, and no media type", "")
            .text("", "")
            .fails(415, "unsupported-media-type"),
        ask("request_code")
            .named("The wrong media type", "")
            .text("text/plain", "{\"phone\": \"{{phone}}\"}")
            .fails(415, "unsupported-media-type"),
        ask("request_code")
            .named("A body that is too large", "16 KiB are enough for everything but pictures.")
            .json(json!({"phone": "{{long}}"}))
            .before(r#"pm.variables.set("long", "9".repeat(17 * 1024));"#)
            .fails(413, "payload-too-large"),
    ]
}

fn wrong_addresses() -> Vec<Step> {
    vec![
        ask("get_profile")
            .named("No token", "")
            .by_nobody()
            .fails(401, "unauthenticated")
            .after(script::ASKS_FOR_A_TOKEN),
        ask("get_profile")
            .named("A token that is none", "")
            .by_nobody()
            .header("Authorization", "Bearer forged")
            .fails(401, "unauthenticated")
            .after(script::ASKS_FOR_A_TOKEN),
        ask("get_profile").named("An unknown address", "").at("get", "/api/v1/nothing").fails(404, "not-found"),
        ask("get_profile")
            .named("A method that the address does not know", "")
            .at("post", "/api/v1/profile")
            .fails(405, "method-not-allowed")
            .after(
                r#"
pm.test("Allow lists those it knows", () => {
    pm.expect(pm.response.headers.get("Allow").split(", ")).to.include.members(["GET", "PUT", "PATCH", "DELETE"]);
});
"#,
            ),
        ask("end_session")
            .named("A session of nobody", "")
            .with("id", "00000000-0000-0000-0000-000000000000")
            .fails(404, "not-found"),
        ask("list_invited").named("A page that is too long", "").with("limit", "101").fails(422, "invalid-request"),
    ]
}
