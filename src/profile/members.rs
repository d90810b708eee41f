use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::http::problem::Problem;

/// The members of a profile that are not written with it, and what there is to say about that.
const ELSEWHERE: [(&str, &str); 13] = [
    ("id", "is given once and for all"),
    ("phone", "is changed by POST /api/v1/profile/phone"),
    ("full_name", "is made of first_name and last_name"),
    ("avatar_url", "is changed by PUT /api/v1/profile/avatar"),
    ("invite_code", "is given once and for all"),
    ("activated_invite_code", "is set by POST /api/v1/referral/activate"),
    ("invited_by_phone", "is set by POST /api/v1/referral/activate"),
    ("invited_users", "changes when somebody activates the invite code"),
    ("invited_users_count", "changes when somebody activates the invite code"),
    ("invited_users_next", "changes when somebody activates the invite code"),
    ("has_pin", "is changed by PUT /api/v1/profile/pin"),
    ("created_at", "is set by the first login"),
    ("updated_at", "is set by each change"),
];

/// A body with members of the profile. One that cannot be written here is refused with a sentence that says where it is
/// changed, so that nobody has to guess why it is "unknown".
pub(super) struct Members<B>(pub B);

impl<B: FromRequest<Error = Problem> + 'static> FromRequest for Members<B> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = B::from_request(request, payload);
        Box::pin(async move { body.await.map(Self).map_err(say_where) })
    }
}

fn say_where(problem: Problem) -> Problem {
    let Problem::InvalidRequest(detail) = &problem else { return problem };
    let unknown = detail.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let known = ELSEWHERE.iter().find(|(member, _)| Some(*member) == unknown);
    match known {
        Some((member, place)) => {
            Problem::InvalidRequest(format!("{member}: cannot be written here; it {place}.").into())
        }
        None => problem,
    }
}
