//! Pictures: of what somebody sends an avatar is made, upright, square, on white, and without a word about where it
//! comes from. What is sent is believed in nothing: it is decoded within bounds, beside the threads that answer, and
//! only the pixels are kept.

mod square;
#[cfg(test)]
mod tests;
mod webp;

use std::{io::Cursor, num::NonZero, thread, time::Duration};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};
use tokio::task::{self, JoinError};

use crate::{
    domain::avatar::{LONGEST_SIDE, MOST_PIXELS, SIDE},
    places::{Place, PlaceError, Places, Queue},
};

/// How many pictures may be on their way at a time, from their first byte on: each may have 2 MiB.
const UPLOADS: usize = 32;
/// How long a picture that has arrived waits to be decoded.
const PATIENCE: Duration = Duration::from_secs(3);
/// Decoding the largest picture takes up to 300 MB, so few are decoded at once, however many cores there are.
const MOST_AT_ONCE: usize = 2;
/// What a header and what stands beside it, such as a colour profile, may take, in bytes.
const MOST_OF_HEADER: u64 = 16 << 20;
/// How often a JPEG may go over its pixels, counted as if every pair of bytes that looks like the start of a scan were
/// one. Cameras write ten or so; a small file with a hundred keeps a core for many seconds.
const MOST_SCANS: usize = 32;
/// How much of a picture the JPEG keeps, 1 to 100: below it faces begin to show blocks.
const QUALITY: u8 = 85;

/// The kinds of picture that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO/IEC 15948.
    Png,
    /// ISO/IEC 10918-1.
    Jpeg,
    /// RFC 9649.
    WebP,
}

impl Format {
    /// The kind with this media type.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        let known = [("image/png", Self::Png), ("image/jpeg", Self::Jpeg), ("image/webp", Self::WebP)];
        known.into_iter().find(|(name, _)| media_type.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }
}

impl From<Format> for ImageFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Png => Self::Png,
            Format::Jpeg => Self::Jpeg,
            Format::WebP => Self::WebP,
        }
    }
}

/// Why no avatar was made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Too many pictures are on their way, or wait to be decoded.
    #[error("as many pictures are being read as may be at a time")]
    NoPlace(#[from] PlaceError),
    /// A picture of another kind than it is said to be.
    #[error("the picture is of another kind than it is said to be")]
    OtherFormat,
    /// Not a picture that can be used.
    #[error("the picture cannot be used")]
    Invalid(Flaw),
    /// The avatar could not be written: a defect.
    #[error("an avatar could not be encoded")]
    Encoding(#[source] ImageError),
    /// The work ended early: the service is stopping.
    #[error("a picture was not decoded")]
    Lost(#[source] JoinError),
}

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing about it is a picture.
    NoPicture,
    /// It is damaged, cut off, or of a kind that is not known here.
    Undecodable,
    /// No width or no height.
    Empty,
    /// More than [`MOST_PIXELS`], or a side longer than [`LONGEST_SIDE`].
    TooManyPixels,
    /// A WebP with more than 256 KiB that are kept without loss.
    LosslessTooLong,
}

/// Makes avatars of pictures, few at a time.
#[derive(Clone, Debug)]
pub struct Pictures {
    uploads: Places,
    cores: Places,
}

/// A picture that may be sent: taken before its first byte is read, so that what all of them take is bounded.
#[derive(Debug)]
pub struct Upload {
    cores: Places,
    _place: Place,
}

/// What is kept of a picture: a JPEG of [`SIDE`] by [`SIDE`] pixels.
#[derive(Debug)]
pub struct Avatar(pub Vec<u8>);

impl Default for Pictures {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let at_once = (cores / 2).clamp(1, MOST_AT_ONCE);
        Self {
            uploads: Places::new(Queue { at_once: UPLOADS, waiting: 0, patience: Duration::ZERO }),
            cores: Places::new(Queue { at_once, waiting: UPLOADS, patience: PATIENCE }),
        }
    }
}

impl Pictures {
    /// Takes a place for a picture that is about to be sent; nobody waits for one.
    ///
    /// # Errors
    ///
    /// [`PictureError::NoPlace`].
    pub async fn upload(&self) -> Result<Upload, PictureError> {
        Ok(Upload { _place: self.uploads.take().await?, cores: self.cores.clone() })
    }

    /// How many pictures wait to be decoded.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.cores.waiting()
    }

    /// A place at decoding, if one is free.
    #[must_use]
    pub fn try_core(&self) -> Option<Place> {
        self.cores.try_take()
    }
}

impl Upload {
    /// Makes an avatar of a `picture` that is said to be of `format`.
    ///
    /// # Errors
    ///
    /// [`PictureError`].
    pub async fn avatar(self, format: Format, picture: Vec<u8>) -> Result<Avatar, PictureError> {
        let core = self.cores.take().await?;
        let work = task::spawn_blocking(move || {
            let made = avatar(format, &picture);
            drop((picture, core, self));
            made
        });
        match work.await {
            Ok(made) => made,
            // Somebody found a picture that a decoder was not written for. That it is a defect of ours they need not know.
            Err(error) if error.is_panic() => {
                tracing::warn!("a decoder of pictures gave up in a panic; the picture is refused");
                Err(PictureError::Invalid(Flaw::Undecodable))
            }
            Err(error) => Err(PictureError::Lost(error)),
        }
    }
}

fn avatar(format: Format, picture: &[u8]) -> Result<Avatar, PictureError> {
    match image::guess_format(picture) {
        Ok(found) if found == format.into() => {}
        Ok(_) => return Err(PictureError::OtherFormat),
        Err(_) => return Err(PictureError::Invalid(Flaw::NoPicture)),
    }
    let (decoded, orientation) = decode(format, picture).map_err(PictureError::Invalid)?;
    let mut square = DynamicImage::from(square::square(&decoded, SIDE));
    drop(decoded);
    square.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    square
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))
        .map_err(PictureError::Encoding)?;
    Ok(Avatar(jpeg))
}

/// The pixels as they are stored, and how they are to be turned. Of an animation the first picture.
///
/// How many pixels there are is read off the header, before memory is taken for any of them.
fn decode(format: Format, picture: &[u8]) -> Result<(DynamicImage, Orientation), Flaw> {
    if format == Format::WebP && webp::largest_frame(picture) > MOST_PIXELS {
        return Err(Flaw::TooManyPixels);
    }
    if format == Format::WebP && webp::is_lossless_too_long(picture) {
        return Err(Flaw::LosslessTooLong);
    }
    let scans = || picture.windows(2).filter(|pair| *pair == [0xff, 0xda]).count();
    if format == Format::Jpeg && scans() > MOST_SCANS {
        return Err(Flaw::Undecodable);
    }
    let mut reader = ImageReader::with_format(Cursor::new(picture), format.into());
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_OF_HEADER);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        ImageError::Limits(_) => Flaw::TooManyPixels,
        _ => Flaw::Undecodable,
    })?;
    let (width, height) = decoder.dimensions();
    match u64::from(width) * u64::from(height) {
        0 => return Err(Flaw::Empty),
        1..=MOST_PIXELS => {}
        _ => return Err(Flaw::TooManyPixels),
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let pixels = DynamicImage::from_decoder(decoder).map_err(|_| Flaw::Undecodable)?;
    Ok((pixels, orientation))
}
