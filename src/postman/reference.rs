//! Folders like the tags of the document, with each of its operations.
//!
//! An operation that is not named here is asked as its example has it.

use serde_json::json;

use super::{
    document::Operation,
    script,
    step::{Step, ask},
    stories::avatar,
};

/// Operations that take something away that others need, in the order in which they are asked: they come last in their
/// folder, and a folder where somebody's login ends comes after all that are without.
const ENDINGS: [&str; 3] = ["remove_avatar", "end_session", "delete_profile"];

/// Where an operation, or its folder, has its place: the greater, the later.
pub(super) fn place(operation: &str) -> usize {
    ENDINGS.iter().position(|ending| *ending == operation).map_or(0, |place| place + 1)
}

/// How `operation` is asked in the folder of its tag.
pub(super) fn step(operation: &Operation<'_>) -> Step {
    match operation.id() {
        "request_code" => ask("request_code")
            .but(json!({"phone": "{{phone}}", "device_token": "{{deviceToken}}", "invite_code": null}))
            .after(script::KEEP_CHALLENGE),
        "verify_code" => ask("verify_code")
            .but(json!({
                "challenge_token": "{{challengeToken}}", "code": "{{code}}", "pin": null, "refresh_token_in": null,
            }))
            .before(script::fetch_code("phone"))
            .after(script::KEEP_LOGIN),
        "refresh_tokens" => ask("refresh_tokens")
            .but(json!({"refresh_token": "{{refreshToken}}", "refresh_token_in": null}))
            .after(script::KEEP_PAIR),
        // The others: this one is needed for what comes below.
        "log_out" => ask("log_out").but(json!({"scope": "others"})),
        "get_profile" => ask("get_profile").after(script::IS_MY_PROFILE).after(script::KEEP_ETAG),
        "change_phone" => ask("change_phone")
            .but(json!({"phone": "{{newPhone}}", "pin": null}))
            .after(script::KEEP_CHALLENGE),
        "verify_phone" => ask("verify_phone")
            .but(json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}"}))
            .before(script::fetch_code("newPhone"))
            .after(script::KEEP_NEW_PHONE),
        "set_pin" => ask("set_pin").but(json!({"pin": "{{pin}}", "current_pin": null})),
        "remove_pin" => ask("remove_pin").but(json!({"current_pin": "{{pin}}"})),
        "set_avatar" => avatar(ask("set_avatar")).after(script::KEEP_AVATAR),
        "show_avatar" => ask("show_avatar").with("hash", "{{avatarHash}}"),
        "delete_profile" => ask("delete_profile").after(script::FORGET),
        "list_sessions" => ask("list_sessions").after(script::KEEP_SESSION),
        "end_session" => ask("end_session").with("id", "{{sessionId}}").after(script::GO_ON_AS_GUEST),
        "show_invitation" => ask("show_invitation").with("invite_code", "{{ownInviteCode}}"),
        "activate_invite" => ask("activate_invite").but(json!({"invite_code": "{{inviteCode}}"})),
        "read_inbox" => ask("read_inbox").with("phone", "{{phone}}").or_status(404),
        _ => ask(""),
    }
}
