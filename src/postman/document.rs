//! What a collection needs to know of an `OpenAPI` document.
//!
//! It is read by its structure and by the names of its operations, never by
//! its texts, which may change from day to day.

use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An `OpenAPI` document as JSON.
pub(super) struct Document(pub Value);

/// What can be asked for.
pub(super) struct Operation<'a> {
    document: &'a Document,
    pub path: &'a str,
    pub method: &'a str,
    value: &'a Value,
}

/// What is told of a request beside its body.
pub(super) struct Parameter<'a> {
    pub name: &'a str,
    /// `query`, `path` or `header`.
    pub place: &'a str,
    pub is_required: bool,
    pub description: &'a str,
    pub example: String,
}

/// What an operation may answer.
pub(super) struct Answer<'a> {
    pub status: u16,
    /// None: it has no body.
    pub media_type: Option<&'a str>,
    /// What its body has in any case, if that is an object.
    pub required: Vec<&'a str>,
    /// By name, and what they say.
    pub examples: Vec<(&'a str, &'a Value)>,
}

impl Document {
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Names and descriptions of the tags, in their order.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.0["tags"].as_array().into_iter().flatten();
        tags.map(|tag| (text(&tag["name"]), text(&tag["description"])))
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(move |(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let value = item.get(method)?;
                Some(Operation { document: self, path, method, value })
            })
        })
    }

    /// What a value stands for, if it is a reference.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let place = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        place.and_then(|place| self.0.pointer(place)).unwrap_or(value)
    }

    /// What an object of this schema always has.
    fn required<'a>(&'a self, schema: &'a Value) -> Vec<&'a str> {
        let schema = self.resolve(schema);
        let own = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let parts = schema["allOf"].as_array().into_iter().flatten();
        own.chain(parts.flat_map(|part| self.required(part))).collect()
    }

    /// The examples of a body or an answer; its only one has no name.
    fn examples<'a>(&'a self, content: &'a Value) -> Vec<(&'a str, &'a Value)> {
        if let Some(example) = content.get("example") {
            return vec![("", example)];
        }
        let named = content["examples"].as_object().into_iter().flatten();
        named.map(|(name, example)| (&**name, &self.resolve(example)["value"])).collect()
    }
}

impl<'a> Operation<'a> {
    /// Its name, which stories call it by.
    pub(super) fn id(&self) -> &'a str {
        text(&self.value["operationId"])
    }

    pub(super) fn tag(&self) -> &'a str {
        text(&self.value["tags"][0])
    }

    pub(super) fn summary(&self) -> &'a str {
        text(&self.value["summary"])
    }

    pub(super) fn description(&self) -> &'a str {
        text(&self.value["description"])
    }

    /// Whether somebody has to be logged in.
    pub(super) fn is_for_users(&self) -> bool {
        self.value["security"].as_array().is_some_and(|ways| !ways.is_empty())
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = Parameter<'a>> {
        let document = self.document;
        let parameters = self.value["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| document.resolve(parameter)).map(|parameter| Parameter {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            is_required: parameter["required"] == true,
            description: text(&parameter["description"]),
            example: match &parameter["example"] {
                Value::Null => String::new(),
                Value::String(example) => example.clone(),
                other => other.to_string(),
            },
        })
    }

    /// The first media type that its body may have, and the first example of it.
    pub(super) fn body(&self) -> Option<(&'a str, Option<&'a Value>)> {
        let content = &self.document.resolve(&self.value["requestBody"])["content"];
        let (media_type, content) = content.as_object()?.iter().next()?;
        Some((media_type, self.document.examples(content).first().map(|(_, example)| *example)))
    }

    /// What it may answer, in the order of the document.
    pub(super) fn answers(&self) -> impl Iterator<Item = Answer<'a>> {
        let document = self.document;
        let responses = self.value["responses"].as_object().into_iter().flatten();
        responses.filter_map(move |(status, response)| {
            let content = document.resolve(response)["content"].as_object();
            let content = content.and_then(|content| content.iter().next());
            Some(Answer {
                status: status.parse().ok()?,
                media_type: content.map(|(media_type, _)| &**media_type),
                required: content
                    .map(|(_, content)| document.required(&content["schema"]))
                    .unwrap_or_default(),
                examples: content.map(|(_, content)| document.examples(content)).unwrap_or_default(),
            })
        })
    }

    /// What it answers when all goes well.
    pub(super) fn success(&self) -> Option<Answer<'a>> {
        self.answers().find(|answer| (200..300).contains(&answer.status))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
