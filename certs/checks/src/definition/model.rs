//! A check as its owners approved it: parameters, variants, steps, reasons, certificate.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use zerotrip_datasets::KeyKind;
use zerotrip_datasets::file::semantic_type;
use zerotrip_identification::IdentityTerms;
use zerotrip_text::Bilingual;
use zerotrip_trust::digest::Digest;

use super::claim::ClaimTerms;
use super::dataset::{Code, DateOf, ExpectedDataset};
use super::months::Months;
use super::parameter::Parameter;
use super::scan::{Reference, Scan};

/// A check as its owners approved it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name in the catalog, in requests, approvals and grants: `<check>`, and
    /// `<check>@<version>` from the second version on.
    pub name: String,
    /// What all of its versions are called.
    pub base: String,
    /// Its version, from 1.
    pub version: u32,
    /// What people call it.
    pub title: Bilingual,
    /// The law that the question and its rules are by, for who reads it.
    pub basis: Vec<Bilingual>,
    /// Whom somebody asks who holds an answer to be wrong, and in what time.
    pub objection: Option<Bilingual>,
    /// Longest time from request to answer.
    pub deadline: Duration,
    /// What the requester must say.
    pub parameters: Vec<Parameter>,
    /// How the person of a parameter must have been identified, where the law asks that.
    pub identity: Option<IdentityTerms>,
    /// The question's forms, each with its own steps.
    pub variants: Vec<Variant>,
    /// What the datasets are taken to be.
    pub datasets: Vec<ExpectedDataset>,
    /// What the codes of the datasets' columns may mean.
    pub codes: Vec<Code>,
    /// What the dates of the datasets' columns are the dates of.
    pub dates: Vec<DateOf>,
    /// The step and column that list the persons who are asked about in every case.
    pub certain: Reference,
    /// Owners' coverage statements that the check can test.
    pub coverage: Vec<CoverageRule>,
    /// Registers between which a record travels.
    pub hand_overs: Vec<HandOver>,
    /// The values that a proven fact comes with.
    pub claims: Vec<ClaimTerms>,
    /// Every reason that it can give.
    pub reasons: Vec<ReasonText>,
    /// What a true answer may be sealed as.
    pub certificate: CertificateTerms,
    /// SHA-256 of the text.
    pub digest: Digest,
    /// SHA-256 of the text without its reasons: what owners approve.
    pub rules_digest: Digest,
    /// The text: its files in one (`container.rs`).
    pub text: String,
}

/// One form of the question.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name, such as `family`.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// What a true answer to it says.
    pub proves: Proves,
    /// In the order they run.
    pub steps: Vec<Step>,
}

/// What a true answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proves {
    /// Nothing is on record.
    Absence,
    /// Something is.
    Fact {
        /// The code of the reason that is told where nothing shows it.
        silence: String,
    },
}

impl Proves {
    /// Whether something on record is to be proven.
    pub fn is_fact(&self) -> bool {
        matches!(self, Self::Fact { .. })
    }
}

/// One step: its rows are a table for the steps after it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The table's name.
    pub name: String,
    /// What its rows are, for people.
    pub title: Option<Bilingual>,
    /// The file that says it: `check.toml`, or that of its SQL.
    pub file: String,
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
    /// Counted from the rows of a scan.
    Months(Box<Months>),
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

impl Definition {
    /// The variant of that name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Of which kind those are whom it asks about.
    pub fn subject_kind(&self) -> KeyKind {
        let mut kinds = self.parameters.iter().filter_map(|parameter| parameter.declared.subject());
        kinds.next_back().unwrap_or_default()
    }

    /// The kind of the column, by the type that the check takes it to be of. What is only looked up
    /// by need not be described, and names residents then.
    pub fn column_kind(&self, dataset: &str, column: &str) -> Option<KeyKind> {
        let shape = self.datasets.iter().find(|shape| shape.id == dataset)?;
        match shape.columns.get(column) {
            Some(name) => semantic_type(name).and_then(KeyKind::of),
            None => {
                let looks_there = |columns: &Vec<String>| columns.iter().any(|one| one == column);
                shape.lookup.values().any(looks_there).then_some(KeyKind::Resident)
            }
        }
    }

    /// The kinds of the keys that a look-up finds: one, of a definition without faults.
    pub fn lookup_kinds(&self, dataset: &str, lookup: &str) -> BTreeSet<Option<KeyKind>> {
        let shape = self.datasets.iter().find(|shape| shape.id == dataset);
        let columns = shape.and_then(|shape| shape.lookup.get(lookup));
        columns.into_iter().flatten().map(|column| self.column_kind(dataset, column)).collect()
    }

    /// Of which kind the keys of a scan are.
    pub fn key_kind(&self, scan: &Scan) -> KeyKind {
        let kinds = self.lookup_kinds(&scan.dataset, &scan.lookup);
        kinds.into_iter().flatten().last().unwrap_or_default()
    }

    /// The parameter of that name, if it names whom is asked about.
    pub fn subject(&self, name: &str) -> Option<&Parameter> {
        let named = self.parameters.iter().find(|parameter| parameter.name == name);
        named.filter(|parameter| parameter.declared.is_subject())
    }
}

impl Variant {
    /// Whether its proofs come with that value.
    pub fn tells(&self, claim: &ClaimTerms) -> bool {
        self.proves.is_fact() && (claim.variants.is_empty() || claim.variants.contains(&self.name))
    }

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
            StepKind::Sql(_) | StepKind::Months(_) => None,
        })
    }

    /// The steps that count months, with their names.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &Months)> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Months(months) => Some((step.name.as_str(), months.as_ref())),
            StepKind::Sql(_) | StepKind::Scan(_) => None,
        })
    }
}
