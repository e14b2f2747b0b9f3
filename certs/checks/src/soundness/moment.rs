//! As of when does an absence hold? Of the earliest as-of. Registers are read at different times,
//! and what a person has all along can move between them, or between members of a family, so that
//! each register is read while it is in another. So what a register shows as ended must
//! have ended before that moment, and one that does not keep what ends proves nothing beside
//! another.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::NaiveDate;
use zerotrip_datasets::CivilDay;
use zerotrip_datasets::plausible::is_placeholder;
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::ErrorCode;

use super::{
    CheckEvidence, CompleteScan, Incomplete, ScanEvidence, VerdictKind, because, dataset_of,
};

/// Why what the registers show cannot be carried back to the moment at which the first of them was
/// read.
pub(super) fn not_of_one_moment(evidence: &CheckEvidence<'_>) -> Option<Incomplete> {
    let complete: Vec<(&ScanEvidence<'_>, &CompleteScan)> =
        evidence.scans.iter().filter_map(|scan| scan.complete()).collect();
    let read = complete.iter().map(|(scan, complete)| (scan, complete.as_of()));
    let Some((first, moment)) = read.min_by_key(|(_, as_of)| *as_of) else {
        return Some(because(ErrorCode::Internal, ""));
    };
    // A month is known when it is over.
    let is_over = |scan: &ScanEvidence<'_>, one: &CompleteScan| {
        let last = scan.counted.map(|months| months.last().last_day().to_epoch_days());
        last.is_none_or(|last| was_over(last, one.as_of()))
    };
    if let Some((early, _)) = complete.iter().find(|(scan, one)| !is_over(scan, one)) {
        return Some(because(ErrorCode::SourceStale, early.dataset));
    }
    // A register alone is as of the moment at which it was read.
    if let Some((forgetful, _)) =
        complete.iter().find(|(_, one)| !one.stated().keeps_ended && evidence.scans.len() > 1)
    {
        return Some(because(ErrorCode::NoCommonMoment, forgetful.dataset));
    }
    let ended = evidence
        .verdicts
        .iter()
        .filter(|verdict| matches!(verdict.kind, VerdictKind::HandedOver | VerdictKind::Ended));
    let mut until = Vec::new();
    for verdict in ended {
        let Some((own, source)) = complete.iter().find(|(scan, _)| scan.name == verdict.scan)
        else {
            return Some(because(ErrorCode::Undetermined, dataset_of(evidence, &verdict.scan)));
        };
        let Some(day) = last_day(verdict.on_date, source) else {
            return Some(because(ErrorCode::Undated, own.dataset));
        };
        // What ended before it began did so on another day, or has not. A day that systems write
        // for nothing is not a beginning.
        let began = verdict.began_on.filter(|began| {
            NaiveDate::from_epoch_days(*began).is_none_or(|began| !is_placeholder(began))
        });
        if began.is_some_and(|began| day < began) {
            return Some(because(ErrorCode::Undetermined, own.dataset));
        }
        // What has ended on a day to come has not, or on another day.
        let begins = day.checked_sub(1).and_then(day_end);
        if begins.is_none_or(|begins| begins > source.stated().now + CLOCK_SKEW) {
            return Some(because(ErrorCode::Undetermined, own.dataset));
        }
        until.push(day);
    }
    // What began after the moment was not there at it. Of registers that were all read at one
    // moment, all that is there was.
    if complete.iter().any(|(_, source)| source.as_of() != moment) {
        let shown = evidence.verdicts.iter().filter(|verdict| verdict.kind == VerdictKind::Shows);
        for verdict in shown {
            let began = verdict.began_on.filter(|day| is_day(*day));
            let Some(day) = began else {
                let dataset = dataset_of(evidence, &verdict.scan);
                return Some(because(ErrorCode::Undated, dataset));
            };
            until.push(day);
        }
    }
    // Whose record it is stays unsaid: a fresh divorce is private, and it is the first
    // register that must catch up.
    if until.into_iter().all(|day| was_over(day, moment)) {
        None
    } else {
        Some(because(ErrorCode::HandOverGap, first.dataset))
    }
}

/// Whether it is a day on which something can have been, and none that systems write for nothing.
pub(super) fn is_day(day: i32) -> bool {
    NaiveDate::from_epoch_days(day).is_some_and(|day| !is_placeholder(day))
}

/// The moment: the earliest as-of.
pub(super) fn first_read(evidence: &CheckEvidence<'_>) -> Option<SystemTime> {
    evidence
        .scans
        .iter()
        .filter_map(|scan| scan.complete())
        .map(|(_, complete)| complete.as_of())
        .min()
}

/// The last day on which something that ended can have been there: the row's own, or the one that
/// its owner states for all such rows.
pub(super) fn last_day(on_date: Option<i32>, source: &CompleteScan) -> Option<i32> {
    on_date.or_else(|| source.stated().undated_before?.checked_sub(1))
}

/// Whether that day was over at the moment. Departments' clocks differ, by no more than
/// `CLOCK_SKEW`, and a clock's reading that is as near to midnight is of either day. An as-of that
/// *is* midnight is not a clock's reading: it names all that is dated before it, by the registers'
/// own days, and days are compared with days.
pub(super) fn was_over(day: i32, moment: SystemTime) -> bool {
    day_end(day)
        .is_some_and(|end| end + CLOCK_SKEW <= moment || is_midnight(moment) && end <= moment)
}

/// Whether a civil day in China begins there, to the nanosecond.
fn is_midnight(moment: SystemTime) -> bool {
    let since = moment.duration_since(UNIX_EPOCH).ok();
    since.is_some_and(|since| {
        since.subsec_nanos() == 0
            && (since.as_secs() + u64::from(CHINA_OFFSET_SECONDS)) % 86_400 == 0
    })
}

/// The instant at which a civil day, in days since 1970-01-01, is over.
pub(super) fn day_end(day: i32) -> Option<SystemTime> {
    let seconds = (i64::from(day) + 1) * 86_400 - i64::from(CHINA_OFFSET_SECONDS);
    let span = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) }
}

/// The civil day of an instant, in days since 1970-01-01.
pub(super) fn day_of(moment: SystemTime) -> Option<i32> {
    (moment >= UNIX_EPOCH).then(|| CivilDay::at(moment).to_date32())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn days_before_1970_end_too() {
        assert_eq!(day_end(0).unwrap(), at(57_600));
        assert_eq!(day_end(-1).unwrap() + Duration::from_secs(86_400), at(57_600));
        assert!(day_end(-40_000).unwrap() < UNIX_EPOCH);
        assert_eq!((day_of(at(57_599)), day_of(at(57_600))), (Some(0), Some(1)));
    }

    #[test]
    fn an_extract_of_midnight_knows_what_ended_the_day_before_and_a_clock_near_midnight_does_not() {
        let midnight = day_end(100).unwrap();
        assert!(was_over(100, midnight) && was_over(99, midnight));
        assert!(!was_over(101, midnight));
        for near in
            [Duration::from_nanos(1), Duration::from_secs(1), CLOCK_SKEW - Duration::from_secs(1)]
        {
            assert!(!was_over(100, midnight + near) && was_over(99, midnight + near), "{near:?}");
        }
        assert!(was_over(100, midnight + CLOCK_SKEW));
        assert!(!was_over(100, midnight - Duration::from_secs(1)));
    }
}
