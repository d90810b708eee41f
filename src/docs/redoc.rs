//! `/redoc`: the API to read.

use std::sync::LazyLock;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use utoipa_redoc::Redoc;

use super::{bundle, missing};
use crate::http::asset::{Asset, readable};

/// `ReDoc` searches in a worker that it makes from a blob.
///
/// Of the two hashes in `style-src` the first is that of an empty text: most
/// styles are added rule by rule to an empty `style` element. The second is that
/// of the scroll bar's style, which belongs to one version of `ReDoc`; after an
/// upgrade a browser's console names the new one.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' \
    'sha256-DLDPR1ic47WIdK2WyeLkblb/tm2mQH+Jt/NNhZWu1k0='; \
    img-src 'self' data:; connect-src 'self'; worker-src blob:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const SYSTEM_FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const CODE_FONT: &str = "ui-monospace, 'Cascadia Code', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

static PAGE: LazyLock<Asset> = LazyLock::new(|| {
    let redoc = Redoc::with_config("openapi.json", options).custom_html(include_str!("redoc.html"));
    Asset::page(redoc.to_html(), POLICY)
});
static START: LazyLock<Asset> = LazyLock::new(|| Asset::script(include_str!("redoc-init.js")));
static LICENCE: LazyLock<Asset> = LazyLock::new(|| Asset::text(include_str!("licences/redoc.txt")));

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(readable("/redoc", page))
        .service(web::redirect("/redoc/", "../redoc"))
        .service(readable("/redoc/init.js", start))
        .service(readable("/redoc/redoc.standalone.js", script))
        .service(readable("/redoc/redoc.standalone.js.LICENSE.txt", licence));
}

async fn page(request: HttpRequest) -> HttpResponse {
    PAGE.answer(&request)
}

async fn start(request: HttpRequest) -> HttpResponse {
    START.answer(&request)
}

async fn script(request: HttpRequest) -> HttpResponse {
    bundle::redoc().map_or_else(missing, |script| script.answer(&request))
}

async fn licence(request: HttpRequest) -> HttpResponse {
    LICENCE.answer(&request)
}

/// Fonts of the reader's own system, since `ReDoc`'s would come from elsewhere.
fn options() -> Value {
    json!({
        "hideDownloadButton": false,
        "disableSearch": false,
        "theme": { "typography": {
            "fontFamily": SYSTEM_FONT,
            "headings": { "fontFamily": SYSTEM_FONT },
            "code": { "fontFamily": CODE_FONT },
        } },
    })
}
