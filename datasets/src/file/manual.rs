//! The manual's pages on sources, `docs/sources/*.md`, made from [`KINDS`]: what is said of a wrong key is what the manual says of it.

use std::fmt::Write as _;

use super::source::{KINDS, Kind};

const MADE: &str = "<!-- Made from datasets/src/file/source/: mend it there, then run the test `the_manual_says_what_is_so` with ZEROTRIP_WRITE_MANUAL=1. -->\n";

/// Every page: the file's name and its text.
pub fn pages() -> Vec<(String, String)> {
    let pages = KINDS.iter().map(|kind| (format!("{}.md", kind.name), page(kind)));
    std::iter::once(("README.md".to_owned(), table())).chain(pages).collect()
}

/// A small dataset file around a kind's example.
pub fn example(kind: &Kind) -> String {
    format!(
        r#"[dataset]
id = "estate.ownership"
name = {{ zh = "房屋产权登记", en = "Ownership of homes" }}
sharing = "conditional"
most_age = "36h"
row_floor = 1000
ended = "kept"  # what ends stays as a row that says so; `removed` where it does not
undated_before = "2010-01-01"  # what has ended without a date ended before this day

{}
[coverage]
regions = ["330100"]
since = "1984-01-01"
older = "carried_over"  # what was in force on that day was carried over into it; left out where it was not
subjects = "everyone"  # of what is within `regions`; `everyone_anywhere`, or `registered_in:<dataset>`
renumbered = "not_carried_over"  # `carried_over` where rows under a person's former number are under the present one
text = {{ zh = "杭州市住房产权", en = "homes in Hangzhou" }}

[[column]]
name = "owner"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "owner_name"
field = "XM"
type = "person_name"
grade = "L3"

[[column]]
name = "registered_on"
field = "DJRQ"
type = "date"
grade = "L2"

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = {{ "1" = "registered", "2" = "cancelled" }}

[[lookup]]
name = "party"
columns = ["owner"]

# Fields outside the look-ups in which persons are named whom the rows are not about, and why. Whoever is named in
# another field could be whom the row is about, and gets no answer; a field that no column names must name nobody.
[not_about]
JBRZJH = "the clerk who entered the row"
"#,
        kind.example
    )
}

fn page(kind: &Kind) -> String {
    let mut text = format!("# `{}` · {}\n\n{MADE}\n{}\n\n", kind.name, kind.title_zh, kind.title);
    text.push_str("## Keys of `[source]`\n\n| key | default | what it is for | its value |\n|---|---|---|---|\n");
    line(&mut text, "kind", "", "The kind of source.", &format!("must be `{}`", kind.name));
    for parameter in kind.parameters {
        let default = parameter.default.map_or(String::new(), code_or_words);
        line(&mut text, parameter.key, &default, parameter.doc, parameter.form);
    }
    text.push_str("\nA key without a default must be there.\n\n## What to know\n\n");
    text.push_str(kind.notes.trim());
    text.push_str("\n\n## A whole dataset file\n\n```toml\n");
    text.push_str(&example(kind));
    text.push_str("```\n");
    text
}

fn table() -> String {
    let mut text =
        format!("# Sources · 数据源\n\n{MADE}\nWhat `[source]` of a dataset file can name, in the order in which to consider it.\n\n");
    text.push_str("| kind | for | 用途 |\n|---|---|---|\n");
    for kind in KINDS {
        // Writing into a string does not fail.
        let _written = writeln!(text, "| [`{0}`]({0}.md) | {1} | {2} |", kind.name, cell(kind.title), cell(kind.title_zh));
    }
    text
}

fn line(text: &mut String, key: &str, default: &str, doc: &str, form: &str) {
    // Writing into a string does not fail.
    let _written = writeln!(text, "| `{key}` | {default} | {} | {} |", cell(doc), cell(form));
}

/// A value as it is written, or words about one.
fn code_or_words(default: &str) -> String {
    if default.contains(' ') { default.to_owned() } else { format!("`{default}`") }
}

/// A line of text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::DatasetFile;

    #[test]
    fn the_manual_says_what_is_so() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sources");
        let (pages, rewrite) = (pages(), std::env::var_os("ZEROTRIP_WRITE_MANUAL").is_some());
        for (name, text) in &pages {
            if rewrite {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(name), text).unwrap();
            }
            let said = fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(said == *text, "docs/sources/{name} lags behind; run this test with ZEROTRIP_WRITE_MANUAL=1 and read what changed");
        }
        let known: BTreeSet<String> = pages.into_iter().map(|(name, _)| name).collect();
        let there: BTreeSet<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(there, known, "pages of kinds that are gone");
    }

    #[test]
    fn every_example_is_a_dataset_file_of_its_kind() {
        for kind in KINDS {
            let text = example(kind);
            DatasetFile::parse(&text, kind.name).unwrap();
            assert!(text.contains(&format!("kind = \"{}\"", kind.name)), "{}", kind.name);
            // Every key that must be there is; and what the manual lists is what the section knows.
            let strange = text.replace("[coverage]", "strange = 1\n[coverage]");
            let said = DatasetFile::parse(&strange, kind.name).unwrap_err().to_string();
            let keys: Vec<&str> = kind.parameters.iter().map(|parameter| parameter.key).collect();
            assert!(said.contains(&format!("known here: kind, {}", keys.join(", "))), "{}: {said}", kind.name);
        }
    }
}
