//! The web page: a whole client of the API, and a way to learn it.
//!
//! The files here are what the browser gets. Nothing builds them, they name no
//! other host, and the page's `Content-Security-Policy` would let them reach
//! none.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use utoipa::OpenApi;

use crate::http::{
    asset::{Asset, readable},
    problem::Problem,
};

/// No script but our own files, and none that makes markup of text: the page
/// holds an access token.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const PAGE: &str = include_str!("page.html");

/// Lists files of this folder by name.
macro_rules! files {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!($name))),+] };
}

static FILES: LazyLock<Vec<(&str, Asset)>> = LazyLock::new(|| {
    let files = files![
        "account.js",
        "api.js",
        "app.js",
        "code-form.js",
        "code.js",
        "curl.js",
        "drawer.js",
        "early.js",
        "element.js",
        "exchange.js",
        "farewell.js",
        "form.js",
        "frame.js",
        "icon.svg",
        "inbox.js",
        "invite.js",
        "journal.js",
        "number.js",
        "parts.css",
        "pin.js",
        "profile-state.js",
        "profile.js",
        "session.js",
        "sessions.js",
        "sign-in.js",
        "storage.js",
        "style.css",
        "surface.js",
        "turn.js",
        "words.en.js",
        "words.js",
        "words.ru.js",
    ];
    let asset = |(name, text): (&'static str, &'static str)| {
        let asset = match name.rsplit_once('.') {
            Some((_, "css")) => Asset::style(text),
            Some((_, "svg")) => Asset::new("image/svg+xml", text),
            _ => Asset::script(text),
        };
        (name, asset)
    };
    files.into_iter().map(asset).collect()
});

/// The page as it is sent: written once, at start.
///
/// [`routes`] finds it as `app_data(Data<WebPage>)`.
pub struct WebPage {
    start: Asset,
    invitation: Asset,
}

impl WebPage {
    /// The page of a service that has a simulated inbox, or has none, and whose codes have so many digits while
    /// nobody guesses.
    #[must_use]
    pub fn new(has_inbox: bool, code_length: u8) -> Self {
        let page = |root: &str| {
            let html = PAGE
                .replace("{root}", root)
                .replace("{inbox}", &has_inbox.to_string())
                .replace("{code_length}", &code_length.to_string());
            Asset::page(html, POLICY)
        };
        Self { start: page(""), invitation: page("../") }
    }
}

/// Registers the page, the address of invite links, and the files of the page.
///
/// The page names its files by relative addresses, so all of it may lie behind
/// a proxy that adds a prefix.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(readable("/", start))
        .service(readable("/i/{invite_code}", show_invitation))
        .service(readable("/ui/{file}", file));
}

async fn start(page: Data<WebPage>, request: HttpRequest) -> HttpResponse {
    page.start.answer(&request)
}

/// What the API document tells of the page: the addresses that invitations lead to.
#[derive(OpenApi)]
#[openapi(paths(show_invitation))]
pub struct Described;

/// Open an invite link
///
/// `invite_url` of `GET /api/v1/referral` leads here: a page for people, which reads the code off its own address.
/// Nothing is looked up, so nobody is told which codes exist.
///
/// Next: an app that opens such links itself takes the code from the address, and sends it as `invite_code` with
/// `POST /api/v1/auth/phone`.
#[utoipa::path(get, path = "/i/{invite_code}", tag = "referral",
    params(("invite_code" = String, Path, description = "The code", example = "K7WQ2M")),
    responses((status = 200, description = "The page", content_type = "text/html", body = String,
        example = json!("<!doctype html>\n<html lang=\"en\">…</html>"))),
)]
async fn show_invitation(page: Data<WebPage>, request: HttpRequest) -> HttpResponse {
    page.invitation.answer(&request)
}

async fn file(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let file = FILES.iter().find(|(file, _)| *file == name.as_str());
    file.map(|(_, asset)| asset.answer(&request)).ok_or(Problem::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
        let names = std::fs::read_dir(folder).expect("the folder of the page").map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("a name in UTF-8")
        });
        let mut there: Vec<_> =
            names.filter(|name| !["mod.rs", "page.html"].contains(&name.as_str())).collect();
        there.sort();
        let mut served: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        served.sort_unstable();
        assert_eq!(there, served);
    }
}
