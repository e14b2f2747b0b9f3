//! Reads a check's definition: the text that owners and the authority review, and the only place
//! that says what a check asks, about which persons, and what an absence in it means. Refuses what
//! it does not know. The hub's `PreparedCheck` says whether the SQL is admissible: it has the
//! engine.

mod bounds;
mod claim;
mod dataset;
mod faults;
mod model;
mod names;
mod parse;
mod raw;
mod scan;
mod template;

pub use bounds::{MOST_MEANINGS, MOST_SCANS, MOST_STEPS, MOST_TEXT};
pub use claim::{ClaimTerms, ClaimType, DatasetColumn, MOST_CLAIMS, RESERVED};
pub use dataset::{Code, DateOf, ExpectedDataset, Role};
pub use faults::DefinitionError;
pub use model::{
    CertificateTerms, CoverageRule, Definition, HandOver, Parameter, Proves, ReasonText, Step,
    StepKind, Variant,
};
pub use scan::{Age, Origin, Reach, Reference, Scan};
