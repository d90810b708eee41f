//! Folders that are played from top to bottom: logins, an invite, a profile, failures.
//!
//! Who plays is in the variables. A run begins with one person, who logs in
//! and out again; then there are two: one is *logged in* (`phone`,
//! `accessToken`), the other one was *invited* (`invitedPhone`,
//! `invitedAccessToken`) and takes over when the first one's login has ended.
//! Together with two changes of number that is five numbers and five codes for
//! strangers, as many as one network may ask for at once (`docs/SECURITY.md`);
//! every further code is asked for with a device token.

mod account;
mod browser;
mod failures;
mod invite;
mod login;

use serde_json::json;

use super::{
    script,
    step::{Step, ask},
};

/// Requests that are played in order.
pub(super) struct Story {
    pub name: &'static str,
    pub description: &'static str,
    pub steps: Vec<Step>,
}

/// All stories, in the order in which they are played.
pub(super) fn all() -> [Story; 5] {
    [login::story(), invite::story(), account::story(), browser::story(), failures::story()]
}

fn on_this_device() -> Step {
    ask("request_code")
        .json(json!({"phone": "{{phone}}", "device_token": "{{deviceToken}}"}))
        .after(script::KEEP_CHALLENGE)
}

fn inbox(phone: &'static str) -> Step {
    let why =
        "With the simulated sender only. With any other, look at the phone and set the variable `code`.";
    ask("read_inbox")
        .named("Read the message", why)
        .with("phone", phone)
        .or_status(404)
        .after(script::KEEP_CODE)
}

/// A picture of 33 by 33 points: a WebP without loss whose bytes are all ASCII, for bodies are texts here.
pub(super) fn avatar(step: Step) -> Step {
    step.text("image/webp", "RIFF\u{18}\0\0\0WEBPVP8L\u{b}\0\0\0/ \0\u{8}\0(\\\u{1}\n\u{10}\u{1}\0")
}
