//! What people may change of their account: the profile, the PIN, the number.

use serde_json::json;

use super::{Story, avatar, inbox, on_this_device};
use crate::postman::{
    script,
    step::{Step, ask},
};

pub(super) fn story() -> Story {
    let mut steps = vec![
        ask("get_profile").named("Read the profile", "Its version is in ETag.").after(script::KEEP_ETAG),
        ask("replace_profile")
            .named("Write all of it", "But only if nobody wrote since it was read.")
            .with("If-Match", "{{etag}}")
            .json(json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}))
            .after(
                r#"
pm.test("the profile has the name", () => pm.expect(pm.response.json().full_name).to.eql("Ada Lovelace"));
"#,
            ),
        ask("change_profile")
            .named("Write what has changed meanwhile", "The version is the one before.")
            .with("If-Match", "{{etag}}")
            .json(json!({"first_name": "Augusta"}))
            .fails(412, "profile-changed"),
        ask("change_profile")
            .named("Change one member", "A JSON Merge Patch (RFC 7396): null removes, what is absent stays.")
            .text("application/merge-patch+json", "{\"email\": null}")
            .after(
                r#"
pm.test("the address is gone, the name is not", () => {
    pm.expect(pm.response.json().email).to.be.null;
    pm.expect(pm.response.json().first_name).to.eql("Ada");
});
"#,
            ),
        ask("change_profile")
            .named("An address that is none", "")
            .json(json!({"email": "nowhere"}))
            .fails(422, "invalid-request"),
        avatar(ask("set_avatar"))
            .named("Set a picture", "A small one: WebP, and short enough to be a text.")
            .after(script::KEEP_AVATAR),
        ask("show_avatar")
            .named("Show the picture", "To everybody who has the address.")
            .with("hash", "{{avatarHash}}"),
        ask("set_avatar")
            .named("A picture that is none", "")
            .text("image/png", "not a picture")
            .fails(422, "invalid-image"),
    ];
    steps.extend(pin());
    steps.extend(number());
    Story { name: "Profile, PIN and number", description: "What people may change of their account.", steps }
}

fn pin() -> Vec<Step> {
    let enter = |pin: &'static str| {
        let body = json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}", "pin": pin});
        ask("verify_code").json(body)
    };
    vec![
        ask("set_pin")
            .named("Set a PIN", "From now on a login needs it as well as the code.")
            .json(json!({"pin": "{{pin}}"})),
        on_this_device()
            .named("Log in again, on the same device", "The device token gives it a lane of its own."),
        inbox("{{phone}}"),
        ask("verify_code")
            .named("The code alone is not enough", "It was right, and the challenge is as good as before.")
            .json(json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}"}))
            .fails(401, "pin-required"),
        enter("0000")
            .named("A wrong PIN", "The challenge stays good; wrong PINs have a limit of their own.")
            .fails(401, "invalid-pin"),
        enter("{{pin}}").named("Code and PIN", "").after(script::KEEP_LOGIN).after(script::IS_NOT_NEW).after(
            r#"
pm.test("the account has a PIN", () => pm.expect(pm.response.json().user.has_pin).to.be.true);
"#,
        ),
        ask("remove_pin").named("Remove the PIN", "").json(json!({"current_pin": "{{pin}}"})),
    ]
}

fn number() -> Vec<Step> {
    vec![
        ask("change_phone")
            .named("Change the number", "The code goes to the new one.")
            .json(json!({"phone": "{{newPhone}}"}))
            .after(script::KEEP_CHALLENGE),
        inbox("{{newPhone}}"),
        ask("verify_phone")
            .named("Enter its code", "The account has the new number.")
            .json(json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}"}))
            .after(script::KEEP_NEW_PHONE),
        ask("get_profile").named("The profile shows it", "").after(script::IS_MY_PROFILE),
    ]
}
