//! When is an absence proven, and a fact? This module decides, and nothing else does: a [`Proof`]
//! can be made only here, from scans that are all complete, fresh, readable, cover every person
//! asked about, and can be carried back to one moment. It never sees a socket or a clock.
//!
//! A fact is a row that shows it, and the absence of everything that could have ended it. So it
//! needs all that an absence needs, and the row.
//!
//! A rule is a file: `presence` (what makes the answer *no*, what shows a fact), `moment` (as of
//! when both hold), `hand_over` (what has left one register is in the other), `coverage` (about
//! which persons, where and when a register's silence says something). `conclude` is their order.

mod coverage;
mod hand_over;
mod moment;
mod presence;
mod report;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use zerotrip_datasets::KeyKind;
use zerotrip_proto::v1::ErrorCode;

use crate::definition::{HandOver, Period, Proves, Reach};

pub use report::{CompleteScan, Incomplete, ScanReport, ScanState, Subjects};

/// What the definition's SQL said of one delivered row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it counts.
    pub kind: VerdictKind,
    /// The reason's code, for `Against`.
    pub code: String,
    /// The scan that delivered the row.
    pub scan: String,
    /// Which of that scan's rows, from 0; `None` where the SQL does not say.
    pub row: Option<usize>,
    /// For `HandedOver` and `Ended`: the day by which it had, in days since 1970-01-01; `None`
    /// where the register does not say.
    pub on_date: Option<i32>,
    /// The day on which it began, in days since 1970-01-01; `None` where the register does not
    /// say.
    pub began_on: Option<i32>,
}

/// How a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictKind {
    /// It makes the answer false.
    Against,
    /// It shows the fact that the check is to prove; where an absence is to be proven, it settles
    /// nothing.
    Shows,
    /// It does not count.
    Clear,
    /// It has left this register for another.
    HandedOver,
    /// It ended on that day, and came to nothing here: a title sold, a contract cancelled, a
    /// marriage divorced. What came of it may be in another register since.
    Ended,
    /// It settles nothing. Also everything that the definition's SQL says in other words.
    Undetermined,
}

impl VerdictKind {
    /// From the definition's word; an unknown or missing word settles nothing.
    pub fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("against") => Self::Against,
            Some("shows") => Self::Shows,
            Some("clear") => Self::Clear,
            Some("handed_over") => Self::HandedOver,
            Some("ended") => Self::Ended,
            _ => Self::Undetermined,
        }
    }
}

/// Everything that the conclusion rests on.
#[derive(Debug)]
pub struct CheckEvidence<'a> {
    /// What is to be proven.
    pub proves: &'a Proves,
    /// Every scan of the variant, in its order.
    pub scans: &'a [ScanEvidence<'a>],
    /// Every judged row.
    pub verdicts: &'a [Verdict],
    /// The definition's reasons, most important first.
    pub reasons: &'a [&'a str],
    /// The persons who are asked about in every case: what speaks against another person
    /// settles nothing.
    pub certain: &'a HashSet<String>,
    /// For each coverage statement that the definition can test, the persons found registered.
    pub registered: &'a BTreeMap<&'a str, HashSet<String>>,
    /// The definition's hand-over pairs.
    pub hand_overs: &'a [HandOver],
    /// Whether the request asks about a region that not all registers cover.
    pub asks_elsewhere: bool,
}

/// One scan and the persons it must know about.
#[derive(Debug)]
pub struct ScanEvidence<'a> {
    /// Its name in the definition.
    pub name: &'a str,
    /// The dataset.
    pub dataset: &'a str,
    /// What became of it.
    pub state: &'a ScanState,
    /// Of which kind those are whom it asks about.
    pub kind: KeyKind,
    /// Whom each delivered row is about, in the order of the rows.
    pub rows: &'a [String],
    /// Which thing each delivered row is of, such as a home's unit number; `None` where the
    /// register does not state that.
    pub things: Option<&'a [Option<String>]>,
    /// Whether every row needs a verdict, and is judged by itself.
    pub judged: bool,
    /// Whether every row needs a verdict, though others can undo what it says.
    pub each_row: bool,
    /// The months over which its rows are counted together: then each of them can change what the
    /// others come to, and the register must have every row of these months.
    pub counted: Option<Period>,
    /// The persons for which an absence of rows is a conclusion.
    pub absence_for: &'a [String],
    /// How far back the register must know.
    pub reach: Reach,
}

impl<'a> ScanEvidence<'a> {
    fn complete(&self) -> Option<(&Self, &'a CompleteScan)> {
        match self.state {
            ScanState::Complete(complete) => Some((self, complete)),
            _ => None,
        }
    }
}

/// Proof of what the check is to prove. Only [`conclude`] makes one.
#[derive(Debug)]
pub struct Proof {
    _private: (),
}

/// What the check comes to.
#[derive(Debug)]
pub enum Conclusion {
    /// Answered: yes.
    Proven(Proof),
    /// Answered: no; the most important reason's code.
    Refuted(String),
    /// Neither can be said.
    Unavailable(Incomplete),
}

/// Weighs the evidence. The order is: a scan that was not answered, then what was found, then a
/// scan that could not be read whole, then what settles nothing, then what cannot be carried back
/// to one moment, then what was handed over and is nowhere, then coverage. What passes all of them
/// is an absence: of anything that speaks against the answer, and for a fact that no row shows, of
/// the fact.
///
/// What was found comes after what was not answered, so that the requester, who sees which
/// source is missing, does not learn by elimination in which register it is. It comes before what
/// could not be read, which the requester does not see: that row could not undo what the other one
/// says.
pub fn conclude(evidence: &CheckEvidence<'_>) -> Conclusion {
    if evidence.scans.is_empty() {
        return unavailable(ErrorCode::Internal, "");
    }
    if let Some(reason) = first(evidence, |scan| {
        if let ScanState::Incomplete(reason) = scan.state { Some(reason.clone()) } else { None }
    }) {
        return Conclusion::Unavailable(reason);
    }
    let unread = first(evidence, |scan| {
        if let ScanState::Unreadable(reason) = scan.state { Some(reason.clone()) } else { None }
    });
    // The persons that the unread rows would have named were not asked about.
    if let (None, Some(reason)) = (&unread, first(evidence, unasked)) {
        return Conclusion::Unavailable(reason);
    }
    if let Some(code) = presence::found(evidence) {
        return Conclusion::Refuted(code.to_owned());
    }
    if let Some(reason) = unread {
        return Conclusion::Unavailable(reason);
    }
    if let Some(dataset) = presence::undetermined(evidence) {
        return unavailable(ErrorCode::Undetermined, dataset);
    }
    if let Some(reason) = moment::not_of_one_moment(evidence) {
        return Conclusion::Unavailable(reason);
    }
    if let Some(dataset) = hand_over::lost_on_the_way(evidence) {
        return unavailable(ErrorCode::Undetermined, dataset);
    }
    if let Some(dataset) = coverage::uncovered(evidence) {
        return unavailable(ErrorCode::OutsideCoverage, dataset);
    }
    if let Some(code) = presence::refuted(evidence) {
        return Conclusion::Refuted(code.to_owned());
    }
    match evidence.proves {
        Proves::Fact { silence } if !presence::shown(evidence) => {
            Conclusion::Refuted(silence.clone())
        }
        Proves::Fact { .. } | Proves::Absence => Conclusion::Proven(Proof { _private: () }),
    }
}

fn first(
    evidence: &CheckEvidence<'_>,
    of: impl Fn(&ScanEvidence<'_>) -> Option<Incomplete>,
) -> Option<Incomplete> {
    evidence.scans.iter().find_map(of)
}

/// Why a scan proves nothing that was not asked though it had to be.
fn unasked(scan: &ScanEvidence<'_>) -> Option<Incomplete> {
    match scan.state {
        ScanState::Complete(_) | ScanState::Unreadable(_) | ScanState::Incomplete(_) => None,
        ScanState::Vacuous if scan.absence_for.is_empty() => None,
        ScanState::NotAsked | ScanState::Open | ScanState::Vacuous => {
            Some(because(ErrorCode::SourceTruncated, scan.dataset))
        }
    }
}

fn because(code: ErrorCode, dataset: &str) -> Incomplete {
    Incomplete { code, dataset: dataset.to_owned() }
}

fn unavailable(code: ErrorCode, dataset: &str) -> Conclusion {
    Conclusion::Unavailable(because(code, dataset))
}

fn dataset_of<'a>(evidence: &CheckEvidence<'a>, name: &str) -> &'a str {
    evidence.scans.iter().find(|scan| scan.name == name).map_or("", |scan| scan.dataset)
}
