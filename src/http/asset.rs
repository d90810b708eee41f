//! One file of the pages and documents, ready to be sent as often as asked.

use actix_web::body::SizedStream;
use actix_web::dev::{Handler, HttpServiceFactory};
use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CROSS_ORIGIN_OPENER_POLICY, ContentEncoding,
    ETag, Encoding, EntityTag, Header, IfNoneMatch, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use std::{convert::Infallible, io::Write, sync::OnceLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::{Compression, write::GzEncoder};
use futures_util::{Stream, stream};
use sha2::{Digest, Sha256};

use super::fallback;

/// Asked for again on every visit; the answer is mostly 304.
const EVERY_VISIT: &str = "no-cache";

/// A bundle changes only with a release, and its address does not name the
/// version: a day bounds how long an upgrade can go unseen.
const ONE_DAY: &str = "public, max-age=86400";

/// How much of a body one connection holds.
const PIECE: usize = 16 << 10;

/// What a file allows itself once a browser shows it as a page of its own.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// A file with its headers. An answer shares the body and copies no byte of it.
pub(crate) struct Asset {
    media_type: &'static str,
    body: Bytes,
    /// The same, compressed once for all who ask.
    gzipped: OnceLock<Bytes>,
    tag: EntityTag,
    policy: &'static str,
    caching: &'static str,
}

impl Asset {
    pub(crate) fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        // Weak, because the same file may leave compressed or not.
        let tag = EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        Self { media_type, body, gzipped: OnceLock::new(), tag, policy: NOTHING, caching: EVERY_VISIT }
    }

    /// A page that may load what `policy`, its `Content-Security-Policy`, says.
    pub(crate) fn page(html: impl Into<Bytes>, policy: &'static str) -> Self {
        Self { policy, ..Self::new("text/html; charset=utf-8", html) }
    }

    pub(crate) fn script(text: impl Into<Bytes>) -> Self {
        Self::new("text/javascript; charset=utf-8", text)
    }

    pub(crate) fn style(text: impl Into<Bytes>) -> Self {
        Self::new("text/css; charset=utf-8", text)
    }

    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self::new("text/plain; charset=utf-8", text)
    }

    /// Lets a browser keep the file for a day without asking.
    pub(crate) fn kept(self) -> Self {
        Self { caching: ONE_DAY, ..self }
    }

    /// Sends the file, or 304 to a browser that has it already.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = is_known(request, &self.tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header(ETag(self.tag.clone()))
            .insert_header((CACHE_CONTROL, self.caching))
            .insert_header((CONTENT_SECURITY_POLICY, self.policy))
            .insert_header((CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((VARY, "accept-encoding"));
        if known {
            return response.finish();
        }
        response.content_type(self.media_type);
        if takes_gzip(request) {
            response.insert_header(ContentEncoding::Gzip).body(in_pieces(self.gzipped()))
        } else {
            response.body(in_pieces(self.body.clone()))
        }
    }

    /// At the best level, for it is done once, at the first visit.
    fn gzipped(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&self.body);
            encoder.finish().unwrap_or_default().into()
        };
        self.gzipped.get_or_init(compress).clone()
    }

    #[cfg(test)]
    pub(crate) fn content(&self) -> &str {
        std::str::from_utf8(&self.body).expect("every file here is text")
    }
}

/// The body, a piece at a time: what is sent is copied for each connection, and who reads slowly would hold a copy of all.
fn in_pieces(body: Bytes) -> SizedStream<impl Stream<Item = Result<Bytes, Infallible>>> {
    let length = body.len();
    let pieces = (0..length).step_by(PIECE).map(move |from| Ok(body.slice(from..length.min(from + PIECE))));
    SizedStream::new(length as u64, stream::iter(pieces))
}

/// Whether the client has what `tag` stands for; an `If-None-Match` that cannot be read counts as none (RFC 9110,
/// section 13.1.2).
pub(crate) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Whether the client would rather have it compressed (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    let wanted = AcceptEncoding::parse(request).ok();
    wanted.and_then(|wanted| wanted.negotiate(known.iter())) == Some(Encoding::gzip())
}

/// An address that can only be read.
pub(crate) fn readable<F, Args>(path: &str, handler: F) -> impl HttpServiceFactory + use<F, Args>
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path).route(web::get().to(handler)).default_service(web::to(fallback::no_such_operation))
}
