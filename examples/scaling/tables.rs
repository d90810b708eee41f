//! What the tables weigh, what updates do to them, and what it costs to forget.

use crate::{database::Database, reading::Reading};

const FILL: &str = include_str!("fill.sql");

pub async fn fill(database: &mut Database, users: u32) {
    database.execute(&FILL.replace("$USERS", &users.to_string())).await;
    settle(database).await;
}

async fn settle(database: &mut Database) {
    database.execute("VACUUM (FREEZE, ANALYZE)").await;
    database.execute("CHECKPOINT").await;
}

pub async fn weigh(database: &mut Database) {
    settle(database).await;
    println!(
        "\n| table | rows | bytes a row | of these in indexes | index by index |\n|---|---|---|---|---|"
    );
    let tables = "SELECT relname || ' ' || reltuples::bigint || ' ' || pg_total_relation_size(oid) || ' '
                      || pg_indexes_size(oid)
                  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 100
                  ORDER BY pg_total_relation_size(oid) DESC";
    for table in database.texts(tables).await {
        let mut words = table.split(' ');
        let name = words.next().unwrap();
        let [rows, total, indexes] = [(); 3].map(|()| words.next().unwrap().parse::<f64>().unwrap());
        let each = format!(
            "SELECT indexrelname || ' ' || pg_relation_size(indexrelid) FROM pg_stat_user_indexes
             WHERE relname = '{name}' ORDER BY pg_relation_size(indexrelid) DESC"
        );
        let each = database.texts(&each).await;
        let each = each.iter().map(|index| index.split_once(' ').unwrap());
        let each = each.map(|(name, size)| format!("`{name}` {:.0}", size.parse::<f64>().unwrap() / rows));
        println!(
            "| `{name}` | {rows} | {:.0} | {:.0} | {} |",
            total / rows,
            indexes / rows,
            each.collect::<Vec<_>>().join(", ")
        );
    }
}

/// Each round changes a tenth of the rows, a hundredth at a time, and is vacuumed.
const ROUNDS: u32 = 10;

/// What a refresh changes, and a login.
const UPDATES: [(&str, &str); 2] = [
    (
        "sessions",
        "generation = generation + 1, last_used_at = now(), rotated_at = now(), expires_at = expires_at",
    ),
    ("users", "last_login_at = now()"),
];

pub async fn update(database: &mut Database) {
    println!(
        "\n| table | fillfactor | heap-only updates | heap grows to | indexes grow to |\n|---|---|---|---|---|"
    );
    for (table, change) in UPDATES {
        for fillfactor in [100, 95, 90, 80] {
            database
                .execute(&format!(
                    "DROP TABLE IF EXISTS copy;
                     CREATE TABLE copy (LIKE {table} INCLUDING ALL) WITH (fillfactor = {fillfactor});
                     INSERT INTO copy SELECT * FROM {table} ORDER BY id LIMIT 200000"
                ))
                .await;
            database.execute("VACUUM (FREEZE, ANALYZE) copy").await;
            let size = "SELECT pg_table_size('copy') || ' ' || pg_indexes_size('copy')";
            let before = database.numbers(size).await;
            for round in 0..ROUNDS {
                for part in 0..10 {
                    // Any hundredth, another each time.
                    let chosen = format!("hashtext(id::text || '{round} {part}') % 100 = 0");
                    database.execute(&format!("UPDATE copy SET {change} WHERE {chosen}")).await;
                }
                database.execute("VACUUM copy").await;
            }
            let after = database.numbers(size).await;
            database.execute("SELECT pg_stat_force_next_flush()").await;
            let hot =
                "SELECT n_tup_hot_upd || ' ' || n_tup_upd FROM pg_stat_user_tables WHERE relname = 'copy'";
            let hot = database.numbers(hot).await;
            println!(
                "| `{table}` | {fillfactor} | {:.0} % | {:.0} % | {:.0} % |",
                hot[0] / hot[1] * 100.0,
                after[0] / before[0] * 100.0,
                after[1] / before[1] * 100.0
            );
        }
    }
    database.execute("DROP TABLE copy").await;
}

/// What purging deletes, as far as these tables have it.
const PURGES: [(&str, &str); 5] = [
    ("challenge_use", "expires_at < now()"),
    ("rate_limit", "tat < now()"),
    ("events", "shared_at < now()"),
    ("device_guard", "created_at < now() - interval '30 days'"),
    ("sessions", "created_at < now() - interval '30 days' AND generation = 0"),
];

pub async fn purge(database: &mut Database) {
    settle(database).await;
    println!(
        "\n| forgotten | rows | CPU µs a row | WAL, bytes a row | CPU ms of the vacuum after it |\n|---|---|---|---|---|"
    );
    for (table, which) in PURGES {
        let count = format!("SELECT count(*)::text FROM {table} WHERE {which}");
        let rows = database.numbers(&count).await[0];
        let before = Reading::take(database).await;
        database.execute(&format!("DELETE FROM {table} WHERE {which}")).await;
        let deleted = Reading::take(database).await;
        database.execute(&format!("VACUUM {table}")).await;
        let vacuumed = Reading::take(database).await;
        let (of_rows, of_vacuum) = (deleted.since(&before), vacuumed.since(&deleted));
        println!(
            "| `{table}` | {rows} | {:.1} | {:.0} | {:.0} |",
            of_rows.postgres / rows * 1e6,
            of_rows.log / rows,
            of_vacuum.postgres * 1e3
        );
    }
}
