//! Words: values that cannot be wrong.
//!
//! Each type is parsed once, at the door, and holds its invariant from then
//! on. Nothing here knows a database, a clock or HTTP.

mod country;
pub mod guess_budget;
mod invite;
pub mod network;
mod otp;
mod phone;
mod test_phones;
mod user;

pub use country::{Countries, CountriesError, Region, RegionError};
pub use invite::{InviteCode, InviteCodeError};
pub use network::{TrustedProxies, TrustedProxiesError};
pub use otp::{OtpCode, OtpCodeError, OtpLength, OtpLengthError};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use test_phones::{TestPhones, TestPhonesError};
pub use user::{ChallengeId, DeviceName, Email, PersonName, SessionId, TextError, UserId};
