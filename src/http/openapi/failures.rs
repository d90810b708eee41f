//! The failures of an operation: what its annotation says in a word, at length.

use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, Header, Object, Ref, RefOr, ResponseBuilder, Type, example::ExampleBuilder,
    path::Operation, schema::Schema,
};

use crate::http::{problem::ProblemDetails, problem_kinds::ProblemKind};

/// Gives each failure of `operation` its problem body and examples.
///
/// An annotation names only the problems of its own, as the description of a
/// response: `(status = 409, description = "own-invite-code")`. What any
/// operation can answer is added here.
pub(super) fn describe(operation: &mut Operation) {
    let mut kinds: Vec<&'static ProblemKind> = Vec::new();
    for (status, response) in &operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            kinds.extend(response.description.split([',', ' ']).filter_map(ProblemKind::find));
        }
    }
    operation.responses.responses.retain(|status, _| !status.starts_with(['4', '5']));
    if let Some(RefOr::T(body)) = &operation.request_body {
        if body.content.keys().any(|media_type| media_type.ends_with("json")) {
            kinds.push(ProblemKind::INVALID_JSON);
        }
        kinds.extend([
            ProblemKind::REQUEST_TIMEOUT,
            ProblemKind::PAYLOAD_TOO_LARGE,
            ProblemKind::UNSUPPORTED_MEDIA_TYPE,
            ProblemKind::INVALID_REQUEST,
        ]);
    }
    if operation.security.is_some() {
        kinds.push(ProblemKind::UNAUTHENTICATED);
    }
    if kinds.iter().all(|kind| kind.status >= 500) {
        // Nothing about such a request can be wrong but its method.
        kinds.push(ProblemKind::METHOD_NOT_ALLOWED);
    }
    kinds.push(ProblemKind::INTERNAL_ERROR);
    kinds.sort_by_key(|kind| (kind.status, kind.code));
    kinds.dedup();
    let id = operation.operation_id.clone().unwrap_or_default();
    for same_status in kinds.chunk_by(|one, next| one.status == next.status) {
        let response = failure(same_status, &id);
        operation.responses.responses.insert(same_status[0].status.to_string(), response.into());
    }
}

const WWW_AUTHENTICATE: &str = "With `unauthenticated`: `Bearer` (RFC 6750, section 3). With `reauthentication-required`: `Bearer error=\"insufficient_user_authentication\", max_age=600` (RFC 9470, section 3)";

/// The response of `operation` for problems that share a status.
fn failure(kinds: &[&'static ProblemKind], operation: &str) -> utoipa::openapi::Response {
    let titles: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.title)).collect();
    let examples = kinds.iter().map(|kind| {
        let example = ExampleBuilder::new()
            .summary(kind.title)
            .value(Some(json!(ProblemDetails::example(kind, operation))))
            .build();
        (kind.code, example)
    });
    let content = ContentBuilder::new()
        .schema(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem"))))
        .examples_from_iter(examples)
        .build();
    let mut response =
        ResponseBuilder::new().description(titles.join("; ")).content("application/problem+json", content);
    for (status, name, description) in [
        (405, "Allow", "The methods that the address knows"),
        (401, "WWW-Authenticate", WWW_AUTHENTICATE),
        (429, "Retry-After", "Seconds until there is room again"),
        (503, "Retry-After", "Seconds until another try makes sense"),
    ] {
        if kinds.iter().any(|kind| kind.status == status) {
            let mut header = Header::new(Object::with_type(Type::String));
            header.description = Some(description.to_owned());
            response = response.header(name, header);
        }
    }
    response.build()
}
