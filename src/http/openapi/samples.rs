//! Samples of each operation in the languages that clients are written in, made of the operation itself.
//!
//! What they call `BASE_URL`, `ACCESS_TOKEN` and `file` the introduction explains. `tests/openapi` runs them all.

mod curl;
mod javascript;
mod python;

use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use utoipa::openapi::{
    Content, RefOr,
    path::{Operation, Parameter, ParameterIn},
};

/// A request as the example of an operation has it, and what comes back.
struct Call<'a> {
    method: &'a str,
    /// The path and the query, every value from an example.
    address: String,
    /// Whether an access token goes along.
    is_authorized: bool,
    body: Option<Body<'a>>,
    answer: Answer,
}

enum Body<'a> {
    Json(&'a Value),
    /// A file of this media type.
    File(&'a str),
}

/// The body of the answer.
enum Answer {
    Nothing,
    Json,
    Text,
    Bytes,
}

/// Adds the samples to `operation`, which is complete.
pub(super) fn add(method: &str, path: &str, operation: &mut Operation) {
    let call = Call::of(method, path, operation);
    let samples = json!([
        {"lang": "Shell", "label": "curl", "source": curl::sample(&call)},
        {"lang": "JavaScript", "label": "JavaScript", "source": javascript::sample(&call)},
        {"lang": "Python", "label": "Python", "source": python::sample(&call)},
    ]);
    operation.extensions.get_or_insert_default().insert("x-codeSamples".to_owned(), samples);
}

impl<'a> Call<'a> {
    fn of(method: &'a str, path: &str, operation: &'a Operation) -> Self {
        Self {
            method,
            address: address(path, operation),
            is_authorized: operation.security.as_ref().is_some_and(|needed| !needed.is_empty()),
            body: body(operation),
            answer: answer(operation),
        }
    }

    /// The headers that the body does not bring along by itself.
    fn content_type(&self) -> Option<&str> {
        match self.body {
            Some(Body::Json(_)) => Some("application/json"),
            Some(Body::File(media_type)) => Some(media_type),
            None => None,
        }
    }
}

fn address(path: &str, operation: &Operation) -> String {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| {
        let RefOr::T(parameter) = parameter else { return None };
        let value = given(parameter)?;
        Some((&parameter.parameter_in, &parameter.name, value))
    });
    let mut address = path.to_owned();
    let mut mark = '?';
    for (place, name, value) in parameters {
        let value: String = byte_serialize(value.as_bytes()).collect();
        match place {
            ParameterIn::Path => address = address.replace(&format!("{{{name}}}"), &value),
            ParameterIn::Query => {
                address = format!("{address}{mark}{name}={value}");
                mark = '&';
            }
            ParameterIn::Header | ParameterIn::Cookie | ParameterIn::QueryString => {}
        }
    }
    address
}

/// The example of a parameter, which only its JSON shows.
fn given(parameter: &Parameter) -> Option<String> {
    match serde_json::to_value(parameter).ok()?.get("example")? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The first example of the first type.
fn body(operation: &Operation) -> Option<Body<'_>> {
    let Some(RefOr::T(body)) = &operation.request_body else { return None };
    let (media_type, RefOr::T(content)) = body.content.first_key_value()? else { return None };
    if media_type.ends_with("json") { example(content).map(Body::Json) } else { Some(Body::File(media_type)) }
}

fn example(content: &Content) -> Option<&Value> {
    let first = content.examples.values().find_map(|example| match example {
        RefOr::T(example) => example.value.as_ref(),
        RefOr::Ref(_) => None,
    });
    first.or(content.example.as_ref())
}

fn answer(operation: &Operation) -> Answer {
    let success = operation.responses.responses.iter().find(|(status, _)| status.starts_with('2'));
    let Some((_, RefOr::T(response))) = success else { return Answer::Nothing };
    match response.content.keys().next().map(String::as_str) {
        None => Answer::Nothing,
        Some("application/json") => Answer::Json,
        Some("image/jpeg") => Answer::Bytes,
        Some(_) => Answer::Text,
    }
}

/// `text` with every line but the first moved in by `depth` spaces.
fn indented(text: &str, depth: usize) -> String {
    text.replace('\n', &format!("\n{:depth$}", ""))
}
