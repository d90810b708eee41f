//! Pieces of a collection that are the same for every request.

use serde_json::{Value, json};

use super::document::Operation;

/// Authorization by the token in a variable.
pub(super) fn bearer(token: &str) -> Value {
    json!({
        "type": "bearer",
        "bearer": [{"key": "token", "value": format!("{{{{{token}}}}}"), "type": "string"}],
    })
}

/// What the document says that the operation may answer.
pub(super) fn examples(operation: &Operation<'_>, request: &Value) -> Vec<Value> {
    let asked = json!({"method": request["method"], "header": [], "url": request["url"]});
    let answers = operation.answers().flat_map(|answer| {
        let none = answer.examples.is_empty().then_some(("", &Value::Null));
        let examples: Vec<_> = answer.examples.iter().copied().chain(none).collect();
        examples.into_iter().map(move |(name, example)| (answer.status, answer.media_type, name, example))
    });
    answers
        .map(|(status, media_type, name, example)| {
            let name = if name.is_empty() { status.to_string() } else { format!("{status} {name}") };
            let body = match example {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            };
            let is_json = media_type.is_some_and(|media_type| media_type.ends_with("json"));
            let headers = media_type.map(|media_type| json!({"key": "Content-Type", "value": media_type}));
            json!({
                "name": name,
                "originalRequest": asked,
                "code": status,
                "_postman_previewlanguage": if is_json { "json" } else { "text" },
                "header": headers.into_iter().collect::<Vec<_>>(),
                "cookie": [],
                "body": body,
            })
        })
        .collect()
}

/// Changes `body` as a JSON Merge Patch says.
pub(super) fn merge(body: &mut Value, patch: &Value) {
    let (Some(body), Some(patch)) = (body.as_object_mut(), patch.as_object()) else { return };
    for (member, value) in patch {
        if value.is_null() {
            body.shift_remove(member);
        } else {
            body.insert(member.clone(), value.clone());
        }
    }
}
