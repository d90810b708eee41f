//! Words: values that cannot be wrong.
//!
//! Each type is parsed once, at the door, and holds its invariant from then
//! on. Nothing here knows a database, a clock or HTTP.

pub mod avatar;
mod country;
pub mod export;
pub mod guess_bound;
pub mod guess_budget;
mod invite;
mod limit;
pub mod network;
mod otp;
mod phone;
pub mod pin;
mod pseudonym;
pub mod referral;
pub mod send_limits;
pub mod session_limits;
mod test_phones;
mod text;
mod user;
mod visible;

pub use avatar::{AvatarHash, AvatarHashError};
pub use country::{Countries, CountriesError, Region, RegionError};
pub use invite::{InviteCode, InviteCodeError};
pub use limit::Limit;
pub use network::{TrustedProxies, TrustedProxiesError};
pub use otp::{OtpCode, OtpCodeError, OtpLength, OtpLengthError};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use pin::{Pin, PinFormatError, PinHash};
pub use pseudonym::Pseudonym;
pub use test_phones::{TestPhones, TestPhonesError};
pub use text::{DeviceName, Email, PersonName, SiteName, TextError, TextLine};
pub use user::{ChallengeId, DeviceId, EventId, SessionId, UserId};
