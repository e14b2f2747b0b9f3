//! What an owner's statement says of one answer, as soundness weighs it.

use std::time::{Duration, SystemTime};

use zerotrip_checks::soundness::{ScanReport, Subjects};
use zerotrip_proto::v1::{DatasetStatement, Finding, coverage};

/// The report of an answer under this statement.
pub fn stated_report(
    statement: &DatasetStatement,
    as_of: SystemTime,
    now: SystemTime,
    findings: Vec<Finding>,
) -> ScanReport {
    ScanReport {
        dataset: statement.id.clone(),
        as_of,
        now,
        most_age: Duration::from_secs(statement.most_age_seconds),
        findings,
        required_null: false,
        subjects: subjects(statement),
        since: statement.coverage.as_ref().and_then(|coverage| day(&coverage.since)),
        older_carried_over: statement.older_carried_over,
        numbers_carried_over: statement.numbers_carried_over,
        moved_in_carried_over: statement.moved_in_carried_over,
        keeps_ended: statement.keeps_ended,
        undated_before: day(&statement.undated_before),
    }
}

/// A day as a statement has it, in days since 1970-01-01.
fn day(text: &str) -> Option<i32> {
    chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.to_epoch_days())
}

/// Which persons the owner states that the dataset knows about.
fn subjects(statement: &DatasetStatement) -> Subjects {
    match statement.coverage.as_ref().and_then(|coverage| coverage.subjects.as_ref()) {
        Some(coverage::Subjects::Everyone(true)) => Subjects::Everyone,
        Some(coverage::Subjects::EveryoneAnywhere(true)) => Subjects::EveryoneAnywhere,
        Some(coverage::Subjects::RegisteredIn(dataset)) => {
            Subjects::Stated(format!("registered_in:{dataset}"))
        }
        // A statement that does not say which persons it knows about covers none: no rule of any
        // definition matches this.
        _ => Subjects::Stated(String::new()),
    }
}
