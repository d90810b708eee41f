use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The parameters after the question mark, read strictly.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parameters = web::Query::<T>::from_query(request.query_string());
        ready(parameters.map(|query| Self(query.into_inner())).map_err(|error| {
            // serde quotes what it could not read, and that may be a person's number.
            let text = error.to_string();
            let rule = match text.find("unknown field") {
                Some(start) => text[start..].to_owned(),
                None => "a query parameter is missing or not of its type".to_owned(),
            };
            Problem::InvalidRequest(format!("{rule}.").into())
        }))
    }
}
