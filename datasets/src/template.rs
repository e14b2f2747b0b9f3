//! Whether a scan, as a check's definition declares it, fits what the dataset's owner states. Run
//! where a definition is loaded, where an owner approves, and again in the connector's gate.

use zerotrip_proto::v1::{
    ColumnOrigin, DatasetStatement, DateRole, Lookup, ScanTemplate, SemanticType,
    key_origin::From as Origin,
};

use crate::KeyKind;
use crate::file::type_name;
use crate::parameter::{MOST_PARAMETERS, ParameterType};

mod error;

pub use error::TemplateError;

/// Most columns of one scan.
pub const MOST_COLUMNS: usize = 64;
/// Most values that one scan's columns are told as.
pub const MOST_CLAIMS: u64 = 16;
/// Most origins of one scan's keys.
pub const MOST_ORIGINS: usize = 16;
/// Most keys that one scan may ask for.
pub const MOST_KEYS: u32 = 10_000;
/// Most rows that one scan may return.
pub const MOST_ROWS: u64 = 1_000_000;

/// The columns that the scan delivers, after the look-up's own: its columns, and of the optional
/// ones those that the owner states of the type that the check takes them to be.
pub fn delivered(template: &ScanTemplate, statement: &DatasetStatement) -> Vec<String> {
    let stated = |name: &&String| {
        let column = statement.columns.iter().find(|column| column.name == **name);
        let taken = template.types.iter().find(|taken| taken.column == **name);
        column.zip(taken).is_some_and(|(column, taken)| column.r#type() == taken.r#type())
    };
    template.columns.iter().chain(template.optional.iter().filter(stated)).cloned().collect()
}

/// Checks the scan against the statement; every fault at once.
pub fn validate(
    template: &ScanTemplate,
    statement: &DatasetStatement,
) -> Result<(), Vec<TemplateError>> {
    let mut faults = Vec::new();
    if template.dataset != statement.id {
        return Err(vec![TemplateError::Dataset {
            scan: template.dataset.clone(),
            stated: statement.id.clone(),
        }]);
    }
    if !template
        .check
        .split_once('/')
        .is_some_and(|(check, variant)| !check.is_empty() && !variant.is_empty())
    {
        faults.push(TemplateError::Name {
            field: "check",
            value: template.check.clone(),
            remedy: "write `<check>/<variant>`",
        });
    }
    if template.scan.is_empty() {
        faults.push(TemplateError::Name {
            field: "scan",
            value: String::new(),
            remedy: "give the scan's name in the definition",
        });
    }
    if let Some(lookup) = statement.lookups.iter().find(|lookup| lookup.name == template.lookup) {
        let missing =
            template.lookup_columns.iter().filter(|column| !lookup.columns.contains(column));
        faults.extend(missing.map(|column| TemplateError::LookupColumn {
            dataset: statement.id.clone(),
            lookup: lookup.name.clone(),
            column: column.clone(),
        }));
        faults.extend(other_kinds(template, statement, lookup));
    } else {
        faults.push(TemplateError::Lookup {
            dataset: statement.id.clone(),
            lookup: template.lookup.clone(),
        });
    }
    for (at, name) in template.columns.iter().enumerate() {
        if !statement.columns.iter().any(|column| column.name == *name) {
            faults.push(TemplateError::Column {
                dataset: statement.id.clone(),
                column: name.clone(),
                meant: meant(template, name),
            });
        }
        if template.columns.iter().take(at).any(|earlier| earlier == name) {
            faults.push(TemplateError::Twice(name.clone()));
        }
    }
    for (at, name) in template.optional.iter().enumerate() {
        if template
            .columns
            .iter()
            .chain(template.optional.iter().take(at))
            .any(|earlier| earlier == name)
        {
            faults.push(TemplateError::Twice(name.clone()));
        }
    }
    faults.extend(other_types(template, statement));
    faults.extend(unknown_meanings(template, statement));
    for claim in &template.claims {
        let delivers =
            |name: &String| template.columns.contains(name) || template.optional.contains(name);
        for column in claim.columns.iter().filter(|column| !delivers(column)) {
            let (claim, column) = (claim.name.clone(), column.clone());
            faults.push(TemplateError::ClaimUndelivered { claim, column });
        }
    }
    let kinds = [template.key_kind, template.subject_kind].map(KeyKind::from_wire);
    for (field, is_known) in [
        ("parameters", ParameterType::bound(template).is_some()),
        ("key_kind", !kinds.contains(&None)),
    ] {
        let remedy = "bring this software to the version that the check needs";
        if !is_known {
            faults.push(TemplateError::Name { field, value: String::new(), remedy });
        }
    }
    for name in &template.supplies {
        if !template.columns.contains(name) {
            faults.push(TemplateError::SuppliesUndelivered(name.clone()));
        } else if statement
            .columns
            .iter()
            .any(|column| column.name == *name && KeyKind::of(column.r#type()).is_none())
        {
            faults.push(TemplateError::SuppliesOther(name.clone()));
        }
    }
    for origin in &template.origins {
        let named = match &origin.from {
            Some(Origin::Parameter(name)) => !name.is_empty(),
            Some(Origin::Column(column)) => {
                column.dataset.contains('.') && !column.column.is_empty()
            }
            None => false,
        };
        if !named {
            faults.push(TemplateError::Name {
                field: "origins",
                value: format!("{:?}", origin.from),
                remedy: "name a parameter, or a dataset's column",
            });
        }
    }
    let long = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    for (field, value, least, most) in [
        ("columns", long(template.columns.len()), 1, long(MOST_COLUMNS)),
        ("optional", long(template.optional.len()), 0, long(MOST_COLUMNS)),
        ("origins", long(template.origins.len()), 1, long(MOST_ORIGINS)),
        ("supplies", long(template.supplies.len()), 0, long(MOST_COLUMNS)),
        ("claims", long(template.claims.len()), 0, MOST_CLAIMS),
        ("parameters", long(template.parameters.len()), 0, long(MOST_PARAMETERS)),
        ("max_keys", u64::from(template.max_keys), 1, u64::from(MOST_KEYS)),
        ("max_rows", template.max_rows, 1, MOST_ROWS),
    ] {
        if !(least..=most).contains(&value) {
            faults.push(TemplateError::Bounds { field, value, least, most });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// What a date is, if nothing follows from a row without it. An end that is absent is undated; a
/// beginning a check can do without.
pub fn cannot_be_absent(role: DateRole) -> Option<&'static str> {
    match role {
        DateRole::Event => Some("the day of something that happened"),
        DateRole::Birth => Some("a day of birth"),
        DateRole::End
        | DateRole::RecordedOn
        | DateRole::Begin
        | DateRole::Limit
        | DateRole::Unspecified => None,
    }
}

/// Columns of the look-up that hold keys of another kind than the check asks by.
fn other_kinds(
    template: &ScanTemplate,
    statement: &DatasetStatement,
    lookup: &Lookup,
) -> Vec<TemplateError> {
    let Some(kind) = KeyKind::from_wire(template.key_kind).map(KeyKind::semantic) else {
        return Vec::new();
    };
    let is_other = |name: &&String| {
        let column = statement.columns.iter().find(|column| column.name == **name);
        column.is_none_or(|column| column.r#type() != kind)
    };
    let other = lookup.columns.iter().filter(is_other).map(|column| TemplateError::LookupKind {
        dataset: statement.id.clone(),
        lookup: lookup.name.clone(),
        column: column.clone(),
        kind: type_name(kind),
    });
    other.collect()
}

/// Columns that are not what the check takes them to be.
fn other_types(template: &ScanTemplate, statement: &DatasetStatement) -> Vec<TemplateError> {
    let mut faults = Vec::new();
    for stated in statement.columns.iter().filter(|stated| template.columns.contains(&stated.name))
    {
        let (dataset, column) = (statement.id.clone(), stated.name.clone());
        match template.types.iter().find(|typed| typed.column == stated.name) {
            None => faults.push(TemplateError::Untyped { dataset, column }),
            Some(taken)
                if stated.origin() == ColumnOrigin::Absent
                    && cannot_be_absent(taken.role()).is_some() =>
            {
                let what = cannot_be_absent(taken.role()).unwrap_or_default();
                faults.push(TemplateError::Absent { dataset, column, what });
            }
            Some(taken) if taken.r#type() != stated.r#type() => {
                faults.push(TemplateError::Type {
                    dataset,
                    column,
                    stated: type_name(stated.r#type()),
                    taken: type_name(taken.r#type()),
                });
            }
            Some(_) => {}
        }
    }
    faults
}

/// What the dataset's codes mean and the check does not know. A check decides by these words: one
/// that it does not know could hide a person, or a home, from it.
fn unknown_meanings(template: &ScanTemplate, statement: &DatasetStatement) -> Vec<TemplateError> {
    let mut faults = Vec::new();
    let names = delivered(template, statement);
    let delivered = statement.columns.iter().filter(|column| names.contains(&column.name));
    for column in delivered.filter(|column| column.r#type() == SemanticType::Code) {
        let (dataset, name) = (statement.id.clone(), column.name.clone());
        let Some(known) = template.meanings.iter().find(|known| known.column == name) else {
            faults.push(TemplateError::NoMeanings { dataset, column: name });
            continue;
        };
        for meaning in column.meanings.iter().filter(|meaning| !known.meanings.contains(meaning)) {
            faults.push(TemplateError::UnknownMeaning {
                dataset: dataset.clone(),
                column: name.clone(),
                meaning: meaning.clone(),
                known: known.meanings.join(", "),
            });
        }
    }
    faults
}

/// What the check takes a column to be, for an owner who must find the field that is just that.
fn meant(template: &ScanTemplate, column: &str) -> String {
    let semantic =
        template.types.iter().find(|typed| typed.column == column).map(|typed| typed.r#type());
    let meanings = template.meanings.iter().find(|known| known.column == column);
    match (semantic, meanings) {
        (_, Some(known)) => format!("a code with these meanings: {}", known.meanings.join(", ")),
        (Some(semantic), None) => format!("something of type `{}`", type_name(semantic)),
        (None, None) => "something that it does not describe".to_owned(),
    }
}

#[cfg(test)]
mod tests;
