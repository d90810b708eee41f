use std::fmt::Write;

use super::{Answer, Body, Call, indented};

/// A part of a module, for browsers and Node.
pub(super) fn sample(call: &Call) -> String {
    let mut options = String::new();
    // Writing to a String cannot fail.
    if call.method != "GET" {
        let _ = writeln!(options, "  method: \"{}\",", call.method);
    }
    let authorization = call.is_authorized.then(|| "Authorization: `Bearer ${ACCESS_TOKEN}`".to_owned());
    let content_type = call.content_type().map(|media_type| format!("\"Content-Type\": \"{media_type}\""));
    let headers: Vec<_> = authorization.into_iter().chain(content_type).collect();
    match headers.as_slice() {
        [] => {}
        [one] => drop(writeln!(options, "  headers: {{ {one} }},")),
        several => drop(writeln!(options, "  headers: {{\n    {},\n  }},", several.join(",\n    "))),
    }
    match call.body {
        Some(Body::Json(value)) => {
            // JSON is JavaScript (ECMA-262, since 2019).
            let value = indented(&format!("{value:#}"), 2);
            let _ = writeln!(options, "  body: JSON.stringify({value}),");
        }
        Some(Body::File(_)) => options.push_str("  body: file, // of an <input type=\"file\">\n"),
        None => {}
    }
    let options = if options.is_empty() { options } else { format!(", {{\n{options}}}") };
    let read = match call.answer {
        Answer::Nothing => "",
        Answer::Json => "\nconst answer = await response.json();",
        Answer::Text => "\nconst answer = await response.text();",
        Answer::Bytes => "\nconst answer = await response.blob();",
    };
    format!(
        "const response = await fetch(`${{BASE_URL}}{}`{options});\n\
         if (!response.ok) throw new Error((await response.json()).code);{read}",
        call.address
    )
}
