//! Which days a date of a register can be. A date that can be read is not yet one to rely upon:
//! systems write a fixed day where there is none, such as 1900-01-01, and clerks a year that
//! the person did not live to see. What is not plausible here counts as unreadable.
//!
//! Pure, and shared: the hub weighs the rows that it combines, the connector counts what it finds
//! in a column.

use chrono::{Months, NaiveDate};
use zerotrip_proto::v1::{DateRole, TypedColumn};

use crate::CivilDay;

/// Days that systems write where there is no date, or at which their counting begins: month and day
/// of a year.
const PLACEHOLDERS: &[(i32, u32, u32)] = &[
    (1800, 1, 1),   // spreadsheets and forms: the first day that they offer
    (1899, 12, 30), // OLE Automation, FoxPro, Delphi: day 0
    (1899, 12, 31), // Excel: day 0
    (1900, 1, 1),   // SQL Server, Sybase: an empty text as a date; Excel: day 1
    (1901, 1, 1),   // MySQL: the first YEAR
    (1904, 1, 1),   // Excel for Macintosh: day 0
    (1911, 1, 1),   // the Republic's year 0
    (1912, 1, 1),   // the Republic's first day
    (1949, 10, 1),  // "before liberation", as forms put it
    (1970, 1, 1),   // Unix: second 0
    (1980, 1, 1),   // FAT, and clocks without a battery
    (2000, 1, 1),   // PostgreSQL: second 0; a two-digit 00-01-01
    (9999, 12, 31), // "for ever"
];

/// What bounds the dates of one register.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The first day that its owner says it knows about; without it, no date of it is plausible.
    pub since: Option<NaiveDate>,
    /// Whether its owner says that what is older was carried over into it.
    pub older_carried_over: bool,
    /// The last day that it can know about: the day on which it was read.
    pub last: CivilDay,
}

/// Whether a date can be what the check takes it to be the date of. `persons` are the ids in the
/// columns that the role names.
pub fn is_plausible(role: &TypedColumn, day: NaiveDate, persons: &[&str], bounds: Bounds) -> bool {
    let births = persons.iter().filter_map(|person| birth_in(person));
    match role.role() {
        DateRole::Birth => persons.iter().all(|person| birth_in(person) == Some(day)),
        DateRole::Event => {
            let since = bounds
                .since
                .map(|since| if bounds.older_carried_over { NaiveDate::MIN } else { since });
            is_plausible_event(day, since, births, role.least_age, bounds.last.date())
        }
        DateRole::End => {
            is_plausible_event(day, bounds.since, births, role.least_age, bounds.last.date())
        }
        // A filler says nothing of when it began, and proves nothing.
        DateRole::Begin => day <= bounds.last.date() || is_placeholder(day),
        // What holds for ever has no last day.
        DateRole::Limit => !is_placeholder(day),
        DateRole::Unspecified => false,
    }
}

/// Whether something that a register records can have happened on that day: the register had begun,
/// the persons were born and of that age, it was not read before, and the day is none that systems
/// write for nothing.
pub fn is_plausible_event(
    day: NaiveDate,
    since: Option<NaiveDate>,
    mut births: impl Iterator<Item = NaiveDate>,
    least_age: u32,
    last: NaiveDate,
) -> bool {
    let aged =
        |birth: NaiveDate| birth.checked_add_months(Months::new(least_age.saturating_mul(12)));
    since.is_some_and(|since| day >= since)
        && day <= last
        && births.all(|birth| aged(birth).is_some_and(|turned| day >= turned))
        && !is_placeholder(day)
}

/// Whether systems write that day where there is no date.
pub fn is_placeholder(day: NaiveDate) -> bool {
    PLACEHOLDERS.iter().any(|(year, month, of_month)| {
        NaiveDate::from_ymd_opt(*year, *month, *of_month) == Some(day)
    })
}

/// The birth date inside a resident id in canonical form (GB 11643, positions 7 to 14); `None` for
/// an identifier of another scheme.
pub fn birth_in(id: &str) -> Option<NaiveDate> {
    if id.len() != 18 || !id.bytes().take(17).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    NaiveDate::parse_from_str(id.get(6..14)?, "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
    }

    fn role(role: DateRole, least_age: u32) -> TypedColumn {
        TypedColumn { role: role.into(), least_age, ..TypedColumn::default() }
    }

    fn bounds(since: &str, older_carried_over: bool) -> Bounds {
        Bounds {
            since: Some(day(since)),
            older_carried_over,
            last: CivilDay::of(day("2026-11-28")),
        }
    }

    const BORN_1957: &str = "330106195705030860";
    const BORN_1995: &str = "330112199501186578";

    #[test]
    fn the_days_that_systems_write_for_nothing_are_no_events() {
        for text in [
            "1800-01-01",
            "1899-12-30",
            "1899-12-31",
            "1900-01-01",
            "1904-01-01",
            "1970-01-01",
            "1980-01-01",
            "9999-12-31",
        ] {
            for older in [false, true] {
                for kind in [DateRole::Event, DateRole::End] {
                    assert!(
                        !is_plausible(&role(kind, 0), day(text), &[], bounds("1800-01-01", older)),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_event_lies_between_the_register_the_births_and_the_reading() {
        let plausible = |kind, text: &str, persons: &[&str], since: &str, older| {
            is_plausible(&role(kind, 0), day(text), persons, bounds(since, older))
        };
        assert!(plausible(DateRole::End, "1984-01-01", &[BORN_1957], "1984-01-01", false));
        assert!(
            !plausible(DateRole::End, "1983-12-31", &[BORN_1957], "1984-01-01", false),
            "before the register began"
        );
        assert!(
            !plausible(DateRole::End, "1983-12-31", &[BORN_1957], "1984-01-01", true),
            "what was carried over had not ended"
        );
        assert!(
            plausible(DateRole::Event, "1983-12-31", &[BORN_1957], "1984-01-01", true),
            "what was carried over began before"
        );
        assert!(!plausible(DateRole::Event, "1983-12-31", &[BORN_1957], "1984-01-01", false));
        assert!(
            !plausible(DateRole::Event, "1990-05-05", &[BORN_1957, BORN_1995], "1950-05-01", false),
            "before the birth of one"
        );
        assert!(plausible(DateRole::Event, "2026-11-28", &[BORN_1995], "1950-05-01", false));
        assert!(
            !plausible(DateRole::Event, "2026-11-29", &[BORN_1995], "1950-05-01", false),
            "after it was read"
        );
        assert!(
            !is_plausible(
                &role(DateRole::Event, 15),
                day("2005-01-18"),
                &[BORN_1995],
                bounds("1950-05-01", false)
            ),
            "ten years old"
        );
        let unstated = Bounds { since: None, ..bounds("1950-05-01", true) };
        assert!(
            !is_plausible(&role(DateRole::Event, 0), day("2020-02-03"), &[BORN_1995], unstated),
            "its owner says nothing"
        );
        assert!(
            !plausible(DateRole::Unspecified, "2020-02-03", &[BORN_1995], "1950-05-01", true),
            "the check says nothing"
        );
    }

    #[test]
    fn a_beginning_is_not_to_come_unless_it_is_none() {
        let begin = |text: &str| {
            is_plausible(&role(DateRole::Begin, 0), day(text), &[], bounds("1984-01-01", false))
        };
        assert!(
            begin("2026-11-28")
                && begin("1951-03-02")
                && begin("1900-01-01")
                && begin("9999-12-31")
        );
        assert!(!begin("2026-11-29") && !begin("9999-12-30"));
    }

    #[test]
    fn a_birth_is_the_one_inside_the_id() {
        let birth = |text: &str, person: &str| {
            is_plausible(
                &role(DateRole::Birth, 0),
                day(text),
                &[person],
                bounds("1984-01-01", false),
            )
        };
        assert!(birth("1957-05-03", BORN_1957));
        assert!(!birth("1957-05-04", BORN_1957));
        assert!(!birth("1957-05-03", "G12345678"), "no id to compare it with");
    }

    proptest! {
        /// Against the rules once more, in other words.
        #[test]
        fn nothing_outside_its_bounds_is_plausible(
            at in -70_000i32..120_000, since in -30_000i32..20_000, born in -20_000i32..20_000, age in 0u32..30, last in 0i32..25_000, older in any::<bool>(), end in any::<bool>()
        ) {
            let date = |days: i32| NaiveDate::from_epoch_days(days).unwrap();
            let person = format!("330106{}0010", date(born).format("%Y%m%d"));
            let kind = if end { DateRole::End } else { DateRole::Event };
            let bounds = Bounds { since: Some(date(since)), older_carried_over: older, last: CivilDay::of(date(last)) };
            if is_plausible(&role(kind, age), date(at), &[&person], bounds) {
                prop_assert!(at <= last && at >= born + i32::try_from(age).unwrap() * 365);
                prop_assert!(at >= since || (older && !end));
                prop_assert!(at != 0 && at != -25_567 && at != -25_569);
            }
        }
    }
}
