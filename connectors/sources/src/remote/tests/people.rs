//! Persons and the ways in which registers spell them.

use chrono::{Days, NaiveDate};
use zerotrip_datasets::resident_id::ResidentId;

/// The person of this number, each another; every other one is old enough for fifteen digits.
pub fn person(number: usize) -> ResidentId {
    let (first, sequence) = (
        if number.is_multiple_of(2) { 1950 } else { 2001 },
        100 + u16::try_from(number % 800).unwrap(),
    );
    let birth = NaiveDate::from_ymd_opt(first, 1, 1).unwrap() + Days::new((number / 800) as u64);
    ResidentId::from_parts(330_106, birth, sequence).unwrap()
}

/// Ways to spell a person.
pub const WAYS: usize = 12;

/// A cell in which the person stands, or would if it could be read.
pub fn spelt(person: &ResidentId, way: usize) -> String {
    let id = person.as_str();
    let wide = |text: &str| -> String {
        text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect()
    };
    match way % WAYS {
        0 | 1 => id.to_owned(),
        2 => id.to_lowercase(),
        3 => person.first_generation().unwrap_or_else(|| id.to_owned()),
        4 => format!(" {id}"),
        5 => format!("{id}   "),
        6 => format!("{} {} {}", &id[..6], &id[6..14], &id[14..]),
        7 => wide(id),
        8 => format!("\t{}\u{3000}", person.first_generation().unwrap_or_else(|| id.to_owned())),
        9 => format!("{}\u{200b}{}", &id[..6], &id[6..]),
        10 => format!("{}********{}", &id[..6], &id[14..]),
        _ => format!("{}{}", &id[..17], if id.ends_with('1') { '2' } else { '1' }),
    }
}
