//! Two people: one shares an invite code, the other gives it at the first login.

use serde_json::json;

use super::{Story, inbox};
use crate::postman::{script, step::ask};

pub(super) fn story() -> Story {
    let invitation = "Two people: one shares an invite code, the other gives it at the first login. A code can be \
                      activated once, and the choice is final.";
    let activate = |code: &'static str| ask("activate_invite").json(json!({"invite_code": code}));
    Story {
        name: "An invite between two users",
        description: invitation,
        steps: vec![
            ask("request_code")
                .named("The first one asks for a code", "")
                .json(json!({"phone": "{{phone}}"}))
                .after(script::KEEP_CHALLENGE),
            inbox("{{phone}}"),
            ask("verify_code")
                .named(
                    "The first one logs in",
                    "The profile has the invite code that belongs to this person.",
                )
                .json(json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}"}))
                .after(script::KEEP_LOGIN)
                .after(script::IS_NEW),
            ask("get_referral").named("The code, and a link to share", "").after(
                r#"
pm.test("the link carries the code", () => {
    const { invite_code, invite_url } = pm.response.json();
    pm.expect(invite_code).to.eql(pm.variables.get("ownInviteCode"));
    pm.expect(invite_url).to.match(new RegExp("/i/" + invite_code + "$"));
});
"#,
            ),
            ask("request_code")
                .named(
                    "The second one asks for a code, and was invited",
                    "The invite code travels in the challenge.",
                )
                .json(json!({"phone": "{{invitedPhone}}", "invite_code": "{{ownInviteCode}}"}))
                .after(script::KEEP_CHALLENGE),
            inbox("{{invitedPhone}}"),
            ask("verify_code")
                .named("The second one logs in", "The first login activates the invite code.")
                .json(json!({"challenge_token": "{{challengeToken}}", "code": "{{code}}"}))
                .after(script::KEEP_GUEST),
            ask("get_profile")
                .named("The second one's profile shows who invited", "")
                .by("invitedAccessToken")
                .after(
                    r#"
pm.test("the profile names the code and the number of who invited", () => {
    const { activated_invite_code, invited_by_phone } = pm.response.json();
    pm.expect(activated_invite_code).to.eql(pm.variables.get("ownInviteCode"));
    pm.expect(invited_by_phone.slice(-4)).to.eql(pm.variables.get("phone").slice(-4));
});
"#,
                ),
            ask("get_profile").named("The first one's profile shows who was invited", "").after(
                r#"
pm.test("the profile lists who was invited", () => {
    const { invited_users, invited_users_count } = pm.response.json();
    pm.expect(invited_users_count).to.eql(1);
    pm.expect(invited_users).to.have.lengthOf(1);
    pm.expect(invited_users[0].slice(-4)).to.eql(pm.variables.get("invitedPhone").slice(-4));
});
"#,
            ),
            ask("list_invited").named("The list of those who were invited", "").with("limit", "20").after(
                r#"
pm.test("one page has all of them", () => {
    pm.expect(pm.response.json().items).to.have.lengthOf(1);
    pm.expect(pm.response.json().next_cursor).to.be.null;
});
"#,
            ),
            activate("{{ownInviteCode}}")
                .named("The same code again changes nothing", "A repeated request is no failure.")
                .by("invitedAccessToken"),
            activate("{{inviteCode}}")
                .named("Another code", "It is somebody's, but one was activated before.")
                .by("invitedAccessToken")
                .fails(409, "invite-already-activated")
                .after(
                    r#"
pm.test("the failure names the code that counts", () => {
    pm.expect(pm.response.json().activated_invite_code).to.eql(pm.variables.get("ownInviteCode"));
});
"#,
                ),
            activate("{{ownInviteCode}}").named("One's own code", "").fails(409, "own-invite-code"),
            activate("{{invitedInviteCode}}")
                .named("The code of somebody one invited", "Nobody can come to be invited by themselves.")
                .fails(409, "invite-cycle"),
            activate("ZZZZZZ").named("Nobody's code", "").fails(404, "unknown-invite-code"),
        ],
    }
}
