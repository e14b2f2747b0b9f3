//! A proposed dataset file, from what was seen of a table. What only its owner can know is a
//! placeholder that no dataset file can hold, so that no owner signs a guess by oversight. Of the
//! rows, it holds only the words of code lists.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use zerotrip_datasets::file::{MOST_CODES, type_name};
use zerotrip_datasets::guess::MOST_VALUES;
use zerotrip_datasets::vocabulary::AskedDataset;
use zerotrip_datasets::{DatasetFile, KeyKind};
use zerotrip_proto::v1::SemanticType;

use super::asked;
use super::words::{PLACEHOLDER, Proposed, comment, quoted};
use zerotrip_sources::catalogue::{Look, Setting};
use zerotrip_text::shown;

/// Names and guesses for every column that a dataset file can name; the others are in the
/// second list.
pub fn propose(kind: &str, look: &Look) -> (Vec<Proposed>, Vec<String>) {
    let mut taken = BTreeSet::new();
    let (mut proposed, mut left_out) = (Vec::new(), Vec::new());
    for (place, seen) in look.columns.iter().enumerate() {
        if !is_nameable_in(kind, &seen.field) {
            left_out.push(shown(&seen.field));
            continue;
        }
        let mut name = name(&seen.field, place + 1);
        if !taken.insert(name.clone()) {
            name = format!("column_{}", place + 1);
            taken.insert(name.clone());
        }
        proposed.push(Proposed { name, guess: seen.evidence.guess(), seen: seen.clone() });
    }
    (proposed, left_out)
}

/// The dataset file.
///
/// If it is for a check, `asked` is what the check asks, in the check's own words.
pub fn text(
    look: &Look,
    kind: &str,
    member: Option<&str>,
    asked: Option<&AskedDataset>,
    columns: &[Proposed],
    advice: &[String],
) -> String {
    let mut out = String::new();
    head(&mut out, look, member, asked, advice);
    source(&mut out, look, kind);
    explained(&mut out, asked);
    coverage(&mut out);
    if let Some(asked) = asked {
        asked::describe(&mut out, asked, columns);
        not_about(&mut out, columns.iter());
        return out;
    }
    for column in columns {
        one_column(&mut out, column);
    }
    look_ups(&mut out, columns);
    not_about(
        &mut out,
        columns.iter().filter(|column| KeyKind::of(column.guess.semantic).is_none()),
    );
    out
}

/// Writing into a string does not fail.
macro_rules! line {
    ($out:expr $(, $($said:tt)+)?) => {{
        let _written = writeln!($out $(, $($said)+)?);
    }};
}

fn head(
    out: &mut String,
    look: &Look,
    member: Option<&str>,
    asked: Option<&AskedDataset>,
    advice: &[String],
) {
    line!(
        out,
        "# Proposed by `zerotrip-connector inspect` from the {} rows of table {}.",
        look.rows,
        comment(&look.table)
    );
    line!(
        out,
        "# Types are guessed from at most {MOST_VALUES} values of each column, spread evenly over \
         its rows."
    );
    line!(
        out,
        "# Every {PLACEHOLDER} is for its owner to decide; `zerotrip-connector check` names those \
         that are left."
    );
    for advice in advice {
        line!(out, "# Note: {}", comment(advice));
    }
    line!(out, "\n[dataset]");
    let (member, why) = member
        .map_or((PLACEHOLDER, "  # your member's name, a dot, a name for the dataset"), |member| {
            (member, "")
        });
    match asked {
        Some(asked) => line!(out, "id = {}  # {}", quoted(asked.id), asked.what),
        None => line!(out, "id = {}{why}", quoted(&format!("{member}.{}", name(&look.table, 1)))),
    }
    line!(
        out,
        "name = {{ zh = \"\", en = \"\" }}  # {PLACEHOLDER}: what people call this register"
    );
    line!(
        out,
        "# `unconditional` (无条件共享: for every member with a duty), `conditional` (有条件共享: \
         for what the authority grants and you"
    );
    line!(
        out,
        "# approve) or `none` (不予共享: no member is answered), as your catalogue of public data \
         has it."
    );
    line!(out, "sharing = \"{PLACEHOLDER}\"");
    line!(out, "most_age = \"{PLACEHOLDER}\"  # the oldest data that still counts, such as `36h`");
    line!(
        out,
        "row_floor = \"{PLACEHOLDER}\"  # fewer rows than this are not this register; {} rows are \
         there now",
        look.rows
    );
    line!(
        out,
        "ended = \"{PLACEHOLDER}\"  # `kept` if what ends (sold, divorced, dead) stays as a row \
         that says so and no owner, parent or status is written over without one, else `removed`"
    );
    line!(
        out,
        "# undated_before = \"2010-01-01\"  # what has ended without a date ended before this day"
    );
    line!(
        out,
        "# probes = \"known.probes\"  # a file of your own (mode 0600) with persons who must be \
         found, one id a line; it is never shown"
    );
}

fn source(out: &mut String, look: &Look, kind: &str) {
    line!(out, "\n[source]\nkind = {}", quoted(kind));
    for (key, setting) in &look.source {
        match setting {
            Setting::Text(text, "") => line!(out, "{key} = {}", quoted(text)),
            Setting::Text(text, why) => line!(out, "{key} = {}  # {why}", quoted(text)),
            Setting::Table(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)))
                    .collect();
                line!(out, "{key} = {{ {} }}", pairs.join(", "));
            }
            Setting::Number(number, "") => line!(out, "{key} = {number}"),
            Setting::Number(number, why) => line!(out, "{key} = {number}  # {why}"),
            Setting::Owner(choice) => line!(out, "{key} = \"{PLACEHOLDER}\"  # {choice}"),
        }
    }
}

fn explained(out: &mut String, asked: Option<&AskedDataset>) {
    line!(
        out,
        "\n# `since` is not the earliest day in the table, but the first day from which nothing \
         is missing: rows of paper times that were never"
    );
    line!(
        out,
        "# typed in are before it. A check that asks about a whole life (`lifetime_from` in its \
         definition, such as marriages from the age of"
    );
    line!(
        out,
        "# 20 on) answers only about persons whose life from then on is after it. A day too early \
         makes false certificates, one too late"
    );
    line!(
        out,
        "# makes answers unavailable. `subjects` says for which persons an absence here means something: \
         `everyone` only if persons who live elsewhere"
    );
    line!(out, "# are in it like residents.");
    if let Some(asked) = asked {
        line!(out, "# {}: {}", asked.id, asked.coverage);
    }
}

fn coverage(out: &mut String) {
    line!(
        out,
        "\n# What an absence in this register means. It is printed on certificates.\n[coverage]"
    );
    line!(
        out,
        "regions = [\"{PLACEHOLDER}\"]  # division codes, such as `330100`, of the districts as \
         they are today"
    );
    line!(
        out,
        "since = \"{PLACEHOLDER}\"  # the first day that it knows about, such as `1984-01-01`"
    );
    line!(
        out,
        "# older = \"carried_over\"  # if everything that was in force on that day was carried \
         over into it; unsaid, it was not"
    );
    line!(
        out,
        "# `everyone` (of what is or happened within `regions`), `everyone_anywhere`, or \
         `registered_in:<dataset>` if it knows only"
    );
    line!(out, "# persons registered there.\nsubjects = \"{PLACEHOLDER}\"");
    line!(
        out,
        "# renumbered = \"carried_over\"  # if rows under a number that a person had before are \
         under the present one; unsaid, they are not"
    );
    line!(
        out,
        "# moved_in = \"carried_over\"  # of `registered_in`: if what concerned persons before they \
         were registered was brought in as they were"
    );
    line!(out, "text = {{ zh = \"\", en = \"\" }}  # {PLACEHOLDER}: the same for people");
}

fn one_column(out: &mut String, column: &Proposed) {
    let Proposed { name, seen, guess } = column;
    line!(out, "\n[[column]]\nname = {}\nfield = {}", quoted(name), quoted(&seen.field));
    let declared = if seen.declared.is_empty() {
        String::new()
    } else {
        format!("; declared {}", comment(&seen.declared))
    };
    line!(
        out,
        "type = \"{}\"  # {} % sure: {}{declared}",
        type_name(guess.semantic),
        guess.confidence,
        guess.reason
    );
    line!(out, "grade = \"{}\"  # {}", guess.grade.as_str_name(), guess.grade_reason);
    // Each word of a code has its own meaning.
    if guess.semantic != SemanticType::Code {
        asked::fillers(out, &guess.fillers, None);
    }
    if KeyKind::of(guess.semantic).is_some() {
        asked::schemes(out, guess.semantic);
    }
    if guess.semantic == SemanticType::Code {
        line!(
            out,
            "# The values that were found; say in a-z, 0-9 and _ what each means. A code that is \
             missing here spoils its row."
        );
        line!(out, "[column.codes]");
        for code in guess.codes.iter().take(MOST_CODES) {
            line!(out, "{} = \"{PLACEHOLDER}\"", quoted(code));
        }
        asked::unlisted(out, column);
    }
}

fn look_ups(out: &mut String, columns: &[Proposed]) {
    let mut is_any = false;
    for kind in KeyKind::ALL {
        let of_kind = |column: &&Proposed| column.guess.semantic == kind.semantic();
        let ids: Vec<&Proposed> = columns.iter().filter(of_kind).collect();
        if !ids.is_empty() {
            look_up(out, kind, &ids, columns);
            is_any = true;
        }
    }
    if !is_any {
        line!(
            out,
            "\n# No column seems to hold numbers of {}, so there is no way to look anybody up.",
            KeyKind::listed_things("or")
        );
    }
}

fn look_up(out: &mut String, kind: KeyKind, ids: &[&Proposed], columns: &[Proposed]) {
    let listed = |columns: &[&Proposed]| {
        columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    };
    let whom = kind.words().one;
    // The last word of it: a name has no blank.
    let mut look_up = whom.rsplit(' ').next().unwrap_or(whom).to_owned();
    while columns.iter().any(|column| column.name == look_up) {
        look_up.insert_str(0, "the_");
    }
    line!(
        out,
        "\n# The rows in which any of these columns holds the {whom}. Make several where they are \
         asked for apart."
    );
    line!(out, "[[lookup]]\nname = {}\ncolumns = [{}]", quoted(&look_up), listed(ids));
    for id in ids.iter().filter(|id| id.seen.is_indexed == Some(false)) {
        line!(
            out,
            "# No index begins with {}: every look-up reads the whole table.",
            comment(&id.seen.field)
        );
    }
    let blank: Vec<&Proposed> = ids.iter().filter(|id| id.guess.blanks > 0).copied().collect();
    if ids.len() > 1 && !blank.is_empty() {
        line!(
            out,
            "# A blank says that there is no person (a father on no record), or that an id is lost \
             and could be any person's: only you know."
        );
        for id in &blank {
            line!(out, "# {}: blank in {} of {} rows.", id.name, id.guess.blanks, id.guess.rows);
        }
        line!(out, "# Take {PLACEHOLDER} out, and every column in which a blank is a lost id.");
        line!(out, "may_be_blank = [\"{PLACEHOLDER}\", {}]", listed(&blank));
    }
}

/// Fields in which persons are named. A field that no look-up asks needs the owner's statement.
fn not_about<'a>(out: &mut String, columns: impl Iterator<Item = &'a Proposed>) {
    let naming: Vec<&Proposed> =
        columns.filter(|column| column.seen.evidence.holds_ids()).collect();
    if naming.is_empty() {
        return;
    }
    line!(
        out,
        "\n# Persons are named in these fields. A row could be about a person who is named in a \
         field that no look-up asks, and such persons get"
    );
    line!(out, "# no answer: look it up, or say here why the rows are not about them.");
    line!(out, "# [not_about]");
    for column in naming {
        line!(out, "# {} = \"{PLACEHOLDER}\"", comment(&quoted(&column.seen.field)));
    }
}

/// Whether a dataset file of this kind of source may name something so.
pub fn is_nameable_in(kind: &str, field: &str) -> bool {
    DatasetFile::may_name_in(kind, field) && shown(field) == field
}

/// A name on the hub, after one in the system; `column_3` where that has nothing to make one of.
fn name(foreign: &str, place: usize) -> String {
    let mut name: String = foreign
        .chars()
        .take(64)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    name = name.trim_matches('_').to_owned();
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && foreign.is_ascii();
    if is_name { name } else { format!("column_{place}") }
}
