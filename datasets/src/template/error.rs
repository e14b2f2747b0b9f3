//! Why a scan does not fit its dataset.

use crate::KeyKind;

/// Why a scan does not fit its dataset. Each names the scan's own word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is about another dataset.
    #[error("the scan is of `{scan}`, and this is the statement of `{stated}`")]
    Dataset {
        /// The template's dataset.
        scan: String,
        /// The statement's.
        stated: String,
    },
    /// A name is missing or malformed.
    #[error("`{field}` is `{value}`: {remedy}")]
    Name {
        /// The field of the template.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        remedy: &'static str,
    },
    /// No such column.
    ///
    /// Whatever it has that is named alike is not suggested: it means something else, and an answer
    /// from it would be false.
    #[error(
        "`{dataset}` has no column `{column}`, by which the check means {meant}: describe the \
         column that holds just that, whatever it is called in the register, and no other; where \
         the register has none, say so with `absent`, `constant` or `derived`"
    )]
    Column {
        /// The dataset.
        dataset: String,
        /// The unknown column.
        column: String,
        /// What the check takes it to be.
        meant: String,
    },
    /// Its owner says that there is no such date, and the check rests on it.
    #[error(
        "`{dataset}` has no `{column}` (`absent`), and the check takes it to be {what}, without \
         which nothing follows from a row: name the field that holds it"
    )]
    Absent {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
        /// What the check takes it to be.
        what: &'static str,
    },
    /// No such lookup.
    #[error(
        "`{dataset}` has no lookup `{lookup}`: describe one by that name, over every column that \
         names whom the check looks for"
    )]
    Lookup {
        /// The dataset.
        dataset: String,
        /// The unknown lookup.
        lookup: String,
    },
    /// A column is listed twice.
    #[error("column `{0}` is named twice: name it once")]
    Twice(String),
    /// A supplied column is not delivered.
    #[error(
        "`{0}` is to supply keys but is not among the scan's columns: add it, or drop it from \
         `supplies`"
    )]
    SuppliesUndelivered(String),
    /// A value that is told is made of a column that is not delivered.
    #[error(
        "the claim `{claim}` is made of `{column}`, which is not among the scan's columns: add it, \
         or drop it from the claim's `from`"
    )]
    ClaimUndelivered {
        /// The claim.
        claim: String,
        /// The column.
        column: String,
    },
    /// A supplied column can't hold keys.
    #[error(
        "`{0}` is to supply keys but is not of type {types}",
        types = KeyKind::listed_types("or")
    )]
    SuppliesOther(String),
    /// A look-up finds keys of another kind.
    #[error(
        "`{dataset}`: look-up `{lookup}` looks in `{column}`, which is not of type `{kind}`, by \
         which the check asks: describe a look-up over columns of that type alone"
    )]
    LookupKind {
        /// The dataset.
        dataset: String,
        /// The look-up.
        lookup: String,
        /// The column.
        column: String,
        /// What the check asks by.
        kind: &'static str,
    },
    /// A column is of another type than the check takes it to be.
    #[error(
        "`{dataset}`.`{column}` is of type `{stated}`, and the check takes it to be `{taken}`: \
         describe it so, or have the check's definition revised"
    )]
    Type {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
        /// What the owner states.
        stated: &'static str,
        /// What the check takes it to be.
        taken: &'static str,
    },
    /// The check does not say what it takes a column to be.
    #[error(
        "`{dataset}`.`{column}`: the check does not say of which type it takes it to be: name it \
         in its `[[dataset]]`"
    )]
    Untyped {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
    },
    /// A look-up does not look where the check joins.
    #[error(
        "`{dataset}`: look-up `{lookup}` does not look in `{column}`, by which the check joins: \
         add it to the look-up's `columns`"
    )]
    LookupColumn {
        /// The dataset.
        dataset: String,
        /// The look-up.
        lookup: String,
        /// The column.
        column: String,
    },
    /// A column of codes of which the check knows nothing.
    #[error(
        "`{dataset}`.`{column}` holds codes, and the check does not say which of their meanings \
         it knows: list them in a `[[code]]`"
    )]
    NoMeanings {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
    },
    /// A code means something that the check does not know.
    #[error(
        "a code of `{dataset}`.`{column}` means `{meaning}`, which the check does not know; it \
         knows {known}. Map the code to the one that says exactly what it means, in the dataset \
         file, or have the check's definition revised"
    )]
    UnknownMeaning {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
        /// The unknown meaning.
        meaning: String,
        /// All that are known.
        known: String,
    },
    /// A list or number is out of bounds.
    #[error("`{field}` is `{value}`: it must be between {least} and {most}")]
    Bounds {
        /// The field of the template.
        field: &'static str,
        /// What it holds, or how long it is.
        value: u64,
        /// The lower bound, included.
        least: u64,
        /// The upper bound, included.
        most: u64,
    },
}
