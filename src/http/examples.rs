//! Whole examples in the API document, put together from those of the members.

use serde_json::{Map, Value};
use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr,
    schema::{AllOf, Components, Schema},
};

/// Gives each request and each answer of `document` that has no example one.
pub fn complete(document: &mut OpenApi) {
    let Some(components) = document.components.clone() else { return };
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.values_mut().for_each(|content| exemplify(content, &components));
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    response.content.values_mut().for_each(|content| exemplify(content, &components));
                }
            }
        }
    }
}

fn exemplify(content: &mut RefOr<Content>, components: &Components) {
    let RefOr::T(content) = content else { return };
    if content.example.is_none() && content.examples.is_empty() {
        content.example = content.schema.as_ref().and_then(|schema| example(schema, components));
    }
}

/// The example of a schema: its own, or one made of its parts.
fn example(schema: &RefOr<Schema>, components: &Components) -> Option<Value> {
    match schema {
        RefOr::Ref(reference) => example(components.schemas.get(name(reference))?, components),
        RefOr::T(Schema::Object(object)) if object.example.is_some() => object.example.clone(),
        RefOr::T(Schema::Object(object)) if object.properties.is_empty() => {
            object.enum_values.as_ref().and_then(|values| values.first().cloned())
        }
        RefOr::T(Schema::Object(object)) => {
            let member = |(name, schema): (&String, _)| Some((name.clone(), example(schema, components)?));
            Some(Value::Object(object.properties.iter().filter_map(member).collect()))
        }
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => {
            let parts = items.iter().filter_map(|item| example(item, components));
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            Some(Value::Object(members.collect::<Map<_, _>>()))
        }
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().find_map(|item| example(item, components)),
        RefOr::T(Schema::Array(array)) => array.example.clone().or_else(|| match &array.items {
            utoipa::openapi::schema::ArrayItems::RefOrSchema(item) => {
                Some(Value::Array(vec![example(item, components)?]))
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
