use super::{Answer, Body, Call};

/// Lines for a POSIX shell.
pub(super) fn sample(call: &Call) -> String {
    let mut lines = Vec::new();
    let request = if call.method == "GET" { String::new() } else { format!("--request {} ", call.method) };
    lines.push(format!("curl {request}\"$BASE_URL{}\"", call.address));
    if call.is_authorized {
        lines.push("--header \"Authorization: Bearer $ACCESS_TOKEN\"".to_owned());
    }
    if let Some(media_type) = call.content_type() {
        lines.push(format!("--header \"Content-Type: {media_type}\""));
    }
    match call.body {
        Some(Body::Json(value)) => lines.push(format!("--data {}", quoted(&format!("{value:#}")))),
        Some(Body::File(_)) => lines.push("--data-binary \"@avatar.jpg\"".to_owned()),
        None => {}
    }
    if let Answer::Bytes = call.answer {
        lines.push("--output avatar.jpg".to_owned());
    }
    lines.join(" \\\n  ")
}

/// One word of the shell: nothing within single quotes means anything but a single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
