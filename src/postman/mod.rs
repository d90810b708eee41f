//! A Postman collection (format 2.1.0), made of an `OpenAPI` document.
//!
//! It has two kinds of folders. `stories` play the API from top to bottom;
//! they name operations by their `operationId`, so one that is gone is an
//! error. `reference` has every operation, in folders like the tags. Each
//! request has tests, and all of them pass in one run on a service that
//! listens at `baseUrl`.

mod document;
mod forms;
mod reference;
mod script;
mod step;
mod stories;

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use self::{document::Document, stories::Story};

/// Why no collection could be made.
#[derive(Debug, thiserror::Error)]
pub enum PostmanError {
    /// The document holds a value that JSON cannot express.
    #[error("the API document is no JSON")]
    Document(#[source] serde_json::Error),
    /// A story is told of an operation that is gone, or has another name.
    #[error("the API document has no operation {0}, which a story of the collection asks for")]
    NoSuchOperation(&'static str),
}

/// What stands before the document's own introduction.
const PREFACE: &str = include_str!("collection.md");

/// What requests share. None has a value that would be secret: scripts set them when the collection is played.
const VARIABLES: [(&str, &str, &str); 24] = [
    ("baseUrl", "http://localhost:8080", "Where the service listens, without a slash at the end"),
    ("phone", "", "The number of who is logged in; drawn if empty"),
    ("invitedPhone", "", "The number of who is invited; drawn if empty"),
    ("newPhone", "", "The number that an account is changed to; drawn if empty"),
    ("drawnFor", "", "The baseUrl that the numbers were drawn for; at another one they are forgotten"),
    ("code", "", "The code of the last message: read from the inbox or, where there is none, set by you"),
    ("pin", "271828", "The PIN that is set and removed"),
    ("inviteCode", "", "A code to activate"),
    ("challengeToken", "", "The challenge of the last code"),
    ("accessToken", "", "Of who is logged in"),
    ("refreshToken", "", "Of who is logged in"),
    ("usedRefreshToken", "", "The one before"),
    ("deviceToken", "", "Of who is logged in"),
    ("ownInviteCode", "", "Of who is logged in"),
    ("invitedAccessToken", "", "Of who was invited"),
    ("invitedRefreshToken", "", "Of who was invited"),
    ("invitedDeviceToken", "", "Of who was invited"),
    ("invitedInviteCode", "", "Of who was invited"),
    ("etag", "", "The version of the profile that was read"),
    ("avatarHash", "", "What the address of the picture ends with"),
    ("sessionId", "", "The session to end"),
    ("currentSessionId", "", "The session that asked for the list"),
    ("wrongCode", "", "A code that was not sent"),
    ("long", "", "More than a body may have; set while it is sent"),
];

/// Makes the collection of `document`.
///
/// # Errors
///
/// [`PostmanError`] when the document does not have what the stories are told of.
pub fn collection(document: &OpenApi) -> Result<Value, PostmanError> {
    let document = Document(serde_json::to_value(document).map_err(PostmanError::Document)?);
    let mut folders = Vec::new();
    for story in stories::all() {
        folders.push(played(&document, &story)?);
    }
    folders.extend(by_tag(&document));
    let variables = VARIABLES.iter().map(|(key, value, description)| {
        json!({"key": key, "value": value, "type": "string", "description": description})
    });
    Ok(json!({
        "info": {
            "name": document.text("/info/title"),
            "description": format!("{PREFACE}\n{}", document.text("/info/description")),
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": forms::bearer("accessToken"),
        "event": [
            script::event("prerequest", [script::BEFORE_EACH]),
            script::event("test", [script::AFTER_EACH]),
        ],
        "variable": variables.collect::<Vec<_>>(),
        "item": folders,
    }))
}

/// The folder of a story.
fn played(document: &Document, story: &Story) -> Result<Value, PostmanError> {
    let items = story.steps.iter().map(|step| {
        let operation = document.operations().find(|operation| operation.id() == step.operation);
        let operation = operation.ok_or(PostmanError::NoSuchOperation(step.operation))?;
        Ok(step.item(&operation, false))
    });
    let items = items.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"name": story.name, "description": story.description, "item": items}))
}

/// The folders of the tags, each with its operations.
fn by_tag(document: &Document) -> Vec<Value> {
    let mut folders: Vec<(usize, Value)> = document
        .tags()
        .map(|(tag, description)| {
            let mut operations: Vec<_> =
                document.operations().filter(|operation| operation.tag() == tag).collect();
            operations.sort_by_key(|operation| reference::place(operation.id()));
            let last = operations.last().map_or(0, |operation| reference::place(operation.id()));
            let items: Vec<_> =
                operations.iter().map(|operation| reference::step(operation).item(operation, true)).collect();
            (last, json!({"name": tag, "description": description, "item": items}))
        })
        .collect();
    folders.sort_by_key(|(last, _)| *last);
    folders.into_iter().map(|(_, folder)| folder).collect()
}
