//! The scripts and styles of `ReDoc` and Swagger UI, cut out of the pages of `aide`.
//!
//! `aide` has the published files within its binary, but hands them out only
//! inside finished pages with an inline script, which a strict
//! `Content-Security-Policy` forbids. So a page is rendered at the first visit,
//! the file is found in it, and a slice of that very page is kept: one copy on
//! the heap, none in a service whose documents nobody opens.
//!
//! To serve a newer file than the one `aide` carries, give its text to
//! [`Asset::script`] or [`Asset::style`] here; no other place knows where a
//! bundle comes from.

use std::ops::Range;
use std::sync::LazyLock;

use actix_web::web::Bytes;
use aide::redoc::Redoc;
use aide::swagger::Swagger;

use crate::http::asset::Asset;

/// A picture `ReDoc` fetches from its maker's host for every visitor.
const REMOTE_LOGO: &str = "https://cdn.redoc.ly/redoc/logo-mini.svg";

/// Stands for no picture: `ReDoc` leaves the `img` out when it cannot be shown.
const NO_LOGO: &str = "data:,";

pub(super) struct SwaggerUi {
    pub(super) script: Asset,
    pub(super) style: Asset,
}

/// `ReDoc`'s script; `None` if the page of `aide` no longer looks as expected,
/// which the tests below would have told.
pub(super) fn redoc() -> Option<&'static Asset> {
    static SCRIPT: LazyLock<Option<Asset>> =
        LazyLock::new(|| found("ReDoc", cut_redoc(Redoc::new("").html())));
    SCRIPT.as_ref()
}

/// Swagger UI's script and style; `None` as with [`redoc`].
pub(super) fn swagger_ui() -> Option<&'static SwaggerUi> {
    static FILES: LazyLock<Option<SwaggerUi>> =
        LazyLock::new(|| found("Swagger UI", cut_swagger(Swagger::new("").html())));
    FILES.as_ref()
}

fn found<T>(name: &str, cut: Option<T>) -> Option<T> {
    if cut.is_none() {
        tracing::error!(bundle = name, "the bundle {name} is not where it was in the page of `aide`");
    }
    cut
}

/// The bundle and the call that starts it share one `script` element.
fn cut_redoc(mut page: String) -> Option<Asset> {
    if let Some(logo) = page.find(REMOTE_LOGO) {
        page.replace_range(logo..logo + REMOTE_LOGO.len(), NO_LOGO);
    }
    let script = inside(&page, "<script>", "Redoc.init(")?;
    Some(Asset::script(shared(page).slice(script)).kept())
}

fn cut_swagger(page: String) -> Option<SwaggerUi> {
    let style = inside(&page, "<style>", "</style>")?;
    let script = inside(&page, "<script>", "</script>")?;
    let page = shared(page);
    Some(SwaggerUi {
        script: Asset::script(page.slice(script)).kept(),
        style: Asset::style(page.slice(style)).kept(),
    })
}

/// Gives back what the string had reserved and keeps the rest where it lies.
fn shared(mut page: String) -> Bytes {
    page.shrink_to_fit();
    Bytes::from(page)
}

/// Where the text between `opening` and the next `closing` lies, without white
/// space around it and without a note about a source map, which is not served.
fn inside(page: &str, opening: &str, closing: &str) -> Option<Range<usize>> {
    let start = page.find(opening)? + opening.len();
    let text = &page[start..start + page[start..].find(closing)?];
    let start = start + text.len() - text.trim_start().len();
    let text = without_source_map(text.trim());
    Some(start..start + text.len())
}

fn without_source_map(text: &str) -> &str {
    match text.rsplit_once('\n') {
        Some((before, last)) if last.contains("# sourceMappingURL=") => before.trim_end(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redoc_script_is_whole_and_nothing_more() {
        let script = redoc().expect("aide carries ReDoc").content();
        assert!(script.starts_with(
            "/*! For license information please see redoc.standalone.js.LICENSE.txt */\n!function("
        ));
        assert!(script.ends_with("}()}(),o}()}));"), "ends with {:?}", &script[script.len() - 40..]);
        let version = r#"" ReDoc Version: ","2.0.0""#;
        assert!(
            script.contains(version),
            "another version: look at the licences and at the hashes in redoc.rs"
        );
        assert!(!script.contains("</script") && !script.contains("Redoc.init("));
    }

    #[test]
    fn the_redoc_script_fetches_no_picture_from_its_maker() {
        let script = redoc().expect("aide carries ReDoc").content();
        assert!(script.contains(r#"src:"data:,""#));
        assert!(!script.contains("cdn.redoc.ly"));
    }

    #[test]
    fn the_swagger_script_is_whole_and_nothing_more() {
        let script = swagger_ui().expect("aide carries Swagger UI").script.content();
        let banner = "/*! For license information please see swagger-ui-bundle.js.LICENSE.txt */\n!function ";
        assert!(script.starts_with(banner));
        assert!(script.ends_with("_=_.default})()));"), "ends with {:?}", &script[script.len() - 40..]);
        assert!(script.contains(r#"PACKAGE_VERSION:"5.18.2""#), "another version: look at the licences");
        assert!(!script.contains("</script"));
    }

    #[test]
    fn the_swagger_style_is_whole_and_nothing_more() {
        let style = swagger_ui().expect("aide carries Swagger UI").style.content();
        assert!(style.starts_with(".swagger-ui{"));
        assert!(style.ends_with('}'));
        assert!(!style.contains("</style") && !style.contains("sourceMappingURL"));
    }

    #[test]
    fn a_page_of_another_shape_yields_nothing() {
        assert!(cut_redoc("<script src=redoc.js></script>".to_owned()).is_none());
        assert!(cut_redoc("Redoc.init()".to_owned()).is_none());
        assert!(cut_swagger("<style></style><script src=swagger.js>".to_owned()).is_none());
    }

    #[test]
    fn a_cut_leaves_white_space_and_the_source_map_outside() {
        let page = "<script>\n  run();\n//# sourceMappingURL=run.js.map\n  start();</script>";
        assert_eq!(inside(page, "<script>", "start(").map(|cut| &page[cut]), Some("run();"));
    }
}
