//! The one text of a definition's files: what is served, parsed and digested.
//!
//! A line `=== <name>` opens each file; its text follows, up to the next such line or the end. The
//! files come in one order: `check.toml`, `reasons.toml`, then the SQL files by name. One set of
//! files has one text, whatever editor wrote them: line ends are those of Unix, and each file ends
//! with one. The folder's cases are not in it: they say what the text comes to, and change nothing.

use std::collections::BTreeMap;

use zerotrip_text::cut;

use super::bounds::{MOST_FILES, MOST_TEXT};
use super::faults::{DefinitionError, Fault};
use super::names::is_name;

/// The file that says what is asked of whom.
pub const CHECK_FILE: &str = "check.toml";
/// The file with the reasons, by audience.
pub const REASONS_FILE: &str = "reasons.toml";
/// What opens a file.
const MARK: &str = "=== ";

/// The files of a definition, taken apart.
pub(super) struct Parts<'a> {
    pub(super) check: &'a str,
    pub(super) reasons: &'a str,
    /// By file name.
    pub(super) sql: BTreeMap<&'a str, &'a str>,
}

/// Whether a file of this name is part of a definition: `check.toml`, `reasons.toml`,
/// `<step>.sql` or `<step>.<variant>.sql`.
pub fn is_part(name: &str) -> bool {
    name == CHECK_FILE || name == REASONS_FILE || step_of(name).is_some()
}

/// The step of an SQL file, and the variant where its name has one.
pub(super) fn step_of(name: &str) -> Option<(&str, Option<&str>)> {
    let stem = name.strip_suffix(".sql")?;
    match stem.split_once('.') {
        None => is_name(stem).then_some((stem, None)),
        Some((step, variant)) => {
            (is_name(step) && is_name(variant)).then_some((step, Some(variant)))
        }
    }
}

/// The one text of these files, by name. `origin` names their folder in errors.
pub fn pack(files: &BTreeMap<String, String>, origin: &str) -> Result<String, DefinitionError> {
    let mut faults = Vec::new();
    let mut fault = |file: &str, what: String, remedy: &str| {
        faults.push(Fault::new(&format!("{origin}/{}", cut(file)), "", &what, remedy));
    };
    for name in [CHECK_FILE, REASONS_FILE] {
        if !files.contains_key(name) {
            fault(name, "this file is missing".into(), "write it");
        }
    }
    if files.len() > MOST_FILES {
        fault("", format!("over {MOST_FILES} files"), "make the check smaller");
    }
    for (name, text) in files {
        if !is_part(name) {
            fault(
                name,
                "not a file of a definition".into(),
                "there are `check.toml`, `reasons.toml`, `<step>.sql`, `<step>.<variant>.sql` and \
                 the folder `cases`",
            );
        }
        if let Some(line) = text.lines().position(|line| line.starts_with(MARK)) {
            fault(
                name,
                format!("line {} begins with `{MARK}`, which opens a file", line + 1),
                "put a blank before it",
            );
        }
    }
    if !faults.is_empty() {
        return Err(DefinitionError(faults));
    }
    let rest = files.keys().map(String::as_str).filter(|name| step_of(name).is_some());
    let mut packed = String::new();
    for name in [CHECK_FILE, REASONS_FILE].into_iter().chain(rest) {
        let text = files.get(name).map_or("", String::as_str);
        packed.push_str(MARK);
        packed.push_str(name);
        packed.push('\n');
        for line in text.trim_start_matches('\u{feff}').lines() {
            packed.push_str(line);
            packed.push('\n');
        }
    }
    bounded(&packed, origin)?;
    Ok(packed)
}

/// Takes a text apart into its files. Only the text that [`pack`] makes of them is one: what is
/// written otherwise would be the same definition under another digest.
pub(super) fn unpack<'a>(text: &'a str, origin: &str) -> Result<Parts<'a>, DefinitionError> {
    bounded(text, origin)?;
    let refused = |what: String| {
        DefinitionError(vec![Fault::new(
            origin,
            "",
            &what,
            "a definition's text is its files, each opened by a line `=== <name>`: `check.toml`, \
             `reasons.toml`, then the SQL files by name",
        )])
    };
    let mut files: Vec<(&str, &str)> = Vec::new();
    let mut rest = text;
    while let Some(opened) = rest.strip_prefix(MARK) {
        let Some((name, after)) = opened.split_once('\n') else {
            return Err(refused(format!("`{}` opens a file and ends", cut(opened))));
        };
        // A mark opens a file only where a line begins.
        let end = if after.starts_with(MARK) {
            0
        } else {
            after.find("\n=== ").map_or(after.len(), |at| at + 1)
        };
        let (content, next) = after.split_at_checked(end).unwrap_or((after, ""));
        files.push((name, content));
        rest = next;
    }
    if !rest.is_empty() {
        let first = rest.lines().next().unwrap_or_default();
        return Err(refused(format!("`{}` is in no file", cut(first))));
    }
    let by_name: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    if pack(&by_name, origin)? != text {
        return Err(refused("its files are not in their order, each once, each line ended".into()));
    }
    let part = |name: &str| {
        files.iter().find(|(known, _)| *known == name).map_or("", |(_, content)| *content)
    };
    Ok(Parts {
        check: part(CHECK_FILE),
        reasons: part(REASONS_FILE),
        sql: files.iter().filter(|(name, _)| step_of(name).is_some()).copied().collect(),
    })
}

fn bounded(text: &str, origin: &str) -> Result<(), DefinitionError> {
    if text.len() <= MOST_TEXT {
        return Ok(());
    }
    Err(DefinitionError(vec![Fault::new(
        origin,
        "",
        &format!("over {MOST_TEXT} bytes"),
        "a definition is a few pages that people review; make it smaller",
    )]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn files_have_one_text_whoever_wrote_them_and_come_back() {
        let unix = files(&[
            ("verdict.sql", "select 1\nfrom a\n"),
            ("check.toml", "[check]\n"),
            ("reasons.toml", ""),
            ("certain.one.sql", "select 2\n"),
        ]);
        let windows = files(&[
            ("verdict.sql", "select 1\r\nfrom a"),
            ("check.toml", "\u{feff}[check]\r\n"),
            ("reasons.toml", ""),
            ("certain.one.sql", "select 2"),
        ]);
        let text = pack(&unix, "it").unwrap();
        assert_eq!(
            text,
            "=== check.toml\n[check]\n=== reasons.toml\n=== certain.one.sql\nselect 2\n=== \
             verdict.sql\nselect 1\nfrom a\n"
        );
        assert_eq!(pack(&windows, "it").unwrap(), text);
        let parts = unpack(&text, "it").unwrap();
        assert_eq!((parts.check, parts.reasons), ("[check]\n", ""));
        assert_eq!(
            parts.sql,
            BTreeMap::from([
                ("certain.one.sql", "select 2\n"),
                ("verdict.sql", "select 1\nfrom a\n")
            ])
        );
    }

    #[test]
    fn no_second_text_and_no_other_file_is_read() {
        for (text, said) in [
            ("", "check.toml: this file is missing"),
            ("[check]\n", "`[check]` is in no file"),
            ("=== reasons.toml\n=== check.toml\n", "not in their order"),
            ("=== check.toml\n=== reasons.toml\n=== b.sql\n=== a.sql\n", "not in their order"),
            ("=== check.toml\n=== reasons.toml\n=== a.sql\n1\n=== a.sql\n2\n", "each once"),
            ("=== check.toml\n=== reasons.toml\n=== a.sql\nselect 1", "each line ended"),
            ("=== check.toml\r\n=== reasons.toml\n", "not a file of a definition"),
            ("=== check.toml\na\r\n=== reasons.toml\n", "not in their order"),
            ("=== check.toml\n=== reasons.toml\n=== notes.txt\n", "not a file of a definition"),
            ("=== check.toml\n=== reasons.toml\n=== a.b.c.sql\n", "not a file of a definition"),
            ("=== check.toml\n=== reasons.toml\n=== ../a.sql\n", "not a file of a definition"),
            ("=== check.toml\n=== reasons.toml\n=== a.sql", "opens a file and ends"),
        ] {
            let refused = unpack(text, "it").err().unwrap().to_string();
            assert!(refused.contains(said), "{text:?}: {refused}");
        }
        let marked =
            files(&[("check.toml", "a\n=== b.sql\n"), ("reasons.toml", ""), ("b.sql", "")]);
        let refused = pack(&marked, "it").unwrap_err().to_string();
        assert!(refused.contains("line 2 begins with `=== `"), "{refused}");
        let long = files(&[("check.toml", &"#".repeat(MOST_TEXT)), ("reasons.toml", "")]);
        assert!(pack(&long, "it").unwrap_err().to_string().contains("over 262144 bytes"));
    }
}
