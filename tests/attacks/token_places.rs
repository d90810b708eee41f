//! Where the service takes tokens, and the tokens that are good there.

use reqwest::Method;
use serde_json::json;

use crate::{
    support::{Answer, Operation, TestApp},
    tools::{HOME, PHONE, guess_until, read, sent, sent_to_device},
};

/// Where a token is taken.
#[derive(Clone, Debug)]
pub enum Place {
    /// `Authorization`
    Header(Box<Operation>),
    /// `refresh_token`
    Refresh,
    /// `challenge_token`
    Challenge,
    /// `device_token`: one that is not good is as none.
    Device,
}

impl Place {
    /// All there are: every operation of the API document that asks for an access token, and three members of bodies.
    pub fn all() -> Vec<Self> {
        let operations = Operation::all().into_iter().filter(|operation| operation.authenticated);
        let headers: Vec<_> = operations.map(|operation| Self::Header(Box::new(operation))).collect();
        assert!(headers.len() >= 10, "{headers:?}");
        [headers, vec![Self::Refresh, Self::Challenge, Self::Device]].concat()
    }

    /// Shows `token` there, with everything else as it should be.
    pub async fn show(&self, app: &TestApp, token: &str) -> Answer {
        let post = async |path, body| app.post(path, body).await;
        match self {
            Self::Header(operation) => {
                // Whatever a path names, let it be what a thief may know.
                let path = operation.path.replace("{id}", "019aa3c1-7e52-7d60-9d4b-2f6a0c1b8e11");
                let request = app.request(operation.method.clone(), &path);
                let request = request.header("authorization", format!("Bearer {token}"));
                app.send(operation.with_example(request)).await
            }
            Self::Refresh => post("/api/v1/auth/refresh", json!({"refresh_token": token})).await,
            Self::Challenge => {
                post("/api/v1/auth/verify", json!({"challenge_token": token, "code": app.code(PHONE)})).await
            }
            Self::Device => post("/api/v1/auth/phone", json!({"phone": PHONE, "device_token": token})).await,
        }
    }

    /// Checks that `token` is none there.
    pub async fn refuses(&self, app: &TestApp, why: &str, token: &str) {
        let answer = self.show(app, token).await;
        let (expected, code) = match self {
            Self::Header(_) => (401, "unauthenticated"),
            Self::Refresh => (401, "invalid-refresh-token"),
            Self::Challenge => (401, "invalid-challenge"),
            Self::Device => (200, ""),
        };
        // A body has 16 KiB at most, whatever is in it.
        if token.len() > 16_000 && !matches!(self, Self::Header(_)) {
            answer.expect_problem(413, "payload-too-large");
            return;
        }
        let told = (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default());
        assert_eq!(told, (expected, code), "{self:?} takes {why}: {}", answer.text);
        if let Self::Device = self {
            // Strangers get six digits here, a device would get four.
            assert_eq!(read(app, PHONE, &answer).digits, 6, "{why}");
        } else {
            answer.expect_problem(expected, code);
        }
    }
}

/// One good token of each kind.
pub struct Wallet {
    pub access: String,
    pub refresh: String,
    pub challenge: String,
    pub device: String,
}

impl Wallet {
    pub async fn of(app: &TestApp, phone: &str) -> Self {
        let user = app.login(phone).await;
        let device = user.login.text_of("device_token");
        let challenge = sent(app, HOME, phone).await.challenge;
        Self { access: user.access_token, refresh: user.refresh_token, challenge, device }
    }

    /// The one that is good there.
    pub fn of_place(&self, place: &Place) -> &str {
        match place {
            Place::Header(_) => &self.access,
            Place::Refresh => &self.refresh,
            Place::Challenge => &self.challenge,
            Place::Device => &self.device,
        }
    }

    pub fn all(&self) -> [(&'static str, &str); 4] {
        [
            ("an access token", &self.access),
            ("a refresh token", &self.refresh),
            ("a challenge", &self.challenge),
            ("a device token", &self.device),
        ]
    }

    /// Each token is still good where it belongs; the order matters, for a login ends what was before it.
    pub async fn expect_good(&self, app: &TestApp) {
        assert_eq!(sent_to_device(app, HOME, PHONE, &self.device).await.digits, 4);
        let profile = app.request(Method::GET, "/api/v1/profile").bearer_auth(&self.access);
        app.send(profile).await.expect(200);
        Place::Refresh.show(app, &self.refresh).await.expect(200);
    }
}

/// A service where strangers at [`PHONE`] get six digits and trusted devices four.
pub async fn guarded() -> (TestApp, Wallet) {
    let app = TestApp::start().await;
    guess_until(&app, PHONE, 6).await;
    let user = app.login(PHONE).await;
    guess_until(&app, PHONE, 6).await;
    let challenge = sent(&app, HOME, PHONE).await.challenge;
    let device = user.login.text_of("device_token");
    let wallet = Wallet { access: user.access_token, refresh: user.refresh_token, challenge, device };
    (app, wallet)
}
