//! Households and migrants: who is born, marries, parts and dies.

use chrono::{Months, NaiveDate};

use super::build::{Builder, ELSEWHERE, HERE};
use super::model::{Event, Residence};

/// Those who would buy a home together; the adults first.
pub(super) struct Family {
    pub(super) adults: Vec<usize>,
    pub(super) children: Vec<usize>,
}

/// Fills the city with households until that many persons were made, and adds a migrant for every
/// twenty.
pub(super) fn populate(city: &mut Builder, residents: usize) -> Vec<Family> {
    let mut families = Vec::new();
    let before = city.registers.persons.len();
    while city.registers.persons.len() < residents.max(before) {
        families.push(if city.random.chance(620) { couple(city, HERE) } else { single(city) });
    }
    for _ in 0..(residents / 20).max(3) {
        families.push(if city.random.chance(300) {
            couple(city, ELSEWHERE)
        } else {
            migrant(city)
        });
    }
    families
}

fn single(city: &mut Builder) -> Family {
    let age = city.random.between(18, 84);
    let (birth, female) = (city.years_ago(age), city.random.chance(500));
    let residence =
        if city.random.chance(60) { Residence::MovedOut } else { Residence::Registered };
    let person = city.person(birth, female, HERE, residence);
    if age > 60 && city.random.chance(150) {
        let day = years_ago(city, 0, 9);
        city.dies(person, day);
    }
    Family { adults: vec![person], children: Vec::new() }
}

fn migrant(city: &mut Builder) -> Family {
    let age = city.random.between(19, 55);
    let (birth, female) = (city.years_ago(age), city.random.chance(450));
    Family {
        adults: vec![city.person(birth, female, ELSEWHERE, Residence::Absent)],
        children: Vec::new(),
    }
}

fn couple(city: &mut Builder, divisions: &'static [u32]) -> Family {
    let migrants = divisions == ELSEWHERE;
    let age = city.random.between(24, 78);
    let her_age = age.saturating_sub(city.random.below(5)).max(23);
    let (his, hers) = (city.years_ago(age), city.years_ago(her_age));
    let residence = match city.random.below(100) {
        _ if migrants => Residence::Absent,
        0..=2 => Residence::MovedOut,
        _ => Residence::Registered,
    };
    let man = city.person(his, false, divisions, residence);
    // A spouse who is registered elsewhere is in the marriage register and nowhere else.
    let abroad = !migrants && city.random.chance(60);
    let woman = if abroad {
        city.person(hers, true, ELSEWHERE, Residence::Absent)
    } else {
        city.person(hers, true, divisions, residence)
    };
    if !migrants && city.random.chance(120) {
        ancestors(city, man, age);
    }

    let wedding = day_after(city, hers, 22);
    city.event(man, woman, Event::Married, wedding);
    let mut children = Vec::new();
    if !migrants {
        for _ in 0..city.random.below(3) {
            let last =
                hers.checked_add_months(Months::new(42 * 12)).unwrap_or(city.today).min(city.today);
            let birth = city.random.day(wedding.min(last), last);
            children.push(city.child_of(birth, man, woman));
        }
    }

    let mut adults = vec![man, woman];
    match city.random.below(1000) {
        // Widowed.
        0..=39 if !migrants => {
            let gone = if city.random.chance(600) { man } else { woman };
            // The household register knows of no death before 1984.
            let begins = NaiveDate::from_ymd_opt(1984, 1, 1).unwrap_or(wedding);
            let born = children
                .iter()
                .filter_map(|child| city.registers.persons.get(*child))
                .map(|child| child.birth);
            let first = born.fold(wedding.max(begins), NaiveDate::max);
            let day = if city.random.chance(50) {
                city.today
            } else {
                city.random.day(first, city.today)
            };
            city.dies(gone, day);
        }
        40..=139 => adults = part(city, man, woman, wedding),
        140..=144 => city.event(man, woman, Event::Annulled, next_day(wedding, city.today)),
        _ => {}
    }
    Family { adults, children }
}

/// A divorce and what comes after; returns those who share a home now.
fn part(city: &mut Builder, man: usize, woman: usize, wedding: NaiveDate) -> Vec<usize> {
    let divorce = if city.random.chance(30) {
        city.today
    } else {
        city.random.day(next_day(wedding, city.today), city.today)
    };
    if divorce <= wedding {
        return vec![man, woman];
    }
    city.event(man, woman, Event::Divorced, divorce);
    let again = city.random.day(next_day(divorce, city.today), city.today);
    match city.random.below(100) {
        _ if again <= divorce => vec![man],
        0..=19 => {
            city.event(man, woman, Event::Remarried, again);
            vec![man, woman]
        }
        20..=44 => {
            let birth = years_ago(city, 26, 45);
            let second = city.person(birth, true, HERE, Residence::Registered);
            let grown = birth.checked_add_months(Months::new(22 * 12)).unwrap_or(again);
            city.event(man, second, Event::Married, again.max(grown));
            vec![man, second]
        }
        _ => vec![man],
    }
}

/// The man's parents, married before there was a register; some of them dead.
fn ancestors(city: &mut Builder, man: usize, age: u64) {
    let father_birth = city.years_ago(age + 26);
    let mother_birth = city.years_ago(age + 24);
    let father = city.person(father_birth, false, HERE, Residence::Registered);
    let mother = city.person(mother_birth, true, HERE, Residence::Registered);
    for (parent, years) in [(father, age + 26), (mother, age + 24)] {
        if years > 70 && city.random.chance(if years > 95 { 1000 } else { 350 }) {
            let day = years_ago(city, 0, 8);
            city.dies(parent, day);
        }
    }
    if let Some(person) = city.registers.persons.get_mut(man) {
        person.father = Some(father);
        person.mother = Some(mother);
    }
}

/// A day between so many years ago and so many.
fn years_ago(city: &mut Builder, least: u64, most: u64) -> NaiveDate {
    let years = city.random.between(least, most);
    city.years_ago(years)
}

/// A day between that birthday and today.
fn day_after(city: &mut Builder, birth: NaiveDate, years: u32) -> NaiveDate {
    let first =
        birth.checked_add_months(Months::new(years * 12)).unwrap_or(city.today).min(city.today);
    city.random.day(first, city.today)
}

fn next_day(day: NaiveDate, today: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day).min(today)
}
