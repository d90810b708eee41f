use phone_auth::http::problem_kinds::ProblemKind;

use crate::support::TestApp;

#[tokio::test]
async fn every_kind_of_problem_has_a_page_that_says_what_to_do() {
    let app = TestApp::start().await;
    for kind in ProblemKind::ALL {
        let page = app.get(&kind.type_uri()).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for text in [kind.code, kind.title, &kind.status.to_string()] {
            assert!(page.text.contains(text), "{}: {text}", kind.code);
        }
        let plain = page.text.replace("<code>", "`").replace("</code>", "`");
        for text in [kind.meaning, kind.remedy] {
            assert!(plain.contains(text), "{}: {text}", kind.code);
        }
        assert_eq!(
            page.text.matches("<code>").count(),
            page.text.matches("</code>").count(),
            "{}",
            kind.code
        );
    }
}

#[tokio::test]
async fn every_problem_a_client_meets_leads_to_its_page() {
    let app = TestApp::start().await;
    for failure in
        [app.get("/nothing").await, app.get("/api/v1/profile").await, app.verify("forged", "0000").await]
    {
        app.get(&failure.text_of("type")).await.expect(200);
    }
}

#[test]
fn kinds_are_told_apart_by_code_and_have_a_status_of_failure() {
    let mut codes: Vec<_> = ProblemKind::ALL.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        assert!((400..600).contains(&kind.status), "{}", kind.code);
        assert!(kind.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", kind.code);
        assert!(kind.title.len() > 10 && !kind.title.ends_with('.'), "{}", kind.code);
        assert!(kind.meaning.ends_with('.') && kind.remedy.ends_with('.'), "{}", kind.code);
    }
}

/// What the elements of a page or a style load: `src`, `href` of `link`, and `url(…)`.
fn loaded(text: &str) -> Vec<String> {
    let until = |text: &str, ends: &[char]| text[..text.find(ends).unwrap_or(text.len())].to_owned();
    let sources = text.split("src=\"").skip(1).map(|rest| until(rest, &['"']));
    let links = text
        .split("<link")
        .skip(1)
        .filter_map(|rest| rest.split("href=\"").nth(1))
        .map(|rest| until(rest, &['"']));
    let urls =
        text.split("url(").skip(1).map(|rest| until(rest, &[')']).trim_matches(['"', '\'']).to_owned());
    sources.chain(links).chain(urls).collect()
}

#[tokio::test]
async fn the_pages_and_all_they_load_come_from_the_service_itself() {
    let app = TestApp::start().await;
    for (page, least) in [("/redoc", 2), ("/swagger/", 3)] {
        let html = app.get(page).await.expect(200);
        assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
        assert!(!html.text.contains("//"), "{page} names another host");
        let policy = html.header("content-security-policy");
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("connect-src 'self'"), "{policy}");

        let base = reqwest::Url::parse(&format!("{}{page}", app.url)).unwrap();
        let files: Vec<_> =
            loaded(&html.text).into_iter().filter(|file| !file.starts_with("data:")).collect();
        assert!(files.len() >= least, "{page}: {files:?}");
        for file in files {
            let address = base.join(&file).unwrap();
            assert_eq!(address.origin(), base.origin(), "{page}: {file}");
            let loaded_file = app.get(address.path()).await.expect(200);
            let media_type = loaded_file.header("content-type").to_owned();
            assert!(
                ["text/javascript; charset=utf-8", "text/css; charset=utf-8"].contains(&&*media_type),
                "{file}: {media_type}"
            );
            assert!(loaded_file.text.len() > 10, "{file}");
            if media_type.starts_with("text/css") {
                assert!(loaded(&loaded_file.text).iter().all(|url| url.starts_with("data:")), "{file}");
            }
        }
    }
}

#[tokio::test]
async fn the_scripts_that_start_the_pages_name_the_documents_of_this_service() {
    let app = TestApp::start().await;
    let redoc = app.get("/redoc").await.expect(200).text + &app.get("/redoc/init.js").await.expect(200).text;
    let swagger = app.get("/swagger/init.js").await.expect(200).text;
    for script in [redoc, swagger] {
        assert!(script.contains("openapi.json"), "{script}");
        assert!(!script.contains("http:") && !script.contains("https:"), "{script}");
    }
}

#[tokio::test]
async fn the_scripts_fetch_nothing_that_is_known_to_be_elsewhere() {
    let app = TestApp::start().await;
    for script in ["/redoc/redoc.standalone.js", "/swagger/swagger-ui-bundle.js"] {
        let text = app.get(script).await.expect(200).text;
        for host in [
            "cdn.redoc.ly",
            "fonts.googleapis.com",
            "fonts.gstatic.com",
            "unpkg.com",
            "cdn.jsdelivr.net",
            "cdnjs.cloudflare.com",
        ] {
            assert!(!text.contains(host), "{script} names {host}");
        }
    }
}
