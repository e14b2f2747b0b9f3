//! What may be said, outside its department, of what is wrong with a dataset: how many cells of a
//! column, in tens, and never which.

use std::collections::HashSet;

use prost::Message as _;
use zerotrip_proto::v1::{ColumnQuality, DatasetQuality, DatasetStatement, QualityKind};

/// Numbers are stated as the next multiple of this: a person who knows a register could know whose
/// one cell is, and two numbers less each other, or the same number a day later, would tell of one.
pub const STEP: u64 = 10;
/// Most entries of one dataset; the gravest come first.
pub const MOST_ENTRIES: usize = 64;
/// Most bytes of what is said of one dataset: its entries, each with a column's name, and a
/// kilobyte.
const MOST_BYTES: usize = 16 << 10;

/// A number as it may be said: in tens, up; none stays none.
pub fn told(count: u64) -> u64 {
    count.div_ceil(STEP).saturating_mul(STEP)
}

/// A part of a whole for people, rounded up to hundredths of a percent.
pub fn percent(part: u64, whole: u64) -> String {
    let hundredths = part.saturating_mul(10_000).div_ceil(whole.max(1));
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Whether a statement on a dataset says only what it may: faults by kinds there
/// are, in columns that the dataset's owner has stated. A name of another kind could carry
/// anything.
///
/// `signed` are the bytes of which `quality` was decoded.
pub fn validate(
    quality: &DatasetQuality,
    signed: &[u8],
    statement: &DatasetStatement,
) -> Result<(), String> {
    if quality.dataset != statement.id {
        return Err("it is about another dataset".to_owned());
    }
    // What a decoder passes over would travel on under the signature, to every reader.
    if quality.encode_to_vec() != signed || signed.len() > MOST_BYTES {
        return Err("it holds more than it says".to_owned());
    }
    if quality.entries.len() > MOST_ENTRIES {
        return Err(format!("it has over {MOST_ENTRIES} entries"));
    }
    if quality.as_of.is_none() || quality.looked_at.is_none() {
        return Err("it does not say of when it is".to_owned());
    }
    let is_column =
        |name: &str| name.is_empty() || statement.columns.iter().any(|column| column.name == name);
    let mut named = HashSet::new();
    for ColumnQuality { column, kind, count } in &quality.entries {
        if !named.insert((column, kind)) {
            return Err("it names a fault of a column twice".to_owned());
        }
        if QualityKind::try_from(*kind).unwrap_or_default() == QualityKind::Unspecified {
            return Err("it names a kind of fault that there is not".to_owned());
        }
        if !is_column(column) {
            return Err("it names a column that the dataset does not have".to_owned());
        }
        if *count == 0 || !count.is_multiple_of(STEP) {
            return Err(format!("it counts otherwise than in steps of {STEP}"));
        }
    }
    if [quality.rows, quality.spoilt_rows].iter().any(|count| !count.is_multiple_of(STEP)) {
        return Err(format!("it counts otherwise than in steps of {STEP}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use zerotrip_proto::v1::Column;

    use super::*;

    fn quality() -> DatasetQuality {
        DatasetQuality {
            dataset: "estate.ownership".into(),
            as_of: Some(zerotrip_proto::to_timestamp(std::time::SystemTime::UNIX_EPOCH)),
            looked_at: Some(zerotrip_proto::to_timestamp(std::time::SystemTime::UNIX_EPOCH)),
            rows: 10,
            spoilt_rows: 10,
            entries: vec![ColumnQuality {
                column: "owner".into(),
                kind: QualityKind::Unreadable.into(),
                count: 10,
            }],
            ..DatasetQuality::default()
        }
    }

    fn checked(quality: &DatasetQuality, statement: &DatasetStatement) -> Result<(), String> {
        validate(quality, &quality.encode_to_vec(), statement)
    }

    #[test]
    fn one_more_or_less_is_not_told() {
        assert_eq!(
            [0, 1, 9, 10, 11, 17, 18, 20, 21].map(told),
            [0, 10, 10, 10, 20, 20, 20, 20, 30]
        );
    }

    #[test]
    fn nothing_is_said_but_kinds_columns_and_numbers() {
        let statement = DatasetStatement {
            id: "estate.ownership".into(),
            columns: vec![Column { name: "owner".into(), ..Column::default() }],
            ..DatasetStatement::default()
        };
        assert_eq!(checked(&quality(), &statement), Ok(()));
        let entry = |change: fn(&mut ColumnQuality)| {
            let mut quality = quality();
            quality.entries.iter_mut().for_each(change);
            quality
        };
        for (wrong, why) in [
            (DatasetQuality { dataset: "estate.other".into(), ..quality() }, "another dataset"),
            (DatasetQuality { as_of: None, ..quality() }, "of when"),
            (DatasetQuality { spoilt_rows: 18, ..quality() }, "in steps of 10"),
            (DatasetQuality { rows: 6221, ..quality() }, "in steps of 10"),
            (
                DatasetQuality { entries: vec![ColumnQuality::default(); 65], ..quality() },
                "over 64",
            ),
            (entry(|entry| entry.column = "11010519491231002X".into()), "does not have"),
            (entry(|entry| entry.kind = 99), "kind of fault"),
            (entry(|entry| entry.kind = 0), "kind of fault"),
            (entry(|entry| entry.count = 0), "in steps of 10"),
            (entry(|entry| entry.count = 17), "in steps of 10"),
        ] {
            let said = checked(&wrong, &statement).expect_err(why);
            assert!(said.contains(why), "{said}");
        }
        let twice = DatasetQuality {
            entries: [quality().entries, quality().entries].concat(),
            ..quality()
        };
        assert!(checked(&twice, &statement).expect_err("twice").contains("twice"));
        // An unknown field (99, as a number): decoders pass over it.
        let signed = [quality().encode_to_vec(), vec![0x98, 0x06, 0x01]].concat();
        let decoded = DatasetQuality::decode(signed.as_slice()).expect("decodes");
        assert!(
            validate(&decoded, &signed, &statement)
                .expect_err("more")
                .contains("more than it says")
        );
    }
}
