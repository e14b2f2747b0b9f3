//! What one register says that it handed over must have arrived in the other. Where both state which thing a row is of, the thing must be
//! there, under the same person. Where one does not, they are counted: for each that was handed over there must be a row of its own in the
//! other register, about the same person, that had not ended by then; any row would let the home of today hide behind the home of long ago.

use super::moment::last_day;
use super::{Evidence, ScanEvidence, ScanState, Verdict, VerdictKind, dataset_of};
use crate::definition::HandOver;

/// The dataset that says of something that it was handed over, though it is in neither.
pub(super) fn lost_on_the_way<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    for pair in evidence.hand_overs {
        let handed = |verdict: &&Verdict| verdict.kind == VerdictKind::HandedOver && verdict.scan == pair.from;
        let handed: Vec<&Verdict> = evidence.verdicts.iter().filter(handed).collect();
        if !handed.is_empty() && !all_arrived(evidence, pair, &handed).unwrap_or(false) {
            return Some(dataset_of(evidence, &pair.from));
        }
    }
    None
}

/// `None` where a row, its person or the other register is not there to be compared.
fn all_arrived(evidence: &Evidence<'_>, pair: &HandOver, handed: &[&Verdict]) -> Option<bool> {
    let scan = |name: &str| evidence.scans.iter().find(|scan| scan.name == name);
    let (from, to) = (scan(&pair.from)?, scan(&pair.to)?);
    let mut left: Vec<(&str, Option<&str>, i32)> = Vec::new();
    for verdict in handed {
        let row = verdict.row?;
        let thing = from.things.and_then(|things| things.get(row)?.as_deref());
        left.push((from.rows.get(row)?, thing, last_day(verdict.on_date, from.complete()?.1)?));
    }
    let until: Vec<i32> = (0..to.rows.len()).map(|row| there_until(evidence, to, row)).collect();
    if let (Some(_), Some(things)) = (from.things, to.things) {
        // A word that stands for no thing in particular would be every thing.
        if !left.iter().all(|(_, thing, _)| thing.is_some_and(is_specific)) {
            return Some(false);
        }
        // One thing handed over on two days was two. An equal row is the same row, read in twice.
        left.sort_unstable();
        left.dedup();
        return Some(left.iter().all(|(person, thing, _)| {
            let rows = to.rows.iter().zip(things).zip(&until);
            let there = rows.filter(|((whose, which), _)| whose == person && which.as_deref() == *thing).map(|(_, until)| *until);
            let days = left.iter().filter(|(whose, which, _)| whose == person && which == thing).map(|(.., day)| *day);
            each_has_its_own(days.collect(), there.collect())
        }));
    }
    Some(left.iter().map(|(person, ..)| *person).all(|person| {
        let there = to.rows.iter().zip(&until).filter(|(whose, _)| *whose == person).map(|(_, until)| *until);
        let days = left.iter().filter(|(whose, ..)| *whose == person).map(|(.., day)| *day);
        each_has_its_own(days.collect(), there.collect())
    }))
}

/// Whether for each of these days there is a receiving row of its own that had not ended by then. The latest first: each takes the row that
/// was there longest.
fn each_has_its_own(mut days: Vec<i32>, mut until: Vec<i32>) -> bool {
    days.sort_unstable_by(|one, other| other.cmp(one));
    until.sort_unstable_by(|one, other| other.cmp(one));
    days.iter().enumerate().all(|(at, day)| until.get(at).is_some_and(|until| until >= day))
}

/// Whether a text names one thing: four letters or digits and more, two different digits among them. `无`, `000000` and `待定` name none.
fn is_specific(thing: &str) -> bool {
    let digits: std::collections::BTreeSet<char> = thing.chars().filter(char::is_ascii_digit).collect();
    digits.len() > 1 && thing.chars().filter(|c| c.is_alphanumeric()).count() >= 4
}

/// The last day on which a row of the receiving register can have been in force; it is, where the SQL does not say that it has ended.
fn there_until(evidence: &Evidence<'_>, to: &ScanEvidence<'_>, row: usize) -> i32 {
    let ScanState::Complete(source) = to.state else { return i32::MIN };
    let ended = |verdict: &&Verdict| verdict.kind == VerdictKind::Ended && verdict.scan == to.name && verdict.row == Some(row);
    match evidence.verdicts.iter().find(ended) {
        Some(verdict) => last_day(verdict.on_date, source).unwrap_or(i32::MAX),
        None => i32::MAX,
    }
}
