//! Bodies that are too large, of another type, or not JSON.

use reqwest::RequestBuilder;

use crate::support::{Answer, Operation, TestApp, TestUser};

/// A request for the operation by a user, without a body yet.
fn request(operation: &Operation, user: &TestUser<'_>) -> RequestBuilder {
    operation.request(user.app).bearer_auth(&user.access_token)
}

async fn send(
    operation: &Operation,
    user: &TestUser<'_>,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Answer {
    let request =
        headers.iter().fold(request(operation, user), |request, (name, value)| request.header(*name, *value));
    user.app.send(request.body(body.into())).await
}

async fn send_json(operation: &Operation, user: &TestUser<'_>, body: impl Into<Vec<u8>>) -> Answer {
    send(operation, user, &[("content-type", "application/json")], body).await
}

#[tokio::test]
async fn only_json_in_utf_8_and_not_compressed_is_read() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        let body = operation.example.to_string();
        for headers in [
            &[][..],
            &[("content-type", "text/plain")],
            &[("content-type", "")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "multipart/form-data; boundary=x")],
            &[("content-type", "application/jsonl")],
            &[("content-type", "text/json")],
            &[("content-type", "*/*")],
            &[("content-type", "application/json; charset=latin1")],
            &[("content-type", "application/json; charset=utf-16")],
            &[("content-type", "application/json; charset=nothing")],
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            &[("content-type", "application/json"), ("content-encoding", "br, gzip")],
        ] {
            let answer = send(&operation, &user, headers, body.clone()).await;
            assert_eq!(answer.status, 415, "{operation} {headers:?}: {}", answer.text);
            answer.expect_problem(415, "unsupported-media-type");
        }
    }
    user.profile().await;
}

#[tokio::test]
async fn the_spelling_of_the_media_type_does_not_matter() {
    let app = TestApp::start().await;
    for operation in Operation::with_body() {
        for headers in [
            &[("content-type", "application/json")][..],
            &[("content-type", "application/json; charset=utf-8")],
            &[("content-type", "application/json;charset=\"UTF-8\"")],
            &[("content-type", "Application/JSON; Charset=Utf-8")],
            &[("content-type", "application/json"), ("content-encoding", "identity")],
        ] {
            // A login each time, for one of the operations is the logout, and of somebody new, for one sets a PIN.
            let user = app.newcomer().await;
            let answer = send(&operation, &user, headers, operation.example.to_string()).await;
            assert!(
                ![400, 415, 422].contains(&answer.status.as_u16()),
                "{operation} {headers:?}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_body_has_up_to_16_kib_however_it_is_sent() {
    let app = TestApp::start().await;
    for operation in Operation::with_body() {
        let user = app.newcomer().await;
        let padded = |length: usize| {
            let body = operation.example.to_string();
            format!("{body}{}", " ".repeat(length - body.len()))
        };
        let chunked = |body: &str| {
            let head = format!(
                "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
                 Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
                operation.method, operation.path, user.access_token
            );
            let (one, two) = body.split_at(body.len() / 2);
            let chunks = [one, two, ""].map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
            app.raw(format!("{head}{}", chunks.concat()).as_bytes())
        };
        for length in [16 * 1024 + 1, 17 * 1024, 1024 * 1024] {
            let answer = send_json(&operation, &user, padded(length)).await;
            answer.expect_problem(413, "payload-too-large");
        }
        chunked(&padded(17 * 1024)).expect_problem(413, "payload-too-large");
        let largest = send_json(&operation, &user, padded(16 * 1024)).await;
        assert!(![400, 413, 422].contains(&largest.status.as_u16()), "{operation}: {}", largest.text);
        let largest = chunked(&padded(16 * 1024));
        assert!(![400, 413, 422].contains(&largest.status.as_u16()), "{operation}: {}", largest.text);
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_without_a_word_of_it() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        let example = operation.example.to_string();
        let bodies = [
            b"".to_vec(),
            b" \n".to_vec(),
            b"918273".iter().chain(b"x").copied().collect(),
            b"918273:".to_vec(),
            b"{918273}".to_vec(),
            b"{\"918273".to_vec(),
            b"{'code': '918273'}".to_vec(),
            format!("{},}}", &example[..example.len() - 1]).into_bytes(),
            format!("{{\"{}\": NaN}}", operation.members()[0]).into_bytes(),
            b"// 918273\n{}".to_vec(),
            format!("{example}918273").into_bytes(),
            format!("{example}{example}").into_bytes(),
            // Cut off, with a byte order mark, in UTF-16, and with a byte that is never in UTF-8.
            example.as_bytes()[..example.len() - 1].to_vec(),
            format!("\u{feff}{example}").into_bytes(),
            example.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            example.replacen("\":\"", "\":\"\u{1}", 1).into_bytes(),
            example
                .bytes()
                .flat_map(|byte| if byte == b':' { vec![byte, 0xff] } else { vec![byte] })
                .collect(),
        ];
        for body in bodies {
            let shown = String::from_utf8_lossy(&body).into_owned();
            // No body at all is what this operation can do without.
            if body.is_empty() && operation.body_is_optional {
                continue;
            }
            let answer = send_json(&operation, &user, body).await;
            assert_eq!(answer.status, 400, "{operation} {shown:?}: {}", answer.text);
            let problem = answer.expect_problem(400, "invalid-json");
            assert!(problem.text_of("detail").contains("line 1") || shown.contains('\n'), "{}", problem.text);
            assert!(!problem.text.contains("918273"), "{operation} {shown:?}: {}", problem.text);
        }
    }
}

#[tokio::test]
async fn a_string_that_is_not_utf_8_is_refused() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        for member in operation.members() {
            for wrong in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"] {
                let body = [b"{\"", member.as_bytes(), b"\":\"", wrong, b"\"}"].concat();
                let answer = send_json(&operation, &user, body).await;
                assert_eq!(answer.status, 400, "{operation} {member}: {}", answer.text);
                answer.expect_problem(400, "invalid-json");
            }
            // Half of a pair of surrogates is no character, however it is escaped.
            let answer = send_json(&operation, &user, format!("{{\"{member}\":\"\\ud800\"}}")).await;
            answer.expect_problem(400, "invalid-json");
        }
    }
}

#[tokio::test]
async fn nesting_without_end_is_refused_quickly() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        let member = &operation.members()[0];
        for body in [
            "[".repeat(10_000),
            format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
            "{\"a\":".repeat(3_000),
            format!("{{\"{member}\":{}", "[".repeat(10_000)),
            format!("{{\"{member}\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000)),
            format!("{{\"{member}\":{}", "{\"a\":".repeat(3_000)),
        ] {
            let answer = send_json(&operation, &user, body).await;
            assert!([400, 422].contains(&answer.status.as_u16()), "{operation}: {}", answer.text);
            let (status, code) = (answer.status.as_u16(), answer.text_of("code"));
            answer.expect_problem(status, &code);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_declared_too_large_is_refused_before_it_is_sent() {
    let app = TestApp::start().await;
    let answer = app.raw(
        b"POST /api/v1/auth/phone HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
          Content-Length: 5000000\r\n\r\n",
    );
    assert_eq!(answer.header("connection"), "close");
    answer.expect_problem(413, "payload-too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let head = |line: &str, media_type: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {media_type}\r\n\
             Content-Length: 100\r\n\r\n{{",
            ada.access_token
        )
    };
    let requests = [
        head("POST /api/v1/auth/phone", "application/json"),
        head("PUT /api/v1/profile/avatar", "image/png"),
    ];
    std::thread::scope(|scope| {
        let answers = requests.map(|request| {
            scope.spawn({
                let app = &app;
                move || app.raw(request.as_bytes())
            })
        });
        for answer in answers {
            let answer = answer.join().unwrap();
            assert_eq!(answer.header("connection"), "close");
            answer.expect_problem(408, "request-timeout");
        }
    });
}
