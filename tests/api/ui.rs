//! The web page, as a browser gets it; what it does there is in `tests/browser`.

use crate::support::{Answer, TestApp};

/// The addresses in `src` and `href` attributes of the page's own files.
fn files(page: &Answer) -> Vec<String> {
    let attributes = page.text.split(&['"', '\''][..]);
    attributes.filter(|text| text.contains("ui/") && !text.contains(' ')).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_files_and_reaches_nobody_else() {
    let app = TestApp::start().await;
    for (path, root) in [("/", ""), ("/i/AB12CD", "../")] {
        let page = app.get(path).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        for rule in
            ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert!(!page.text.contains("{root}") && !page.text.contains("{inbox}"));
        let files = files(&page);
        assert!(files.len() >= 3, "{files:?}");
        for file in files {
            let name = file.strip_prefix(root).unwrap_or_else(|| panic!("{path} names {file}"));
            assert!(name.starts_with("ui/"), "{path} names {file}");
            app.get(&format!("/{name}")).await.expect(200);
        }
    }
    app.get("/ui/nothing.js").await.expect_problem(404, "not-found");
    app.get("/ui/mod.rs").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn the_link_to_share_leads_to_the_page() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let link = ada.get("/api/v1/referral").await.expect(200).text_of("invite_url");
    let page = app.get(link.strip_prefix("https://auth.example.com").unwrap()).await.expect(200);
    assert!(!page.text.contains("+79991234567"), "{}", page.text);
    // Nothing is looked up: it is the same for a code that nobody has, and for what is no code.
    for other in ["/i/000000", "/i/ABC", "/i/%3Cscript%3E", "/i/%00%00%00%00%00%00"] {
        assert_eq!(app.get(other).await.expect(200).text, page.text);
    }
    for none in ["/i/", "/i", "/i/ABCDEF/more"] {
        app.get(none).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let app = TestApp::start().await;
    let first = app.get("/ui/style.css").await.expect(200);
    let again =
        app.request(reqwest::Method::GET, "/ui/style.css").header("if-none-match", first.header("etag"));
    let again = app.send(again).await.expect(304);
    assert_eq!(again.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn everything_that_a_visit_loads_is_below_60_kib_on_the_wire() {
    let app = TestApp::start().await;
    let mut all = 0;
    let page = app.get("/").await.expect(200);
    let listed = std::fs::read_dir("src/ui").unwrap().map(|entry| entry.unwrap().file_name());
    let files = listed.map(|name| format!("/ui/{}", name.to_str().unwrap()));
    for path in
        files.filter(|path| !path.ends_with("mod.rs") && !path.ends_with("page.html")).chain(["/".into()])
    {
        let request = app.request(reqwest::Method::GET, &path).header("accept-encoding", "br, gzip;q=0.8");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(answer.headers()["vary"], "accept-encoding", "{path}");
        all += answer.bytes().await.unwrap().len();
    }
    assert!(all < 60 * 1024, "{all} bytes");
    // Who does not ask for it gets it plain.
    assert_eq!(page.header("content-encoding"), "");
}
