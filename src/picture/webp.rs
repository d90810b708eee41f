//! What must be known about WebP (RFC 9649) before it is decoded and what its header does not say: a file in the
//! extended form tells its size twice, and memory is taken by what the frame says; and for what is kept without loss
//! memory is taken by how much of it there is, whatever its pixels.

use std::ops::Range;

/// How long a chunk without loss may be, in bytes. A file may describe it by tables, tens of thousands of them, that
/// grow to 350 times their length when they are read: these to 92 MB.
pub(super) const MOST_LOSSLESS: usize = 256 << 10;

/// Whether one of the chunks that are kept without loss, pixels or their transparency, is longer than
/// [`MOST_LOSSLESS`]. What counts is what the chunk says: the decoder reads so far.
pub(super) fn is_lossless_too_long(picture: &[u8]) -> bool {
    chunks(picture)
        .any(|(name, body)| matches!(name, b"VP8L" | b"ALPH") && body.end - body.start > MOST_LOSSLESS)
}

/// How many pixels the largest lossy frame has. What its chunk is called does not matter: whatever begins as a frame
/// may be decoded as one.
///
/// Frames without loss are compared with the header before memory is taken for them.
pub(super) fn largest_frame(picture: &[u8]) -> u64 {
    chunks(picture).map(|(_, body)| frame(picture, body.start)).max().unwrap_or(0)
}

/// The chunks of a file, and those within them.
fn chunks(picture: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    // "RIFF", a size, "WEBP".
    let outer = Chunks { picture, at: 12, end: picture.len() };
    outer.flat_map(|(name, body)| {
        // A picture of an animation: where it stands and for how long it is shown, then chunks of its own.
        let inner = if name == b"ANMF" { body.start + 16..body.end } else { 0..0 };
        Chunks { picture, at: inner.start, end: inner.end }.chain([(name, body)])
    })
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
    fn what_is_kept_without_loss_is_short_wherever_it_stands() {
        let canvas = || chunk("VP8X", &[0; 10]);
        let animated = |inner: &[Vec<u8>]| chunk("ANMF", &[vec![0; 16], inner.concat()].concat());
        let lossy = || chunk("VP8 ", &[vp8(9, 9), vec![0; 2 << 20]].concat());
        for (length, too_long) in [(MOST_LOSSLESS, false), (MOST_LOSSLESS + 1, true)] {
            let lossless = |name: &str| chunk(name, &vec![0; length]);
            for (what, file) in [
                ("alone", file(&[lossless("VP8L")])),
                ("transparency", file(&[canvas(), lossless("ALPH"), lossy()])),
                ("the other way round", file(&[canvas(), lossy(), lossless("ALPH")])),
                ("moving", file(&[canvas(), animated(&[lossless("VP8L")])])),
                ("moving transparency", file(&[canvas(), animated(&[lossless("ALPH"), lossy()])])),
                ("the second", file(&[canvas(), animated(&[lossy()]), animated(&[lossless("VP8L")])])),
            ] {
                assert_eq!(is_lossless_too_long(&file), too_long, "{what}, {length}");
                // Cut off or not, so much of it would be read.
                assert_eq!(is_lossless_too_long(&file[..file.len() - 9]), too_long, "{what}, {length}");
            }
        }
        assert!(!is_lossless_too_long(&file(&[lossy()])));
        assert!(!is_lossless_too_long(&file(&[canvas(), chunk("EXIF", &vec![0; 1 << 20]), lossy()])));
    }

    #[test]
    fn what_is_cut_off_has_no_frame_and_is_no_defect() {
        let whole = file(&[chunk("VP8X", &[0; 10]), chunk("ANMF", &[0; 40]), chunk("VP8 ", &vp8(9, 9))]);
        for end in 0..whole.len() {
            largest_frame(&whole[..end]);
            assert!(!is_lossless_too_long(&whole[..end]));
        }
    }
}
