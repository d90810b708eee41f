use actix_web::App;
use actix_web::body::{self, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};

use super::*;

const PAGES: [&str; 2] = ["/redoc", "/swagger/"];
const FILES: [&str; 8] = [
    "/openapi.json",
    "/redoc/init.js",
    "/redoc/redoc.standalone.js",
    "/redoc/redoc.standalone.js.LICENSE.txt",
    "/swagger/init.js",
    "/swagger/swagger-ui-bundle.js",
    "/swagger/swagger-ui-bundle.js.LICENSE.txt",
    "/swagger/swagger-ui.css",
];

async fn ask(request: TestRequest) -> ServiceResponse<impl MessageBody> {
    let app = init_service(App::new().configure(routes)).await;
    call_service(&app, request.to_request()).await
}

async fn text(response: ServiceResponse<impl MessageBody>) -> String {
    let Ok(bytes) = body::to_bytes(response.into_body()).await else { panic!("the body ends early") };
    String::from_utf8(bytes.to_vec()).expect("every file here is text")
}

fn header(response: &ServiceResponse<impl MessageBody>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

#[actix_web::test]
async fn every_file_is_sent_once_and_then_known_by_its_tag() {
    for path in FILES.into_iter().chain(PAGES) {
        let first = ask(TestRequest::get().uri(path)).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&first, header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(header(&first, header::REFERRER_POLICY), "no-referrer", "{path}");
        let tag = header(&first, header::ETAG).to_owned();
        assert!(!text(first).await.is_empty(), "{path}");

        let again = ask(TestRequest::get().uri(path).insert_header((header::IF_NONE_MATCH, tag))).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(text(again).await.is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn a_tag_of_another_file_or_no_tag_at_all_gets_the_file() {
    for tag in ["W/\"other\"", "no tag"] {
        let response =
            ask(TestRequest::get().uri("/redoc").insert_header((header::IF_NONE_MATCH, tag))).await;
        assert_eq!(response.status(), StatusCode::OK, "{tag}");
    }
}

#[actix_web::test]
async fn bundles_are_kept_for_a_day_and_pages_asked_for_each_time() {
    for path in FILES.into_iter().chain(PAGES) {
        let bundle = ["standalone.js", "bundle.js", "ui.css"].iter().any(|end| path.ends_with(end));
        let expected = if bundle { "public, max-age=86400" } else { "no-cache" };
        let response = ask(TestRequest::get().uri(path)).await;
        assert_eq!(header(&response, header::CACHE_CONTROL), expected, "{path}");
    }
}

#[actix_web::test]
async fn pages_name_no_other_host_and_run_no_inline_script() {
    for path in PAGES {
        let response = ask(TestRequest::get().uri(path)).await;
        let policy = header(&response, header::CONTENT_SECURITY_POLICY).to_owned();
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains("unsafe"), "{policy}");

        let html = text(response).await;
        assert!(html.contains("<title>phone-auth</title>"), "{html}");
        assert!(!html.contains("//"), "{html}");
        let inline = html.split("<script").skip(1).filter(|script| !script.contains("src="));
        assert!(inline.clone().all(|script| script.contains("type=\"application/json\"")), "{html}");
    }
}

#[actix_web::test]
async fn the_redoc_page_holds_the_address_of_the_document_and_its_options() {
    let html = text(ask(TestRequest::get().uri("/redoc")).await).await;
    assert!(
        html.contains("<script id=\"spec\" type=\"application/json\">\"openapi.json\"</script>"),
        "{html}"
    );
    assert!(html.contains("\"hideDownloadButton\":false"), "{html}");
    assert!(!html.contains('$'), "{html}");
}

#[actix_web::test]
async fn the_document_is_served_as_the_repository_has_it() {
    let response = ask(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!(header(&response, header::CONTENT_TYPE), "application/json");
    assert_eq!(text(response).await, openapi::KEPT);
}

#[actix_web::test]
async fn the_slash_at_the_end_does_not_matter() {
    for (path, location) in [("/redoc/", "../redoc"), ("/swagger", "swagger/")] {
        let response = ask(TestRequest::get().uri(path)).await;
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(header(&response, header::LOCATION), location);
    }
}
