//! A proposal under the names that a check asks by (`inspect --for`). The columns are never matched
//! by their names: a wrong match leads to a false answer. The proposal says what each column of the
//! check means, and which columns of the system are of its type.

use std::fmt::Write as _;

use zerotrip_datasets::KeyKind;
use zerotrip_datasets::file::{MOST_CODES, type_name};
use zerotrip_datasets::guess::{Filler, Says, rows};
use zerotrip_datasets::resident_id::SCHEMES;
use zerotrip_datasets::vocabulary::{AskedColumn, AskedDataset, VOCABULARIES, Vocabulary, of};
use zerotrip_proto::v1::{Grade, SemanticType};

use super::words::{PLACEHOLDER, Proposed, comment, quoted};
use crate::cli::output::Failure;
use zerotrip_text::shown;

/// The dataset that is described, of the check that is named; an error lists what there is.
pub fn dataset(check: &str, id: Option<&str>) -> Result<&'static AskedDataset, Failure> {
    let Some(vocabulary) = of(check) else {
        let known: Vec<&str> = VOCABULARIES.iter().map(|vocabulary| vocabulary.check).collect();
        return Err(format!(
            "--for `{}`: there is no such check. Choose one of: {}",
            shown(check),
            known.join(", ")
        )
        .into());
    };
    let listed = |vocabulary: &Vocabulary| {
        let line =
            |dataset: &AskedDataset| format!("\n  --dataset {}  {}", dataset.id, dataset.what);
        vocabulary.datasets.iter().map(line).collect::<String>()
    };
    let Some(id) = id else {
        return Err(format!(
            "`{check}` asks several registers. Say which of them this is:{}",
            listed(vocabulary)
        )
        .into());
    };
    let unknown = || {
        Failure::from(format!(
            "--dataset `{}`: `{check}` asks no such register; it asks:{}",
            shown(id),
            listed(vocabulary)
        ))
    };
    vocabulary.dataset(id).ok_or_else(unknown)
}

/// Writing into a string does not fail.
macro_rules! line {
    ($out:expr $(, $($said:tt)+)?) => {{
        let _written = writeln!($out $(, $($said)+)?);
    }};
}

/// The columns and the look-up.
pub fn describe(out: &mut String, asked: &AskedDataset, columns: &[Proposed]) {
    line!(
        out,
        "\n# What follows has the names that the check asks by. Only you know which column of \
         yours is which: decide by what is said of"
    );
    line!(
        out,
        "# each and by what your rows hold, not by its name. A register that lacks one of them \
         cannot be asked by this check as it is."
    );
    for column in asked.columns {
        one_column(out, column, columns);
    }
    look_up(out, asked, columns);
    let types: Vec<SemanticType> = asked
        .columns
        .iter()
        .map(|column| column.semantic)
        .chain([asked.lookup.semantic(asked)])
        .collect();
    let others: Vec<String> = columns
        .iter()
        .filter(|column| !types.contains(&column.guess.semantic))
        .map(|column| quoted(&column.seen.field))
        .collect();
    if !others.is_empty() {
        line!(
            out,
            "\n# Of no type that the check asks for, and so left out: {}.",
            comment(&others.join(", "))
        );
    }
}

fn one_column(out: &mut String, asked: &AskedColumn, columns: &[Proposed]) {
    let fitting: Vec<&Proposed> =
        columns.iter().filter(|column| column.guess.semantic == asked.semantic).collect();
    let kind = type_name(asked.semantic);
    line!(out, "\n# {}: {}.", asked.name, asked.says);
    if asked.is_optional {
        line!(out, "# Take this column out where the register has none that says so.");
    }
    match fitting.as_slice() {
        [] => line!(out, "# No column of this table seems to be of type `{kind}`."),
        _ => line!(out, "# Columns that seem to be of type `{kind}`:"),
    }
    for column in &fitting {
        line!(
            out,
            "#   {}: {}{}",
            comment(&quoted(&column.seen.field)),
            column.guess.reason,
            blanks(column)
        );
    }
    line!(out, "[[column]]\nname = {}\nfield = \"\"  # {PLACEHOLDER}", quoted(asked.name));
    let grade = if asked.semantic == SemanticType::ResidentId { Grade::L3 } else { Grade::L2 };
    line!(out, "type = \"{kind}\"\ngrade = \"{}\"", grade.as_str_name());
    for column in fitting.iter().filter(|_| asked.semantic != SemanticType::Code) {
        fillers(out, &column.guess.fillers, Some(&column.seen.field));
    }
    if KeyKind::of(asked.semantic).is_some() {
        schemes(out, asked.semantic);
    }
    if asked.semantic == SemanticType::Code {
        line!(
            out,
            "# The words that were found in these columns. Take out those of other columns, and \
             say of each of this one what it means:"
        );
        for (meaning, says) in asked.meanings {
            line!(out, "#   {meaning}: {says}");
        }
        line!(
            out,
            "# A word that means none of these does not belong here: ask the authors of the check, \
             and never map it to a similar meaning."
        );
        line!(out, "[column.codes]");
        let mut listed: Vec<&String> =
            fitting.iter().flat_map(|column| &column.guess.codes).collect();
        listed.sort_unstable();
        listed.dedup();
        for code in listed.into_iter().take(MOST_CODES) {
            line!(out, "{} = \"{PLACEHOLDER}\"", quoted(code));
        }
        for column in &fitting {
            unlisted(out, column);
        }
    }
}

fn look_up(out: &mut String, asked: &AskedDataset, columns: &[Proposed]) {
    let kind = asked.lookup.semantic(asked);
    let ids: Vec<&Proposed> =
        columns.iter().filter(|column| column.guess.semantic == kind).collect();
    let mut listed: Vec<String> = asked.lookup.columns.iter().map(|name| quoted(name)).collect();
    // More columns of ids than the look-up has names for: one of them may hold a co-owner, who
    // would not be found.
    if ids.len() > asked.lookup.columns.len() {
        listed.push(quoted(PLACEHOLDER));
    }
    line!(out, "\n# It must find: {}.", asked.lookup.whom);
    if ids.len() > asked.lookup.columns.len() {
        line!(
            out,
            "# There are more columns of ids than it names. Describe each other one that can name \
             such a person as a separate column,"
        );
        line!(
            out,
            "# and list it here in the place of {PLACEHOLDER}; take {PLACEHOLDER} out if none of \
             them can."
        );
    }
    line!(
        out,
        "[[lookup]]\nname = {}\ncolumns = [{}]",
        quoted(asked.lookup.name),
        listed.join(", ")
    );
    for id in ids.iter().filter(|id| id.seen.is_indexed == Some(false)) {
        line!(
            out,
            "# No index begins with {}: every look-up reads the whole table.",
            comment(&id.seen.field)
        );
    }
    if ids.iter().any(|id| id.guess.blanks > 0) {
        line!(
            out,
            "# may_be_blank = []  # {PLACEHOLDER}: columns of it in which a blank says that there \
             is no person, and never a lost id"
        );
    }
}

fn blanks(column: &Proposed) -> String {
    match column.guess.blanks {
        0 => String::new(),
        blanks => format!("; blank in {blanks} of {} rows", column.guess.rows),
    }
}

/// Other identifiers than those of the column's type, for the owner of a column to declare, and
/// whether numbers that a slip can make another's are typed.
pub fn schemes(out: &mut String, semantic: SemanticType) {
    let known = SCHEMES.iter().filter(|(_, scheme)| scheme.is_beside(semantic));
    let known: Vec<&str> = known.map(|(name, _)| *name).collect();
    let kind = KeyKind::of(semantic).unwrap_or_default();
    let words = kind.words();
    if let Some(first) = known.first() {
        line!(
            out,
            "# A number of another scheme could be any {}'s until you say that this column holds \
             such numbers, each by its whole form:",
            words.one
        );
        line!(out, "# schemes = [\"{first}\"]  # {PLACEHOLDER}: of {}", known.join(", "));
    }
    if kind.has_neighbours() {
        line!(
            out,
            "# A row could as well be that of each {} whose number is one slip away. Only where \
             users select the number in a register, and nobody types it, say so:",
            words.one
        );
        line!(out, "# entry = \"selected\"  # {PLACEHOLDER}");
    }
    line!(
        out,
        "# Where another column says what kind of document or owner it is: in rows with these \
         words of it, this column holds no {}.",
        words.number
    );
    line!(
        out,
        "# scheme_by = {{ column = \"\", other = [\"\"] }}  # {PLACEHOLDER}: its name in a \
         `[[column]]` of this file, and its words"
    );
}

/// Says of a column of codes that words are missing from its list.
pub fn unlisted(out: &mut String, column: &Proposed) {
    let field = comment(&quoted(&column.seen.field));
    match column.guess.unlisted {
        0 => return,
        1 => line!(
            out,
            "# 1 other word in {field} is not shown, for it could tell of a person: look it up \
             there, and list it if it is a code;"
        ),
        count => line!(
            out,
            "# {count} other words in {field} are not shown, for they could tell of persons: look \
             them up there, and list the codes;"
        ),
    }
    line!(out, "# persons that a row with an unlisted word concerns get no answer.");
}

/// Fillers in the cells of a column, for its owner to explain; `field` if the column is one of
/// several candidates.
pub fn fillers(out: &mut String, fillers: &[Filler], field: Option<&str>) {
    if fillers.is_empty() {
        return;
    }
    let of = |says: Says| fillers.iter().filter(move |filler| filler.says == says);
    let words =
        |says: Says| of(says).map(|filler| quoted(&filler.word)).collect::<Vec<_>>().join(", ");
    let counted = |says: Says| {
        of(says)
            .map(|one| format!("{} in {}", quoted(&one.word), rows(one.rows)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let place = field.map_or_else(String::new, |field| format!(" in {}", comment(&quoted(field))));
    line!(
        out,
        "# What fills cells{place}. Only you know what each word says; a word under neither key \
         could be any person's, or any day."
    );
    for (key, says, what) in [
        ("nothing", Says::Nothing, "says that there is no person, or no value"),
        ("unknown", Says::Unknown, "says that the person, or the value, is not known"),
    ] {
        let seen = if of(says).next().is_some() {
            format!(": {}", counted(says))
        } else {
            "; no such word was seen".to_owned()
        };
        line!(out, "# {key} = [{}]  # {PLACEHOLDER}: {what}{seen}", words(says));
    }
    if of(Says::Either).next().is_some() {
        line!(out, "# One or the other: {}", counted(Says::Either));
    }
}
