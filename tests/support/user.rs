use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, TestApp};

/// Somebody who is logged in.
pub struct TestUser<'a> {
    pub app: &'a TestApp,
    pub access_token: String,
    pub refresh_token: String,
    /// The whole answer to the login.
    pub login: Answer,
}

impl<'a> TestUser<'a> {
    /// Takes the tokens from the answer to a login.
    pub fn of(app: &'a TestApp, login: Answer) -> Self {
        let (access_token, refresh_token) = (login.text_of("access_token"), login.text_of("refresh_token"));
        Self { app, access_token, refresh_token, login }
    }

    /// A request with the access token; finish it with [`TestApp::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.access_token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// The profile as it is now.
    pub async fn profile(&self) -> Value {
        self.get("/api/v1/profile").await.expect(200).body
    }

    /// Which user.
    pub fn id(&self) -> &str {
        self.login.body["user"]["id"].as_str().unwrap()
    }

    /// The number of the login.
    pub fn phone(&self) -> &str {
        self.login.body["user"]["phone"].as_str().unwrap()
    }

    /// The user's own invite code.
    pub fn invite_code(&self) -> String {
        self.login.body["user"]["invite_code"].as_str().unwrap().to_owned()
    }

    /// Sets a PIN, in place of `current` if there is one.
    pub async fn set_pin(&self, pin: &str, current: Option<&str>) -> Answer {
        self.put("/api/v1/profile/pin", json!({"pin": pin, "current_pin": current})).await
    }

    /// Removes the PIN.
    pub async fn remove_pin(&self, current: Option<&str>) -> Answer {
        let request = self.request(Method::DELETE, "/api/v1/profile/pin");
        self.app.send(request.json(&json!({"current_pin": current}))).await
    }

    pub async fn activate(&self, code: &str) -> Answer {
        self.post("/api/v1/referral/activate", json!({"invite_code": code})).await
    }
}
