//! What is made of files, good and bad.

use image::{
    DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};

use super::avatar::{AVATAR, alike, encoded, picture, plain, put};
use crate::support::TestApp;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 220, 30];
const BLUE: [u8; 3] = [30, 30, 220];
const YELLOW: [u8; 3] = [220, 220, 30];

/// The check sum of a chunk (ISO/IEC 15948, annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

fn chunk(name: &str, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let named = [name.as_bytes(), body].concat();
    [&length[..], &named, &crc(&named).to_be_bytes()].concat()
}

/// A PNG that says it is so large, with the pixels of `of`.
fn png_said_to_be(width: u32, height: u32, of: &[u8]) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [&of[..8], &chunk("IHDR", &head), &of[33..]].concat()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&DynamicImage::new_rgba8(width, height), ImageFormat::Png)
}

/// A lossy WebP in the extended form, whose canvas and frame are said to be so large.
fn webp_said_to_be(canvas: u16, frame: u16) -> Vec<u8> {
    let side = u32::from(canvas - 1).to_le_bytes();
    let canvas = [&[0, 0, 0, 0][..], &side[..3], &side[..3]].concat();
    let frame =
        [&[0x10, 0, 0, 0x9d, 1, 0x2a][..], &frame.to_le_bytes(), &frame.to_le_bytes(), &[0; 20]].concat();
    riff(&[b"WEBP".to_vec(), riff_chunk(b"VP8X", &canvas), riff_chunk(b"VP8 ", &frame)])
}

/// A WebP without loss of 16 by 16 pixels, so many bytes of it, none of which is a table.
fn lossless_webp(length: usize) -> Vec<u8> {
    let side = 15_u32;
    let head = [&[0x2f][..], &(side | side << 14).to_le_bytes()].concat();
    let body = [&head[..], &vec![0xff; length - head.len()]].concat();
    riff(&[b"WEBP".to_vec(), riff_chunk(b"VP8L", &body)])
}

fn riff(parts: &[Vec<u8>]) -> Vec<u8> {
    riff_chunk(b"RIFF", &parts.concat())
}

fn riff_chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let padding = &[0][..body.len() % 2];
    [name, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, padding].concat()
}

#[tokio::test]
async fn what_is_no_good_picture_is_refused_and_says_why() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let good = plain(ImageFormat::Png, RED);
    let jpeg = plain(ImageFormat::Jpeg, RED);
    let webp = plain(ImageFormat::WebP, RED);
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    let many_scans = [&jpeg[..2], &[0xff, 0xda].repeat(200), &jpeg[2..]].concat();
    let type_ = (415, "unsupported-media-type", "`Content-Type` names a type that is not read");
    let other = (415, "unsupported-media-type", "The picture is of another type");
    let none = (415, "unsupported-media-type", "The header `Content-Type` is missing");
    let image = (422, "invalid-image", "");
    let no_picture = (422, "invalid-image", "The body is no picture.");
    let damaged = (422, "invalid-image", "The picture is damaged");
    let large = (422, "invalid-image", "The picture has more than 25 megapixels");
    let lossless = (422, "invalid-image", "The picture is a WebP that keeps more than 256 KiB without loss");
    for (what, media_type, file, (status, code, detail)) in [
        ("nothing", "image/png", vec![], no_picture),
        ("SVG by its name", "image/svg+xml", svg.into(), type_),
        ("SVG said to be PNG", "image/png", svg.into(), no_picture),
        ("HTML", "image/jpeg", "<script>alert(1)</script>".into(), no_picture),
        ("HTML by its name", "text/html", "<script>alert(1)</script>".into(), type_),
        ("GIF by its name", "image/gif", "GIF89a".into(), type_),
        ("GIF said to be PNG", "image/png", "GIF89a\x01\0\x01\0".into(), other),
        ("JPEG said to be PNG", "image/png", jpeg.clone(), other),
        ("PNG said to be WebP", "image/webp", good.clone(), other),
        ("WebP said to be JPEG", "image/jpeg", webp.clone(), other),
        ("no type", "", good.clone(), none),
        ("any type", "image/*", good.clone(), type_),
        ("text before the picture", "image/png", [b"hi", &good[..]].concat(), no_picture),
        ("only the first bytes of a PNG", "image/png", good[..8].to_vec(), damaged),
        ("only the first bytes of a JPEG", "image/jpeg", vec![0xff, 0xd8, 0xff], damaged),
        ("only the first bytes of a WebP", "image/webp", webp[..16].to_vec(), damaged),
        ("a PNG that is cut off", "image/png", png(300, 300)[..100].to_vec(), damaged),
        ("a WebP that is cut off", "image/webp", webp[..webp.len() - 20].to_vec(), image),
        ("no width", "image/png", png_said_to_be(0, 9, &good), damaged),
        ("a PNG bomb", "image/png", png_said_to_be(100_000, 100_000, &good), large),
        ("the largest PNG", "image/png", png_said_to_be(0x7fff_ffff, 0x7fff_ffff, &good), large),
        ("a very long PNG", "image/png", png_said_to_be(65_536, 1, &good), large),
        ("a row too many", "image/png", png_said_to_be(5_001, 5_000, &good), large),
        ("less than it says", "image/png", png_said_to_be(5_000, 5_000, &good), damaged),
        ("a WebP bomb", "image/webp", webp_said_to_be(16_000, 16_000), large),
        ("a WebP whose frame is larger than itself", "image/webp", webp_said_to_be(16, 16_383), large),
        ("a WebP of tables", "image/webp", lossless_webp((256 << 10) + 1), lossless),
        ("as many tables as may be", "image/webp", lossless_webp(256 << 10), damaged),
        ("a JPEG without end", "image/jpeg", many_scans, damaged),
    ] {
        app.execute("DELETE FROM rate_limit").await;
        let answer = put(&ada, media_type, file).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        let problem = answer.expect_problem(status, code);
        assert!(problem.text_of("detail").starts_with(detail), "{what}: {}", problem.text);
    }
    assert_eq!(app.count("avatars").await, 0);
}

#[tokio::test]
async fn a_picture_has_up_to_2_mib_however_it_is_sent() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let good = plain(ImageFormat::Png, RED);
    let padded = |length: usize| [&good[..], &vec![0; length - good.len()]].concat();
    let chunked = |file: Vec<u8>| {
        let head = format!(
            "PUT {AVATAR} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: image/png\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            ada.access_token
        );
        let chunk = |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        let chunks: Vec<_> = file.chunks(60_000).chain([&[][..]]).map(chunk).collect();
        app.raw(&[head.into_bytes(), chunks.concat()].concat())
    };
    put(&ada, "image/png", padded(2 << 20)).await.expect(200);
    chunked(padded(2 << 20)).expect(200);
    put(&ada, "image/png", padded((2 << 20) + 1)).await.expect_problem(413, "payload-too-large");
    chunked(padded((2 << 20) + 1)).expect_problem(413, "payload-too-large");
    let compressed = ada.request(reqwest::Method::PUT, AVATAR).header("content-type", "image/png");
    let compressed = compressed.header("content-encoding", "gzip").body(good);
    let compressed = app.send(compressed).await.expect_problem(415, "unsupported-media-type");
    assert_eq!(compressed.text_of("detail"), "The body must not be compressed.");
}

#[tokio::test]
async fn what_hides_in_a_good_picture_is_gone() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let script = b"<script>alert('MARKER')</script>";
    let good = plain(ImageFormat::Png, RED);
    let text = chunk("tEXt", b"Comment\0MARKER");
    // More pixels than it says, by far; and the same as a colour profile.
    let black = png(3_000, 3_000);
    let swollen = png_said_to_be(40, 30, &black);
    let profile = chunk("iCCP", &[b"MARKER\0\0", &black[41..black.len() - 16]].concat());
    for (what, media_type, file) in [
        ("a page behind it", "image/png", [&good[..], script].concat()),
        ("a page behind a JPEG", "image/jpeg", [&plain(ImageFormat::Jpeg, RED), &script[..]].concat()),
        ("a text within", "image/png", [&good[..33], &text, &good[33..]].concat()),
        ("EXIF of a PNG", "image/png", with_exif(ImageFormat::Png, 1)),
        ("EXIF of a JPEG", "image/jpeg", with_exif(ImageFormat::Jpeg, 1)),
        ("EXIF of a WebP", "image/webp", with_exif(ImageFormat::WebP, 1)),
        ("a pixel bomb", "image/png", swollen),
        ("a profile bomb", "image/png", [&good[..33], &profile, &good[33..]].concat()),
    ] {
        let profile = put(&ada, media_type, file.clone()).await;
        // What is too much may as well be refused.
        if what.ends_with("bomb") && profile.status == 422 {
            continue;
        }
        picture(&app, &profile.expect(200).body).await;
        let kept = app.query("SELECT encode(content, 'escape') FROM avatars").await.concat();
        for trace in ["MARKER", "Exif", "GPS", "script", "iCCP"] {
            assert!(!kept.contains(trace), "{what}: {trace}");
        }
    }
}

/// Four quarters, each of one colour, with EXIF data (CIPA DC-008) that say how it was held and where it was taken.
fn with_exif(format: ImageFormat, orientation: u8) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let exif = [
        b"II*\0\x08\0\0\0\x03\0".to_vec(),
        entry(0x010e, 2, 7, [50, 0, 0, 0]),
        entry(0x0112, 3, 1, [orientation, 0, 0, 0]),
        entry(0x8825, 4, 1, [57, 0, 0, 0]),
        vec![0; 4],
        b"MARKER\0".to_vec(),
        vec![1, 0],
        entry(0x0001, 2, 2, *b"N\0\0\0"),
        b"\0\0\0\0GPS 55.7558 MARKER".to_vec(),
    ]
    .concat();
    let quarters = RgbImage::from_fn(300, 200, |x, y| {
        Rgb(match (x < 150, y < 100) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        })
    });
    let mut file = Vec::new();
    match format {
        ImageFormat::Png => with(PngEncoder::new(&mut file), exif, &quarters),
        ImageFormat::Jpeg => with(JpegEncoder::new_with_quality(&mut file, 95), exif, &quarters),
        ImageFormat::WebP => with(WebPEncoder::new_lossless(&mut file), exif, &quarters),
        other => panic!("{other:?}"),
    }
    assert!(file.windows(6).any(|window| window == b"MARKER"));
    file
}

fn with(mut encoder: impl ImageEncoder, exif: Vec<u8>, picture: &RgbImage) {
    encoder.set_exif_metadata(exif).unwrap();
    let (width, height) = picture.dimensions();
    encoder.write_image(picture, width, height, image::ExtendedColorType::Rgb8).unwrap();
}

#[tokio::test]
async fn a_picture_is_turned_as_its_camera_says_before_that_is_forgotten() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    // From above left, row by row.
    let turned = [
        [RED, GREEN, BLUE, YELLOW],
        [GREEN, RED, YELLOW, BLUE],
        [YELLOW, BLUE, GREEN, RED],
        [BLUE, YELLOW, RED, GREEN],
        [RED, BLUE, GREEN, YELLOW],
        [BLUE, RED, YELLOW, GREEN],
        [YELLOW, GREEN, BLUE, RED],
        [GREEN, YELLOW, RED, BLUE],
    ];
    for (format, media_type) in [
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        app.execute("DELETE FROM rate_limit").await;
        for (orientation, expected) in (1..).zip(turned) {
            let profile = put(&ada, media_type, with_exif(format, orientation)).await.expect(200).body;
            let seen = picture(&app, &profile).await;
            for ((x, y), colour) in [(60, 60), (190, 60), (60, 190), (190, 190)].into_iter().zip(expected) {
                assert!(alike(*seen.get_pixel(x, y), colour), "{media_type} {orientation}: at {x}, {y}");
            }
        }
    }
}

#[tokio::test]
async fn the_middle_of_a_picture_is_kept_whatever_its_size() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for (width, height) in
        [(1, 1), (3, 2), (255, 300), (256, 256), (1_000, 700), (300, 2_000), (20_000, 1), (1, 20_000)]
    {
        // A blue square in the middle of red.
        let shorter = width.min(height);
        let (left, top) = ((width - shorter) / 2, (height - shorter) / 2);
        let drawn = RgbImage::from_fn(width, height, |x, y| {
            let inside = (left..left + shorter).contains(&x) && (top..top + shorter).contains(&y);
            Rgb(if inside { BLUE } else { RED })
        });
        let file = encoded(&drawn.into(), ImageFormat::Png);
        let profile = put(&ada, "image/png", file).await.expect(200).body;
        let seen = picture(&app, &profile).await;
        assert_eq!(seen.dimensions(), (256, 256));
        assert!(seen.pixels().all(|pixel| alike(*pixel, BLUE)), "{width} by {height}");
    }
}

#[tokio::test]
async fn what_is_transparent_is_white() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for (alpha, expected) in [(0, [255, 255, 255]), (128, [237, 142, 142]), (255, RED)] {
        let drawn = RgbaImage::from_pixel(300, 300, Rgba([RED[0], RED[1], RED[2], alpha]));
        for (format, media_type) in [(ImageFormat::Png, "image/png"), (ImageFormat::WebP, "image/webp")] {
            let file = encoded(&drawn.clone().into(), format);
            let profile = put(&ada, media_type, file).await.expect(200).body;
            assert!(
                alike(*picture(&app, &profile).await.get_pixel(99, 99), expected),
                "{media_type} {alpha}"
            );
        }
    }
    for drawn in
        [DynamicImage::new_luma8(9, 9), DynamicImage::new_luma16(9, 9), DynamicImage::new_rgb16(9, 9)]
    {
        let profile = put(&ada, "image/png", encoded(&drawn, ImageFormat::Png)).await.expect(200).body;
        assert!(alike(*picture(&app, &profile).await.get_pixel(99, 99), [0, 0, 0]), "{:?}", drawn.color());
    }
}
