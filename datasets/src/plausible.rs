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

/// The ids in the columns that a date's role names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concerned<'a> {
    /// Whom it concerns.
    pub persons: &'a [&'a str],
    /// Of a birth: the parents.
    pub parents: &'a [&'a str],
}

/// Whether a date can be what the check takes it to be the date of.
pub fn is_plausible(
    role: &TypedColumn,
    day: NaiveDate,
    concerned: Concerned<'_>,
    bounds: Bounds,
) -> bool {
    let births = |ids: &'_ [&'_ str]| ids.iter().filter_map(|id| birth_in(id)).collect::<Vec<_>>();
    let persons = births(concerned.persons).into_iter();
    let last = bounds.last.date();
    let is_lawful = role.not_before.is_none_or(|first| day.to_epoch_days() >= first);
    match role.role() {
        DateRole::Birth => {
            let mut parents = births(concerned.parents).into_iter();
            concerned.persons.iter().all(|person| birth_in(person) == Some(day))
                && parents.all(|born| is_aged(born, role.least_age(), day))
        }
        DateRole::Event => {
            let since = bounds
                .since
                .map(|since| if bounds.older_carried_over { NaiveDate::MIN } else { since });
            is_lawful && is_plausible_event(day, since, persons, role.least_age(), last)
        }
        DateRole::End | DateRole::RecordedOn => {
            is_plausible_event(day, bounds.since, persons, role.least_age(), last)
        }
        // A filler says nothing of when it began, and proves nothing.
        DateRole::Begin if is_placeholder(day) => true,
        // What is a person's can be older than the person, as a home can: `least_age` says where
        // it cannot.
        DateRole::Begin => {
            let mut persons = persons;
            let is_of_age =
                role.least_age.is_none_or(|least| persons.all(|born| is_aged(born, least, day)));
            day <= last && is_lawful && is_of_age
        }
        // What holds for ever has no last day.
        DateRole::Limit => !is_placeholder(day),
        DateRole::Unspecified => false,
    }
}

/// Whether a date is one by which what the row records had ended, if it has.
pub fn is_of_end(role: DateRole) -> bool {
    matches!(role, DateRole::End | DateRole::RecordedOn)
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
    since.is_some_and(|since| day >= since)
        && day <= last
        && births.all(|birth| is_aged(birth, least_age, day))
        && !is_placeholder(day)
}

/// Whether somebody who was born then had reached that age, in years.
pub fn is_aged(birth: NaiveDate, least_age: u32, day: NaiveDate) -> bool {
    let months = Months::new(least_age.saturating_mul(12));
    birth.checked_add_months(months).is_some_and(|turned| day >= turned)
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
        TypedColumn { role: role.into(), least_age: Some(least_age), ..TypedColumn::default() }
    }

    fn of<'a>(persons: &'a [&'a str]) -> Concerned<'a> {
        Concerned { persons, parents: &[] }
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
                        !is_plausible(
                            &role(kind, 0),
                            day(text),
                            of(&[]),
                            bounds("1800-01-01", older)
                        ),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_event_lies_between_the_register_the_births_and_the_reading() {
        let plausible = |kind, text: &str, persons: &[&str], since: &str, older| {
            is_plausible(&role(kind, 0), day(text), of(persons), bounds(since, older))
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
                of(&[BORN_1995]),
                bounds("1950-05-01", false)
            ),
            "ten years old"
        );
        let unstated = Bounds { since: None, ..bounds("1950-05-01", true) };
        assert!(
            !is_plausible(&role(DateRole::Event, 0), day("2020-02-03"), of(&[BORN_1995]), unstated),
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
            is_plausible(&role(DateRole::Begin, 0), day(text), of(&[]), bounds("1984-01-01", false))
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
    fn what_began_can_be_older_than_its_person_unless_an_age_is_said() {
        let begin = |least_age: Option<u32>, text: &str| {
            let role = TypedColumn { least_age, ..role(DateRole::Begin, 0) };
            is_plausible(&role, day(text), of(&[BORN_1995]), bounds("1984-01-01", false))
        };
        // A home that was bought by others before, or an account that nobody opened.
        assert!(begin(None, "1990-05-05"));
        assert!(!begin(Some(0), "1995-01-17") && begin(Some(0), "1995-01-18"));
        assert!(!begin(Some(10), "2005-01-17") && begin(Some(10), "2005-01-18"));
        assert!(begin(Some(10), "1970-01-01"), "a filler says nothing");
    }

    #[test]
    fn nothing_is_older_than_the_law_that_it_is_by() {
        for kind in [DateRole::Event, DateRole::Begin] {
            let first = Some(day("1991-05-01").to_epoch_days());
            let role = TypedColumn { not_before: first, ..role(kind, 0) };
            let can = |text: &str| {
                is_plausible(&role, day(text), of(&[BORN_1957]), bounds("1984-01-01", true))
            };
            assert!(!can("1991-04-30") && can("1991-05-01"), "{kind:?}");
        }
    }

    #[test]
    fn a_child_is_younger_than_its_parents() {
        let birth = |least_age, parents: &[&str]| {
            let role = TypedColumn { least_age, ..role(DateRole::Birth, 0) };
            let concerned = Concerned { persons: &[BORN_1995], parents };
            is_plausible(&role, day("1995-01-18"), concerned, bounds("1984-01-01", false))
        };
        const BORN_1986: &str = "330106198601190027";
        assert!(birth(None, &[BORN_1957]) && birth(Some(8), &[BORN_1957, BORN_1986]));
        assert!(!birth(Some(9), &[BORN_1957, BORN_1986]), "a mother of eight");
        assert!(birth(None, &[BORN_1986]) && birth(None, &["G12345678"]));
        assert!(birth(None, &[BORN_1995]), "on one day");
        assert!(!birth(None, &["330106199501190024"]), "born the day after her child");
    }

    #[test]
    fn a_birth_is_the_one_inside_the_id() {
        let birth = |text: &str, person: &str| {
            is_plausible(
                &role(DateRole::Birth, 0),
                day(text),
                of(&[person]),
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
            if is_plausible(&role(kind, age), date(at), of(&[&person]), bounds) {
                prop_assert!(at <= last && at >= born + i32::try_from(age).unwrap() * 365);
                prop_assert!(at >= since || (older && !end));
                prop_assert!(at != 0 && at != -25_567 && at != -25_569);
            }
        }
    }
}
