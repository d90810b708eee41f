//! What is told: data on standard output, everything else on standard error.

use std::io::{self, BufRead, IsTerminal, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::Ending;
use crate::domain::PhoneNumber;

/// Writes a line for whoever reads.
///
/// # Errors
///
/// [`Ending::ReaderLeft`] or [`Ending::Output`].
pub fn say(text: &str) -> anyhow::Result<()> {
    write(text.as_bytes())?;
    write(b"\n")
}

/// Writes these bytes for whoever reads.
pub(super) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Ending::ReaderLeft,
            _ => Ending::Output(error),
        }
        .into()
    })
}

/// Writes one JSON value for programs.
pub(super) fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(value)?)
}

/// A moment as commands show it.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What stands in a table where there is nothing.
pub(super) fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// A telephone number as commands show it: with its middle hidden, unless it was asked for.
pub(super) fn phone(e164: String, is_shown: bool) -> String {
    if is_shown { e164 } else { PhoneNumber::mask(&e164) }
}

/// So many of something.
pub(super) fn count(number: impl TryInto<i64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(i64::MAX);
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A column of a table.
pub(super) struct Column {
    title: &'static str,
    /// How wide it is at least, so that tables of one kind look alike.
    least: usize,
    is_right: bool,
}

impl Column {
    pub(super) const fn left(title: &'static str, least: usize) -> Self {
        Self { title, least, is_right: false }
    }

    /// For numbers.
    pub(super) const fn right(title: &'static str, least: usize) -> Self {
        Self { title, least, is_right: true }
    }
}

/// Lines of the same form for people, who may search them by `grep`.
pub(super) struct Table<const N: usize> {
    columns: [Column; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(columns: [Column; N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| printable(&cell)));
    }

    pub(super) fn say(&self) -> anyhow::Result<()> {
        let widths = std::array::from_fn(|at| {
            let column = &self.columns[at];
            let cells = self.rows.iter().map(|row| row[at].chars().count());
            cells.chain([column.title.len(), column.least]).max().unwrap_or_default()
        });
        let titles = std::array::from_fn(|at| self.columns[at].title.to_owned());
        let lines: Vec<_> =
            [&titles].into_iter().chain(&self.rows).map(|row| self.line(row, widths)).collect();
        say(&lines.join("\n"))
    }

    fn line(&self, row: &[String; N], widths: [usize; N]) -> String {
        let cells = row.iter().zip(&self.columns).zip(widths);
        let cells =
            cells.map(
                |((cell, column), width)| {
                    if column.is_right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            );
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

/// Writes names and what they stand for, a line each.
pub(super) fn say_facts(facts: &[(&str, String)]) -> anyhow::Result<()> {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = facts.iter().map(|(name, value)| format!("{name:<width$}  {}", printable(value)));
    say(&lines.collect::<Vec<_>>().join("\n"))
}

/// What people sent may hold what a terminal obeys; here it is only shown.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Asks before what cannot be undone.
///
/// # Errors
///
/// [`Ending::Refused`] when the answer is no, or there is nobody to ask.
pub(super) fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let refusal = format!("{question} There is nobody to ask: say --yes if that is meant");
        return Err(Ending::Refused(refusal).into());
    }
    let _ = write!(io::stderr(), "{} [y/N] ", printable_lines(question));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(Ending::Refused("nothing was changed".to_owned()).into())
    }
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// How far long work has come: one line that is written over, at a terminal only.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_shown: io::stderr().is_terminal() }
    }

    pub(super) fn at(&self, text: &str) {
        if self.is_shown {
            // To the start of the line, and what stood there is gone.
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.at("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_obeys_nobody_whose_words_it_shows() {
        let mut table = Table::new([Column::left("NAME", 6), Column::right("N", 3)]);
        table.row(["\u{1b}[2Jа".to_owned(), "7".to_owned()]);
        let widths = [6, 3];
        assert_eq!(table.line(&table.rows[0], widths), "\u{fffd}[2Jа     7");
    }
}
