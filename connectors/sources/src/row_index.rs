//! Which persons and enterprises were in which rows of a table when a profiling pass read it.
//!
//! A look-up asks for the spellings that the pass has seen. A cell that is respelled since
//! then, irregularly, would be missed, and the row with it, though the answer claims to be whole as
//! of the pass; and so would a row that a damaged index has lost. So the pass remembers of each
//! person in which rows they were, in a few bytes each, and a look-up that does not see every one
//! of *those* rows is not an answer: a new row cannot replace one that is missed.
//!
//! Nothing is forgotten. What is remembered are hashes, under keys of this pass's own: that
//! a person seems to be in a row and is not happens to one key in some hundreds of
//! millions, and such a look-up fails until the next pass.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::ops::Range;

use zerotrip_datasets::{Key, Named};
use zerotrip_proto::v1::ErrorCode;

use super::SourceError;
use super::rows::RawRow;

/// Ids in rows that are remembered: 8.5 bytes each, and up to twice as much while they are
/// gathered.
const MOST_IDS: usize = 25_000_000;
/// Heaps of ids; sorted one by one, they need not all be held twice.
const HEAPS: usize = 64;

/// What a pass under way has seen.
#[derive(Debug)]
pub struct IndexBuilder {
    hasher: RandomState,
    /// By the first bits of the person's hash: the two halves of it, and the row's.
    heaps: Vec<Vec<[u32; 3]>>,
    ids: usize,
}

/// What a pass has seen.
#[derive(Debug)]
pub struct RowIndex {
    hasher: RandomState,
    /// The first bits of a person's hash are a place here, where it says from where on such
    /// persons' rows are.
    starts: Vec<u32>,
    /// How many bits.
    bits: u32,
    /// The next 32 bits of the person's hash, and then the row's, in order.
    rows: Vec<u64>,
}

/// Which of the rows that the pass saw a look-up has seen too.
#[derive(Debug, Default)]
pub struct SeenRows(Vec<u32>);

impl Default for IndexBuilder {
    fn default() -> Self {
        Self { hasher: RandomState::new(), heaps: vec![Vec::new(); HEAPS], ids: 0 }
    }
}

impl IndexBuilder {
    /// What identifies a row: its key or, where it has none, all of its cells.
    pub fn which(&self, cells: RawRow<'_>) -> u64 {
        self.hasher.hash_one(cells)
    }

    /// One more row, with whom it names in which column. `which` tells it from all others, now and
    /// later.
    pub fn note(
        &mut self,
        mut names: impl Iterator<Item = (usize, Named)>,
        which: u64,
    ) -> Result<(), SourceError> {
        names.try_for_each(|(column, name)| self.add(column, &name, which))
    }

    /// One more row that names somebody so in this column.
    pub fn add(&mut self, column: usize, name: &Named, which: u64) -> Result<(), SourceError> {
        self.ids += 1;
        if self.ids > MOST_IDS {
            let detail = format!(
                "more than {MOST_IDS} ids in the columns of its look-ups; attach parts of it as \
                 views, each through a separate dataset"
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        let hash = hashed(&self.hasher, column, name);
        let (first, second) = (high(hash), low(hash));
        if let Some(heap) = self.heaps.get_mut(first as usize / (1 << 26)) {
            heap.push([first, second, folded(which)]);
        }
        Ok(())
    }

    /// After the last row.
    pub fn finish(self) -> RowIndex {
        // Some eight ids to each place.
        let bits = self.ids.next_power_of_two().ilog2().saturating_sub(3);
        let (mut starts, mut rows) =
            (Vec::with_capacity((1 << bits) + 1), Vec::with_capacity(self.ids));
        for mut heap in self.heaps {
            // In the order of what is kept of them.
            heap.iter_mut().for_each(|[_, second, _]| *second &= !(u32::MAX >> bits));
            heap.sort_unstable();
            for [first, second, which] in heap {
                let hash = u64::from(first) << 32 | u64::from(second);
                let at = position(rows.len());
                starts.resize(starts.len().max(place(hash, bits) + 1), at);
                rows.push(entry(hash, bits, which));
            }
        }
        starts.resize((1 << bits) + 1, position(rows.len()));
        RowIndex { hasher: self.hasher, starts, bits, rows }
    }
}

impl RowIndex {
    /// What identifies a row, as [`IndexBuilder::which`] has it.
    pub fn which(&self, cells: RawRow<'_>) -> u64 {
        self.hasher.hash_one(cells)
    }

    /// The range of the rows that named somebody so in this column.
    fn rows_of(&self, column: usize, name: &Named) -> Range<usize> {
        let hash = hashed(&self.hasher, column, name);
        let at = place(hash, self.bits);
        let start = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let range = start(at)..start(at + 1);
        let those = self.rows.get(range.clone()).unwrap_or_default();
        let (from, to) = (entry(hash, self.bits, 0), entry(hash, self.bits, u32::MAX));
        range.start + those.partition_point(|row| *row < from)
            ..range.start + those.partition_point(|row| *row <= to)
    }
}

impl SeenRows {
    /// One more row, with whom it names in which column; whether the pass saw each of them in this
    /// very row.
    pub fn note(
        &mut self,
        present: &RowIndex,
        names: impl Iterator<Item = (usize, Named)>,
        which: u64,
    ) -> bool {
        let mut is_known = true;
        for (column, name) in names {
            let range = present.rows_of(column, &name);
            let rows = present.rows.get(range.clone()).unwrap_or_default();
            // Of equal rows, which nothing distinguishes, the first represents all.
            let at = rows.partition_point(|row| low(*row) < folded(which));
            if rows.get(at).is_some_and(|row| low(*row) == folded(which)) {
                self.0.push(position(range.start + at));
            } else {
                is_known = false;
            }
        }
        is_known
    }

    /// The first of these columns in which the pass saw one of these persons in a row that was not
    /// met, or more often than it was met.
    pub fn misses(&mut self, present: &RowIndex, columns: &[usize], keys: &[Key]) -> Option<usize> {
        self.0.sort_unstable();
        let met = |at: usize| {
            let from = self.0.partition_point(|met| (*met as usize) < at);
            self.0.iter().skip(from).take_while(|met| **met as usize == at).count()
        };
        let misses = |column: usize, name: &Named| {
            let range = present.rows_of(column, name);
            let rows = present.rows.get(range.clone()).unwrap_or_default();
            let mut at = range.start;
            rows.chunk_by(|one, other| one == other).any(|equal| {
                let first = at;
                at += equal.len();
                met(first) < equal.len()
            })
        };
        let misses_any = |column: usize, key: &Key| key.names().any(|name| misses(column, &name));
        columns.iter().copied().find(|column| keys.iter().any(|key| misses_any(*column, key)))
    }
}

fn hashed(hasher: &RandomState, column: usize, name: &Named) -> u64 {
    struct InColumn<'a>(usize, &'a [u8]);
    impl Hash for InColumn<'_> {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            state.write(self.1);
            state.write_usize(self.0);
        }
    }
    hasher.hash_one(InColumn(column, name.as_str().as_bytes()))
}

/// The first bits of a hash.
fn place(hash: u64, bits: u32) -> usize {
    usize::try_from((hash >> 1) >> (63 - bits)).unwrap_or_default()
}

/// The next 32 of them, before a row's.
fn entry(hash: u64, bits: u32, which: u32) -> u64 {
    (hash << bits) & !u64::from(u32::MAX) | u64::from(which)
}

fn folded(which: u64) -> u32 {
    high(which) ^ low(which)
}

fn high(number: u64) -> u32 {
    low(number >> 32)
}

#[expect(clippy::cast_possible_truncation, reason = "half of it is wanted")]
fn low(number: u64) -> u32 {
    number as u32
}

/// A place among what is remembered, of which there is less than `MOST_IDS`.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use zerotrip_datasets::ResidentId;

    use super::*;

    #[test]
    fn nobody_is_forgotten_and_nobody_invented() {
        let day = |number: i64| {
            chrono::NaiveDate::from_ymd_opt(1940, 1, 1).unwrap() + chrono::Duration::days(number)
        };
        let person = |number: i64| {
            let sequence = u16::try_from(number % 3).unwrap();
            let person = ResidentId::from_parts(330_106, day(number / 3), sequence).unwrap();
            Named::Key(person.into())
        };
        for most in [0, 1, 9, 40_000] {
            let mut builder = IndexBuilder::default();
            for number in 0..most {
                // Not one after the other, and some in equal rows.
                for row in (0..=number % 3).rev() {
                    builder
                        .add(1, &person(number), u64::try_from(number * 4 + row / 2).unwrap())
                        .unwrap();
                }
            }
            (0..2000).for_each(|row| builder.add(7, &person(1), row).unwrap());
            let present = builder.finish();
            let rows = |column, person: &Named| {
                let range = present.rows_of(column, person);
                present.rows[range].iter().map(|row| low(*row)).collect::<Vec<_>>()
            };
            for number in 0..most {
                let expected: Vec<u32> = (0..=number % 3)
                    .map(|row| u32::try_from(number * 4 + row / 2).unwrap())
                    .collect();
                assert_eq!(rows(1, &person(number)), expected, "{number} of {most}");
                assert!(
                    rows(2, &person(number)).is_empty()
                        && rows(1, &person(number + most)).is_empty(),
                    "{number} of {most}"
                );
            }
            assert_eq!(rows(7, &person(1)), (0..2000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_new_row_does_not_stand_in_for_one_that_is_missed() {
        let id = "11010519491231002X";
        let person = Key::Resident(ResidentId::new_strict(id).unwrap());
        let names = || std::iter::once((0, Named::Key(person)));
        let missed = |seen: &[u64], met: &[u64]| {
            let mut builder = IndexBuilder::default();
            seen.iter().for_each(|which| builder.note(names(), *which).unwrap());
            let (present, mut rows) = (builder.finish(), SeenRows::default());
            for which in met {
                assert_eq!(rows.note(&present, names(), *which), seen.contains(which), "{which}");
            }
            rows.misses(&present, &[0], &[person])
        };
        for (met, expected) in [
            (&[1, 2][..], None),
            (&[1], Some(0)),
            (&[1, 3], Some(0)),
            (&[3, 4, 5], Some(0)),
            (&[2, 1, 3], None),
        ] {
            assert_eq!(missed(&[1, 2], met), expected, "{met:?}");
        }
        // Nor one that is like another.
        for (met, expected) in [
            (&[1, 1, 2][..], None),
            (&[1, 2], Some(0)),
            (&[1, 1], Some(0)),
            (&[1, 2, 2], Some(0)),
            (&[2, 1, 1, 1], None),
        ] {
            assert_eq!(missed(&[1, 2, 1], met), expected, "{met:?}");
        }
        assert_eq!((missed(&[], &[]), missed(&[], &[1])), (None, None));
    }
}
