use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::problem::Problem;

/// The parameters after the question mark, read strictly: none unknown or
/// twice, every value within its type. What is refused is named.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let parameters = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(parameters.map(Self).map_err(|error| explain(&error)))
    }
}

/// Names the parameter and the rule. All values are texts here, and serde
/// quotes a value only where it expected another type than a text.
fn explain(error: &serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Problem {
    let (path, rule) = (error.path().to_string(), error.inner());
    Problem::InvalidRequest(if path == "." { format!("{rule}.") } else { format!("{path}: {rule}.") }.into())
}
