//! The OpenAPI document: what the features' annotations do not say themselves.

use serde_json::json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Header, Object, Ref, RefOr, ResponseBuilder, Type,
        path::Operation,
        schema::Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{problem::ProblemDetails, problem_kinds::ProblemKind};

/// The document's head; paths and bodies are collected from the features.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "phone-auth",
        description = include_str!("openapi.md"),
        contact(name = "phone-auth"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "authentication", description = "From a phone number to a pair of tokens, and out again"),
        (name = "profile", description = "What a user knows and may change of the own account"),
        (name = "sessions", description = "Where a user is logged in"),
        (name = "referral", description = "Invite codes: everyone has one, everyone may activate one"),
        (name = "integration", description = "For gateways and services that verify access tokens by themselves"),
        (name = "health", description = "For load balancers and orchestrators"),
        (name = "development", description = "Only with the simulated SMS sender"),
    ),
    components(schemas(ProblemDetails)),
    modifiers(&Bearer),
)]
pub struct ApiDoc;

/// Declares the scheme that operations refer to as `bearer`.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        scheme.description = Some("The `access_token` of a login or a refresh.".to_owned());
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Gives each failure of each operation its problem body and examples.
///
/// An annotation names only the problems of its own, as the description of a
/// response: `(status = 409, description = "own-invite-code")`. What any
/// operation can answer is added here, once all paths are collected.
pub fn complete(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            describe_optional_body(operation);
            describe_failures(operation);
        }
    }
    super::examples::complete(document);
}

/// Says of a body that may be left out what it is when it is there; the
/// annotation `Option<T>` would offer `null` as a body.
fn describe_optional_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema else { continue };
        let given = choice.items.iter().find(|item| matches!(item, RefOr::Ref(_)));
        if let Some(given) = given.cloned() {
            content.schema = Some(given);
            body.required = None;
        }
    }
}

fn describe_failures(operation: &mut Operation) {
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
    kinds.push(ProblemKind::INTERNAL_ERROR);
    kinds.sort_by_key(|kind| (kind.status, kind.code));
    kinds.dedup();
    for same_status in kinds.chunk_by(|one, next| one.status == next.status) {
        operation.responses.responses.insert(same_status[0].status.to_string(), failure(same_status).into());
    }
}

const WWW_AUTHENTICATE: &str = "With `unauthenticated`: `Bearer` (RFC 6750, section 3). With `reauthentication-required`: `Bearer error=\"insufficient_user_authentication\", max_age=600` (RFC 9470, section 3)";

/// The response for problems that share a status.
fn failure(kinds: &[&'static ProblemKind]) -> utoipa::openapi::Response {
    let titles: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.title)).collect();
    let examples = kinds.iter().map(|kind| {
        let example = utoipa::openapi::example::ExampleBuilder::new()
            .summary(kind.title)
            .value(Some(json!(ProblemDetails::example(kind))))
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
