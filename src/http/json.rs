use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web::BytesMut};
use serde::{Deserialize, de::DeserializeOwned};

use super::{body::Body, problem::Problem};

/// The largest body that is read, in bytes.
const LIMIT: usize = 16 * 1024;
/// How much of what a client wrote is said back to it, in characters.
const QUOTED: usize = 200;

/// A JSON body, read strictly: one object, no member unknown or twice, every
/// value within its type. What is refused is named, but never quoted: a value
/// may be a code.
pub struct Json<T>(pub T);

/// The body of an operation that can do without: no body is the default.
pub struct OptionalJson<T>(pub T);

/// A JSON Merge Patch (RFC 7396), under its own media type or as plain JSON.
pub struct MergePatch<T>(pub T);

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload, &["application/json"]);
        Box::pin(async move { parse(&body.await?).map(Self) })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let has_body = headers.contains_key(header::TRANSFER_ENCODING)
            || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        if !has_body {
            return Box::pin(async { Ok(Self(T::default())) });
        }
        let body = Json::from_request(request, payload);
        Box::pin(async move { body.await.map(|Json(value)| Self(value)) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for MergePatch<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload, &["application/json", "application/merge-patch+json"]);
        Box::pin(async move { parse(&body.await?).map(Self) })
    }
}

/// Reads the body, if it is of one of `types`, in UTF-8 and not compressed.
fn read(request: &HttpRequest, payload: &mut Payload, types: &[&str]) -> Reading<BytesMut> {
    let is_utf_8 = request.encoding().is_ok_and(|encoding| encoding.name() == "UTF-8");
    let body = if is_utf_8 {
        Body::of(request, payload, types, LIMIT)
    } else {
        Err(Problem::UnsupportedMediaType("JSON is read in UTF-8 only."))
    };
    Box::pin(async move { body?.read().await })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde reads a struct from an array as well; a client that sends one is mistaken.
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|byte| *byte != b'{') {
        return Err(match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => Problem::InvalidRequest("The body must be a JSON object.".into()),
            Err(error) => syntax(&error),
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))?;
    reader.end().map_err(|error| syntax(&error))?;
    Ok(value)
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if error.inner().classify() != serde_json::error::Category::Data {
        return syntax(error.inner());
    }
    let text = error.inner().to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    // "invalid type: string \"1234\", expected u8": what was expected may be told, what was sent may not.
    let rule = match text.rsplit_once(", expected ") {
        Some((sent, expected)) if sent.starts_with("invalid ") || sent.starts_with("unknown variant ") => {
            format!("expected {expected}")
        }
        _ => text.to_owned(),
    };
    let path = error.path().to_string();
    // An unknown member is named by the rule already.
    let named = path == "." || rule.starts_with("unknown field ");
    let detail = if named { format!("{rule}.") } else { format!("{path}: {rule}.") };
    Problem::InvalidRequest(detail.chars().take(QUOTED).collect::<String>().into())
}

fn syntax(error: &serde_json::Error) -> Problem {
    Problem::InvalidJson(format!("Reading stopped at line {}, column {}.", error.line(), error.column()))
}

/// Reads a member that may be absent, null or given: `None`, `Some(None)`,
/// `Some(Some(value))`. To be used with `#[serde(default)]`.
///
/// # Errors
///
/// Those of the value.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
