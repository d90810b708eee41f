//! What the annotations of parameters cannot say themselves.

use utoipa::openapi::{
    RefOr,
    path::{Operation, Parameter},
    schema::{Schema, SchemaType, Type},
};

/// `*`, or strong entity tags (RFC 9110, section 13.1.1).
const ENTITY_TAGS: &str = r#"^(\*|"[!#-~]*"( *, *"[!#-~]*")*)$"#;

/// Says of each parameter of `operation` what it can be.
pub(super) fn complete(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let is_condition = is_condition(parameter);
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { continue };
        // One that may be left out is `Option<T>` to its annotation, which offers `null`; in a header or a query
        // there is none.
        if let SchemaType::Array(types) = &schema.schema_type {
            let given = types.iter().find(|one| **one != Type::Null).cloned();
            schema.schema_type = given.unwrap_or_default().into();
        }
        if is_condition {
            schema.pattern = Some(ENTITY_TAGS.to_owned());
            // Right whenever somebody tries the operation.
            schema.example.get_or_insert_with(|| "*".into());
        }
    }
}

/// Whether `operation` can be made to depend on the version of what it changes.
pub(super) fn has_condition(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(is_condition)
}

fn is_condition(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name == "If-Match")
}
