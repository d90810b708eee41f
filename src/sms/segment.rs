//! How long a message is, as networks count it and operators pay for it.

use std::fmt;

use sms_splitter::SplitSms;

/// What a message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Septets of the alphabet of GSM, of which some characters take two; or units of UTF-16.
    pub units: usize,
    /// How many of them one segment has.
    pub segment: usize,
}

impl Size {
    /// Of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let split = SplitSms::default().split(String::from(text));
        if split.character_set == "GSM" {
            Self { units: split.bytes, segment: 160 }
        } else {
            Self { units: split.bytes / 2, segment: 70 }
        }
    }

    /// How many units are too many for one segment.
    #[must_use]
    pub fn excess(self) -> usize {
        self.units.saturating_sub(self.segment)
    }
}

/// As `66/70`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.units, self.segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GSM 03.38: the basic alphabet, and what takes an escape before it.
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                         ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENSION: &str = "\u{c}^{}\\[~]|€";

    #[test]
    fn every_character_takes_what_gsm_03_38_says() {
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count()), (127, 10));
        for c in ('\u{1}'..='\u{3000}').chain(['\u{fe0f}', '\u{feff}', '\u{fffd}', '😀', '\u{10ffff}']) {
            let expected = if BASIC.contains(c) {
                Size { units: 1, segment: 160 }
            } else if EXTENSION.contains(c) {
                Size { units: 2, segment: 160 }
            } else {
                Size { units: c.len_utf16(), segment: 70 }
            };
            assert_eq!(Size::of(&c.to_string()), expected, "{}", c.escape_unicode());
        }
    }

    #[test]
    fn a_segment_is_160_septets_or_70_units() {
        for (character, count, excess) in [
            ("a", 160, 0),
            ("a", 161, 1),
            ("€", 80, 0),
            ("€", 81, 2),
            ("[", 81, 2),
            ("é", 160, 0),
            ("`", 70, 0),
            ("`", 71, 1),
            ("ж", 70, 0),
            ("ж", 71, 1),
            ("😀", 35, 0),
            ("😀", 36, 2),
            ("a", 1000, 840),
            ("ж", 1000, 930),
        ] {
            assert_eq!(Size::of(&character.repeat(count)).excess(), excess, "{character} {count}");
        }
        // One character of the other kind, and all are counted as of it.
        assert_eq!(Size::of(&format!("{}ж", "a".repeat(70))).excess(), 1);
        assert_eq!(Size::of("").units, 0);
        assert_eq!(Size::of("код").to_string(), "3/70");
    }
}
