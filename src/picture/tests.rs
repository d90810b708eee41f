//! What decoders make of files that nobody wrote on purpose.

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

/// The smallest picture with loss: the encoder at hand writes none.
const LOSSY_WEBP: &str = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";
/// Eight pixels square, in several scans: nor does it write such a one.
const PROGRESSIVE_JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wgARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAv/aAAwDAQACEAMQAAABgQ//xAAWEAADAAAAAAAAAAAAAAAAAAAAAQL/2gAIAQEAAQUCUn//xAAXEQADAQAAAAAAAAAAAAAAAAAAAQIR/9oACAEDAQE/AZp4f//EABURAQEAAAAAAAAAAAAAAAAAAAEA/9oACAECAQE/AVv/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAY/An//xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAE/IX//2gAMAwEAAgADAAAAEP8A/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAwEBPxBH/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAER/9oACAECAQE/EG0//8QAFRABAQAAAAAAAAAAAAAAAAAAAGH/2gAIAQEAAT8Qi//Z";

fn seeds() -> Vec<(Format, Vec<u8>)> {
    let drawn = RgbaImage::from_fn(23, 11, |x, y| {
        let [across, down, ..] = [x * 11, y * 23].map(|colour| colour.to_le_bytes()[0]);
        Rgba([across, down, 99, across ^ down])
    });
    let drawn = DynamicImage::from(drawn);
    let written = [
        (Format::Png, drawn.clone()),
        (Format::Png, DynamicImage::from(drawn.to_luma16())),
        (Format::Jpeg, DynamicImage::from(drawn.to_rgb8())),
        (Format::WebP, drawn),
    ];
    let written = written.into_iter().map(|(format, picture)| {
        let mut file = Vec::new();
        picture.write_to(&mut Cursor::new(&mut file), format.into()).unwrap();
        (format, file)
    });
    let kept = [(Format::WebP, LOSSY_WEBP), (Format::Jpeg, PROGRESSIVE_JPEG)];
    written.chain(kept.map(|(format, file)| (format, BASE64_STANDARD.decode(file).unwrap()))).collect()
}

/// What happens to a file: bytes at relative places replaced, and it is cut or made longer.
fn damage() -> impl Strategy<Value = (Vec<(f64, u8)>, f64)> {
    (prop::collection::vec((0.0..1.0, any::<u8>()), 0..8), 0.0..1.5)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small file")]
#[expect(clippy::cast_precision_loss, reason = "a place in a small file")]
fn at(length: usize, place: f64) -> usize {
    (length as f64 * place) as usize
}

proptest! {
    #[test]
    fn whatever_happened_to_a_picture_it_becomes_an_avatar_or_is_refused(
        seed in 0..6_usize,
        (replaced, cut) in damage(),
    ) {
        let (format, mut file) = seeds().swap_remove(seed);
        for (place, byte) in replaced {
            let place = at(file.len(), place);
            file[place] = byte;
        }
        file.truncate(at(file.len(), cut));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let made = runtime.block_on(async {
            Pictures::default().upload().await?.avatar(format, file).await
        });
        match made {
            Ok(avatar) => {
                let read = image::load_from_memory_with_format(&avatar.0, ImageFormat::Jpeg).unwrap();
                prop_assert_eq!((read.width(), read.height()), (SIDE, SIDE));
            }
            Err(PictureError::Invalid(_) | PictureError::OtherFormat) => {}
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn what_nothing_happened_to_becomes_an_avatar() {
    for (format, file) in seeds() {
        avatar(format, &file).unwrap_or_else(|error| panic!("{format:?}: {error:?}"));
    }
}

#[test]
fn a_jpeg_goes_over_its_pixels_so_often_and_no_more() {
    let file = BASE64_STANDARD.decode(PROGRESSIVE_JPEG).unwrap();
    let last = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let scans = file.windows(2).filter(|pair| *pair == [0xff, 0xda]).count();
    let (before, scan) = file[..file.len() - 2].split_at(last);
    for (count, fits) in [(MOST_SCANS, true), (MOST_SCANS + 1, false)] {
        let longer = [before, &scan.repeat(count + 1 - scans), &[0xff, 0xd9]].concat();
        assert_eq!(avatar(Format::Jpeg, &longer).is_ok(), fits, "{count}");
    }
}

#[test]
fn a_webp_with_loss_has_up_to_2_mib() {
    // The chunk of its pixels, longer than they need.
    let frame = &BASE64_STANDARD.decode(LOSSY_WEBP).unwrap()[20..];
    let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let head = [&b"RIFF"[..], &size((2 << 20) - 8), b"WEBPVP8 ", &size((2 << 20) - 20)].concat();
    let mut file = [&head[..], frame].concat();
    file.resize(2 << 20, 0);
    avatar(Format::WebP, &file).unwrap();
}
