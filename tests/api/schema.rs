//! The tables as the code sees them and as the migrations make them.

use phone_auth::domain::guess_budget;

use crate::support::TestApp;

#[tokio::test]
async fn the_schema_in_the_code_is_the_one_the_migrations_make() {
    let app = TestApp::start().await;
    let made = app
        .query(
            "SELECT table_name || '.' || column_name || ' -> ' ||
                    CASE is_nullable WHEN 'YES' THEN 'Nullable<' || kind || '>' ELSE kind END
             FROM information_schema.columns CROSS JOIN LATERAL (
                  SELECT CASE WHEN left(udt_name, 1) = '_' THEN 'Array<Nullable<' || initcap(substr(udt_name, 2)) || '>>'
                              ELSE initcap(udt_name) END AS kind
             ) _
             WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
             ORDER BY table_name, ordinal_position",
        )
        .await;
    assert_eq!(seen(include_str!("../../src/store/schema.rs")), made);
}

#[tokio::test]
async fn the_deployments_meter_has_as_many_slots_as_its_budget_is_divided_by() {
    let app = TestApp::start().await;
    assert_eq!(app.count("risk").await, usize::try_from(guess_budget::SLOTS).unwrap());
}

/// `table.column -> Type` for each column of a schema file.
fn seen(schema: &str) -> Vec<String> {
    let mut table = "";
    let mut columns = Vec::new();
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name;
        } else if line.contains(" -> ") && !line.contains("joinable!") {
            columns.push(format!("{table}.{}", line.trim_end_matches(',')));
        }
    }
    columns
}
