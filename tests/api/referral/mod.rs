//! `/api/v1/referral`, and invite codes at the first login.

mod activate;
mod first_login;
mod invited;
mod paging;
mod rules;
mod shown;
mod unknown_codes;

const REFERRAL: &str = "/api/v1/referral";
