//! Reads a check's definition: the text that owners and the authority review, and the only place
//! that says what a check asks, of whom, and what an absence in it means. Refuses what it does not
//! know; whether the SQL is admissible is the hub's `PreparedCheck` to say, for it has the engine.

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use zerotrip_datasets::ParameterType;
use zerotrip_datasets::file::semantic_type;
use zerotrip_proto::v1;
use zerotrip_text::{Bilingual, toml_fault};
use zerotrip_trust::digest::{Digest, sha256};

use faults::{Faults, is_name};

/// Most steps of one variant.
pub const MOST_STEPS: usize = 32;
/// Most scans of one variant, and so most registers that it asks. Of an answer that is no yes, this
/// many commitments are recorded, whichever could be read.
pub const MOST_SCANS: usize = 8;
/// Most meanings of one column's codes.
pub const MOST_MEANINGS: usize = 1000;
/// Longest definition text, in bytes.
pub const MOST_TEXT: usize = 256 << 10;

/// A check as its owners approved it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name in the catalog.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// Longest time from request to answer.
    pub deadline: Duration,
    /// What the requester must say.
    pub parameters: Vec<Parameter>,
    /// The question's forms, each with its own steps.
    pub variants: Vec<Variant>,
    /// What the datasets are taken to be.
    pub datasets: Vec<Shape>,
    /// What the codes of the datasets' columns may mean.
    pub codes: Vec<Code>,
    /// What the dates of the datasets' columns are the dates of.
    pub dates: Vec<DateOf>,
    /// The step and column that list the persons who are asked about whatever else turns out.
    pub certain: Reference,
    /// Owners' coverage statements that the check can test.
    pub coverage: Vec<CoverageRule>,
    /// Registers between which a record travels.
    pub hand_overs: Vec<HandOver>,
    /// Every reason that it can give.
    pub reasons: Vec<ReasonText>,
    /// What a true answer may be sealed as.
    pub certificate: CertificateTerms,
    /// SHA-256 of the text.
    pub digest: Digest,
    /// The text.
    pub text: String,
}

/// One thing the requester must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its text is read as.
    pub declared: ParameterType,
}

/// One form of the question.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name, such as `family`.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// In the order they run.
    pub steps: Vec<Step>,
}

/// One step: its rows are a table for the steps after it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The table's name.
    pub name: String,
    /// How its rows come to be.
    pub kind: StepKind,
}

/// How a step's rows come to be.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Asked of a department.
    Scan(Box<Scan>),
    /// Joined from what is there.
    Sql(String),
}

/// One question to one department.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Of which dataset.
    pub dataset: String,
    /// By which look-up.
    pub lookup: String,
    /// Which columns, after the look-up's own.
    pub columns: Vec<String>,
    /// Columns that are asked for where the owner states them, and are NULL where not.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Columns where a NULL makes the row unreadable.
    #[serde(default)]
    pub required: Vec<String>,
    /// About whom: `request.<parameter>` or `<step>.<column>`.
    pub keys: Vec<Reference>,
    /// For whom an absence of rows is a conclusion: each of them must be covered. A true answer is
    /// one that nothing speaks against, so every scan concludes from absence, and none may
    /// leave this out but one whose rows only raise doubt.
    #[serde(default)]
    pub absence_for: Vec<Reference>,
    /// Whether its rows can only make an answer undetermined that would be given without them:
    /// then its silence proves nothing, and it need not know anybody.
    #[serde(default)]
    pub only_doubts: bool,
    /// Where the keys may come from.
    pub origins: Vec<Origin>,
    /// Which columns may travel on as keys.
    #[serde(default)]
    pub supplies: Vec<String>,
    /// The age from which on a person's whole life must lie within the register's `since`: 0 to
    /// 120.
    #[serde(default)]
    pub lifetime_from: Option<u32>,
    /// Or: how many years back the register must begin, where what is older cannot matter: 0 to
    /// 120. Each scan says one of the two.
    #[serde(default)]
    pub last_years: Option<u32>,
    /// The oldest as-of that counts for this question; a dataset's own bound may be shorter, and
    /// then counts.
    pub most_age: Age,
    /// Whether every delivered row must have a verdict: a row that the SQL leaves out settles
    /// nothing.
    #[serde(default)]
    pub judged: bool,
    /// Most keys of one scan.
    pub most_keys: u32,
    /// Most rows of one scan.
    pub most_rows: u64,
}

/// How old an answer may be: 1 s to 366 d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Age(pub Duration);

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let age = zerotrip_text::duration(&text)
            .filter(|age| !age.is_zero() && *age <= Duration::from_secs(366 * 86_400));
        age.map(Self)
            .ok_or_else(|| format!("most_age: `{text}` is not 1s to 366d; write for example `36h`"))
    }
}

/// `<step>.<column>`; the step `request` holds the parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// The step.
    pub step: String,
    /// The column of its table.
    pub column: String,
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((step, column)) if is_name(step) && is_name(column) => {
                Ok(Self { step: step.into(), column: column.into() })
            }
            _ => Err(format!("`{text}` is not of the form `<step>.<column>`")),
        }
    }
}

/// Where keys may come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Origin {
    /// A parameter of the request.
    Parameter {
        /// Its name.
        parameter: String,
    },
    /// A column that another department delivered.
    Column {
        /// Of which dataset.
        dataset: String,
        /// Which column.
        column: String,
    },
}

/// What a check takes a dataset to be. An owner who states something else is not asked: a date that
/// is stated as text compares as text, and a look-up that looks in one of two columns finds half of
/// the rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// `<member>.<name>`.
    pub id: String,
    /// Each column that a scan asks for, and its semantic type, by its name in a dataset file.
    pub columns: BTreeMap<String, String>,
    /// For look-ups by whose columns the SQL joins: the columns.
    #[serde(default)]
    pub lookup: BTreeMap<String, Vec<String>>,
}

/// What the codes of one column may mean: every word that the check's SQL knows. A dataset with
/// another is not asked, for a word that no condition names would hide what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
    /// The words.
    pub meanings: BTreeSet<String>,
}

/// What a date is the date of, and so between which days it can lie
/// (`zerotrip_datasets::plausible`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateOf {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
    /// What it dates.
    pub role: Role,
    /// The columns of the persons whom it concerns; none: whom the look-up's own column names.
    #[serde(default)]
    pub persons: Vec<String>,
    /// For an event: the age, in years, that they all have by then: 0 to 120.
    #[serde(default)]
    pub least_age: u32,
}

/// What a date dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Something that the register records.
    Event,
    /// The end of something that was in the register.
    End,
    /// The birth of the person, as it is inside the id.
    Birth,
    /// The beginning of what the row records.
    Begin,
}

/// How far back a register must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A person's whole life from that age on, in years.
    LifetimeFrom(u32),
    /// So many years.
    LastYears(u32),
}

/// How to test an owner's statement of which persons its dataset knows about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageRule {
    /// The statement, as in the dataset's coverage: `registered_in:<dataset>`.
    pub statement: String,
    /// The step and column that list the registered persons.
    pub registered: Reference,
}

/// A record leaves one register for another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The scan it leaves.
    pub from: String,
    /// The scan where it must have arrived.
    pub to: String,
    /// A column of both that says of which thing a row is, such as a home's unit number. It is
    /// compared where both owners state it.
    #[serde(default)]
    pub by: Option<String>,
}

/// What a reason says, by audience.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonText {
    /// Its code, in the definition's SQL and in the hub's own record.
    pub code: String,
    /// The code that the requester hears, where the true one says too much.
    pub requester_code: Option<String>,
    /// For the requester: that, not which.
    pub requester: Bilingual,
    /// For the citizen.
    pub citizen: Bilingual,
}

/// What a true answer may be sealed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateTerms {
    /// The SD-JWT VC type.
    pub vct: String,
    /// How long it is valid.
    pub validity: Duration,
    /// What it states.
    pub statement: Bilingual,
}

/// Every fault of a definition, each naming the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct DefinitionError(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    check: RawCheck,
    parameter: Vec<RawParameter>,
    variant: Vec<RawVariant>,
    step: Vec<RawStep>,
    #[serde(default)]
    dataset: Vec<Shape>,
    #[serde(default)]
    code: Vec<Code>,
    #[serde(default)]
    date: Vec<DateOf>,
    #[serde(default)]
    coverage: Vec<CoverageRule>,
    #[serde(default)]
    hand_over: Vec<HandOver>,
    #[serde(default)]
    reason: Vec<ReasonText>,
    certificate: RawCertificate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    name: String,
    #[serde(rename = "version")]
    _version: u32,
    title: Bilingual,
    deadline: String,
    certain: Reference,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    name: String,
    #[serde(rename = "type")]
    declared: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVariant {
    name: String,
    title: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    name: String,
    #[serde(default)]
    variants: Vec<String>,
    scan: Option<Scan>,
    sql: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCertificate {
    vct: String,
    validity: String,
    statement: Bilingual,
}

impl Definition {
    /// Reads a definition; `origin` names the file in errors. All faults are reported at once.
    pub fn parse(text: &str, origin: &str) -> Result<Self, DefinitionError> {
        if text.len() > MOST_TEXT {
            return Err(DefinitionError(vec![format!(
                "{origin}: over {MOST_TEXT} bytes; a definition is a page that people review"
            )]));
        }
        let plain = text.trim_start_matches('\u{feff}');
        let raw: Raw = toml::from_str(plain).map_err(|error| {
            DefinitionError(vec![format!("{origin}: {}", toml_fault(plain, &error))])
        })?;
        Self::validate(raw, text, origin)
    }

    /// The variant of that name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    fn validate(raw: Raw, text: &str, origin: &str) -> Result<Self, DefinitionError> {
        let mut faults = Faults::new(origin);
        faults.name("check.name", &raw.check.name);
        let deadline =
            faults.duration("check.deadline", &raw.check.deadline, Duration::from_secs(60));
        let validity = faults.duration(
            "certificate.validity",
            &raw.certificate.validity,
            Duration::from_secs(366 * 86_400),
        );
        let mut parameters = Vec::with_capacity(raw.parameter.len());
        for parameter in &raw.parameter {
            faults.name("parameter.name", &parameter.name);
            let declared = ParameterType::from_name(&parameter.declared).unwrap_or_else(|| {
                let known = ParameterType::ALL.map(ParameterType::name).join("`, `");
                faults.add(format!(
                    "parameter `{}`: type `{}` is not known; use `{known}`",
                    parameter.name, parameter.declared
                ));
                // The definition is refused; its other faults are named by this one's name.
                ParameterType::ResidentId
            });
            parameters.push(Parameter { name: parameter.name.clone(), declared });
        }
        let variants = faults.variants(&raw);
        let definition = Self {
            name: raw.check.name,
            title: raw.check.title,
            deadline,
            parameters,
            variants,
            datasets: raw.dataset,
            codes: raw.code,
            dates: raw.date,
            certain: raw.check.certain,
            coverage: raw.coverage,
            hand_overs: raw.hand_over,
            reasons: raw.reason,
            certificate: CertificateTerms {
                vct: raw.certificate.vct,
                validity,
                statement: raw.certificate.statement,
            },
            digest: sha256(text.as_bytes()),
            text: text.to_owned(),
        };
        faults.check_words(&definition);
        faults.check_shapes(&definition);
        faults.check_codes(&definition);
        faults.check_dates(&definition);
        for variant in &definition.variants {
            faults.check_variant(&definition, variant);
        }
        faults.none_in(definition)
    }
}

impl From<Role> for v1::DateRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Event => Self::Event,
            Role::End => Self::End,
            Role::Birth => Self::Birth,
            Role::Begin => Self::Begin,
        }
    }
}

impl Variant {
    /// The scan step of that name.
    pub fn scan(&self, name: &str) -> Option<&Scan> {
        self.steps.iter().find_map(|step| match &step.kind {
            StepKind::Scan(scan) if step.name == name => Some(scan.as_ref()),
            _ => None,
        })
    }

    /// Scans with their step names, in order.
    pub fn scans(&self) -> impl Iterator<Item = (&str, &Scan)> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Scan(scan) => Some((step.name.as_str(), scan.as_ref())),
            StepKind::Sql(_) => None,
        })
    }
}

impl Scan {
    /// How far back the register must know; the whole of a life where the definition does not say.
    pub fn reach(&self) -> Reach {
        match (self.lifetime_from, self.last_years) {
            (None, Some(years)) => Reach::LastYears(years),
            (age, _) => Reach::LifetimeFrom(age.unwrap_or(0)),
        }
    }

    /// What the dataset's owner approves.
    pub fn template(&self, definition: &Definition, variant: &str, name: &str) -> v1::ScanTemplate {
        use v1::key_origin::From as Source;
        let origins = self.origins.iter().map(|origin| v1::KeyOrigin {
            from: Some(match origin {
                Origin::Parameter { parameter } => Source::Parameter(parameter.clone()),
                Origin::Column { dataset, column } => Source::Column(v1::OriginColumn {
                    dataset: dataset.clone(),
                    column: column.clone(),
                }),
            }),
        });
        let asked =
            |column: &String| self.columns.contains(column) || self.optional.contains(column);
        let codes = definition
            .codes
            .iter()
            .filter(|code| code.dataset == self.dataset && asked(&code.column));
        let meanings: Vec<v1::KnownMeanings> = codes
            .map(|code| v1::KnownMeanings {
                column: code.column.clone(),
                meanings: code.meanings.iter().cloned().collect(),
            })
            .collect();
        let shape = definition.datasets.iter().find(|shape| shape.id == self.dataset);
        let types =
            shape.into_iter().flat_map(|shape| &shape.columns).filter(|(column, _)| asked(column));
        let types = types.map(|(column, name)| {
            let date = definition
                .dates
                .iter()
                .find(|date| date.dataset == self.dataset && date.column == *column);
            v1::TypedColumn {
                column: column.clone(),
                r#type: semantic_type(name).unwrap_or_default().into(),
                role: date.map_or(v1::DateRole::Unspecified, |date| date.role.into()).into(),
                persons: date.map(|date| date.persons.clone()).unwrap_or_default(),
                least_age: date.map_or(0, |date| date.least_age),
            }
        });
        let types = types.collect();
        v1::ScanTemplate {
            check: format!("{}/{variant}", definition.name),
            scan: name.to_owned(),
            dataset: self.dataset.clone(),
            lookup: self.lookup.clone(),
            columns: self.columns.clone(),
            optional: self.optional.clone(),
            origins: origins.collect(),
            supplies: self.supplies.clone(),
            max_keys: self.most_keys,
            max_rows: self.most_rows,
            meanings,
            types,
            lookup_columns: shape
                .and_then(|shape| shape.lookup.get(&self.lookup))
                .cloned()
                .unwrap_or_default(),
        }
    }
}
