use std::{collections::HashMap, sync::LazyLock};

use actix_web::HttpRequest;
use serde::{Deserialize, de::IgnoredAny};

use super::{openapi, problem::Problem};

/// Which methods each documented path knows, for the `Allow` header (RFC 9110, section 10.2.1).
static METHODS: LazyLock<HashMap<String, String>> = LazyLock::new(|| methods(openapi::KEPT));

/// Of the API document only this.
#[derive(Deserialize)]
struct Document {
    paths: HashMap<String, Operations>,
}

/// Which operations a path has.
#[derive(Deserialize)]
struct Operations {
    get: Option<IgnoredAny>,
    post: Option<IgnoredAny>,
    put: Option<IgnoredAny>,
    patch: Option<IgnoredAny>,
    delete: Option<IgnoredAny>,
}

/// Reads them off the API document.
fn methods(document: &str) -> HashMap<String, String> {
    let paths = serde_json::from_str(document).map(|Document { paths }| paths).unwrap_or_default();
    let known = paths.into_iter().map(|(path, operations)| {
        let names = [
            ("GET, HEAD", operations.get),
            ("POST", operations.post),
            ("PUT", operations.put),
            ("PATCH", operations.patch),
            ("DELETE", operations.delete),
        ];
        let names = names.into_iter().filter(|(_, known)| known.is_some());
        (path, names.map(|(name, _)| name).collect::<Vec<_>>().join(", "))
    });
    known.collect()
}

/// Answers what no operation answers: 405 where the path exists, else 404.
///
/// # Errors
///
/// Always.
pub async fn no_such_operation(request: HttpRequest) -> Result<String, Problem> {
    match request.resource_map().match_pattern(request.path()) {
        // What is not in the document is a page, and pages are only read.
        Some(path) => {
            Err(Problem::MethodNotAllowed(METHODS.get(&path).map_or("GET, HEAD", String::as_str).to_owned()))
        }
        None => Err(Problem::NotFound),
    }
}
