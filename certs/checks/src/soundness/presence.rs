//! What makes an answer *no*, what shows a fact, and what settles nothing.
//!
//! A *no* wrongs a citizen as a false *yes* wrongs the office, so it needs proof too: a row that
//! can be read, in a scan whose other rows could not undo it, about a person who is asked about
//! in every case. A home of one who may or may not be the spouse settles nothing.

use std::collections::HashSet;

use super::{CheckEvidence, ScanState, Verdict, VerdictKind, dataset_of};

/// The most important reason for which something firm was found.
pub(super) fn found<'a>(evidence: &CheckEvidence<'a>) -> Option<&'a str> {
    most_important(evidence, |verdict| is_firm(evidence, verdict))
}

/// The most important reason that rests on the whole of a register of persons, or on what its rows
/// come to together: a marriage in force speaks against its absence only where nothing ends it, so
/// under all rules of a proof.
pub(super) fn refuted<'a>(evidence: &CheckEvidence<'a>) -> Option<&'a str> {
    most_important(evidence, |verdict| rests_on_all(evidence, verdict))
}

fn most_important<'a>(
    evidence: &CheckEvidence<'a>,
    counts: impl Fn(&Verdict) -> bool,
) -> Option<&'a str> {
    let against = |code: &&&str| {
        evidence.verdicts.iter().any(|verdict| verdict.code == **code && counts(verdict))
    };
    evidence.reasons.iter().find(against).copied()
}

/// Whether a row speaks against the answer as long as nothing else is on record: of a register each
/// of whose rows is judged, and which others can undo, or whose rows are counted.
fn rests_on_all(evidence: &CheckEvidence<'_>, verdict: &Verdict) -> bool {
    let scan = evidence.scans.iter().find(|scan| scan.name == verdict.scan);
    let scan = scan.filter(|scan| scan.each_row || scan.counted.is_some());
    let scan = scan.filter(|scan| scan.complete().is_some());
    let about = scan.zip(verdict.row).and_then(|(scan, row)| scan.rows.get(row));
    verdict.kind == VerdictKind::Against
        && evidence.reasons.contains(&verdict.code.as_str())
        && about.is_some_and(|person| evidence.certain.contains(person))
}

/// Whether a row makes the answer false, and nothing that is not known could change that.
fn is_firm(evidence: &CheckEvidence<'_>, verdict: &Verdict) -> bool {
    let Some(scan) = evidence.scans.iter().find(|scan| scan.name == verdict.scan) else {
        return false;
    };
    let counts_alone = match scan.state {
        // What others can undo is weighed when all of them are known.
        ScanState::Complete(_) => !scan.each_row && scan.counted.is_none(),
        // A row of a register of homes is judged by itself; one of a register of persons could be
        // contradicted by the row that was not read.
        ScanState::Unreadable(_) => scan.judged,
        _ => false,
    };
    let about = verdict.row.and_then(|row| scan.rows.get(row));
    verdict.kind == VerdictKind::Against
        && counts_alone
        && about.is_some_and(|person| evidence.certain.contains(person))
}

/// Whether a row shows the fact, beyond doubt.
pub(super) fn shown(evidence: &CheckEvidence<'_>) -> bool {
    evidence.verdicts.iter().any(|verdict| is_shown(evidence, verdict))
}

/// Whether a row shows the fact: of a scan that was read whole, about a person who is asked about
/// in every case.
fn is_shown(evidence: &CheckEvidence<'_>, verdict: &Verdict) -> bool {
    let scan = evidence.scans.iter().find(|scan| scan.name == verdict.scan);
    let scan = scan.filter(|scan| scan.complete().is_some());
    let about = scan.zip(verdict.row).and_then(|(scan, row)| scan.rows.get(row));
    verdict.kind == VerdictKind::Shows
        && evidence.proves.is_fact()
        && about.is_some_and(|person| evidence.certain.contains(person))
}

/// The dataset of the first row that settles nothing. An `Against` that is not firm is one of them,
/// or whose code is not a reason of the definition, a `Shows` that shows no fact beyond doubt, a
/// row that needs a verdict and has none, and a verdict on what no complete scan delivered.
pub(super) fn undetermined<'a>(evidence: &CheckEvidence<'a>) -> Option<&'a str> {
    for scan in evidence.scans.iter().filter(|scan| scan.judged || scan.each_row) {
        let verdicts = evidence.verdicts.iter().filter(|verdict| verdict.scan == scan.name);
        let judged: HashSet<usize> = verdicts.filter_map(|verdict| verdict.row).collect();
        if (0..scan.rows.len()).any(|row| !judged.contains(&row)) {
            return Some(scan.dataset);
        }
    }
    let unsettled = evidence.verdicts.iter().find(|verdict| !settles(evidence, verdict))?;
    Some(dataset_of(evidence, &unsettled.scan))
}

/// Whether a verdict leaves room for a proof.
fn settles(evidence: &CheckEvidence<'_>, verdict: &Verdict) -> bool {
    let was_read =
        evidence.scans.iter().any(|scan| scan.name == verdict.scan && scan.complete().is_some());
    was_read
        && match verdict.kind {
            VerdictKind::Clear | VerdictKind::Ended => true,
            VerdictKind::Shows => is_shown(evidence, verdict),
            VerdictKind::HandedOver => {
                evidence.hand_overs.iter().any(|pair| pair.from == verdict.scan)
            }
            VerdictKind::Against => rests_on_all(evidence, verdict),
            VerdictKind::Undetermined => false,
        }
}
