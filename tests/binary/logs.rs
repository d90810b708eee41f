//! What the log never has, however much is asked of it.

use serde_json::json;

use crate::service::{DataDir, ROOT_SECRET, Service, phone_auth};

#[test]
fn the_most_talkative_log_has_neither_pins_nor_their_hashes_nor_numbers() {
    let folder = DataDir::new();
    let mut command = phone_auth();
    command.env("DATA_DIR", folder.path()).env("ROOT_SECRET", ROOT_SECRET).env("LOG", "trace");
    let mut service = Service::start(command.env("SMS_SIMULATED_DELAY_MS", "0").env("SEND_LIMITS", "off"));
    let pin = "739157739157";
    let login = service.login("+79991234567");
    let token = login["access_token"].as_str().unwrap();
    let body = json!({"pin": pin});
    assert_eq!(service.ask("PUT", "/api/v1/profile/pin", token, &body).0, 204);
    for given in ["918273918273", pin] {
        let mut body = service.challenge("+79991234567");
        body["pin"] = given.into();
        let (status, answer) = service.ask("POST", "/api/v1/auth/verify", "", &body);
        assert_eq!(status, if given == pin { 200 } else { 401 }, "{answer}");
    }
    let log = service.whole_log();
    assert!(log.contains("answered"), "it is talkative");
    for secret in [pin, "918273918273", "argon2id", "9991234567"] {
        // As a text, or as the bytes that a library shows.
        let bytes: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!log.contains(&bytes.join(", ")), "{secret} is in the log, as bytes");
    }
}
