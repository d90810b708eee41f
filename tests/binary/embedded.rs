//! With the database that the service brings along.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::service::{DataDir, Service, phone_auth, wait_until};

fn on(folder: &DataDir) -> Command {
    let mut command = phone_auth();
    command.env("DATA_DIR", folder.path());
    command
}

#[test]
fn it_starts_in_an_empty_folder_and_tells_where_everything_is() {
    let folder = DataDir::new();
    let service = Service::start(&mut on(&folder));
    let welcome = service.stdout();
    let at = format!("http://localhost:{}", service.address().rsplit(':').next().unwrap());
    for told in [
        format!("Page     {at}/\n"),
        format!("API      {at}/api/v1\n"),
        format!("Docs     {at}/redoc "),
        format!("{at}/swagger/"),
        format!("Inbox    {at}/dev/inbox?phone=%2B79991234567\n"),
        format!("Data     {}\n", folder.path().display()),
    ] {
        assert!(welcome.contains(&told), "{told} is missing: {welcome}");
    }
    for path in ["/health/ready", "/openapi.json", "/dev/inbox?phone=%2B79991234567"] {
        assert_eq!(service.ask("GET", path, "", &Value::Null).0, 200, "{path}");
    }
    // What only root and the service should read, nobody else can.
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o077
    };
    assert_eq!([mode("root-secret"), mode("postgres"), mode("run")], [0, 0, 0]);
}

#[test]
fn a_database_that_is_killed_is_started_again() {
    let folder = DataDir::new();
    let service = Service::start(&mut on(&folder));
    let login = service.login("+79991234567");
    let pid_file = fs::read_to_string(folder.path().join("postgres/postmaster.pid")).unwrap();
    let server = pid_file.lines().next().unwrap();
    let kill = Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", server]).status();
    assert!(kill.unwrap().success());
    wait_until("ready again", || {
        let log = service.stderr();
        log.contains("started again") && service.ask("GET", "/health/ready", "", &Value::Null).0 == 200
    });
    assert_eq!(service.profile(&login), (200, login["user"].clone()));
}

#[test]
fn the_login_of_the_welcome_text_works_when_pasted() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!(
            "SKIPPED: there is no curl on this machine, so the lines of the welcome text were not tried"
        );
        return;
    }
    let folder = DataDir::new();
    let service = Service::start(&mut on(&folder));
    let welcome = service.stdout();
    let (_, lines) = welcome.split_once("A login, to paste:\n\n").unwrap();
    let (lines, _) = lines.split_once("\n\n").unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    for new in [true, false] {
        let output = Command::new("sh").args(["-c", lines]).output().unwrap();
        let login: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{lines}\n{}", String::from_utf8_lossy(&output.stdout)));
        assert_eq!(login["is_new_user"], new, "{login}");
        assert_eq!(login["user"]["phone"], "+79991234567");
        assert_eq!(service.profile(&login).0, 200);
    }
}

#[test]
fn told_to_stop_it_stops_with_code_0_and_leaves_no_postgres() {
    for signal in ["-TERM", "-INT"] {
        let folder = DataDir::new();
        let mut service = Service::start(&mut on(&folder));
        assert!(folder.has_postgres());
        service.signal(signal);
        assert_eq!(service.ended().code(), Some(0), "{}", service.stderr());
        assert!(!folder.has_postgres());
    }
}

#[test]
fn who_is_being_served_when_it_is_told_to_stop_still_gets_an_answer() {
    let folder = DataDir::new();
    let mut service = Service::start(on(&folder).env("SMS_SIMULATED_DELAY_MS", "3000"));
    let status = thread::scope(|scope| {
        let asking = scope
            .spawn(|| service.ask("POST", "/api/v1/auth/phone", "", &json!({"phone": "+79991234567"})).0);
        // While the message is on its way.
        thread::sleep(Duration::from_secs(1));
        service.signal("-TERM");
        asking.join().unwrap()
    });
    assert_eq!(status, 200);
    assert_eq!(service.ended().code(), Some(0), "{}", service.stderr());
    assert!(!folder.has_postgres());
}

#[test]
fn killed_it_leaves_no_postgres_and_the_next_start_finds_all_as_it_was() {
    let folder = DataDir::new();
    // By another port it would be another issuer.
    let mut command = on(&folder);
    command.env("PUBLIC_URL", "http://localhost:8080");
    let mut service = Service::start(&mut command);
    let login = service.login("+79991234567");
    for _ in 0..2 {
        let (status, before) = service.profile(&login);
        assert_eq!(status, 200);
        service.signal("-KILL");
        assert_eq!(service.ended().code(), None);
        wait_until("the end of PostgreSQL", || !folder.has_postgres());

        service = Service::start(&mut command);
        // Same tables, same signing key, same root secret: the token is still good.
        assert_eq!(service.profile(&login), (200, before));
        assert_eq!(service.login("+79991234567")["is_new_user"], false);
    }
}

#[test]
fn a_second_service_on_the_same_folder_is_told_whose_it_is() {
    let folder = DataDir::new();
    let first = Service::start(&mut on(&folder));
    let mut second = Service::spawn(&mut on(&folder));
    assert_eq!(second.ended().code(), Some(1));
    let said = second.stderr();
    assert!(said.contains(&format!("in use by another phone-auth (pid {})", first.pid())), "{said}");
    assert!(said.contains("DATA_DIR") && said.contains("DATABASE_URL"), "{said}");
    // The first did not notice.
    first.login("+79991234567");
}

#[test]
fn two_services_started_at_once_in_one_folder_end_up_as_one() {
    let folder = DataDir::new();
    let mut services = [Service::spawn(&mut on(&folder)), Service::spawn(&mut on(&folder))];
    let mut refused = None;
    wait_until("one of the two to give way", || {
        refused = services.iter_mut().position(|service| !service.runs());
        refused.is_some()
    });
    let refused = refused.unwrap();
    services[refused].ended();
    assert!(
        services[refused].stderr().contains("in use by another phone-auth"),
        "{}",
        services[refused].stderr()
    );
    let other = &mut services[1 - refused];
    other.wait_until_ready();
    other.login("+79991234567");
}
