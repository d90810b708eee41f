//! `phone-auth migrate`.

use serde_json::Value;

use crate::{
    commands::{documented_members, members, say},
    service::Service,
    shared::{Server, on},
};

#[test]
fn a_new_database_is_brought_to_this_version_and_each_migration_told() {
    let server = Server::start();
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    let pending = || -> Vec<Value> {
        let told = say(on(&server), &["migrate", "--dry-run", "--json"]).done().json();
        assert_eq!(members(&told), documented_members("migrate"));
        told["pending"].as_array().unwrap().clone()
    };
    // Looking makes nothing, not even the table that would remember it.
    for _ in 0..2 {
        assert_eq!(pending().len(), migrations);
    }
    assert!(pending()[0].as_str().unwrap().contains("create_"), "{:?}", pending()[0]);
    let refused = say(on(&server), &["users", "find", "K7WQ2M"]);
    assert!(refused.code == 1 && refused.complaint.contains("phone-auth migrate"), "{}", refused.complaint);

    let told = say(on(&server), &["migrate"]).done();
    assert_eq!(told.answer.matches("applied  ").count(), migrations, "{}", told.answer);
    assert!(pending().is_empty());
    let again = say(on(&server), &["migrate", "--json"]).done().json();
    assert_eq!(again["applied"], Value::Array(Vec::new()));
    assert!(say(on(&server), &["migrate"]).done().answer.contains("of this version already"));

    let service = Service::start(&mut on(&server));
    assert!(!service.stderr().contains("migration applied"));
}

#[test]
fn of_two_who_migrate_at_once_one_carries_each_migration_out() {
    let server = Server::start();
    let told = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| say(on(&server), &["migrate", "--json"]).done().json()));
        both.map(|one| one.join().unwrap()["applied"].as_array().unwrap().len())
    });
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    assert_eq!(told[0] + told[1], migrations, "{told:?}");
}
