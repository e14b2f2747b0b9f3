//! A proposal under the names that a check asks by (`inspect --for`). Which column of the system is which of the check's is never guessed
//! from names: a wrong one leads to a false answer. What each of them means is said, and which columns are of its type.

use std::fmt::Write as _;

use zerotrip_datasets::file::{MOST_CODES, type_name};
use zerotrip_datasets::guess::{Filler, Says};
use zerotrip_datasets::vocabulary::{AskedColumn, AskedDataset, VOCABULARIES, Vocabulary, of};
use zerotrip_proto::v1::{Grade, SemanticType};

use super::proposal::{PLACEHOLDER, Proposed, comment, quoted};
use crate::cli::Failure;
use crate::shown::shown;

/// The dataset that is described, of the check that is named; an error lists what there is.
pub fn dataset(check: &str, id: Option<&str>) -> Result<&'static AskedDataset, Failure> {
    let Some(vocabulary) = of(check) else {
        let known: Vec<&str> = VOCABULARIES.iter().map(|vocabulary| vocabulary.check).collect();
        return Err(format!("--for `{}`: there is no such check here; there are {}", shown(check), known.join(", ")).into());
    };
    let listed = |vocabulary: &Vocabulary| {
        let line = |dataset: &AskedDataset| format!("\n  --dataset {}  {}", dataset.id, dataset.what);
        vocabulary.datasets.iter().map(line).collect::<String>()
    };
    let Some(id) = id else {
        return Err(format!("`{check}` asks several registers; say which of them this is:{}", listed(vocabulary)).into());
    };
    let unknown = || Failure::from(format!("--dataset `{}`: `{check}` asks no such register; it asks:{}", shown(id), listed(vocabulary)));
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
        "\n# What follows has the names that the check asks by. Only you know which column of yours is which: decide by what is said of"
    );
    line!(
        out,
        "# each and by what your rows hold, not by its name. A register that lacks one of them cannot be asked by this check as it is."
    );
    for column in asked.columns {
        one_column(out, column, columns);
    }
    look_up(out, asked, columns);
    let types: Vec<SemanticType> = asked.columns.iter().map(|column| column.semantic).chain([SemanticType::ResidentId]).collect();
    let others: Vec<String> =
        columns.iter().filter(|column| !types.contains(&column.guess.semantic)).map(|column| quoted(&column.seen.field)).collect();
    if !others.is_empty() {
        line!(out, "\n# Of no type that the check asks for, and so left out: {}.", comment(&others.join(", ")));
    }
}

fn one_column(out: &mut String, asked: &AskedColumn, columns: &[Proposed]) {
    let fitting: Vec<&Proposed> = columns.iter().filter(|column| column.guess.semantic == asked.semantic).collect();
    let kind = type_name(asked.semantic);
    line!(out, "\n# {}: {}.", asked.name, asked.says);
    match fitting.as_slice() {
        [] => line!(out, "# No column of this table seems to be of type `{kind}`."),
        _ => line!(out, "# Columns that seem to be of type `{kind}`:"),
    }
    for column in &fitting {
        line!(out, "#   {}: {}{}", comment(&quoted(&column.seen.field)), column.guess.reason, blanks(column));
    }
    line!(out, "[[column]]\nname = {}\nfield = \"\"  # {PLACEHOLDER}", quoted(asked.name));
    let grade = if asked.semantic == SemanticType::ResidentId { Grade::L3 } else { Grade::L2 };
    line!(out, "type = \"{kind}\"\ngrade = \"{}\"", grade.as_str_name());
    for column in &fitting {
        fillers(out, &column.guess.fillers, Some(&column.seen.field));
    }
    if asked.semantic == SemanticType::Code {
        line!(
            out,
            "# The words that were found in these columns. Take out those of other columns, and say of each of this one what it means:"
        );
        for (meaning, says) in asked.meanings {
            line!(out, "#   {meaning}: {says}");
        }
        line!(
            out,
            "# A word that means none of these has no place here: ask whoever revises the check, and never map it to what is merely near."
        );
        line!(out, "[column.codes]");
        let mut listed: Vec<&String> = fitting.iter().flat_map(|column| &column.guess.codes).collect();
        listed.sort_unstable();
        listed.dedup();
        for code in listed.into_iter().take(MOST_CODES) {
            line!(out, "{} = \"{PLACEHOLDER}\"", quoted(code));
        }
    }
}

fn look_up(out: &mut String, asked: &AskedDataset, columns: &[Proposed]) {
    let ids: Vec<&Proposed> = columns.iter().filter(|column| column.guess.semantic == SemanticType::ResidentId).collect();
    let mut listed: Vec<String> = asked.lookup.columns.iter().map(|name| quoted(name)).collect();
    if asked.lookup.columns.is_empty() {
        listed.push(quoted(PLACEHOLDER));
        for column in &ids {
            let mut name = column.name.clone();
            while asked.columns.iter().any(|asked| asked.name == name) {
                name.insert_str(0, "the_");
            }
            line!(out, "\n# {}{}", column.guess.reason, blanks(column));
            line!(out, "[[column]]\nname = {}\nfield = {}", quoted(&name), quoted(&column.seen.field));
            line!(out, "type = \"{}\"\ngrade = \"{}\"", type_name(SemanticType::ResidentId), Grade::L3.as_str_name());
            fillers(out, &column.guess.fillers, None);
            listed.push(quoted(&name));
        }
    }
    line!(out, "\n# Whom it must find: {}.", asked.lookup.whom);
    if asked.lookup.columns.is_empty() {
        line!(out, "# Take {PLACEHOLDER} out, and each column, here and above, that names somebody else, such as a clerk or an agent.");
    }
    line!(out, "[[lookup]]\nname = {}\ncolumns = [{}]", quoted(asked.lookup.name), listed.join(", "));
    for id in ids.iter().filter(|id| id.seen.is_indexed == Some(false)) {
        line!(out, "# No index begins with {}: every look-up reads the whole table.", comment(&id.seen.field));
    }
    if ids.iter().any(|id| id.guess.blanks > 0) {
        line!(out, "# may_be_blank = []  # {PLACEHOLDER}: columns of it in which a blank says that there is nobody, and never a lost id");
    }
}

fn blanks(column: &Proposed) -> String {
    match column.guess.blanks {
        0 => String::new(),
        blanks => format!("; blank in {blanks} of {} rows", column.guess.rows),
    }
}

/// What fills cells of a column, for its owner to say what it says; `field` where it is not yet decided whether the column is this one.
pub fn fillers(out: &mut String, fillers: &[Filler], field: Option<&str>) {
    if fillers.is_empty() {
        return;
    }
    let of = |says: Says| fillers.iter().filter(move |filler| filler.says == says);
    let words = |says: Says| of(says).map(|filler| quoted(&filler.word)).collect::<Vec<_>>().join(", ");
    let counted = |says: Says| of(says).map(|one| format!("{} in {} rows", quoted(&one.word), one.rows)).collect::<Vec<_>>().join(", ");
    let place = field.map_or_else(String::new, |field| format!(" in {}", comment(&quoted(field))));
    line!(out, "# What fills cells{place}. Only you know what each word says; a word under neither key could be anybody's, or any day.");
    line!(
        out,
        "# nothing = [{}]  # {PLACEHOLDER}: says that nobody, or nothing, stands there: {}",
        words(Says::Nothing),
        counted(Says::Nothing)
    );
    line!(
        out,
        "# unknown = [{}]  # {PLACEHOLDER}: says that it is not known who, or what: {}",
        words(Says::Unknown),
        counted(Says::Unknown)
    );
    if of(Says::Either).next().is_some() {
        line!(out, "# One or the other: {}", counted(Says::Either));
    }
}
