//! `/swagger/`: the API to try out.

use std::sync::LazyLock;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::{bundle, missing};
use crate::http::asset::{Asset, readable};

/// Requests go to this service alone: `connect-src` keeps a token that was
/// entered on the page from every other host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset::page(include_str!("swagger.html"), POLICY));
static START: LazyLock<Asset> = LazyLock::new(|| Asset::script(include_str!("swagger-init.js")));
static LICENCE: LazyLock<Asset> = LazyLock::new(|| Asset::text(include_str!("licences/swagger-ui.txt")));

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::redirect("/swagger", "swagger/"))
        .service(readable("/swagger/", page))
        .service(readable("/swagger/init.js", start))
        .service(readable("/swagger/swagger-ui-bundle.js", script))
        .service(readable("/swagger/swagger-ui.css", style))
        .service(readable("/swagger/swagger-ui-bundle.js.LICENSE.txt", licence));
}

async fn page(request: HttpRequest) -> HttpResponse {
    PAGE.answer(&request)
}

async fn start(request: HttpRequest) -> HttpResponse {
    START.answer(&request)
}

async fn script(request: HttpRequest) -> HttpResponse {
    bundle::swagger_ui().map_or_else(missing, |files| files.script.answer(&request))
}

async fn style(request: HttpRequest) -> HttpResponse {
    bundle::swagger_ui().map_or_else(missing, |files| files.style.answer(&request))
}

async fn licence(request: HttpRequest) -> HttpResponse {
    LICENCE.answer(&request)
}
