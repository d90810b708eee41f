//! What went wrong in a tool, as the problem that a client is told.

use super::problem::Problem;
use crate::{
    domain::PhoneNumberError,
    picture::{Flaw, PictureError},
    store::StoreError,
    token::{PinError, TokenError},
};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unreachable(_) | StoreError::Late(_) => Self::Unavailable(error.into()),
            StoreError::Refused(_)
            | StoreError::Corrupt(_)
            | StoreError::Url
            | StoreError::Tls(_)
            | StoreError::TooOld(_)
            | StoreError::Outdated
            | StoreError::Migration(_) => Self::Internal(error.into()),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            // Until one can be opened again.
            TokenError::NoSigningKey => Self::Unavailable(error.into()),
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<PinError> for Problem {
    fn from(error: PinError) -> Self {
        match error {
            PinError::NoPlace(_) | PinError::OutOfMemory(_) => Self::Unavailable(error.into()),
            PinError::Lost(_) | PinError::Hash(_) => Self::Internal(error.into()),
        }
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::NoPlace(_) | PictureError::Lost(_) => Self::Unavailable(error.into()),
            PictureError::OtherFormat => {
                Self::UnsupportedMediaType("The picture is of another type than `Content-Type` says.")
            }
            PictureError::Invalid(flaw) => Self::InvalidImage(sentence(flaw)),
            PictureError::Encoding(_) => Self::Internal(error.into()),
        }
    }
}

fn sentence(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::NoPicture => "The body is no picture.",
        Flaw::Undecodable => "The picture is damaged, cut off, or of a kind that is not read.",
        Flaw::Empty => "The picture has no pixels.",
        Flaw::TooManyPixels => {
            "The picture has more than 25 megapixels, or a side of more than 65,535 pixels."
        }
        Flaw::LosslessTooLong => {
            "The picture is a WebP that keeps more than 256 KiB without loss: send it as PNG, JPEG or lossy WebP."
        }
    }
}

impl From<PhoneNumberError> for Problem {
    fn from(error: PhoneNumberError) -> Self {
        match error {
            PhoneNumberError::Invalid => Self::InvalidPhone,
            PhoneNumberError::NotMobile => Self::PhoneNotSupported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_memory_a_pin_is_put_off_and_that_is_no_defect() {
        let none = Vec::<u64>::new().try_reserve(usize::MAX).unwrap_err();
        assert!(matches!(PinError::from(none).into(), Problem::Unavailable(_)));
    }
}
