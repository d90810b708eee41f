//! Files of the repository that are made from the code.

use std::{fs, path::Path};

use phone_auth::{http::problem_kinds::ProblemKind, postman, server};

/// Compares a file of the repository with what the code makes of it today.
///
/// With `UPDATE_DOCS=1` in the environment the file is written instead.
#[track_caller]
fn expect_file(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[expect(
        clippy::disallowed_methods,
        reason = "no setting of the service: it is for whoever runs the tests"
    )]
    let update = std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    if update {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if let Some((number, (kept, made))) = first_difference(&kept, made) {
        panic!(
            "{path} is not what the code makes of it today; line {number}:\n  in the file: {kept}\n  made today:  {made}\n\
             If the change is meant, renew the files with\n  UPDATE_DOCS=1 cargo test --test api documents::files\n"
        );
    }
}

fn first_difference<'a>(kept: &'a str, made: &'a str) -> Option<(usize, (&'a str, &'a str))> {
    let lines = kept.split('\n').map(Some).chain(std::iter::repeat(None));
    let made = made.split('\n').map(Some).chain(std::iter::repeat(None));
    let pairs = lines.zip(made).take_while(|pair| *pair != (None, None));
    let different = (1..).zip(pairs).find(|(_, (kept, made))| kept != made);
    different
        .map(|(number, (kept, made))| (number, (kept.unwrap_or("(the end)"), made.unwrap_or("(the end)"))))
}

#[test]
fn the_openapi_document_in_the_repository_is_the_one_of_the_code() {
    // The binary's own words: `phone-auth openapi > docs/openapi.json`.
    expect_file("docs/openapi.json", &format!("{}\n", server::document().to_pretty_json().unwrap()));
}

#[test]
fn the_postman_collection_in_the_repository_is_the_one_of_the_code() {
    // The binary's own words: `phone-auth postman > postman_collection.json`.
    let collection = postman::collection(&server::document()).unwrap();
    expect_file(
        "postman_collection.json",
        &format!("{}\n", serde_json::to_string_pretty(&collection).unwrap()),
    );
}

#[test]
fn the_list_of_problems_in_the_repository_is_the_one_of_the_code() {
    expect_file("docs/problems.md", &ProblemKind::document());
}

#[test]
fn every_test_that_the_documents_on_security_name_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = ["docs/SECURITY.md", "docs/standards.md"];
    let document = documents.map(|name| std::fs::read_to_string(root.join(name)).unwrap()).concat();
    let named: Vec<_> = document.split('`').filter_map(|text| text.split_once(".rs::")).collect();
    assert!(named.len() > 30, "{named:?}");
    for (file, test) in named {
        let source = std::fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs has no {test}");
    }
}
