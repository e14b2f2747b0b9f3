//! What an owner declares of a column's cells: `nothing`, `unknown`, `schemes`, `scheme_by`, `day`
//! and `entry` of a `[[column]]`.

use std::collections::BTreeSet;

use toml::Value;
use zerotrip_proto::v1::SemanticType;

use super::section::{Section, is_text};
use super::{Column, MOST_WORDS};
use crate::KeyKind;
use crate::fold;
use crate::key::could_be_a_key;
use crate::mask;
use crate::nearest::typo_of;
use crate::resident_id::{Declared, SCHEMES, Scheme, SchemeBy};

impl Column {
    /// The kind of the keys that it holds, if it holds any.
    pub fn key_kind(&self) -> Option<KeyKind> {
        KeyKind::of(self.semantic)
    }
}

/// Reads the six keys; none of them is needed.
pub(super) fn read(section: &mut Section<'_>, semantic: Option<SemanticType>) -> Option<Declared> {
    let nothing = said(
        section,
        "nothing",
        semantic,
        "what the cell holds where there is no value or no person, such as `[\"无\", \"NULL\"]`",
    );
    let unknown = said(
        section,
        "unknown",
        semantic,
        "what the cell holds where it is not known, such as `[\"不详\"]`",
    );
    let schemes = schemes(section, semantic);
    let scheme_by = scheme_by(section, semantic);
    let day_is_ignored = day_is_ignored(section, semantic);
    let is_selected = is_selected(section, semantic);
    let (nothing, unknown) = (nothing?, unknown?);
    // An id, or what may be left of one, is a person's: of rows that hold it `adjudicate` can say
    // more.
    if let Some(kind) = semantic.and_then(KeyKind::of)
        && let Some(word) = nothing.iter().find(|word| could_be_a_key(kind, word))
    {
        let remedy = match kind {
            KeyKind::Resident => "it could be a person's id, and would hide the person".to_owned(),
            _ => {
                let words = kind.words();
                format!("it could be {} number, and would hide the {}", words.of_one, words.one)
            }
        };
        let remedy =
            format!("{remedy}: put it into `unknown`, or rule on its rows with `adjudicate`");
        section.fault_in("nothing", mask::masked(word), remedy);
        return None;
    }
    if let Some(word) = nothing.intersection(&unknown).next() {
        section.fault_in(
            "unknown",
            word.clone(),
            "the same word is in `nothing`: it says one or the other".to_owned(),
        );
        return None;
    }
    Some(Declared {
        schemes: schemes?,
        nothing,
        unknown,
        scheme_by: scheme_by?,
        day_is_ignored: day_is_ignored?,
        is_selected: is_selected?,
    })
}

/// `scheme_by` must name another column of the same file.
pub(super) fn refers(top: &mut Section<'_>, columns: &[Column], declared: &BTreeSet<String>) {
    for column in columns {
        let Some(by) = &column.declared.scheme_by else { continue };
        if by.column == column.name || !declared.contains(&by.column) {
            let hint = typo_of(
                &by.column,
                columns
                    .iter()
                    .map(|column| column.name.as_str())
                    .filter(|name| *name != column.name),
            );
            let hint = hint.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            top.fault_in(
                "column.scheme_by",
                by.column.clone(),
                format!("`column` must name another column of this file{hint}"),
            );
        }
    }
}

fn said(
    section: &mut Section<'_>,
    key: &'static str,
    semantic: Option<SemanticType>,
    what: &str,
) -> Option<BTreeSet<String>> {
    let remedy = format!("must list at most {MOST_WORDS} words without blanks around: {what}");
    let listed = section.read(key, Some(BTreeSet::new()), &remedy, words);
    if semantic == Some(SemanticType::Code)
        && listed.as_ref().is_some_and(|listed| !listed.is_empty())
    {
        section.fault_in(
            key,
            String::new(),
            "a column of type `code` gives each of its words a meaning in `codes`".to_owned(),
        );
        return None;
    }
    listed
}

fn schemes(section: &mut Section<'_>, semantic: Option<SemanticType>) -> Option<BTreeSet<Scheme>> {
    let known = SCHEMES.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let remedy = format!("must list which other identifiers the column holds: {known}");
    let listed = section.read("schemes", Some(BTreeSet::new()), &remedy, |value| {
        value.as_array()?.iter().map(|name| Scheme::of_name(name.as_str()?)).collect()
    })?;
    let is_beside = |scheme: &Scheme| semantic.is_none_or(|semantic| scheme.is_beside(semantic));
    if only_of_ids(section, "schemes", semantic, listed.is_empty()) && !listed.iter().all(is_beside)
    {
        let beside = SCHEMES.iter().filter(|(_, scheme)| is_beside(scheme));
        let beside = beside.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let remedy = format!("beside numbers of this column's type there can be {beside}");
        section.fault_in("schemes", String::new(), remedy);
        return None;
    }
    only_of_ids(section, "schemes", semantic, listed.is_empty()).then_some(listed)
}

fn scheme_by(
    section: &mut Section<'_>,
    semantic: Option<SemanticType>,
) -> Option<Option<SchemeBy>> {
    let remedy = "must be `{ column = \"…\", other = [\"…\"] }`: the column that says what kind of \
                  owner is named, and its words, as the source has them, for those without a \
                  resident id";
    let by = section.read("scheme_by", Some(None), remedy, |value| {
        let table = value.as_table().filter(|table| table.len() == 2)?;
        let column = table.get("column")?.as_str()?.to_owned();
        let other = words(table.get("other")?).filter(|other| !other.is_empty())?;
        Some(Some(SchemeBy { column, other }))
    })?;
    only_of_ids(section, "scheme_by", semantic, by.is_none()).then_some(by)
}

/// `day = "ignored"`: without it a whole date is no month; it may be the date of something else.
fn day_is_ignored(section: &mut Section<'_>, semantic: Option<SemanticType>) -> Option<bool> {
    let remedy = "must be `ignored`, where the column holds whole dates of whose day nothing \
                  follows; leave it out where it holds months";
    let ignored = section
        .read("day", Some(false), remedy, |value| (value.as_str()? == "ignored").then_some(true))?;
    if ignored && semantic.is_some_and(|semantic| semantic != SemanticType::Month) {
        section.fault_in(
            "day",
            String::new(),
            "only a column of type `month` has it: drop it, or change the type".to_owned(),
        );
        return None;
    }
    Some(ignored)
}

/// `entry = "selected"`: without it a number without a check character may be a slip in another's.
fn is_selected(section: &mut Section<'_>, semantic: Option<SemanticType>) -> Option<bool> {
    let remedy = "must be `selected`, where the system has its users select the number in a \
                  register and nobody types it; leave it out where it is typed";
    let selected = section.read("entry", Some(false), remedy, |value| {
        (value.as_str()? == "selected").then_some(true)
    })?;
    let is_of_things = |semantic| KeyKind::of(semantic).is_some_and(KeyKind::has_neighbours);
    if selected && semantic.is_some_and(|semantic| !is_of_things(semantic)) {
        section.fault_in(
            "entry",
            String::new(),
            "only a column of type `vessel_number`, `vin` or `unit_code` has it: drop it, or \
             change the type"
                .to_owned(),
        );
        return None;
    }
    Some(selected)
}

fn only_of_ids(
    section: &mut Section<'_>,
    key: &'static str,
    semantic: Option<SemanticType>,
    is_absent: bool,
) -> bool {
    let fits = is_absent || semantic.is_none_or(|semantic| KeyKind::of(semantic).is_some());
    if !fits {
        let types = KeyKind::listed_types("or");
        let remedy = format!("only a column of type {types} has it: drop it, or change the type");
        section.fault_in(key, String::new(), remedy);
    }
    fits
}

fn words(value: &Value) -> Option<BTreeSet<String>> {
    let words = value.as_array().filter(|words| words.len() <= MOST_WORDS)?.iter();
    words
        .map(|word| {
            word.as_str()
                .filter(|word| is_text(word) && fold::trimmed(word) == *word)
                .map(str::to_owned)
        })
        .collect()
}
