//! Reads a check's definition: the text that owners and the authority review, and the only place
//! that says what a check asks, about which persons, and what an absence in it means. Refuses what
//! it does not know. The hub's `PreparedCheck` says whether the SQL is admissible: it has the
//! engine.
//!
//! A definition is a folder of files. [`pack`] makes them one text, which is what is served and
//! digested, and [`Definition::parse`] reads that text, at both ends.

mod bounds;
mod claim;
mod container;
mod dataset;
mod faults;
mod model;
mod months;
mod names;
mod parameter;
mod parse;
mod raw;
mod scan;
mod shared;
mod template;

pub use bounds::{MOST_FILES, MOST_MEANINGS, MOST_SCANS, MOST_STEPS, MOST_TEXT, MOST_VARIANTS};
pub use claim::{ClaimTerms, ClaimType, DatasetColumn, MOST_CLAIMS, RESERVED};
pub use container::{CHECK_FILE, REASONS_FILE, is_part, pack};
pub use dataset::{Code, DateOf, ExpectedDataset, Role};
pub use faults::{DefinitionError, Fault};
pub use model::{
    CertificateTerms, CoverageRule, Definition, HandOver, Proves, ReasonText, Step, StepKind,
    Variant,
};
pub use months::{Direction, Enough, KindIs, MONTHS_COLUMNS, MOST_MONTHS, Measure, Months, Period};
pub use parameter::Parameter;
pub use scan::{Age, Origin, Reach, Reference, Scan};
