use std::{error::Error, io, iter};

use super::{connector::TooLong, reach::PrivateNetwork};

/// What is said of an answer that did not come in time.
pub const LATE: &str = "no answer in time";

/// Why there was no answer, without the address and whatever else libraries put in.
#[must_use]
pub fn why(error: &hyper_util::client::legacy::Error) -> &'static str {
    let causes = || causes(error);
    // Some wrap their cause so that only its text is left.
    let says = |word: &str| causes().skip(1).any(|cause| cause.to_string().contains(word));
    let kind = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    if causes().any(<dyn Error>::is::<PrivateNetwork>) {
        "private network refused"
    } else if causes().any(is_too_long) {
        "too long an answer"
    } else if kind == Some(io::ErrorKind::TimedOut) {
        LATE
    } else if says("certificate") {
        "certificate not trusted"
    } else if says("dns error") {
        "name not found"
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        "connection refused"
    } else if error.is_connect() {
        "no connection"
    } else {
        "connection lost"
    }
}

/// What an [`io::Error`] was made of is not among the causes: it stands for it.
fn is_too_long(cause: &(dyn Error + 'static)) -> bool {
    let made_of = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    made_of.is_some_and(<dyn Error + Send + Sync>::is::<TooLong>)
}

/// An error, what caused it, what caused that.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause| cause.source())
}
