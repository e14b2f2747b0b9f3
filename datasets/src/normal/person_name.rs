//! Names of persons. A name does not identify a person: it is shown and compared, never looked up.

use crate::fold;

/// Reads a name: full-width letters narrowed, blanks between Chinese characters gone and others
/// single, and one kind of dot between the parts of a name.
pub fn read(raw: &str) -> Option<String> {
    let mut name = String::new();
    let mut blank = false;
    for c in fold::trimmed(raw).chars().map(fold::narrow) {
        if fold::is_blank(c) {
            blank = true;
            continue;
        }
        let c = if matches!(c, '•' | '‧' | '∙' | '・' | '･' | '●') { '·' } else { c };
        let beside_chinese =
            name.chars().last().is_some_and(|last| !last.is_ascii()) || !c.is_ascii();
        if blank && !name.is_empty() && !beside_chinese {
            name.push(' ');
        }
        blank = false;
        name.push(c);
    }
    let said = !name.is_empty()
        && name.chars().count() <= 100
        && !name.chars().any(char::is_control)
        && !name.contains('\u{fffd}');
    said.then_some(name)
}
