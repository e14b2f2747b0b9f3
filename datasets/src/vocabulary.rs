//! The words that checks use of registers, for owners who describe one: datasets, columns, look-ups
//! and meanings by the names that a check asks under, and what each of them means. A check's
//! definition says the same without the explanations; a test of the whole holds the two together
//! (`tests/scenarios/definitions.rs`).

mod civil;
mod court;
mod disabled;
mod education;
mod employment;
mod fund;
mod health;
mod homes;
mod market;
mod medical;
mod police;
mod social;
mod talent;
mod tax;
mod traffic;
mod vessels;
mod veterans;

use chrono::NaiveDate;
use zerotrip_proto::v1::{DateRole, SemanticType};

/// What a check asks of registers.
#[derive(Debug)]
pub struct Vocabulary {
    /// The check.
    pub check: &'static str,
    /// The registers that it asks.
    pub datasets: &'static [AskedDataset],
}

/// A register that a check asks.
#[derive(Debug)]
pub struct AskedDataset {
    /// Under this id; the part before the dot is the member that must own it.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What its `since` and its subjects decide, in the words of this register.
    pub coverage: &'static str,
    /// What it looks persons, enterprises or things up by.
    pub lookup: AskedLookup,
    /// What it takes of the rows.
    pub columns: &'static [AskedColumn],
    /// What each of its dates is the date of; others have no role.
    pub dates: &'static [AskedDate],
    /// Where a row says that what it records has ended, and when.
    pub end: Option<AskedEnd>,
}

/// What a date is the date of, as the definition's `[[date]]` says.
#[derive(Debug)]
pub struct AskedDate {
    /// The column.
    pub column: &'static str,
    /// What it is the date of.
    pub role: DateRole,
    /// Columns of persons who had been born by then.
    pub persons: &'static [&'static str],
    /// Years of age that they had reached; of a birth, that the parents had.
    pub least_age: Option<u32>,
    /// Of a birth: columns of the parents.
    pub parents: &'static [&'static str],
    /// The first day on which it can have been, as in `1991-05-01`.
    pub not_before: Option<&'static str>,
}

/// A date that is empty while what the row records goes on.
#[derive(Debug)]
pub struct AskedEnd {
    /// The date's column.
    pub column: &'static str,
    /// The column of the code.
    pub code: &'static str,
    /// The meanings under which it has ended.
    pub ended: &'static [&'static str],
}

const fn dated(column: &'static str, role: DateRole) -> AskedDate {
    AskedDate { column, role, persons: &[], least_age: None, parents: &[], not_before: None }
}

const fn event(column: &'static str) -> AskedDate {
    dated(column, DateRole::Event)
}

/// What happened to nobody below that age.
const fn event_from(column: &'static str, least_age: u32) -> AskedDate {
    AskedDate { least_age: Some(least_age), ..event(column) }
}

const BORN: AskedDate =
    AskedDate { persons: &["resident_id"], ..dated("birth_date", DateRole::Birth) };

const fn limit(column: &'static str) -> AskedDate {
    dated(column, DateRole::Limit)
}

/// What can be older than the person whose it is.
const fn begin(column: &'static str) -> AskedDate {
    dated(column, DateRole::Begin)
}

/// What began for nobody below that age.
const fn begin_from(column: &'static str, least_age: u32) -> AskedDate {
    AskedDate { least_age: Some(least_age), ..begin(column) }
}

const fn end(column: &'static str, persons: &'static [&'static str]) -> AskedDate {
    AskedDate { persons, ..dated(column, DateRole::End) }
}

/// When a row came to say what it says.
const RECORDED: AskedDate = dated("recorded_on", DateRole::RecordedOn);

/// A look-up that a check makes.
#[derive(Debug)]
pub struct AskedLookup {
    /// Under this name.
    pub name: &'static str,
    /// The columns that it must look in at least. Every other column that can name such a person
    /// belongs into it too.
    pub columns: &'static [&'static str],
    /// The persons or rows that it must find.
    pub whom: &'static str,
}

/// A column that a check asks for.
#[derive(Debug)]
pub struct AskedColumn {
    /// Under this name.
    pub name: &'static str,
    /// Of this type.
    pub semantic: SemanticType,
    /// What its cells say, and when they must be empty.
    pub says: &'static str,
    /// Whether a register may lack it.
    pub is_optional: bool,
    /// Of a code: the meanings that the check knows, and what each says.
    pub meanings: &'static [(&'static str, &'static str)],
}

const fn column(name: &'static str, semantic: SemanticType, says: &'static str) -> AskedColumn {
    AskedColumn { name, semantic, says, is_optional: false, meanings: &[] }
}

const fn id(name: &'static str, says: &'static str) -> AskedColumn {
    column(name, SemanticType::ResidentId, says)
}

const fn date(name: &'static str, says: &'static str) -> AskedColumn {
    column(name, SemanticType::Date, says)
}

const fn began(name: &'static str, says: &'static str) -> AskedColumn {
    AskedColumn { is_optional: true, ..date(name, says) }
}
const fn code(
    name: &'static str,
    says: &'static str,
    meanings: &'static [(&'static str, &'static str)],
) -> AskedColumn {
    AskedColumn { name, semantic: SemanticType::Code, says, is_optional: false, meanings }
}

/// What has become of a grant, in each register of grants.
const GRANTS: AskedColumn = code(
    "status",
    "what has become of the grant now",
    &[
        ("paid", "正常发放: granted, and being paid"),
        ("suspended", "暂停发放: granted, and its payment is suspended"),
        ("applied", "申请中、未批准: applied for, and not granted"),
        ("ended", "终止: granted once, and ended"),
    ],
);

/// A date that a register may lack; with it, fewer answers are unavailable.
const RECORDED_ON: AskedColumn = began(
    "recorded_on",
    "the day on which the row got its present status, so that what it says has been so since, and \
     what ended without a day of its own had ended by then; never the day of an export",
);

/// Every vocabulary that there is.
pub const VOCABULARIES: &[Vocabulary] = &[
    Vocabulary {
        check: "no-property",
        datasets: &[civil::MARRIAGE, police::HOUSEHOLD, homes::OWNERSHIP, homes::PRESALE],
    },
    Vocabulary { check: "marriage-status", datasets: &[civil::MARRIAGE, police::HOUSEHOLD_OWN] },
    Vocabulary { check: "household-membership", datasets: &[police::HOUSEHOLD_OWN] },
    Vocabulary { check: "social-insurance-months", datasets: &[social::CONTRIBUTION] },
    Vocabulary { check: "provident-fund-record", datasets: &[fund::DEPOSIT, fund::ACCOUNT] },
    Vocabulary { check: "income-tax-months", datasets: &[tax::INCOME] },
    Vocabulary { check: "medical-insurance-eligibility", datasets: &[medical::INSURED] },
    Vocabulary {
        check: "home-purchase-qualification",
        datasets: &[
            civil::MARRIAGE,
            police::HOUSEHOLD,
            homes::OWNERSHIP,
            homes::PRESALE,
            social::CONTRIBUTION,
            tax::INCOME_PAID,
            talent::CERTIFICATE,
            court::RESTRICTION,
        ],
    },
    Vocabulary {
        check: "elderly-allowance",
        datasets: &[police::HOUSEHOLD_SINCE, civil::ALLOWANCE],
    },
    Vocabulary {
        check: "disability-subsidy",
        datasets: &[
            police::HOUSEHOLD_LIFE,
            disabled::CERTIFICATE,
            civil::MINIMUM_LIVING,
            civil::ALLOWANCE,
            social::INJURY_CARE,
        ],
    },
    Vocabulary { check: "driving-licence", datasets: &[traffic::LICENCE, traffic::MEASURE] },
    Vocabulary {
        check: "birth-and-parenthood",
        datasets: &[health::BIRTH, police::HOUSEHOLD_CHILD],
    },
    Vocabulary {
        check: "demobilised-soldier",
        datasets: &[police::HOUSEHOLD_LIFE, veterans::PERSON],
    },
    Vocabulary {
        check: "graduate-employment",
        datasets: &[education::GRADUATE, employment::REGISTRATION],
    },
    Vocabulary {
        check: "business-good-standing",
        datasets: &[market::REGISTRATION, market::ABNORMAL, market::SERIOUS],
    },
    Vocabulary {
        check: "vessel-certificates",
        datasets: &[
            vessels::VESSEL_REGISTER,
            vessels::CERTIFICATE,
            vessels::SURVEY,
            vessels::PERMIT,
            vessels::DETENTION,
            vessels::ARREST,
        ],
    },
];

/// What the checks ask of the dataset of that id.
pub fn of_dataset(id: &str) -> impl Iterator<Item = &'static AskedDataset> {
    VOCABULARIES.iter().filter_map(move |vocabulary| vocabulary.dataset(id))
}

/// The vocabulary of a check.
pub fn of(check: &str) -> Option<&'static Vocabulary> {
    VOCABULARIES.iter().find(|vocabulary| vocabulary.check == check)
}

impl AskedDate {
    /// The first day on which it can have been.
    pub fn first_day(&self) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(self.not_before?, "%Y-%m-%d").ok()
    }
}

impl AskedLookup {
    /// The type of the columns that it looks in.
    pub fn semantic(&self, dataset: &AskedDataset) -> SemanticType {
        let looks_in = |column: &&AskedColumn| self.columns.contains(&column.name);
        let column = dataset.columns.iter().find(looks_in);
        column.map_or(SemanticType::ResidentId, |column| column.semantic)
    }
}

impl Vocabulary {
    /// The dataset of that id.
    pub fn dataset(&self, id: &str) -> Option<&'static AskedDataset> {
        self.datasets.iter().find(|dataset| dataset.id == id)
    }
}
