//! Which characters of a text somebody who reads it sees, and which of the others are needed to write what is seen.
//!
//! What is known of characters is of Unicode 18: those that are younger stand for nothing until the library knows them.

use icu_properties::props::{
    BinaryProperty, CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier,
    EnumeratedProperty, ExtendedPictographic, GeneralCategory, GeneralCategoryGroup, Ideographic,
    IndicSyllabicCategory, JoiningType, Script, VariationSelector,
};

use super::TextError;

/// Refuses what does not show and is not needed, what stands for nothing, and a text of which nothing is seen.
pub(super) fn check(text: &str) -> Result<(), TextError> {
    let text: Vec<char> = text.chars().collect();
    for (at, c) in text.iter().enumerate() {
        if is_invisible(*c) && !is_needed(&text, at) {
            return Err(TextError::Invisible);
        } else if is_meaningless(*c) {
            return Err(TextError::Meaningless);
        }
    }
    if text.iter().any(|c| is_seen_alone(*c)) { Ok(()) } else { Err(TextError::Blank) }
}

/// What is not drawn, and the marks of interlinear annotation. Whatever changes the direction of writing is among it.
fn is_invisible(c: char) -> bool {
    DefaultIgnorableCodePoint::for_char(c) || matches!(c, '\u{fff9}'..='\u{fffb}')
}

/// What is private, not assigned, or put where another character could not be.
fn is_meaningless(c: char) -> bool {
    use GeneralCategory::{PrivateUse, Surrogate, Unassigned};
    matches!(c, '\u{fffc}' | '\u{fffd}')
        || matches!(GeneralCategory::for_char(c), PrivateUse | Surrogate | Unassigned)
}

/// No space, no mark on another character, and not the pattern of Braille without a dot.
fn is_seen_alone(c: char) -> bool {
    !(c.is_whitespace() || c == '\u{2800}' || is_invisible(c) || is_mark(c))
}

fn is_needed(text: &[char], at: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + 1..]);
    match text[at] {
        // RFC 5892, appendix A: after a virama whatever follows; and within words.
        '\u{200c}' => follows_virama(before) || is_within_word(before, after),
        '\u{200d}' => {
            follows_virama(before)
                || is_within_word(before, after)
                || joins_forward(before)
                || joins_emoji(before, after)
        }
        '\u{180b}'..='\u{180d}' | '\u{180f}' => before.last().is_some_and(|c| is_mongolian(*c)),
        '\u{180e}' => {
            let mut letters = before.iter().rev().skip_while(|c| VariationSelector::for_char(**c));
            [letters.next(), after.first()].iter().all(|c| c.is_some_and(|c| is_mongolian(*c)))
        }
        '\u{fe00}'..='\u{fe0f}' => before.last().is_some_and(|c| has_variants(*c)),
        '\u{e0100}'..='\u{e01ef}' => before.last().is_some_and(|c| Ideographic::for_char(*c)),
        '\u{e0020}'..='\u{e007f}' => is_of_flag(before, &text[at..]),
        _ => false,
    }
}

fn follows_virama(before: &[char]) -> bool {
    before.last().is_some_and(|c| CanonicalCombiningClass::for_char(*c) == CanonicalCombiningClass::Virama)
}

/// Between letters of which one changes its form with the next, as in Persian, or that make syllables, as in Bengali.
fn is_within_word(before: &[char], after: &[char]) -> bool {
    base(before).is_some_and(changes_form) && after.first().is_some_and(|c| changes_form(*c))
}

fn changes_form(c: char) -> bool {
    use JoiningType as Joining;
    let joins = matches!(
        JoiningType::for_char(c),
        Joining::DualJoining | Joining::LeftJoining | Joining::RightJoining
    );
    // Digits and hyphens stand in for consonants.
    let is_of_syllable = IndicSyllabicCategory::for_char(c) != IndicSyllabicCategory::Other;
    (is_letter(c) || is_mark(c)) && (joins || is_of_syllable)
}

/// After a letter that would join the next one, if there were one: abbreviations in Arabic end like this.
fn joins_forward(before: &[char]) -> bool {
    let joining = base(before).map(JoiningType::for_char);
    joining.is_some_and(|it| matches!(it, JoiningType::DualJoining | JoiningType::LeftJoining))
}

/// Between two emoji that are put together; the first may have a colour or be a flag.
fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let is_added = |c| VariationSelector::for_char(c) || EmojiModifier::for_char(c) || is_tag(c);
    let first = before.iter().rev().find(|c| !is_added(**c));
    [first, after.first()].iter().all(|c| c.is_some_and(|c| ExtendedPictographic::for_char(*c)))
}

/// Whether `c` is drawn in ways that a selector after it tells apart.
fn has_variants(c: char) -> bool {
    Emoji::for_char(c)
        || Ideographic::for_char(c)
        || GeneralCategoryGroup::Symbol.contains(GeneralCategory::for_char(c))
        || matches!(Script::for_char(c), Script::Myanmar | Script::PhagsPa)
}

/// A black flag, of which region, and the end (UTS #51, annex C): nothing else is written in tags.
fn is_of_flag(before: &[char], rest: &[char]) -> bool {
    let flag = before.iter().rposition(|c| !is_tag(*c)).filter(|at| before[*at] == '\u{1f3f4}');
    let tags = flag.map(|at| before[at + 1..].iter().chain(rest).take_while(|c| is_tag(**c)));
    let tags: Vec<char> = tags.into_iter().flatten().copied().collect();
    let is_of_region = |c: &char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    matches!(&tags[..], [region @ .., '\u{e007f}'] if (3..=6).contains(&region.len()) && region.iter().all(is_of_region))
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

fn is_mongolian(c: char) -> bool {
    Script::for_char(c) == Script::Mongolian && is_letter(c)
}

fn is_letter(c: char) -> bool {
    GeneralCategoryGroup::Letter.contains(GeneralCategory::for_char(c))
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(c))
}

/// The last character that is no mark on another.
fn base(before: &[char]) -> Option<char> {
    before.iter().rev().find(|c| !is_mark(**c)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_to_write_a_name_may_stand_in_it() {
        for (what, name) in [
            ("Persian", "علی\u{200c}رضا"),
            ("Persian with vowels", "عَلی\u{200c}رِضا"),
            ("Arabic abbreviation", "ه\u{200d}"),
            ("Arabic abbreviation with a dot", "ه\u{200d}."),
            ("Sinhala", "ක්\u{200d}රිස්"),
            ("Hindi, half a letter", "र्\u{200d}य"),
            ("Hindi, a virama that shows", "राजन्\u{200c}"),
            ("Hindi, two words", "राजन्\u{200c} सिंह"),
            ("Malayalam", "അവന്\u{200d}"),
            ("Malayalam, two words", "അവന്\u{200d} മകൾ"),
            ("Bengali, khanda ta", "ত্\u{200d}"),
            ("Bengali, ya-phalaa", "র\u{200d}্যাব"),
            ("Kannada", "ರ್\u{200d}ಕ"),
            ("Mongolian", "ᠬᠠᠷ\u{180e}ᠠ"),
            ("Mongolian with a variant", "ᠭ\u{180b}ᠠ"),
            ("Mongolian with both", "ᠭ\u{180b}\u{180e}ᠠ"),
            ("Japanese", "葛\u{e0100}城"),
            ("Chinese", "葛\u{fe00}"),
            ("Hebrew", "דָּוִד"),
            ("Braille", "⠁⠙⠁\u{2800}⠃"),
            ("a sign that stands before", "\u{600}١"),
            ("emoji put together", "👨\u{200d}👩\u{200d}👧"),
            ("of a colour", "👩🏽\u{200d}💻"),
            ("with a variant", "❤\u{fe0f}\u{200d}🔥"),
            ("a flag put together", "🏳\u{fe0f}\u{200d}⚧\u{fe0f}"),
            ("a key", "1\u{fe0f}\u{20e3}"),
            ("England", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"),
            ("Ada's in England", "Ada 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 2"),
        ] {
            assert_eq!(check(name), Ok(()), "{what}");
        }
    }

    #[test]
    fn what_shows_nothing_and_is_not_needed_may_not() {
        for (what, name) in [
            ("joined Latin", "a\u{200d}b"),
            ("disjoined Latin", "Ad\u{200c}a"),
            ("joined Cyrillic", "А\u{200d}да"),
            ("disjoined Greek", "Α\u{200c}δα"),
            ("joined Han", "李\u{200d}李"),
            ("an emoji that is joined to nothing", "👩\u{200d}"),
            ("disjoined emoji", "👩\u{200c}💻"),
            ("Arabic disjoined from nothing", "ه\u{200c}"),
            ("a letter that joins nothing", "ا\u{200d}"),
            ("joined to another script", "ꩀ\u{200d}x"),
            ("joined twice", "ന്\u{200d}\u{200d}"),
            ("a variant of Latin", "A\u{fe0f}da"),
            ("another", "A\u{e0100}da"),
            ("a variant of Cyrillic", "А\u{fe00}"),
            ("a variant of Greek", "Α\u{fe0f}"),
            ("a variant of a variant", "葛\u{fe00}\u{fe00}"),
            ("a variant that emoji do not have", "❤\u{e0100}"),
            ("a Mongolian variant of Latin", "A\u{180b}"),
            ("a Mongolian separator in Latin", "A\u{180e}a"),
            ("at an end", "ᠬᠠᠷ\u{180e}"),
            ("tags without a flag", "Ada\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"),
            ("a flag without an end", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}"),
            ("a flag of a letter", "🏴\u{e0067}\u{e007f}"),
            (
                "a message in a flag",
                "🏴\u{e0068}\u{e0065}\u{e006c}\u{e006c}\u{e006f}\u{e0079}\u{e006f}\u{e007f}",
            ),
            ("a grapheme joiner", "a\u{34f}b"),
            ("a filler", "\u{115f}\u{1161}"),
        ] {
            assert_eq!(check(name), Err(TextError::Invisible), "{what}");
        }
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        for c in ['\u{fffd}', '\u{fffc}', '\u{e000}', '\u{100000}', '\u{378}', '\u{ffff}', '\u{1fffe}'] {
            assert_eq!(check(&format!("A{c}da")), Err(TextError::Meaningless), "{}", c.escape_unicode());
        }
    }

    #[test]
    fn something_is_seen() {
        for name in ["\u{2800}", "\u{2800} \u{2800}", "\u{301}", "\u{301}\u{20dd}", "\u{93e}"] {
            assert_eq!(check(name), Err(TextError::Blank), "{}", name.escape_unicode());
        }
    }
}
