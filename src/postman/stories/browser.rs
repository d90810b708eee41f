//! The refresh token where no script of a page can read it.

use serde_json::json;

use super::{Story, inbox, on_this_device};
use crate::postman::{script, step::ask};

pub(super) fn story() -> Story {
    let foreign = "https://elsewhere.example";
    let in_cookie = json!({"refresh_token_in": "cookie"});
    Story {
        name: "In a browser: the refresh token in a cookie",
        description: "A web page need not keep the refresh token: the service puts it into a cookie that no script \
                      can read. Only pages of the service itself are served, so these requests have an Origin.",
        steps: vec![
            on_this_device().named("Ask for a code", ""),
            inbox("{{phone}}"),
            ask("verify_code")
                .named("Enter the code", "The answer has no refresh token: it is in the cookie.")
                .header("Origin", "{{baseUrl}}")
                .json(json!({
                    "challenge_token": "{{challengeToken}}", "code": "{{code}}", "refresh_token_in": "cookie",
                }))
                .after(
                    r#"
const login = pm.response.json();
pm.test("the refresh token is in a cookie and nowhere else", () => {
    pm.expect(login).to.not.have.property("refresh_token");
    pm.expect(pm.response.headers.get("Set-Cookie")).to.match(/phone_auth_refresh[_0-9]*=[^;]+;.*HttpOnly/);
});
pm.collectionVariables.set("accessToken", login.access_token);
pm.collectionVariables.set("deviceToken", login.device_token);
"#,
                ),
            ask("refresh_tokens")
                .named("Trade the cookie", "Its successor is in the cookie as well.")
                .header("Origin", "{{baseUrl}}")
                .json(in_cookie.clone())
                .after(
                    r#"
const pair = pm.response.json();
pm.test("the successor is in a cookie and nowhere else", () => {
    pm.expect(pair).to.not.have.property("refresh_token");
    pm.expect(pm.response.headers.get("Set-Cookie")).to.match(/phone_auth_refresh[_0-9]*=[^;]+;.*HttpOnly/);
});
pm.collectionVariables.set("accessToken", pair.access_token);
"#,
                ),
            ask("refresh_tokens")
                .named("A page of somebody else", "Browsers say where a request comes from.")
                .header("Origin", foreign)
                .json(in_cookie)
                .fails(403, "foreign-origin"),
            ask("get_profile").named("The session is as good as any", "").after(script::IS_MY_PROFILE),
        ],
    }
}
