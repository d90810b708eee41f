//! Rust source, read well enough to see which paths it names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file under `src`, without comments, texts and unit tests.
pub struct Source {
    /// As `src/http/problem.rs`.
    pub path: String,
    pub room: String,
    /// How many modules deep: one for a room itself.
    pub depth: usize,
    pub lines: usize,
    tokens: Vec<(usize, String)>,
    pub is_test: bool,
}

pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    assert!(files.len() > 50, "{files:?}");
    files.iter().map(|file| read(file, &file.strip_prefix(root).unwrap().to_string_lossy())).collect()
}

fn read(file: &Path, path: &str) -> Source {
    let text = fs::read_to_string(file).unwrap();
    let modules: Vec<_> = path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
    let depth = modules.iter().filter(|module| **module != "mod").count();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    Source {
        path: path.to_owned(),
        room: modules[0].to_owned(),
        depth,
        lines: text.lines().count(),
        tokens: tokens(code),
        is_test: modules.contains(&"tests"),
    }
}

/// Names, `::` and single characters with their lines; no comments, no texts.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let (mut tokens, mut line, mut rest) = (Vec::new(), 1, code);
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest);
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = match (skipped, name) {
            (1.., _) => skipped,
            (_, 1..) => name,
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if skipped == 0 && !first.is_whitespace() {
            tokens.push((line, token.to_owned()));
        }
        line += token.matches('\n').count();
        rest = after;
    }
    tokens
}

/// How long the comment or text is with which `rest` begins, zero for neither.
fn skipped(rest: &str) -> usize {
    let until =
        |start: usize, end: &str| rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len());
    if rest.starts_with("//") {
        return until(2, "\n") - 1;
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    let hashes =
        rest.strip_prefix('r').map_or("", |raw| &raw[..raw.len() - raw.trim_start_matches('#').len()]);
    if rest.starts_with(&format!("r{hashes}\"")) {
        return until(hashes.len() + 2, &format!("\"{hashes}"));
    }
    let quoted = |quote: char| {
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == quote && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        end.map_or(rest.len(), |(at, _)| at + 1)
    };
    let mut characters = rest.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('"'), ..) => quoted('"'),
        // A character, and no lifetime.
        (Some('\''), Some('\\'), _) | (Some('\''), Some(_), Some('\'')) => quoted('\''),
        _ => 0,
    }
}

/// The paths that start at `at`: several, where braces list them.
fn paths(tokens: &[(usize, String)], at: &mut usize) -> Vec<Vec<String>> {
    let Some((_, token)) = tokens.get(*at) else { return Vec::new() };
    *at += 1;
    if token == "{" {
        let mut found = Vec::new();
        while tokens.get(*at).is_some_and(|(_, token)| token != "}") {
            found.extend(paths(tokens, at));
        }
        *at += 1;
        return found;
    }
    if !token.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return Vec::new();
    }
    if tokens.get(*at).is_none_or(|(_, next)| next != "::") {
        return vec![vec![token.clone()]];
    }
    *at += 1;
    let below = paths(tokens, at);
    if below.is_empty() {
        return vec![vec![token.clone()]];
    }
    below.into_iter().map(|path| [vec![token.clone()], path].concat()).collect()
}

impl Source {
    /// Every path of our own crate that is named, with its line.
    pub fn named(&self) -> Vec<(usize, String)> {
        let starts = self.tokens.windows(2).enumerate();
        let starts = starts.filter(|(_, pair)| pair[0].1 == "crate" && pair[1].1 == "::");
        let found = starts.flat_map(|(at, pair)| {
            let below = paths(&self.tokens, &mut (at + 2));
            below.into_iter().map(move |path| (pair[0].0, path.join("::")))
        });
        found.collect()
    }

    /// The lines on which one of these names stands.
    pub fn lines_with(&self, names: &[&str]) -> Vec<(usize, String)> {
        self.tokens.iter().filter(|(_, token)| names.contains(&&**token)).cloned().collect()
    }

    /// The lines on which these stand one after the other, as in `Utc::now`.
    pub fn lines_with_path(&self, path: &[&str]) -> Vec<(usize, String)> {
        let found = self
            .tokens
            .windows(path.len())
            .filter(|window| window.iter().map(|(_, token)| &**token).eq(path.iter().copied()));
        found.map(|window| (window[0].0, path.concat())).collect()
    }
}
