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
        let RefOr::T(Parameter { name, schema, .. }) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = schema else { continue };
        // One that may be left out is `Option<T>` to its annotation, which offers `null`; in a header or a query
        // there is none.
        if let SchemaType::Array(types) = &schema.schema_type {
            let given = types.iter().find(|one| **one != Type::Null).cloned();
            schema.schema_type = given.unwrap_or_default().into();
        }
        if name == "If-Match" {
            schema.pattern = Some(ENTITY_TAGS.to_owned());
            // Right whenever somebody tries the operation.
            schema.example.get_or_insert_with(|| "*".into());
        }
    }
}
