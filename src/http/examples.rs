//! Whole examples in the API document, put together from those of the members.

pub mod failures;
pub mod people;
mod shown;

use serde_json::{Map, Value};
use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr,
    example::ExampleBuilder,
    path::Operation,
    schema::{AllOf, Components, Schema},
};

use self::shown::Shown;
use super::openapi::operations;

/// Gives each request and each answer of `document` that has no example some, or one.
pub fn complete(document: &mut OpenApi) {
    let Some(components) = document.components.clone() else { return };
    for (_, _, operation) in operations(document) {
        exemplify(operation, &components);
    }
}

fn exemplify(operation: &mut Operation, components: &Components) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            give(content, shown::requests(&id), Members::All, components);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        for content in response.content.values_mut() {
            let made = |schema: &str| {
                example(&Ref::from_schema_name(schema).into(), Members::Always, components)
                    .unwrap_or_default()
            };
            let shown = if status == "200" { shown::answers(&id, &made) } else { Vec::new() };
            give(content, shown, Members::Always, components);
        }
    }
}

/// Which members an example has.
#[derive(Clone, Copy)]
enum Members {
    /// All: what may be sent.
    All,
    /// Those that are always there: what is answered when nothing is special.
    Always,
}

fn give(content: &mut RefOr<Content>, shown: Vec<Shown>, members: Members, components: &Components) {
    let RefOr::T(content) = content else { return };
    if content.example.is_some() || !content.examples.is_empty() {
        return;
    }
    if shown.is_empty() {
        content.example = content.schema.as_ref().and_then(|schema| example(schema, members, components));
    }
    for Shown { name, summary, body } in shown {
        let example = ExampleBuilder::new().summary(summary).value(Some(body)).build();
        content.examples.insert(name.to_owned(), example.into());
    }
}

/// The example of a schema: its own, or one made of its parts.
fn example(schema: &RefOr<Schema>, members: Members, components: &Components) -> Option<Value> {
    let example = |schema: &RefOr<Schema>| example(schema, members, components);
    match schema {
        RefOr::Ref(reference) => example(components.schemas.get(name(reference))?),
        RefOr::T(Schema::Object(object)) if object.example.is_some() => object.example.clone(),
        RefOr::T(Schema::Object(object)) if object.properties.is_empty() => {
            object.enum_values.as_ref().and_then(|values| values.first().cloned())
        }
        RefOr::T(Schema::Object(object)) => {
            let shown = object
                .properties
                .iter()
                .filter(|(name, _)| matches!(members, Members::All) || object.required.contains(name));
            let made = shown.filter_map(|(name, schema)| Some((name.clone(), example(schema)?)));
            Some(Value::Object(made.collect()))
        }
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => {
            let parts = items.iter().filter_map(example);
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            Some(Value::Object(members.collect::<Map<_, _>>()))
        }
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().find_map(example),
        RefOr::T(Schema::Array(array)) => array.example.clone().or_else(|| match &array.items {
            utoipa::openapi::schema::ArrayItems::RefOrSchema(item) => {
                Some(Value::Array(vec![example(item)?]))
            }
            utoipa::openapi::schema::ArrayItems::False => None,
        }),
        RefOr::T(_) => None,
    }
}

/// `Profile` of `#/components/schemas/Profile`.
fn name(reference: &Ref) -> &str {
    reference.ref_location.rsplit('/').next().unwrap_or_default()
}
