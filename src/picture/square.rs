use image::{
    DynamicImage, GenericImageView, Rgb, RgbImage,
    imageops::{self, FilterType},
};

/// The middle of a picture, on white.
///
/// Seen pixel by pixel, so that no second picture of that size is made; and made opaque before it is scaled, or the
/// colours that hide behind transparency would bleed into its edges.
struct Middle<'a> {
    picture: &'a DynamicImage,
    left: u32,
    top: u32,
    side: u32,
}

impl GenericImageView for Middle<'_> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.side, self.side)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let [red, green, blue, alpha] = self.picture.get_pixel(self.left + x, self.top + y).0;
        Rgb([red, green, blue].map(|colour| on_white(colour, alpha)))
    }
}

fn on_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    u8::try_from((colour * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

/// The middle of `picture`, scaled to `side` by `side` pixels. Whichever way the picture is turned afterwards, its
/// middle is the same.
pub(super) fn square(picture: &DynamicImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let shorter = width.min(height);
    let middle = Middle { picture, left: (width - shorter) / 2, top: (height - shorter) / 2, side: shorter };
    if shorter >= side {
        // Each pixel of the picture counts once: sharp enough at any ratio, and as fast as reading it.
        imageops::thumbnail(&middle, side, side)
    } else {
        imageops::resize(&middle, side, side, FilterType::CatmullRom)
    }
}
