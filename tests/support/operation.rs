//! The operations of the API, as its own document lists them.

use phone_auth::server;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::TestApp;

/// One method of one path, with everything a test needs to call it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    pub path: String,
    /// Whether it asks for an access token.
    pub authenticated: bool,
    /// Whether it can do without a body.
    pub body_is_optional: bool,
    /// The media types of its body, none if it takes none.
    pub media_types: Vec<String>,
    /// A body made of the examples of all its members.
    pub example: Value,
    /// The members its body cannot do without.
    pub required: Vec<String>,
    /// The whole operation object.
    pub description: Value,
}

impl Operation {
    /// All of them, read off the document.
    pub fn all() -> Vec<Self> {
        let document = serde_json::to_value(server::document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
        });
        operations.map(|(path, method, operation)| Self::read(&document, path, method, operation)).collect()
    }

    /// Those that read a body, which is JSON.
    pub fn with_body() -> Vec<Self> {
        let reads_json = |operation: &Self| operation.media_types.iter().any(|name| name.ends_with("json"));
        Self::all().into_iter().filter(reads_json).collect()
    }

    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let content = operation["requestBody"]["content"].as_object();
        let media_types: Vec<String> =
            content.into_iter().flat_map(|content| content.keys().cloned()).collect();
        let schema = content.and_then(|content| content.values().next()).map(|media| &media["schema"]);
        Self {
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            authenticated: operation["security"].as_array().is_some_and(|needed| !needed.is_empty()),
            body_is_optional: operation["requestBody"]["required"] != true,
            media_types,
            example: schema.map(|schema| example(document, schema)).unwrap_or_default(),
            required: schema.map(|schema| required(document, schema)).unwrap_or_default(),
            description: operation.clone(),
        }
    }

    /// The names of the members of its body.
    pub fn members(&self) -> Vec<String> {
        self.example.as_object().into_iter().flat_map(|members| members.keys().cloned()).collect()
    }

    /// The parameters in its query.
    pub fn query_parameters(&self) -> Vec<String> {
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        let in_query = parameters.filter(|parameter| parameter["in"] == "query");
        in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }

    /// A request for it with its example as the body, if it takes one, and without a token.
    pub fn whole_request(&self, app: &TestApp) -> RequestBuilder {
        self.with_example(self.request(app))
    }

    /// `request` with the example as its body, if the operation takes one.
    pub fn with_example(&self, request: RequestBuilder) -> RequestBuilder {
        match self.media_types.first() {
            Some(media_type) => request.header("content-type", media_type).json(&self.example),
            None => request,
        }
    }

    /// A request for it, without a body and without a token.
    pub fn request(&self, app: &TestApp) -> RequestBuilder {
        app.request(self.method.clone(), &self.address())
    }

    /// Its path with the examples of its parameters.
    pub fn address(&self) -> String {
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        parameters.filter(|parameter| parameter["in"] == "path").fold(self.path.clone(), |path, parameter| {
            let name = parameter["name"].as_str().unwrap();
            path.replace(&format!("{{{name}}}"), parameter["example"].as_str().unwrap())
        })
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The schema itself: a reference is followed, and of "this or null" this is taken.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolve(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    match schema["oneOf"].as_array() {
        Some(choice) => resolve(document, choice.iter().find(|choice| choice["type"] != "null").unwrap()),
        None => schema,
    }
}

fn required(document: &Value, schema: &Value) -> Vec<String> {
    let names = resolve(document, schema)["required"].as_array();
    names.into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// A value that fits `schema`, made of the examples in it.
fn example(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    match (schema["properties"].as_object(), schema["enum"].as_array()) {
        (Some(members), _) => {
            members.iter().map(|(name, member)| (name.clone(), example(document, member))).collect()
        }
        (None, Some(variants)) => variants[0].clone(),
        (None, None) => schema["example"].clone(),
    }
}
