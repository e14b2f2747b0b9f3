//! Which names a dataset file can hold.

use std::collections::BTreeSet;

use toml::Value;

use crate::file::section::{Section, is_name, is_text};

/// The `name` of a column or look-up, if it is none of `taken`; it is added there.
pub(super) fn new_name(section: &mut Section<'_>, taken: &mut BTreeSet<String>) -> Option<String> {
    let name = section.read(
        "name",
        None,
        "must begin with a-z and hold only a-z, 0-9 and _",
        |value| value.as_str().filter(|name| is_name(name)),
    )?;
    if !taken.insert(name.to_owned()) {
        section.fault(
            "name",
            Some(&Value::from(name)),
            "another column or lookup has this name: choose a different one".to_owned(),
        );
        return None;
    }
    Some(name.to_owned())
}

/// A column's name in a file, on one line: a line break or a tab in it, and blanks beside that, are
/// one blank.
pub(in crate::file) fn folded_name(name: &str) -> String {
    let lines = name.split(['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A name in a file: of a column, or of a sheet.
pub(in crate::file) fn is_name_in_file(name: &str) -> bool {
    const MOST_CHARS: usize = 1000;
    !name.trim().is_empty()
        && name.chars().count() <= MOST_CHARS
        && !name.chars().any(char::is_control)
}

/// A name in the source itself. Quotes in it would be a mistake, or an attack.
pub(in crate::file) fn is_foreign_name(name: &str) -> bool {
    is_text(name) && !name.contains(['"', '\'', '`', '[', ']', ';'])
}

pub(in crate::file) fn is_inner_path(path: &str) -> bool {
    is_text(path)
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
