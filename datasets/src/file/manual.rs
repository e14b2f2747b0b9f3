//! The manual's pages on sources, `docs/sources/*.md`, made from [`KINDS`]: what is said of a wrong
//! key is what the manual says of it.

use std::fmt::Write as _;

use zerotrip_proto::v1::SemanticType;

use super::SEMANTIC_TYPES;
use super::source::{KINDS, Kind};
use crate::resident_id::SCHEMES;
use crate::suspicion::SUSPICIONS;

const MADE: &str = "<!-- Made from datasets/src/file/source/: fix it there, then run the test \
                    `the_manual_says_what_is_so` with ZEROTRIP_WRITE_MANUAL=1. -->\n";

/// What is said of cells, whatever the source.
const COLUMNS: &str = r#"
## What a column can say

| key of `[[column]]` | what it says |
|---|---|
| `name` | The column's name on the hub: the one that the check asks by. |
| `field` | The field of the source that holds just that. Never one that means something near it. |
| `constant` | In place of `field`: the one meaning that holds of every row, such as `"current"`. |
| `derived` | In place of `field`: a code that follows from others by a closed table, `{ from = "ended_on", table = { blank = "current", filled = "cancelled" } }`. |
| `absent` | In place of `field`, of a date: why the register has none. What it would date is undated then, and its person gets no yes, unless `recorded_on` or `undated_before` bounds it. A day on which everything rests (of an event, of a birth) cannot be absent: `sign` refuses it. |
| `type`, `grade` | What the cells hold, by the names below, and how sensitive (`L1` to `L4`). |
| `codes` | Of a code: every word of the source and its meaning. The persons that a row with an unlisted word concerns get no answer. |
| `nothing` | Words that say that there is no person, or no value: `["无", "0000-00-00"]`. A text that could be a person's id cannot be one of them. |
| `unknown` | Words that say that it is not known who, or what: `["不详"]`. Of ids, such a cell could be any person's, until `adjudicate` has ruled on its row. |
| `schemes` | Of ids: which other numbers the column holds, by the names below. Such a number is of a holder without a resident id only where its column says so, and only by its whole form; any other text could be any person's. Unified social credit codes need no word. |
| `day` | Of months: `"ignored"`, where the field holds whole dates, such as `2024-03-01`, whose day says nothing. Without it a whole date is no month; it may be the date of something else, such as of a payment. |
| `entry` | Of numbers of things, which no check character guards: `"selected"`, where the system has its users select the number in a register and nobody types it. Without it a row could as well be that of each thing whose number is one slip away; of real-property units, whose numbers run on, there is then hardly an answer. A damaged number in the column refutes it, and stops answers. |
| `scheme_by` | Of ids: `{ column = "owner_kind", other = ["企业"] }`: with these words of that other column, as the source has them, this column holds no resident id, whatever it holds. |

Names for `schemes`:

"#;

/// What rows can suggest against a statement.
const ACCEPTED: &str = r#"
## What can be accepted

`check` and `sign` hold the statement against the rows. What they suggest against it must be
accepted by its name, with the reason: `[accepted]`, `since_gap = "few died in the first years"`.

| name | found where | 含义 |
|---|---|---|
"#;

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
# Of `registered_in` alone: moved_in = "carried_over", where what concerned persons before they were registered was brought in
text = {{ zh = "杭州市住房产权", en = "homes in Hangzhou" }}

# Columns, look-up and meanings have the names that the check asks by: `inspect --for no-property` says what each of them means.
[[column]]
name = "owner_id"
field = "QLRZJH"
type = "resident_id"
grade = "L3"
nothing = ["无"]  # the cell names no person
unknown = ["不详"]  # it is not known who is named: any person's, until its rows are ruled on
schemes = ["passport", "hong_kong_macau_permit"]  # other numbers that the column holds, by their whole form
scheme_by = {{ column = "owner_kind", other = ["企业", "机关"] }}  # with these words of that column, this one holds no resident id

[[column]]
name = "owner_kind"
field = "QLRLX"
type = "text"
grade = "L2"

[[column]]
name = "status"
field = "QSZT"
type = "code"
grade = "L2"
codes = {{ "现势" = "current", "预告" = "advance", "办理中" = "applied", "注销" = "cancelled" }}

[[column]]
name = "registered_on"
field = "DJRQ"
type = "date"
grade = "L2"

[[column]]
name = "ended_on"
field = "ZXRQ"
type = "date"
grade = "L2"
nothing = ["0000-00-00"]  # it has not ended

[[lookup]]
name = "owner"
columns = ["owner_id"]

# Fields outside the look-ups that name persons that the rows are not about, and why. A person who is named in
# another field could be one that the row is about, and gets no answer; a field that no column names must name no person.
[not_about]
JBRZJH = "the clerk who entered the row"
"#,
        kind.example
    )
}

fn page(kind: &Kind) -> String {
    let mut text = format!("# `{}` · {}\n\n{MADE}\n{}\n\n", kind.name, kind.title_zh, kind.title);
    text.push_str(
        "## Keys of `[source]`\n\n| key | default | what it is for | its value \
         |\n|---|---|---|---|\n",
    );
    line(&mut text, "kind", "", "The kind of source.", &format!("must be `{}`", kind.name));
    for parameter in kind.parameters {
        let default = parameter.default.map_or(String::new(), code_or_words);
        line(&mut text, parameter.key, &default, parameter.doc, parameter.form);
    }
    text.push_str("\nA key without a default must be there.\n\n## What to know\n\n");
    text.push_str(kind.notes.trim());
    text.push_str("\n\n## A whole dataset file\n\n```toml\n");
    text.push_str(&example(kind));
    text.push_str(
        "```\n\n[What a column can say](README.md#what-a-column-can-say) is the same for every \
         kind of source.\n",
    );
    text
}

fn table() -> String {
    let mut text = format!(
        "# Sources · 数据源\n\n{MADE}\nWhat `[source]` of a dataset file can name, in the order \
         in which to consider it.\n\n"
    );
    text.push_str("| kind | for | 用途 |\n|---|---|---|\n");
    for kind in KINDS {
        // Writing into a string does not fail.
        let _written = writeln!(
            text,
            "| [`{0}`]({0}.md) | {1} | {2} |",
            kind.name,
            cell(kind.title),
            cell(kind.title_zh)
        );
    }
    text.push_str(COLUMNS);
    text.push_str("| name | number · 号码 |\n|---|---|\n");
    for (name, _) in SCHEMES {
        let (what, zh) = scheme(name);
        let _written = writeln!(text, "| `{name}` | {what} · {zh} |");
    }
    text.push_str("\nNames for `type`:\n\n| name | cells · 内容 |\n|---|---|\n");
    for (name, semantic) in SEMANTIC_TYPES {
        let (what, zh) = held(*semantic);
        let _written = writeln!(text, "| `{name}` | {what} · {zh} |");
    }
    text.push_str(ACCEPTED);
    for (name, _, what, zh) in SUSPICIONS {
        let _written = writeln!(text, "| `{name}` | {} | {zh} |", cell(what));
    }
    text
}

/// What the cells of a type hold.
fn held(semantic: SemanticType) -> (&'static str, &'static str) {
    match semantic {
        SemanticType::ResidentId => ("the number of a person (GB 11643)", "居民身份号码"),
        SemanticType::Uscc => ("a unified social credit code (GB 32100)", "统一社会信用代码"),
        SemanticType::VesselNumber => {
            ("a ship identification number: `CN` and 11 digits", "船舶识别号")
        }
        SemanticType::Vin => (
            "a vehicle identification number (GB 16735): 17 characters with the right check digit",
            "车辆识别代号（17 位，校验位正确）",
        ),
        SemanticType::UnitCode => (
            "the code of a real-property unit (GB/T 37346): 28 characters",
            "不动产单元代码（28 位）",
        ),
        SemanticType::DivisionCode => ("a division code (GB/T 2260)", "行政区划代码"),
        SemanticType::PersonName => ("a person's name", "姓名"),
        SemanticType::Date => ("a calendar day", "日期"),
        SemanticType::Month => (
            "a month: `2024-03`, `2024/3`, `202403`, `2024年3月`; never `2024.1`, which may have \
             been `2024.10`",
            "月份；不读 `2024.1`，它可能原为 `2024.10`",
        ),
        SemanticType::Phone => ("a telephone number", "电话号码"),
        SemanticType::Money => ("an amount in yuan", "金额（元）"),
        SemanticType::Address => ("an address", "地址"),
        SemanticType::Code => ("one word of a closed list, by `codes`", "封闭代码表中的一项"),
        SemanticType::Text => ("text as it is written", "原文文本"),
        SemanticType::Unspecified => ("", ""),
    }
}

/// What a number of another scheme is.
fn scheme(name: &str) -> (&'static str, &'static str) {
    match name {
        "passport" => ("one or two letters and digits, 8 or 9 characters in all", "护照"),
        "hong_kong_macau_permit" => {
            ("`H` or `M` and 8 digits, or 10 in the old booklet", "港澳居民来往内地通行证")
        }
        "taiwan_permit" => ("8 digits that are not a date", "台湾居民来往大陆通行证"),
        "permanent_residence" => {
            ("three letters and 12 digits, as issued until 2023", "外国人永久居留证")
        }
        "military_id" => ("a character for the arm of service, `字第`, digits, `号`", "军官证等"),
        "organisation_code" => {
            ("eight characters and a check character (GB 11714)", "组织机构代码")
        }
        "tax_number" => (
            "beside `uscc`: a division and an organisation code, as given out until 2015",
            "纳税人识别号（限 `uscc` 列）",
        ),
        "resident_id" => ("beside `uscc`: a person's number", "居民身份号码（限 `uscc` 列）"),
        "vessel_digits" => (
            "beside `vessel_number`: the 11 digits of one without its `CN`",
            "不带 `CN` 的 11 位数字（限 `vessel_number` 列）",
        ),
        "vin_tail" => (
            "beside `vin`: the last eight characters of one; such a row could be that of each \
             vehicle whose number ends so",
            "车架号后八位（限 `vin` 列）；该记录可能属于代号尾部相符的任一车辆",
        ),
        _ => ("", ""),
    }
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
            assert!(
                said == *text,
                "docs/sources/{name} lags behind; run this test with ZEROTRIP_WRITE_MANUAL=1 and \
                 read what changed"
            );
        }
        let known: BTreeSet<String> = pages.into_iter().map(|(name, _)| name).collect();
        let there: BTreeSet<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
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
            assert!(
                said.contains(&format!("known here: kind, {}", keys.join(", "))),
                "{}: {said}",
                kind.name
            );
        }
    }
}
