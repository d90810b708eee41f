use std::collections::HashMap;

use actix_web::{HttpRequest, web::Data};
use utoipa::openapi::OpenApi;

use super::problem::Problem;

/// Which methods each documented path knows, for the `Allow` header (RFC 9110, section 10.2.1).
pub struct Methods(HashMap<String, String>);

impl Methods {
    /// Reads them off the API document.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let known = [
                ("GET, HEAD", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let names: Vec<_> = known.iter().filter(|(_, known)| *known).map(|(name, _)| *name).collect();
            (path.clone(), names.join(", "))
        });
        Self(paths.collect())
    }
}

/// Answers what no operation answers: 405 where the path exists, else 404.
///
/// # Errors
///
/// Always.
pub async fn no_such_operation(request: HttpRequest, methods: Data<Methods>) -> Result<String, Problem> {
    match request.resource_map().match_pattern(request.path()) {
        // What is not in the document is a page, and pages are only read.
        Some(path) => Err(Problem::MethodNotAllowed(
            methods.0.get(&path).map_or("GET, HEAD", String::as_str).to_owned(),
        )),
        None => Err(Problem::NotFound),
    }
}
