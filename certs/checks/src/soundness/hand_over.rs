//! What one register says that it handed over must have arrived in the other, as a separate row
//! about the same person: of the same thing, where both registers state which thing a row is of;
//! else as one of as many rows.
//!
//! Not every row is an arrival. One that never was anything, such as an application, is none. One
//! that ended must have ended after the day of the hand-over: an earlier title, or an advance
//! notice that ends as the title is entered, would hide that the title is missing. One that
//! ended on that very day must have begun on it too. One that began before the contract did cannot
//! have come of it.

use std::collections::BTreeSet;

use super::moment::{is_day, last_day};
use super::{CheckEvidence, ScanEvidence, Verdict, VerdictKind, dataset_of};
use crate::definition::HandOver;

/// Hand-overs of one exchange that are compared; of more it is not proven that all arrived.
const MOST_HANDED: usize = 64;

/// The dataset that says of something that it was handed over, though it is in neither.
pub(super) fn lost_on_the_way<'a>(evidence: &CheckEvidence<'a>) -> Option<&'a str> {
    for pair in evidence.hand_overs {
        let handed = |verdict: &&Verdict| {
            verdict.kind == VerdictKind::HandedOver && verdict.scan == pair.from
        };
        let handed: Vec<&Verdict> = evidence.verdicts.iter().filter(handed).collect();
        if !handed.is_empty() && !all_arrived(evidence, pair, &handed).unwrap_or(false) {
            return Some(dataset_of(evidence, &pair.from));
        }
    }
    None
}

/// What was handed over, by this day at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Handed<'a> {
    person: &'a str,
    thing: Option<&'a str>,
    day: i32,
    began: Option<i32>,
}

/// A row of the receiving register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrived<'a> {
    person: &'a str,
    thing: Option<&'a str>,
    until: Until,
    began: Option<i32>,
}

/// When something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    /// It goes on.
    Now,
    /// By that day, which its row states.
    Day(i32),
    /// On a day that is not known.
    Unknown,
}

/// `None` where a row, its person or the other register is not there to be compared.
fn all_arrived(
    evidence: &CheckEvidence<'_>,
    pair: &HandOver,
    verdicts: &[&Verdict],
) -> Option<bool> {
    let scan = |name: &str| evidence.scans.iter().find(|scan| scan.name == name);
    let (from, to) = (scan(&pair.from)?, scan(&pair.to)?);
    let by_thing = from.things.zip(to.things);
    let mut handed: Vec<Handed<'_>> = Vec::new();
    for verdict in verdicts {
        let row = verdict.row?;
        let thing = by_thing.and_then(|(things, _)| things.get(row)?.as_deref());
        let (person, day) = (from.rows.get(row)?, last_day(verdict.on_date, from.complete()?.1)?);
        handed.push(Handed { person, thing, day, began: beginning(verdict) });
    }
    if by_thing.is_some() {
        // A word that names no particular thing would match every thing.
        if !handed.iter().all(|one| one.thing.is_some_and(is_specific)) {
            return Some(false);
        }
        // One thing handed over on two days was two. An equal row is the same row, read in twice;
        // the latest beginning is the strictest.
        handed.sort_unstable();
        handed.dedup_by(|later, kept| {
            let is_same =
                (later.person, later.thing, later.day) == (kept.person, kept.thing, kept.day);
            if is_same {
                kept.began = later.began;
            }
            is_same
        });
    }
    let arrived = arrived(evidence, to, by_thing.map(|(_, things)| things))?;
    Some(handed.len() <= MOST_HANDED && each_has_its_own(&handed, &arrived))
}

/// The rows that something which was handed over can have become; `None` where a row is judged
/// twice, and so could be two.
fn arrived<'a>(
    evidence: &'a CheckEvidence<'_>,
    to: &'a ScanEvidence<'_>,
    things: Option<&'a [Option<String>]>,
) -> Option<Vec<Arrived<'a>>> {
    to.complete()?;
    let (mut arrived, mut rows) = (Vec::new(), BTreeSet::new());
    for verdict in evidence.verdicts.iter().filter(|verdict| verdict.scan == to.name) {
        let until = match verdict.kind {
            VerdictKind::Ended | VerdictKind::HandedOver => {
                verdict.on_date.map_or(Until::Unknown, Until::Day)
            }
            VerdictKind::Against | VerdictKind::Shows => Until::Now,
            VerdictKind::Clear | VerdictKind::Undetermined => continue,
        };
        let row = verdict.row?;
        if !rows.insert(row) {
            return None;
        }
        let thing = things.and_then(|things| things.get(row)?.as_deref());
        arrived.push(Arrived {
            person: to.rows.get(row)?,
            thing,
            until,
            began: beginning(verdict),
        });
    }
    // Of one thing, an equal row is the same row, read in twice: here as among what was handed
    // over.
    if things.is_some() {
        arrived.sort_unstable();
        arrived.dedup();
    }
    Some(arrived)
}

/// A day that systems write for nothing is not a beginning.
fn beginning(verdict: &Verdict) -> Option<i32> {
    verdict.began_on.filter(|began| is_day(*began))
}

/// Whether the one can have become the other.
fn can_be(handed: &Handed<'_>, arrived: &Arrived<'_>) -> bool {
    let came_of_it = handed.began.zip(arrived.began).map(|(contract, title)| title >= contract);
    handed.person == arrived.person
        && handed.thing == arrived.thing
        && came_of_it != Some(false)
        && match arrived.until {
            Until::Now => true,
            Until::Day(until) => {
                until > handed.day || (until == handed.day && arrived.began == Some(handed.day))
            }
            Until::Unknown => {
                came_of_it == Some(true) || arrived.began.is_some_and(|began| began >= handed.day)
            }
        }
}

/// Whether each of these has a separate receiving row (a matching, by augmenting paths).
fn each_has_its_own(handed: &[Handed<'_>], arrived: &[Arrived<'_>]) -> bool {
    let mut taken_by: Vec<Option<usize>> = vec![None; arrived.len()];
    (0..handed.len())
        .all(|one| find_row(one, handed, arrived, &mut taken_by, &mut vec![false; arrived.len()]))
}

/// Finds a row for this one, by moving others to rows that do as well.
fn find_row(
    one: usize,
    handed: &[Handed<'_>],
    arrived: &[Arrived<'_>],
    taken_by: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    let Some(contract) = handed.get(one) else { return false };
    for (place, row) in arrived.iter().enumerate() {
        if tried.get(place).copied().unwrap_or(true) || !can_be(contract, row) {
            continue;
        }
        if let Some(tried) = tried.get_mut(place) {
            *tried = true;
        }
        let holder = taken_by.get(place).copied().flatten();
        if holder.is_none_or(|holder| find_row(holder, handed, arrived, taken_by, tried)) {
            if let Some(slot) = taken_by.get_mut(place) {
                *slot = Some(one);
            }
            return true;
        }
    }
    false
}

/// Whether a text names one thing: four letters or digits and more, two different digits among
/// them. `无`, `000000` and `待定` name none.
fn is_specific(thing: &str) -> bool {
    let digits: std::collections::BTreeSet<char> =
        thing.chars().filter(char::is_ascii_digit).collect();
    digits.len() > 1 && thing.chars().filter(|c| c.is_alphanumeric()).count() >= 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every way to give each its own, tried one after the other.
    fn tried(handed: &[Handed<'_>], arrived: &[Arrived<'_>]) -> bool {
        let Some((first, rest)) = handed.split_first() else { return true };
        (0..arrived.len()).any(|place| {
            let mut left = arrived.to_vec();
            can_be(first, &left.remove(place)) && tried(rest, &left)
        })
    }

    proptest! {
        #[test]
        fn a_matching_is_found_where_there_is_one(
            contracts in prop::collection::vec((0..6i32, prop::option::of(0..6i32)), 0..5),
            titles in prop::collection::vec((prop::option::of(0..6i32), prop::option::of(0..6i32)), 0..5),
        ) {
            let handed: Vec<Handed<'_>> =
                contracts.into_iter().map(|(day, began)| Handed { person: "p", thing: None, day, began }).collect();
            let until = |day: Option<i32>| day.map_or(Until::Unknown, Until::Day);
            let arrived: Vec<Arrived<'_>> =
                titles.into_iter().map(|(day, began)| Arrived { person: "p", thing: None, until: until(day), began }).collect();
            prop_assert_eq!(each_has_its_own(&handed, &arrived), tried(&handed, &arrived));
        }
    }
}
