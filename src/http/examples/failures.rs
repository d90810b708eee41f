//! What the examples of failures say beyond their kind.

use crate::http::problem_kinds::ProblemKind;

/// The `detail` that `operation` really gives, where it is another than the meaning of the kind.
pub fn detail(kind: &ProblemKind, operation: &str) -> Option<&'static str> {
    Some(match kind.code {
        "invalid-json" => "Reading stopped at line 1, column 15.",
        "unsupported-media-type" => "`Content-Type` names a type that is not read here.",
        "invalid-image" => "The picture is damaged, cut off, or of a kind that is not read.",
        "invalid-request" => invalid_request(operation),
        _ => return None,
    })
}

/// One thing that can be wrong with a request for `operation`.
fn invalid_request(operation: &str) -> &'static str {
    match operation {
        "verify_code" | "verify_phone" => "code: must be a string of 4 to 10 digits.",
        "refresh_tokens" => "refresh_token: expected a string.",
        "log_out" => "scope: must be this, others or all.",
        "replace_profile" => "phone: cannot be written here; it is changed by POST /api/v1/profile/phone.",
        "change_profile" => "email: must be an e-mail address.",
        "change_phone" => "phone: is the number of this account already.",
        "set_pin" => "pin: must be a string of 4 to 12 digits.",
        "remove_pin" => "current_pin: must be a string of 4 to 12 digits.",
        "set_avatar" | "remove_avatar" | "delete_profile" => "If-Match: must be a list of entity tags or *.",
        "activate_invite" => "invite_code: must be six letters or digits.",
        "list_invited" => "limit: must be a number from 1 to 100.",
        "read_inbox" => "missing field `phone`.",
        _ => "phone: expected a string.",
    }
}

/// How long `operation` has clients wait whose limit is used up, in seconds.
pub fn seconds_to_wait(operation: &str) -> u32 {
    match operation {
        "verify_code" | "verify_phone" => 2,
        "set_pin" | "remove_pin" => 3_600,
        "set_avatar" => 300,
        "export_account" => 8_640,
        "activate_invite" => 4_320,
        _ => 30,
    }
}
