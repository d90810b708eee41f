//! The pages behind the `type` of a problem.

use actix_web::{HttpResponse, get, web};

use crate::http::{problem::Problem, problem_kinds::ProblemKind};

/// Registers the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(show_problem);
}

#[get("/problems/{code}")]
async fn show_problem(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let ProblemKind { code, status, title, meaning, remedy } =
        ProblemKind::find(&code).ok_or(Problem::NotFound)?;
    // The texts are ours and hold no markup but backticks.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{code} · phone-auth</title>\n\
         <h1>{title}</h1>\n<p><code>{code}</code>, HTTP status {status}</p>\n\
         <p>{meaning}</p>\n<p><strong>What to do:</strong> {remedy}</p>\n",
        meaning = code_marks(meaning),
        remedy = code_marks(remedy),
    );
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// Writes what stands between backticks as code.
fn code_marks(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(at, piece)| if at % 2 == 0 { piece.to_owned() } else { format!("<code>{piece}</code>") })
        .collect()
}
