use serde_json::Value;

use super::{Answer, Body, Call, indented};

/// A script that uses `httpx`.
pub(super) fn sample(call: &Call) -> String {
    let mut lines = vec![format!("\"{}\"", call.method), format!("f\"{{BASE_URL}}{}\"", call.address)];
    let authorization =
        call.is_authorized.then(|| "\"Authorization\": f\"Bearer {ACCESS_TOKEN}\"".to_owned());
    let content_type = match call.body {
        Some(Body::File(media_type)) => Some(format!("\"Content-Type\": \"{media_type}\"")),
        // `json` brings its own.
        Some(Body::Json(_)) | None => None,
    };
    let headers: Vec<_> = authorization.into_iter().chain(content_type).collect();
    if !headers.is_empty() {
        lines.push(format!("headers={{{}}}", headers.join(", ")));
    }
    match call.body {
        Some(Body::Json(value)) => lines.push(format!("json={}", indented(&literal(value), 4))),
        Some(Body::File(_)) => lines.push("content=open(\"avatar.jpg\", \"rb\").read()".to_owned()),
        None => {}
    }
    let read = match call.answer {
        Answer::Nothing => "",
        Answer::Json => "\nanswer = response.json()",
        Answer::Text => "\nanswer = response.text",
        Answer::Bytes => "\nanswer = response.content",
    };
    format!(
        "import httpx\n\nresponse = httpx.request(\n    {},\n)\nresponse.raise_for_status(){read}",
        lines.join(",\n    ")
    )
}

/// A value of JSON as one of Python. Strings and numbers look the same in both.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let lines = members.iter().map(|(name, value)| {
                format!("    {}: {},\n", Value::from(name.as_str()), indented(&literal(value), 4))
            });
            format!("{{\n{}}}", lines.collect::<String>())
        }
    }
}
