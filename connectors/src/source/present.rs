//! Who stood in a table, and in which of its rows, when a pass went through it.
//!
//! A look-up asks for the spellings that the pass has seen. A cell that somebody spells anew since then, irregularly, would be missed,
//! and the row with it, though the answer claims to be whole as of the pass; and so would a row that a damaged index has lost. So the pass
//! remembers in how many rows each person stood where, and in which, in a filter (Bloom's) that never forgets one and seldom invents one. A
//! look-up that meets fewer of *those* rows is no answer: one that is new cannot stand in for one that is missed.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use zerotrip_datasets::resident_id::{self, Reading, ResidentId};
use zerotrip_proto::v1::ErrorCode;

use super::SourceError;

/// Bits for each entry: with sixteen probes, fewer than one entry in ten million is invented, for a look-up of 100,000 keys asks of each.
const BITS_PER_ENTRY: usize = 40;
const PROBES: u64 = 16;
/// Bits of the first filter; each further one has twice as many as the one before. In a smaller one two hashes would meet too often.
const FIRST_BITS: usize = 1 << 20;
/// Entries that are remembered, two for each id in a row: a quarter of a gigabyte of bits, and as much again while the last filter has room.
const MOST_ENTRIES: usize = 50_000_000;
/// Rows of one person that are told apart; more count as so many.
const MOST_ROWS: u32 = 1024;

/// The filter.
#[derive(Debug, Default)]
pub struct Present {
    filters: Vec<Filter>,
    entries: usize,
    hasher: RandomState,
}

/// In how many of the rows that the pass saw a look-up has met each of its persons, by column place.
#[derive(Debug, Default)]
pub struct Met(HashMap<(usize, ResidentId), u32>);

impl Met {
    /// One more row.
    pub fn note(&mut self, present: &Present, columns: &[usize], row: &[Option<String>], which: u64) {
        for (column, person) in persons(columns, row) {
            if present.stood_in(column, &person, which) {
                *self.0.entry((column, person)).or_default() += 1;
            }
        }
    }

    /// The first of these columns in which the pass saw one of these persons in more rows than were met.
    pub fn misses(&self, present: &Present, columns: &[usize], keys: &[ResidentId]) -> Option<usize> {
        let met = |place: usize, key: &ResidentId| self.0.get(&(place, *key)).copied().unwrap_or_default();
        let misses = |place: usize| keys.iter().any(|key| present.stood(place, key, met(place, key).saturating_add(1)));
        columns.iter().copied().find(|place| misses(*place))
    }
}

/// Who stands in these columns of a row.
fn persons<'a>(columns: &'a [usize], row: &'a [Option<String>]) -> impl Iterator<Item = (usize, ResidentId)> + 'a {
    columns.iter().filter_map(|place| match resident_id::parse(row.get(*place)?.as_deref()?) {
        Reading::Person(person) => Some((*place, person)),
        _ => None,
    })
}

#[derive(Debug)]
struct Filter {
    bits: Vec<u64>,
    room: usize,
}

impl Present {
    /// What tells a row from all others: its key or, where it has none, all that stands in it.
    pub fn which(&self, cells: &[Option<String>]) -> u64 {
        self.hasher.hash_one(cells)
    }

    /// One more row, and everybody who stands in these columns of it. `which` tells it from all others, now and later.
    pub fn note(&mut self, columns: &[usize], row: &[Option<String>], which: u64) -> Result<(), SourceError> {
        persons(columns, row).try_for_each(|(column, person)| self.add(column, &person, which))
    }

    /// One more row in which this person stands in this column.
    pub fn add(&mut self, column: usize, person: &ResidentId, which: u64) -> Result<(), SourceError> {
        self.insert(Entry::Row(column, *person, which))?;
        match (1..=MOST_ROWS).find(|row| !self.stood(column, person, *row)) {
            Some(row) => self.insert(Entry::Count(column, *person, row)),
            None => Ok(()),
        }
    }

    fn insert(&mut self, entry: Entry) -> Result<(), SourceError> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            let detail = format!(
                "more than {} ids in the columns of its look-ups; attach parts of it as views, each through a dataset of its own",
                MOST_ENTRIES / 2
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        let hash = self.hasher.hash_one(entry);
        if self.filters.last().is_none_or(|filter| filter.room == 0) {
            let bits = FIRST_BITS << self.filters.len().min(16);
            self.filters.push(Filter { bits: vec![0; bits / 64], room: bits / BITS_PER_ENTRY });
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.add(hash);
        }
        Ok(())
    }

    /// Whether there was a row of that number, from 1, in which this person stood in this column. Never wrongly `false`.
    pub fn stood(&self, column: usize, person: &ResidentId, row: u32) -> bool {
        row <= MOST_ROWS && self.holds(Entry::Count(column, *person, row))
    }

    /// Whether this person stood in this column of this row. Never wrongly `false`.
    fn stood_in(&self, column: usize, person: &ResidentId, which: u64) -> bool {
        self.holds(Entry::Row(column, *person, which))
    }

    fn holds(&self, entry: Entry) -> bool {
        let hash = self.hasher.hash_one(entry);
        self.filters.iter().any(|filter| filter.holds(hash))
    }
}

/// What is remembered.
#[derive(Hash)]
enum Entry {
    /// The person stood in the column of so many rows.
    Count(usize, ResidentId, u32),
    /// In the column of this one.
    Row(usize, ResidentId, u64),
}

impl Filter {
    fn add(&mut self, hash: u64) {
        self.room = self.room.saturating_sub(1);
        for probe in 0..PROBES {
            let (word, bit) = self.place(hash, probe);
            if let Some(word) = self.bits.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn holds(&self, hash: u64) -> bool {
        (0..PROBES).all(|probe| {
            let (word, bit) = self.place(hash, probe);
            self.bits.get(word).is_some_and(|word| word & bit != 0)
        })
    }

    /// Two halves of one hash make all probes (Kirsch and Mitzenmacher).
    fn place(&self, hash: u64, probe: u64) -> (usize, u64) {
        let step = (hash >> 32) | 1;
        let bit = hash.wrapping_add(probe.wrapping_mul(step)) % (self.bits.len() as u64 * 64);
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nobody_is_forgotten_and_few_are_invented() {
        let day = |number: i64| chrono::NaiveDate::from_ymd_opt(1940, 1, 1).unwrap() + chrono::Duration::days(number);
        let person = |number: i64| ResidentId::from_parts(330_106, day(number / 3), u16::try_from(number % 3).unwrap()).unwrap();
        let mut present = Present::default();
        for number in 0..40_000 {
            for _ in 0..=number % 3 {
                present.add(1, &person(number), 0).unwrap();
            }
        }
        let mut invented = 0;
        for number in 0..40_000 {
            let rows = u32::try_from(number % 3).unwrap() + 1;
            assert!((1..=rows).all(|row| present.stood(1, &person(number), row)), "{number}");
            invented += u32::from(present.stood(1, &person(number), rows + 1)) + u32::from(present.stood(2, &person(number), 1));
        }
        assert_eq!(invented, 0, "of 80,000");
        (0..2000).for_each(|_| present.add(7, &person(1), 0).unwrap());
        assert!(present.stood(7, &person(1), MOST_ROWS) && !present.stood(7, &person(1), MOST_ROWS + 1));
    }

    #[test]
    fn a_new_row_does_not_stand_in_for_one_that_is_missed() {
        let id = "11010519491231002X";
        let person = ResidentId::new_strict(id).unwrap();
        let row = [Some(id.to_owned())];
        let mut present = Present::default();
        present.note(&[0], &row, 1).unwrap();
        present.note(&[0], &row, 2).unwrap();
        for (rows, missed) in [(&[1, 2][..], None), (&[1], Some(0)), (&[1, 3], Some(0)), (&[3, 4, 5], Some(0)), (&[2, 1, 3], None)] {
            let mut met = Met::default();
            rows.iter().for_each(|which| met.note(&present, &[0], &row, *which));
            assert_eq!(met.misses(&present, &[0], &[person]), missed, "{rows:?}");
        }
    }
}
