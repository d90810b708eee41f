//! One request of a collection: what is sent, as whom, and what is expected.

use serde_json::{Map, Value, json};

use super::{
    document::{Operation, Parameter},
    forms::{bearer, examples, merge},
    script,
};

/// A request of a collection. What it does not say is as the document has it.
pub(super) struct Step {
    pub operation: &'static str,
    name: Option<&'static str>,
    description: Option<&'static str>,
    address: Option<(&'static str, &'static str)>,
    parameters: Vec<(&'static str, &'static str)>,
    headers: Vec<(&'static str, &'static str)>,
    body: Body,
    sender: Sender,
    expected: Expected,
    before: Vec<String>,
    after: Vec<String>,
}

enum Body {
    /// The example of the document, changed by a merge patch (RFC 7396).
    Example(Value),
    Json(Value),
    /// Of a media type, which may be none at all.
    Text(&'static str, &'static str),
}

enum Sender {
    /// Who is logged in, if the operation is for users.
    Usual,
    Nobody,
    /// The bearer of the token in this variable.
    Bearer(&'static str),
}

enum Expected {
    Success,
    Problem(u16, &'static str),
    /// The success of the document or, of a service without the operation, this status.
    SuccessOr(u16),
}

/// The request of the document, by the name of its operation.
pub(super) fn ask(operation: &'static str) -> Step {
    Step {
        operation,
        name: None,
        description: None,
        address: None,
        parameters: Vec::new(),
        headers: Vec::new(),
        body: Body::Example(Value::Null),
        sender: Sender::Usual,
        expected: Expected::Success,
        before: Vec::new(),
        after: Vec::new(),
    }
}

impl Step {
    /// What it is called in its story, and why it is there.
    pub(super) fn named(mut self, name: &'static str, description: &'static str) -> Self {
        self.name = Some(name);
        self.description = Some(description);
        self
    }

    /// By another method, or at another path.
    pub(super) fn at(mut self, method: &'static str, path: &'static str) -> Self {
        self.address = Some((method, path));
        self
    }

    /// With `value` for a parameter of the document, wherever that goes.
    pub(super) fn with(mut self, parameter: &'static str, value: &'static str) -> Self {
        self.parameters.push((parameter, value));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the document's example as body, but for these members; null leaves one out.
    pub(super) fn but(mut self, members: Value) -> Self {
        self.body = Body::Example(members);
        self
    }

    pub(super) fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    pub(super) fn text(mut self, media_type: &'static str, body: &'static str) -> Self {
        self.body = Body::Text(media_type, body);
        self
    }

    pub(super) fn by_nobody(mut self) -> Self {
        self.sender = Sender::Nobody;
        self
    }

    pub(super) fn by(mut self, token: &'static str) -> Self {
        self.sender = Sender::Bearer(token);
        self
    }

    pub(super) fn fails(mut self, status: u16, code: &'static str) -> Self {
        self.expected = Expected::Problem(status, code);
        self
    }

    pub(super) fn or_status(mut self, status: u16) -> Self {
        self.expected = Expected::SuccessOr(status);
        self
    }

    /// Runs `script` before the request is sent.
    pub(super) fn before(mut self, script: impl Into<String>) -> Self {
        self.before.push(script.into());
        self
    }

    /// Runs `script` with the answer, after the tests that every request has.
    pub(super) fn after(mut self, script: impl Into<String>) -> Self {
        self.after.push(script.into());
        self
    }

    /// The item of the collection; in the folder of its tag it has the examples of its answers.
    pub(super) fn item(&self, operation: &Operation<'_>, has_examples: bool) -> Value {
        let request = self.request(operation);
        let tests = [self.tests(operation)];
        let mut events = vec![script::event("test", tests.iter().chain(&self.after))];
        if !self.before.is_empty() {
            events.insert(0, script::event("prerequest", &self.before));
        }
        json!({
            "name": self.name.unwrap_or(operation.summary()),
            "event": events,
            "request": request,
            "response": if has_examples { examples(operation, &request) } else { Vec::new() },
        })
    }

    fn request(&self, operation: &Operation<'_>) -> Value {
        let (method, path) = self.address.unwrap_or((operation.method, operation.path));
        let (media_type, body) = self.body(operation);
        let mut headers: Vec<_> =
            media_type.iter().map(|media_type| json!({"key": "Content-Type", "value": media_type})).collect();
        let own = self.headers.iter().map(|(name, value)| json!({"key": name, "value": value}));
        headers.extend(own.chain(self.parameters(operation, "header")));
        let mut request = Map::new();
        match self.sender {
            Sender::Usual if operation.is_for_users() => {}
            Sender::Usual | Sender::Nobody => {
                request.insert("auth".into(), json!({"type": "noauth"}));
            }
            Sender::Bearer(token) => {
                request.insert("auth".into(), bearer(token));
            }
        }
        request.insert("method".into(), method.to_uppercase().into());
        request.insert("header".into(), headers.into());
        request.extend(body.map(|body| ("body".to_owned(), body)));
        request.insert("url".into(), self.url(operation, path));
        let description = self.description.unwrap_or(operation.description());
        if !description.is_empty() {
            request.insert("description".into(), description.into());
        }
        request.into()
    }

    fn body(&self, operation: &Operation<'_>) -> (Option<String>, Option<Value>) {
        let json = |media_type: &str, body: &Value| {
            let raw = serde_json::to_string_pretty(body).unwrap_or_default();
            let body = json!({"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}});
            (Some(media_type.to_owned()), Some(body))
        };
        match (&self.body, operation.body()) {
            (Body::Text(media_type, body), _) => {
                let media_type = (!media_type.is_empty()).then(|| (*media_type).to_owned());
                (media_type, (!body.is_empty()).then(|| json!({"mode": "raw", "raw": body})))
            }
            (Body::Json(body), Some((media_type, _))) => json(media_type, body),
            (Body::Json(body), None) => json("application/json", body),
            (Body::Example(members), Some((media_type, Some(example)))) => {
                let mut body = example.clone();
                merge(&mut body, members);
                json(media_type, &body)
            }
            (Body::Example(_), _) => (None, None),
        }
    }

    fn url(&self, operation: &Operation<'_>, path: &str) -> Value {
        let mut url = Map::new();
        // A colon before the name is how this format writes what the document writes in braces.
        let path = path.replace('{', ":").replace('}', "");
        let query: Vec<_> = self.parameters(operation, "query").collect();
        let given: Vec<_> = query.iter().filter(|part| part.get("disabled").is_none()).collect();
        let pairs: Vec<_> = given
            .iter()
            .map(|part| {
                format!(
                    "{}={}",
                    part["key"].as_str().unwrap_or_default(),
                    part["value"].as_str().unwrap_or_default()
                )
            })
            .collect();
        let query_text = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        url.insert("raw".into(), format!("{{{{baseUrl}}}}{path}{query_text}").into());
        url.insert("host".into(), json!(["{{baseUrl}}"]));
        url.insert("path".into(), path.split('/').skip(1).collect());
        for (name, parts) in [("query", query), ("variable", self.parameters(operation, "path").collect())] {
            if !parts.is_empty() {
                url.insert(name.into(), parts.into());
            }
        }
        url.into()
    }

    /// Those that go to `place`; what may be left out is there, but switched off.
    fn parameters<'a>(&'a self, operation: &Operation<'a>, place: &'a str) -> impl Iterator<Item = Value> {
        let parameters = operation.parameters().filter(move |parameter| parameter.place == place);
        parameters.map(|Parameter { name, is_required, description, example, .. }| {
            let given = self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            let mut part =
                json!({"key": name, "value": given.unwrap_or(&example), "description": description});
            if given.is_none() && !is_required {
                part["disabled"] = true.into();
            }
            part
        })
    }

    /// What every request is held to, as the document tells it.
    fn tests(&self, operation: &Operation<'_>) -> String {
        match (&self.expected, operation.success()) {
            (Expected::Problem(status, code), _) => script::is_problem(*status, code),
            (Expected::Success, Some(answer)) => script::is_success(&answer),
            (Expected::SuccessOr(other), Some(answer)) => script::is_success_or(&answer, *other),
            (_, None) => String::new(),
        }
    }
}
