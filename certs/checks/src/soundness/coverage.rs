//! About which persons, where and when does a register's silence say something? Only of what its
//! owner states: nothing is taken to be so because it is not denied.

use std::time::SystemTime;

use chrono::{Months, NaiveDate};
use zerotrip_datasets::KeyKind;
use zerotrip_datasets::plausible::birth_in;

use super::moment::{day_of, first_read, was_over};
use super::report::ScanReport;
use super::{CheckEvidence, ScanEvidence, ScanState, Subjects};
use crate::definition::Reach;

/// The dataset of the first scan whose register does not know of every person for which an absence
/// is concluded.
pub(super) fn uncovered<'a>(evidence: &CheckEvidence<'a>) -> Option<&'a str> {
    // Of what is outside its regions no register says anything.
    if evidence.asks_elsewhere {
        return evidence.scans.first().map(|scan| scan.dataset);
    }
    let moment = first_read(evidence);
    for scan in evidence.scans.iter().filter(|scan| !scan.absence_for.is_empty()) {
        let ScanState::Complete(complete) = scan.state else { continue };
        let stated = complete.stated();
        let knows = knows_them(evidence, scan, &stated.subjects)
            && knows_of_before(scan, stated)
            && moment.is_some_and(|moment| reaches_back(scan, stated, moment))
            // A row that is gone counts no more, and takes nothing back any more.
            && (scan.counted.is_none() || stated.keeps_ended)
            && scan
                .absence_for
                .iter()
                .all(|key| is_under_one_number(scan.kind, key) || stated.numbers_carried_over);
        if !knows {
            return Some(scan.dataset);
        }
    }
    None
}

/// Whether the register knows of these persons all that the scan looks for. A register that is
/// judged is one of things, and one whose rows are counted is one of what happened: an answer
/// holds within its regions. Any other says which persons
/// belong together, and a marriage counts wherever it was made.
fn knows_them(evidence: &CheckEvidence<'_>, scan: &ScanEvidence<'_>, subjects: &Subjects) -> bool {
    match subjects {
        Subjects::Everyone => scan.judged || scan.counted.is_some(),
        Subjects::EveryoneAnywhere => true,
        Subjects::Stated(statement) => {
            let registered = evidence.registered.get(statement.as_str());
            registered.is_some_and(|registered| {
                scan.absence_for.iter().all(|person| registered.contains(person))
            })
        }
    }
}

/// Whether a register that knows only persons who are registered in another one knows of what
/// concerned them before they were: a marriage that was made elsewhere is in it only if it was
/// brought along. Nothing shows since when a person is registered, so its owner must say so.
fn knows_of_before(scan: &ScanEvidence<'_>, stated: &ScanReport) -> bool {
    match &stated.subjects {
        Subjects::Everyone | Subjects::EveryoneAnywhere => true,
        Subjects::Stated(statement) => {
            let is_its_own = statement.strip_prefix("registered_in:") == Some(scan.dataset);
            is_its_own || scan.reach == Reach::LastYears(0) || stated.moved_in_carried_over
        }
    }
}

/// Whether the register begins early enough for what the scan looks for, or has taken over what is
/// older. It must have begun by the day of the moment in any case: what ended between the moment
/// and its beginning was taken over by no register.
fn reaches_back(scan: &ScanEvidence<'_>, stated: &ScanReport, moment: SystemTime) -> bool {
    let Some(day) = day_of(moment).and_then(NaiveDate::from_epoch_days) else { return false };
    let Some(since) =
        stated.since.and_then(NaiveDate::from_epoch_days).filter(|since| *since <= day)
    else {
        return false;
    };
    // What was in force on its first day may have been carried over; what had happened or been paid
    // before was not.
    if let Some(months) = scan.counted {
        return since <= months.first().first_day();
    }
    if let Reach::Days { from, until } = scan.reach {
        // What is entered on a day is not all there before it is over; and what has ended since is
        // there only where it is kept.
        let is_read_after =
            day >= from && until.is_none_or(|until| was_over(until.to_epoch_days(), moment));
        return is_read_after && since <= from && stated.keeps_ended;
    }
    stated.older_carried_over
        || match scan.reach {
            Reach::Days { .. } => false,
            Reach::LifetimeFrom(age) => scan
                .absence_for
                .iter()
                .all(|key| turned(scan.kind, key, age).is_some_and(|turned| turned >= since)),
            Reach::LastYears(years) => day
                .checked_sub_months(Months::new(years.saturating_mul(12)))
                .is_some_and(|from| from >= since),
        }
}

/// The day on which the person, known by the birth date inside the id (GB 11643), turned that age.
/// An enterprise's code says nothing of when it began, nor does a unit's; a vessel's year is that
/// of its keel, and a vehicle's comes again after thirty years.
fn turned(kind: KeyKind, key: &str, age: u32) -> Option<NaiveDate> {
    match kind {
        KeyKind::Resident => birth_in(key)?.checked_add_months(Months::new(age.saturating_mul(12))),
        _ => None,
    }
}

/// Whether somebody can be looked for under this number alone, as far as the number shows.
/// Residence permits for Hong Kong, Macau and Taiwan residents (81, 82, 83) are issued since
/// 2018-09-01 (State Council, 国办发〔2018〕81号), the 18-character cards of foreign permanent
/// residents (9) since 2023-12-01 (National Immigration Administration): a person who holds one had
/// a passport or a travel permit before, and may have used that since. A number that was corrected
/// shows nothing; what is claimed of those is in the answer (`former_numbers`).
///
/// Enterprises have unified codes since 2015-10-01 (State Council, 国发〔2015〕33号; individual
/// businesses since 2016), and the code does not show whether one is older and had other numbers.
/// Vessels have identification numbers since 2010 (船舶识别号管理规定), and those of before were given
/// them with the year in which their keel was laid, as are those that are bought abroad. Vehicles
/// have numbers with a check digit since GB 16735-2004 was in force, and registers had frame
/// numbers before. Real-property units have codes since the uniform registration of 2015
/// (不动产登记暂行条例), and get another when the parcel's feature or bounds change (GB/T 37346-2019, 8.5).
pub(super) fn is_under_one_number(kind: KeyKind, key: &str) -> bool {
    match kind {
        KeyKind::Resident => !["81", "82", "83", "9"].iter().any(|prefix| key.starts_with(prefix)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
    }

    #[test]
    fn a_person_turns_an_age_by_the_date_inside_the_id() {
        assert_eq!(turned(KeyKind::Resident, "330106193005010000", 20), day("1950-05-01"));
        assert_eq!(turned(KeyKind::Resident, "330106193004300000", 20), day("1950-04-30"));
        assert_eq!(turned(KeyKind::Resident, "P1", 20), None, "no birth date to be read");
    }

    #[test]
    fn numbers_younger_than_registers_are_known() {
        for person in
            ["810000198508150024", "820000198508150024", "830000198508150024", "933084198508150021"]
        {
            assert!(!is_under_one_number(KeyKind::Resident, person), "{person}");
        }
        assert!(
            ["330106199001010000", "110105194912310021"]
                .iter()
                .all(|person| is_under_one_number(KeyKind::Resident, person))
        );
        assert!(!is_under_one_number(KeyKind::Enterprise, "91330100799655058B"));
        assert_eq!(turned(KeyKind::Enterprise, "913301201001019999", 0), None);
        assert!(!is_under_one_number(KeyKind::Vessel, "CN20154839571"));
        assert_eq!(turned(KeyKind::Vessel, "CN20154839571", 0), None);
        for (kind, key) in [
            (KeyKind::Vehicle, "LSVAA49J132047371"),
            (KeyKind::PropertyUnit, "330106199005GB00001F00010001"),
        ] {
            assert!(!is_under_one_number(kind, key));
            assert_eq!(turned(kind, key, 0), None);
        }
    }
}
