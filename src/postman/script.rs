//! The scripts of the collection, in the language of Postman.

use serde_json::{Value, json};

use super::document::Answer;

/// Before each request: numbers to play with, if nobody has set any, and none that is a stranger's.
pub(super) const BEFORE_EACH: &str = r#"
// Numbers to play with, drawn where messages go to an inbox and to nobody's phone.
// To use numbers of your own, set these variables in an environment.
const numbers = ["phone", "invitedPhone", "newPhone"];
const service = pm.variables.get("baseUrl");
const drawnFor = pm.collectionVariables.get("drawnFor");
if (drawnFor && drawnFor !== service) {
    // Apps keep variables from run to run. Numbers, codes and tokens of another service are nothing for this one.
    for (const name of Object.keys(pm.collectionVariables.toObject())) {
        if (!["baseUrl", "pin"].includes(name)) pm.collectionVariables.set(name, "");
    }
}
const missing = numbers.filter((name) => !pm.variables.get(name));
const drawn = numbers.filter((name) => (
    missing.includes(name) || (drawnFor && pm.variables.get(name) === pm.collectionVariables.get(name))
));
const asksForCode = pm.request.method === "POST" && /\/phone$/.test(pm.request.url.getPath());
const text = JSON.stringify(pm.request);
const called = asksForCode ? drawn.filter((name) => text.includes("{{" + name + "}}")) : [];
if (missing.length > 0 || called.length > 0) {
    pm.sendRequest(service + "/dev/inbox?phone=%2B79990000001", (error, answer) => {
        if (!error && answer.code === 200) {
            for (const name of missing) {
                const digits = String(Math.floor(Math.random() * 1e7)).padStart(7, "0");
                pm.collectionVariables.set(name, "+7999" + digits);
                pm.collectionVariables.set("drawnFor", service);
            }
        } else if (called.length > 0) {
            for (const name of drawn) pm.collectionVariables.set(name, "");
            pm.test("no code goes to a stranger", () => {
                throw new Error("This service has no inbox, so no number is drawn. Set " + called.join(" and ") +
                    " in an environment, to a number of yours.");
            });
            pm.execution.setNextRequest(null);
            pm.execution.skipRequest();
        }
    });
}
"#;

/// With each answer: what holds for all of them.
pub(super) const AFTER_EACH: &str = r#"
const address = pm.request.url.getPath();
pm.test("caches are told what to do", () => {
    const told = pm.response.headers.get("Cache-Control");
    const isPersonal = pm.response.code >= 400 || /\/(api|dev)\//.test(address);
    if (isPersonal) {
        pm.expect(told).to.eql("no-store");
    } else {
        pm.expect(told).to.be.a("string").and.not.empty;
    }
});
if (pm.response.code >= 400) {
    pm.test("the failure is a problem document (RFC 9457)", () => {
        pm.expect(pm.response.headers.get("Content-Type")).to.eql("application/problem+json");
        const problem = pm.response.json();
        pm.expect(problem).to.include.all.keys("type", "title", "status", "detail", "code", "trace_id");
        pm.expect(problem.status).to.eql(pm.response.code);
        pm.expect(problem.type).to.eql("/problems/" + problem.code);
    });
}
"#;

/// A run begins with nobody logged in.
pub(super) const BEGIN: &str = r#"
// What an earlier run left is of no use to this one.
for (const name of Object.keys(pm.collectionVariables.toObject())) {
    if (!["baseUrl", "pin", "code"].includes(name)) pm.collectionVariables.set(name, "");
}
"#;

pub(super) const KEEP_CHALLENGE: &str = r#"
const { challenge_token, code_length, expires_in, resend_in } = pm.response.json();
pm.test("the challenge says how long its code is and how long it is good", () => {
    pm.expect(code_length).to.be.within(4, 10);
    pm.expect(expires_in).to.be.above(0);
    pm.expect(resend_in).to.be.above(0);
});
pm.collectionVariables.set("challengeToken", challenge_token);
"#;

/// With the answer of the inbox.
pub(super) const KEEP_CODE: &str = r#"
if (pm.response.code === 404) {
    console.info("This service has no inbox. Set the variable code to what the phone shows.");
} else {
    const [newest] = pm.response.json().messages;
    pm.test("the message has the code", () => pm.expect(newest.text).to.include(newest.code));
    pm.collectionVariables.set("code", newest.code);
}
"#;

/// Before a code is entered, where no request to the inbox goes before.
pub(super) fn fetch_code(phone: &str) -> String {
    const FETCH: &str = r#"
// Where there is no inbox, set the variable code to what the phone shows.
const inbox = pm.variables.get("baseUrl") + "/dev/inbox?phone=" + encodeURIComponent(pm.variables.get("PHONE"));
pm.sendRequest(inbox, (error, answer) => {
    if (!error && answer.code === 200 && answer.json().messages.length > 0) {
        pm.collectionVariables.set("code", answer.json().messages[0].code);
    }
});
"#;
    FETCH.replace("PHONE", phone)
}

/// Before a wrong code is entered.
pub(super) const SPOIL_CODE: &str = r#"
// The right code with another last digit.
const code = pm.variables.get("code");
pm.collectionVariables.set("wrongCode", code.slice(0, -1) + ((Number(code.slice(-1)) + 1) % 10));
"#;

pub(super) const KEEP_LOGIN: &str = r#"
const login = pm.response.json();
pm.test("the login gives tokens and the profile", () => {
    pm.expect(login.token_type).to.eql("Bearer");
    pm.expect(login.refresh_token).to.be.a("string");
    pm.expect(login.expires_in).to.be.above(0);
    pm.expect(login.user.phone).to.eql(pm.variables.get("phone"));
});
pm.collectionVariables.set("accessToken", login.access_token);
pm.collectionVariables.set("refreshToken", login.refresh_token);
pm.collectionVariables.set("deviceToken", login.device_token);
pm.collectionVariables.set("ownInviteCode", login.user.invite_code);
"#;

pub(super) const IS_NEW: &str = r#"
pm.test("the account is new", () => pm.expect(pm.response.json().is_new_user).to.be.true);
"#;

pub(super) const IS_NOT_NEW: &str = r#"
pm.test("the account was there", () => pm.expect(pm.response.json().is_new_user).to.be.false);
"#;

pub(super) const KEEP_GUEST: &str = r#"
const login = pm.response.json();
pm.test("the login activates the invite code", () => {
    pm.expect(login.is_new_user).to.be.true;
    pm.expect(login.referral).to.eql("activated");
    pm.expect(login.user.activated_invite_code).to.eql(pm.variables.get("ownInviteCode"));
});
pm.collectionVariables.set("invitedAccessToken", login.access_token);
pm.collectionVariables.set("invitedRefreshToken", login.refresh_token);
pm.collectionVariables.set("invitedDeviceToken", login.device_token);
pm.collectionVariables.set("invitedInviteCode", login.user.invite_code);
"#;

pub(super) const KEEP_PAIR: &str = r#"
const pair = pm.response.json();
pm.test("the refresh token is another", () => {
    pm.expect(pair.refresh_token).to.be.a("string");
    pm.expect(pair.refresh_token).to.not.eql(pm.variables.get("refreshToken"));
});
pm.collectionVariables.set("usedRefreshToken", pm.variables.get("refreshToken"));
pm.collectionVariables.set("accessToken", pair.access_token);
pm.collectionVariables.set("refreshToken", pair.refresh_token);
"#;

pub(super) const IS_SAME_PAIR: &str = r#"
pm.test("the successor is the one that was given before", () => {
    pm.expect(pm.response.json().refresh_token).to.eql(pm.variables.get("refreshToken"));
});
"#;

pub(super) const ASKS_FOR_A_TOKEN: &str = r#"
pm.test("the answer says how to authenticate", () => {
    pm.expect(pm.response.headers.get("WWW-Authenticate")).to.match(/^Bearer/);
});
"#;

pub(super) const KEEP_ETAG: &str = r#"
pm.test("the answer has a version", () => pm.expect(pm.response.headers.get("ETag")).to.match(/^".+"$/));
pm.collectionVariables.set("etag", pm.response.headers.get("ETag"));
"#;

pub(super) const IS_MY_PROFILE: &str = r#"
pm.test("the profile is of who asks", () => {
    pm.expect(pm.response.json().phone).to.eql(pm.variables.get("phone"));
    pm.expect(pm.response.json().invite_code).to.eql(pm.variables.get("ownInviteCode"));
});
"#;

/// With the answer that shows the profile with a picture.
pub(super) const KEEP_AVATAR: &str = r#"
const avatar = pm.response.json().avatar_url;
pm.test("the profile has a picture", () => pm.expect(avatar).to.match(/\/avatars\/[^/]+$/));
pm.collectionVariables.set("avatarHash", avatar.split("/").pop());
"#;

pub(super) const KEEP_SESSION: &str = r#"
const sessions = pm.response.json().items;
const current = sessions.find((session) => session.current);
pm.test("one of the sessions is the one that asks", () => pm.expect(current).to.be.an("object"));
// The one that the next request ends: another one, if there is any.
pm.collectionVariables.set("currentSessionId", current.id);
pm.collectionVariables.set("sessionId", (sessions.find((session) => !session.current) || current).id);
"#;

/// With the answer that ended the session.
pub(super) const GO_ON_AS_GUEST: &str = r#"
const ended = pm.variables.get("sessionId") === pm.variables.get("currentSessionId");
if (ended && pm.variables.get("invitedAccessToken")) {
    // Nobody is logged in any more: the one who was invited takes over.
    pm.collectionVariables.set("phone", pm.variables.get("invitedPhone"));
    pm.collectionVariables.set("accessToken", pm.variables.get("invitedAccessToken"));
    pm.collectionVariables.set("refreshToken", pm.variables.get("invitedRefreshToken"));
    pm.collectionVariables.set("deviceToken", pm.variables.get("invitedDeviceToken"));
    pm.collectionVariables.set("ownInviteCode", pm.variables.get("invitedInviteCode"));
}
"#;

pub(super) const KEEP_NEW_PHONE: &str = r#"
pm.test("the account has the new number", () => {
    pm.expect(pm.response.json().phone).to.eql(pm.variables.get("newPhone"));
});
// The next change is to yet another number.
pm.collectionVariables.set("phone", pm.variables.get("newPhone"));
pm.collectionVariables.set("newPhone", "");
"#;

/// With the answer that deleted the account.
pub(super) const FORGET: &str = r#"
for (const name of ["phone", "accessToken", "refreshToken", "deviceToken", "ownInviteCode"]) {
    pm.collectionVariables.set(name, "");
}
"#;

/// What an answer without a failure is held to.
pub(super) fn is_success(answer: &Answer<'_>) -> String {
    let Answer { status, required, .. } = answer;
    let status_line =
        format!("pm.test(\"the status is {status}\", () => pm.response.to.have.status({status}));\n");
    let body = match answer.media_type {
        None => {
            "pm.test(\"there is no body\", () => pm.expect(pm.response.text()).to.eql(\"\"));\n".to_owned()
        }
        Some(media_type) => format!(
            "pm.test(\"the body is {media_type}\", () => {{\n    \
             pm.expect(pm.response.headers.get(\"Content-Type\").split(\";\")[0]).to.eql(\"{media_type}\");\n}});\n"
        ),
    };
    let members = if required.is_empty() {
        String::new()
    } else {
        format!(
            "pm.test(\"the body has what the document promises\", () => {{\n    \
             pm.expect(pm.response.json()).to.include.all.keys({});\n}});\n",
            json!(required)
        )
    };
    format!("{status_line}{body}{members}")
}

/// The same, where a service may also be without the operation.
pub(super) fn is_success_or(answer: &Answer<'_>, other: u16) -> String {
    let success = is_success(answer);
    let success = format!("    {}\n", success.trim_end().replace('\n', "\n    "));
    format!(
        "if (pm.response.code === {other}) {{\n    \
         pm.test(\"the service does without\", () => pm.response.to.have.status({other}));\n}} else {{\n{success}}}\n"
    )
}

/// What a failure is held to, beside what holds for all.
pub(super) fn is_problem(status: u16, code: &str) -> String {
    format!(
        "pm.test(\"the status is {status}, the code {code}\", () => {{\n    \
         pm.response.to.have.status({status});\n    \
         pm.expect(pm.response.json().code).to.eql(\"{code}\");\n}});\n"
    )
}

/// Scripts as the collection has them, one after the other; no two that come together declare the same name.
pub(super) fn event<'a>(
    when: &str,
    scripts: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
) -> Value {
    let mut lines: Vec<&str> = Vec::new();
    for script in scripts.into_iter().map(AsRef::as_ref) {
        if !lines.is_empty() && !script.is_empty() {
            lines.push("");
        }
        lines.extend(script.trim().lines());
    }
    json!({"listen": when, "script": {"type": "text/javascript", "exec": lines}})
}
