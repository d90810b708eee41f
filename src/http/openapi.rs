//! The OpenAPI document: what the features' annotations do not say themselves.

mod failures;
mod samples;

use serde_json::json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        path::Operation,
        schema::Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{examples, parameters, problem::ProblemDetails};

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
    // Where the document was read: relative to its own address (OpenAPI 3.1.1, 4.8.5), also below a prefix.
    servers((url = ".", description = "The service that this document comes from")),
    modifiers(&Bearer, &Groups),
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

/// Sorts the tags in the menu of `ReDoc`.
struct Groups;

impl Modify for Groups {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let groups = json!([
            {"name": "For apps", "tags": ["authentication", "profile", "sessions", "referral"]},
            {"name": "For services and gateways", "tags": ["integration", "health"]},
            {"name": "For development", "tags": ["development"]},
        ]);
        document.extensions.get_or_insert_default().insert("x-tagGroups".to_owned(), groups);
    }
}

/// The document as `docs/openapi.json` holds it, which a test keeps equal to
/// that of the code.
///
/// The service serves this and builds none: a text in the binary takes memory
/// only once somebody reads it.
pub const KEPT: &str = include_str!("../../docs/openapi.json");

/// Completes what the annotations say, once all paths are collected.
pub fn complete(document: &mut utoipa::openapi::OpenApi) {
    for (_, _, operation) in operations(document) {
        describe_optional_body(operation);
        parameters::complete(operation);
        failures::describe(operation);
        // Said of every operation, so that nobody takes silence for an oversight.
        operation.security.get_or_insert_default();
    }
    examples::complete(document);
    for (method, path, operation) in operations(document) {
        samples::add(method, path, operation);
    }
}

/// All operations with their methods and paths.
pub(super) fn operations(
    document: &mut utoipa::openapi::OpenApi,
) -> impl Iterator<Item = (&'static str, &str, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let known = [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
            ("PATCH", &mut item.patch),
        ];
        known.into_iter().filter_map(|(method, operation)| Some((method, path.as_str(), operation.as_mut()?)))
    })
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
