use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};

use super::{
    body::{Body, NOT_READ},
    problem::Problem,
};
use crate::{domain::avatar::MOST_BYTES, picture::Format};

/// A picture whose first byte was not read yet: before that the handler looks who sends it, and whether there is room.
pub struct Upload {
    /// What kind of picture it is said to be.
    pub format: Format,
    body: Body,
}

impl Upload {
    /// The picture.
    ///
    /// # Errors
    ///
    /// [`Problem::PayloadTooLarge`], [`Problem::RequestTimeout`] or [`Problem::InvalidRequest`].
    pub async fn read(self) -> Result<Vec<u8>, Problem> {
        Ok(self.body.read().await?.into())
    }
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let types = ["image/png", "image/jpeg", "image/webp"];
        let format = Format::of(request.content_type()).ok_or(Problem::UnsupportedMediaType(NOT_READ));
        let body = Body::of(request, payload, &types, MOST_BYTES);
        ready(body.and_then(|body| Ok(Self { format: format?, body })))
    }
}
