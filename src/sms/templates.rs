//! The operator's own words, from files that are read once, at the start.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    Autofill, TextsError,
    segment::Size,
    text::{Kind, excess},
};
use crate::domain::{TextError, TextLine};

/// What is wrong with a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Perhaps a slip of the pen: it would never be used.
    #[error("is not read: templates are {}", known())]
    UnknownName,
    /// Bytes that are no text.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Nothing is in it.
    #[error("is empty")]
    Empty,
    /// Characters that do not show, and their like.
    #[error("{0}")]
    Text(TextError),
    /// So many places for the code.
    #[error("must have {{code}} once, and has it {0} times")]
    Codes(usize),
    /// Braces about something else.
    #[error("has {0}: only {{code}} and {{site}} stand for something, and other braces cannot be sent")]
    Placeholder(String),
    /// What phones would take for the line from which they fill in.
    #[error(
        "must not contain @ or #: phones find the code by them, in the last line, which is not in a template"
    )]
    Mark,
    /// Two segments.
    #[error("is {excess} {unit} too long for {limit}, with its last line and the longest code{hint}")]
    TooLong {
        /// By how much.
        excess: usize,
        /// Of what.
        unit: &'static str,
        /// What it has to fit.
        limit: &'static str,
        /// Why it is so little.
        hint: String,
    },
}

impl Flaw {
    /// Of `text` as it would be sent.
    pub(super) fn too_long(text: &str, autofill: Autofill) -> Self {
        let size = Size::of(text);
        let (unit, limit) = match (autofill, size.segment) {
            (Autofill::Android, _) if size.excess() == 0 => ("bytes", "Android, which reads 140"),
            (_, 160) => ("characters", "one segment of 160"),
            _ => ("characters", "one segment of 70"),
        };
        let outside = text.chars().find(|c| Size::of(&c.to_string()).segment < 160);
        let hint =
            outside.map(|c| format!("; without {c} and its like it would have 160")).unwrap_or_default();
        Self::TooLong { excess: excess(text, autofill), unit, limit, hint }
    }
}

pub(super) fn file_name(kind: Kind) -> String {
    format!("{kind}.txt")
}

fn known() -> String {
    Kind::ALL.map(file_name).join(", ")
}

/// The templates in `folder`. Files that are no texts, and hidden ones, are not looked at.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<Kind, String>, TextsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| TextsError::Unreadable { path, source }
    };
    let mut templates = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_text = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
        if !is_text || name.starts_with('.') {
            continue;
        }
        let flawed = |flaw| TextsError::Template { file: name.escape_debug().to_string(), flaw };
        let Some(kind) = Kind::ALL.into_iter().find(|kind| file_name(*kind) == name) else {
            return Err(flawed(Flaw::UnknownName));
        };
        let bytes = fs::read(&path).map_err(unreadable(&path))?;
        templates.insert(kind, check(bytes).map_err(flawed)?);
    }
    Ok(templates)
}

/// The words of a template: without white space around each line, and without empty lines around all.
fn check(bytes: Vec<u8>) -> Result<String, Flaw> {
    let text = String::from_utf8(bytes).map_err(|_| Flaw::NotUtf8)?;
    // As editors write them, on Windows too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
    if text.is_empty() {
        return Err(Flaw::Empty);
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(match TextLine::try_from(line.to_owned()) {
            Ok(line) => line.into_string(),
            Err(TextError::Empty) => String::new(),
            Err(error) => return Err(Flaw::Text(error)),
        });
    }
    let text = lines.join("\n");
    if text.contains(['@', '#']) {
        return Err(Flaw::Mark);
    }
    match text.matches("{code}").count() {
        1 => {}
        count => return Err(Flaw::Codes(count)),
    }
    match foreign_brace(&text) {
        Some(found) => Err(Flaw::Placeholder(found)),
        None => Ok(text),
    }
}

/// What a brace that is not of `{code}` or `{site}` stands about.
fn foreign_brace(text: &str) -> Option<String> {
    // In their place, not nothing: what stands around them must not come together.
    let text = text.replace("{code}", "\n").replace("{site}", "\n");
    let rest = &text[text.find(['{', '}'])?..];
    let end = rest.find('}').map_or(1, |at| at + 1);
    let found: String = rest[..end].chars().take(30).collect();
    Some(if found.contains('\n') { rest[..1].to_owned() } else { found })
}
