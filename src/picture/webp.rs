//! The one thing about WebP (RFC 9649) that must be known before it is decoded and that its header does not say: a
//! file in the extended form tells its size twice, and memory is taken by what the frame says.

use std::ops::Range;

/// How many pixels the largest lossy frame has. What its chunk is called does not matter: whatever begins as a frame
/// may be decoded as one.
///
/// Frames without loss are compared with the header before memory is taken for them.
pub(super) fn largest_frame(picture: &[u8]) -> u64 {
    // "RIFF", a size, "WEBP".
    let outer = Chunks { picture, at: 12, end: picture.len() };
    let frames = outer.flat_map(|(name, body)| {
        // A picture of an animation: where it stands and for how long it is shown, then chunks of its own.
        let inner = if name == b"ANMF" { body.start + 16..body.end } else { 0..0 };
        let inner = Chunks { picture, at: inner.start, end: inner.end };
        inner.map(|(_, body)| frame(picture, body.start)).chain([frame(picture, body.start)])
    });
    frames.max().unwrap_or(0)
}

/// The chunks that begin between `at` and `end`: name and place of each.
struct Chunks<'a> {
    picture: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8], Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, size) = header(self.picture, self.at).filter(|_| self.at < self.end)?;
        let start = self.at + 8;
        let end = start.saturating_add(size);
        self.at = end.saturating_add(size % 2);
        Some((name, start..end))
    }
}

fn header(picture: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (name, size) = picture.get(at..at.checked_add(8)?)?.split_at(4);
    Some((name, u32::from_le_bytes(size.try_into().ok()?).try_into().ok()?))
}

/// The pixels of the frame that begins at `at`, none if none does (RFC 6386, section 9.1).
fn frame(picture: &[u8], at: usize) -> u64 {
    match picture.get(at..).unwrap_or_default() {
        [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] => {
            let side = |low: &u8, high: &u8| u64::from(u16::from_le_bytes([*low, *high]) & 0x3fff);
            side(w0, w1) * side(h0, h1)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &str, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len()).unwrap().to_le_bytes();
        [name.as_bytes(), &size[..], body, &vec![0; body.len() % 2]].concat()
    }

    fn vp8(width: u16, height: u16) -> Vec<u8> {
        [&[0x10, 0, 0, 0x9d, 0x01, 0x2a][..], &width.to_le_bytes(), &height.to_le_bytes(), &[0]].concat()
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP".to_vec(), chunks.concat()].concat()
    }

    #[test]
    fn frames_are_found_wherever_a_decoder_would_look_for_one() {
        let canvas = || chunk("VP8X", &[0; 10]);
        let animated = |inner: &[Vec<u8>]| chunk("ANMF", &[vec![0; 16], inner.concat()].concat());
        for (file, pixels) in [
            (file(&[chunk("VP8 ", &vp8(300, 200))]), 60_000),
            (file(&[canvas(), chunk("VP8 ", &vp8(16_383, 16_383))]), 16_383 * 16_383),
            (file(&[canvas(), chunk("EXIF", b"odd"), chunk("VP8 ", &vp8(5, 7))]), 35),
            (file(&[canvas(), animated(&[chunk("VP8 ", &vp8(9, 9))])]), 81),
            (file(&[canvas(), animated(&[chunk("ALPH", b"odd"), chunk("WHAT", &vp8(9, 9))])]), 81),
            // A chunk within that claims to reach beyond does not hide what follows.
            (file(&[canvas(), animated(&[b"JUNK\xff\xff\xff\x7f".to_vec()]), chunk("VP8 ", &vp8(9, 9))]), 81),
            (file(&[canvas(), chunk("VP8L", &[0x2f, 0, 0, 0, 0])]), 0),
        ] {
            assert_eq!(largest_frame(&file), pixels);
        }
    }

    #[test]
    fn what_is_cut_off_has_no_frame_and_is_no_defect() {
        let whole = file(&[chunk("VP8X", &[0; 10]), chunk("ANMF", &[0; 40]), chunk("VP8 ", &vp8(9, 9))]);
        for end in 0..whole.len() {
            largest_frame(&whole[..end]);
        }
    }
}
