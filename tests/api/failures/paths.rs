use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;

use crate::support::{Answer, Operation, TestApp};

/// Addresses outside the API document; what answers there is only read.
const PAGES: [&str; 18] = [
    "/",
    "/openapi.json",
    "/redoc",
    "/redoc/init.js",
    "/redoc/redoc.standalone.js",
    "/swagger/",
    "/swagger/init.js",
    "/swagger/swagger-ui.css",
    "/swagger/swagger-ui-bundle.js",
    "/problems",
    "/problems/invalid-code",
    "/problems/no-such-kind",
    "/i/AB12CD",
    "/avatars/V7ZNlZm6ePhJoSBZTnyrGD3RuTwV0yyJI6D7QAVsQ3k",
    "/avatars/no-hash",
    "/i/no-code",
    "/ui/app.js",
    "/ui/no-such-file.js",
];

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

/// The methods of each address, in the order of `Allow`.
fn addresses() -> BTreeMap<String, Vec<&'static str>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in Operation::all() {
        known.entry(operation.path).or_default().insert(operation.method.to_string());
    }
    for page in PAGES {
        known.insert(page.to_owned(), ["GET".to_owned()].into());
    }
    let has = |methods: &BTreeSet<String>, method: &str| {
        methods.contains(method) || (method == "HEAD" && methods.contains("GET"))
    };
    let names = |methods| METHODS.into_iter().filter(|method| has(&methods, method)).collect();
    known.into_iter().map(|(path, methods)| (path, names(methods))).collect()
}

async fn ask(app: &TestApp, method: &str, path: &str) -> Answer {
    app.send(app.request(method.parse::<Method>().unwrap(), path)).await
}

#[tokio::test]
async fn a_path_that_is_none_is_not_found_whatever_the_method() {
    let app = TestApp::start().await;
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/profile/",
        "/api/v1/profile/nothing",
        "/api/v1/referral/activate/nothing",
        "/api/v2/profile",
        "/API/V1/PROFILE",
        "//api/v1/profile",
        "/api/v1//profile",
        "/health",
        "/health/",
        "/problems/",
        "/problems/invalid-code/more",
        "/dev",
        "/redoc/nothing.js",
        "/swagger/nothing.js",
        "/%00",
        "/%ff",
        "/api/v1/%00",
        "/api/v1/profile%2f",
        "/nothing?phone=%2B79991234567",
    ] {
        for method in ["GET", "POST", "BREW"] {
            let problem = ask(&app, method, path).await.expect_problem(404, "not-found");
            assert!(!problem.text.contains("9991234567"), "{}", problem.text);
        }
    }
    for page in ["/problems/no-such-kind", "/problems/%00", "/problems/%ff", "/problems/a%2fb"] {
        ask(&app, "GET", page).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_path_that_climbs_leads_nowhere() {
    let app = TestApp::start().await;
    for path in [
        "/../etc/passwd",
        "/swagger/../../etc/passwd",
        "/redoc/..%2f..%2fetc/passwd",
        "/api/v1/../../etc/passwd",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        app.raw(request.as_bytes()).expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_refused_with_those_it_knows() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for (path, known) in addresses() {
        for method in METHODS.into_iter().filter(|method| !known.contains(method)) {
            let token = user.request(method.parse().unwrap(), &path);
            for answer in [ask(&app, method, &path).await, app.send(token).await] {
                assert_eq!(answer.header("allow"), known.join(", "), "{method} {path}");
                if method == "HEAD" {
                    assert_eq!((answer.status.as_u16(), &*answer.text), (405, ""), "{method} {path}");
                } else {
                    answer.expect_problem(405, "method-not-allowed");
                }
            }
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_and_sends_no_body() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    let mut readable: Vec<_> =
        addresses().into_iter().filter(|(_, known)| known.contains(&"GET")).map(|(path, _)| path).collect();
    readable.extend([
        "/dev/inbox?phone=%2B79991234567".to_owned(),
        "/api/v1/referral/invited?limit=0".to_owned(),
    ]);
    for path in readable {
        for with_token in [false, true] {
            let ask = async |method| {
                let request =
                    if with_token { user.request(method, &path) } else { app.request(method, &path) };
                app.send(request).await
            };
            let (head, get) = (ask(Method::HEAD).await, ask(Method::GET).await);
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.text, "", "{path}");
            for header in
                ["content-type", "etag", "cache-control", "www-authenticate", "content-security-policy"]
            {
                assert_eq!(head.header(header), get.header(header), "{path}");
            }
        }
    }
}
