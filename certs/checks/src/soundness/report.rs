//! What became of one scan, and when it counts as complete.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{ErrorCode, Finding, FindingKind};

/// What became of one scan. Anything but `Complete` and `Vacuous` proves no absence.
#[derive(Debug)]
pub enum ScanState {
    /// The plan never came to it.
    NotAsked,
    /// Asked; no receipt yet.
    Open,
    /// There was no person to ask about.
    Vacuous,
    /// Answered whole.
    Complete(CompleteScan),
    /// Answered, and something in it cannot be read: what its readable rows show is on record, and
    /// what they do not show may be there.
    Unreadable(Incomplete),
    /// Not to be relied on.
    Incomplete(Incomplete),
}

/// Why a scan, or a check, proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// The reason.
    pub code: ErrorCode,
    /// The dataset to blame.
    pub dataset: String,
}

/// What an owner says its dataset knows, and about which persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// Everyone, wherever registered, of what is or happened within the dataset's regions.
    Everyone,
    /// Everyone, wherever registered, and wherever it happened.
    EveryoneAnywhere,
    /// Those that a rule of the definition can find registered, wherever it happened; the
    /// statement's text.
    Stated(String),
}

/// What a verified receipt says of one scan, before it counts as complete.
#[derive(Clone, Debug)]
pub struct ScanReport {
    /// The dataset.
    pub dataset: String,
    /// When the source was as it answered.
    pub as_of: SystemTime,
    /// Now, from the injected clock.
    pub now: SystemTime,
    /// The owner's bound on the age of an answer.
    pub most_age: Duration,
    /// Rows and cells that could not be read.
    pub findings: Vec<Finding>,
    /// Whether a column that the definition requires held a NULL.
    pub required_null: bool,
    /// The persons that the owner says it knows of.
    pub subjects: Subjects,
    /// From when on, in days since 1970-01-01; `None` where the owner does not say.
    pub since: Option<i32>,
    /// Whether the owner says that what was in force by then was carried over.
    pub older_carried_over: bool,
    /// Whether the owner says that rows under a person's former number are under the present one.
    pub numbers_carried_over: bool,
    /// Whether the owner says that what concerned persons before they were registered was brought
    /// in as they were, where it knows only those who are registered.
    pub moved_in_carried_over: bool,
    /// Whether the owner says that what ends stays, as a row that says so.
    pub keeps_ended: bool,
    /// The day, since 1970-01-01, before which everything ended that is not dated; `None` where
    /// the owner does not say.
    pub undated_before: Option<i32>,
}

impl ScanReport {
    /// Leaves out what was found in cells of these columns, which a step weighs: it says itself
    /// where one of them could matter. A row that could be anybody's stays.
    pub fn set_aside(&mut self, weighed: &BTreeSet<&str>) {
        let is_cell = |finding: &Finding| {
            matches!(finding.kind(), FindingKind::UnreadableCell | FindingKind::UnknownCode)
        };
        self.findings
            .retain(|finding| !is_cell(finding) || !weighed.contains(finding.column.as_str()));
    }
}

/// A scan that was answered whole, in time, fresh and readable.
#[derive(Clone, Debug)]
pub struct CompleteScan {
    report: ScanReport,
}

impl CompleteScan {
    /// Takes a scan as complete, or says why not. Staleness comes first: of a scan that is merely
    /// unreadable, the readable rows still count.
    pub fn try_new(report: ScanReport) -> Result<Self, Incomplete> {
        let refuse = |code| Err(Incomplete { code, dataset: report.dataset.clone() });
        if report.as_of > report.now + CLOCK_SKEW {
            return refuse(ErrorCode::SourceImplausible);
        }
        if report.now.duration_since(report.as_of).unwrap_or_default() > report.most_age {
            return refuse(ErrorCode::SourceStale);
        }
        if report.required_null || report.findings.iter().any(|finding| finding.count > 0) {
            return refuse(ErrorCode::SourceUnreadable);
        }
        Ok(Self { report })
    }

    /// When the source was as it answered.
    pub fn as_of(&self) -> SystemTime {
        self.report.as_of
    }

    /// Which dataset it was of.
    pub fn dataset(&self) -> &str {
        &self.report.dataset
    }

    /// What was reported of it.
    pub(super) fn stated(&self) -> &ScanReport {
        &self.report
    }
}
