//! Who may name whom: the table of `docs/ARCHITECTURE.md`, held to the source.
//!
//! Unit tests may name what they like; everything else in `src` is read here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; clippy sees no tests in helpers")]

#[path = "architecture/source.rs"]
mod source;

use std::{fmt::Write, fs, path::Path};

use self::source::{Source, sources};

/// Each room and the rooms that it may name. A new room needs a line here.
const ROOMS: [(&str, &[&str]); 36] = [
    ("audit", &["domain"]),
    ("clock", &[]),
    ("connections", &[]),
    ("domain", &[]),
    ("embedded", &[]),
    ("places", &[]),
    ("postman", &[]),
    ("http_client", &["domain"]),
    ("instruments", &["domain"]),
    ("telemetry", &["domain", "http_client", "instruments"]),
    ("picture", &["domain", "places"]),
    ("sms", &["domain", "http_client", "instruments", "webhook_signature"]),
    ("store", &["domain", "instruments"]),
    ("token", &["domain", "places"]),
    ("webhook_signature", &[]),
    ("webhooks", &["domain", "http_client", "webhook_signature"]),
    ("config", &["connections", "domain", "embedded", "sms", "store", "telemetry", "token", "webhooks"]),
    ("custody", &["audit", "store", "token"]),
    (
        "state",
        &["clock", "connections", "domain", "instruments", "picture", "sms", "store", "token", "webhooks"],
    ),
    ("http", &["domain", "picture", "sms", "state", "store", "telemetry", "token"]),
    ("codes", &["domain", "http", "instruments", "sms", "state", "store", "token"]),
    ("auth", FEATURE),
    ("dev_inbox", FEATURE),
    ("docs", FEATURE),
    ("health", FEATURE),
    ("jobs", &["custody", "instruments", "state", "store", "token", "webhooks"]),
    ("metrics", FEATURE),
    ("problem_pages", FEATURE),
    ("profile", FEATURE),
    ("referral", FEATURE),
    ("sessions", FEATURE),
    ("ui", FEATURE),
    ("well_known", FEATURE),
    (
        "startup",
        &[
            "clock",
            "config",
            "connections",
            "custody",
            "instruments",
            "metrics",
            "picture",
            "sms",
            "state",
            "store",
            "token",
            "webhooks",
        ],
    ),
    (
        "server",
        &[
            "auth",
            "connections",
            "dev_inbox",
            "docs",
            "health",
            "http",
            "metrics",
            "problem_pages",
            "profile",
            "referral",
            "sessions",
            "state",
            "telemetry",
            "ui",
            "well_known",
        ],
    ),
    (
        "cli",
        &[
            "audit",
            "clock",
            "config",
            "custody",
            "domain",
            "embedded",
            "jobs",
            "postman",
            "profile",
            "server",
            "sms",
            "startup",
            "store",
            "telemetry",
            "token",
            "webhooks",
        ],
    ),
];

/// What a feature may name: never another feature, nor config, clock or server.
const FEATURE: &[&str] =
    &["audit", "codes", "domain", "http", "instruments", "picture", "sms", "state", "store", "token"];

/// Fails with every breach of `rule`, file and line first.
#[track_caller]
fn hold(rule: &str, mut breaches: impl FnMut(&Source) -> Vec<(usize, String)>) {
    let mut report = String::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        for (line, what) in breaches(source) {
            writeln!(report, "  {}:{line}: {what}", source.path).unwrap();
        }
    }
    assert!(report.is_empty(), "{rule}\n{report}");
}

#[test]
fn every_room_is_in_the_table_and_in_the_map_of_the_crate() {
    let crate_root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: Vec<_> =
        crate_root.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut known: Vec<_> = ROOMS.iter().map(|(room, _)| *room).collect();
    known.sort_unstable();
    assert_eq!(declared, known, "src/lib.rs and the table here list the same rooms");
    for room in declared {
        assert!(crate_root.contains(&format!("[`{room}`]")), "the map of src/lib.rs does not show {room}");
    }
}

#[test]
fn the_table_has_no_circle() {
    let mut below: Vec<&str> = Vec::new();
    while below.len() < ROOMS.len() {
        let next = ROOMS
            .iter()
            .find(|(room, named)| !below.contains(room) && named.iter().all(|room| below.contains(room)));
        below.push(next.unwrap_or_else(|| panic!("every room but {below:?} needs another first")).0);
    }
}

#[test]
fn a_room_names_only_the_rooms_below_it() {
    hold("A room names only what the table allows it; a feature never names another.", |source| {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
            return Vec::new();
        };
        let mut named = source.named();
        named.retain(|(_, path)| {
            let room = path.split("::").next().unwrap();
            room != source.room && !allowed.contains(&room)
        });
        named
            .into_iter()
            .map(|(line, path)| (line, format!("{} may not name crate::{path}", source.room)))
            .collect()
    });
}

#[test]
fn nobody_leaves_a_room_by_the_back_door() {
    hold("What is in another room is named from the crate down, not by super.", |source| {
        let leaving = ["super", "::"].repeat(source.depth);
        if source.room == "lib" { Vec::new() } else { source.lines_with_path(&leaving) }
    });
}

#[test]
fn of_the_tools_the_edge_names_errors_and_what_a_bearer_and_a_profile_are() {
    let known = [
        "store::StoreError",
        "picture::PictureError",
        "picture::Flaw",
        "picture::Format",
        "sms::SmsError",
        "token::TokenError",
        "token::PinError",
        "store::sessions",
        "token::AccessClaims",
        "token::RefreshClaims",
        "store::profiles",
        "store::referrals::Position",
    ];
    hold("http turns errors of tools into problems and knows little else of them.", |source| {
        let mut named = if source.room == "http" { source.named() } else { Vec::new() };
        named.retain(|(_, path)| {
            ["picture", "sms", "store", "token"].contains(&path.split("::").next().unwrap())
                && !known.contains(&&**path)
        });
        named
    });
    hold("Only the profile and the login show a profile.", |source| {
        let mut named = source.named();
        named.retain(|(_, path)| path.starts_with("http::profile"));
        if source.room == "profile" || source.path == "src/auth/verify.rs" { Vec::new() } else { named }
    });
}

#[test]
fn words_know_no_framework() {
    hold("Words are values: no database, no web, no runtime, no settings.", |source| {
        let frameworks = ["diesel", "diesel_async", "actix_web", "tokio", "clap", "tracing"];
        if source.room == "domain" { source.lines_with(&frameworks) } else { Vec::new() }
    });
}

#[test]
fn tools_know_no_http_and_only_the_store_knows_sql() {
    hold("Tools know no HTTP; only telemetry looks at a request, to log it.", |source| {
        let tools = [
            "clock",
            "config",
            "embedded",
            "picture",
            "places",
            "sms",
            "state",
            "store",
            "token",
            "webhook_signature",
            "webhooks",
        ];
        if tools.contains(&&*source.room) { source.lines_with(&["actix_web", "utoipa"]) } else { Vec::new() }
    });
    hold("Only the store speaks to the database.", |source| {
        let database = ["diesel", "diesel_async", "diesel_migrations", "tokio_postgres", "sql_query"];
        if source.room == "store" { Vec::new() } else { source.lines_with(&database) }
    });
}

#[test]
fn only_one_file_names_the_jose_library() {
    hold("josekit must never see an untrusted token: only src/token/jose.rs names it.", |source| {
        if source.path == "src/token/jose.rs" { Vec::new() } else { source.lines_with(&["josekit"]) }
    });
}

#[test]
fn only_the_config_reads_the_environment() {
    hold(
        "Settings come from src/config.rs; PATH alone is looked at elsewhere, to find PostgreSQL.",
        |source| {
            let known = ["src/config.rs", "src/embedded/binaries.rs"].contains(&&*source.path);
            if known {
                Vec::new()
            } else {
                [source.lines_with_path(&["std", "::", "env"]), source.lines_with_path(&["env", "::"])]
                    .concat()
            }
        },
    );
}

#[test]
fn only_the_clock_reads_the_wall_clock() {
    hold("The time is asked of Clock, once per request: only src/clock.rs reads it.", |source| {
        let clocks =
            ["Utc", "Local", "SystemTime"].map(|clock| source.lines_with_path(&[clock, "::", "now"]));
        if source.path == "src/clock.rs" { Vec::new() } else { clocks.concat() }
    });
}

#[test]
fn a_file_has_fewer_than_300_lines() {
    hold("Files are small: under 300 lines, save for what is generated.", |source| {
        let is_large = source.lines >= 300 && source.path != "src/store/schema.rs";
        if is_large { vec![(source.lines, "the last line".to_owned())] } else { Vec::new() }
    });
}
