//! The pages behind the `type` of a problem.

use actix_web::{HttpResponse, get, web};

use crate::http::{problem::Problem, problem_kinds::ProblemKind};

/// Registers the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(list_problems).service(show_problem);
}

#[get("/problems")]
async fn list_problems() -> HttpResponse {
    let kinds = ProblemKind::ALL.iter().map(|kind| {
        let ProblemKind { code, status, title, .. } = kind;
        format!("<li><a href=\"problems/{code}\"><code>{code}</code></a>, {status}: {title}</li>\n")
    });
    let text = "Every failure is a problem document (RFC 9457). Its <code>code</code> is one of these.";
    page("Problems", &format!("<p>{text}</p>\n<ul>\n{}</ul>\n", kinds.collect::<String>()))
}

#[get("/problems/{code}")]
async fn show_problem(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let ProblemKind { code, status, title, meaning, remedy } =
        ProblemKind::find(&code).ok_or(Problem::NotFound)?;
    let text = format!(
        "<p><code>{code}</code>, HTTP status {status}</p>\n<p>{meaning}</p>\n\
         <p><strong>What to do:</strong> {remedy}</p>\n<p><a href=\"../problems\">All problems</a></p>\n",
        meaning = code_marks(meaning),
        remedy = code_marks(remedy),
    );
    Ok(page(title, &text))
}

/// A page of our own texts, which hold no markup but backticks.
fn page(title: &str, text: &str) -> HttpResponse {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · phone-auth</title>\n\
         <main>\n<h1>{title}</h1>\n{text}</main>\n"
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// Writes what stands between backticks as code.
fn code_marks(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(at, piece)| if at % 2 == 0 { piece.to_owned() } else { format!("<code>{piece}</code>") })
        .collect()
}
