#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float32Array, Float64Array, Int8Array, Int64Array, ListArray, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{Int32Type, Int64Type};
use proptest::prelude::*;
use zerotrip_proto::v1::ErrorCode;

use super::super::super::conformance::{Kind, LI, Rig, WANG, look_up, names, run, soon};
use zerotrip_test_servers::files::parquet_of;

const NAME: &str = "姓 名) -- drop table (x";

fn rig(owner: ArrayRef, name: ArrayRef) -> Rig {
    let rig = Rig::with(
        Kind::Parquet,
        "kind = \"parquet\"\npath = \"t.parquet\"\nas_of = \"modified\"",
        &[],
    );
    let nobody: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; owner.len()]));
    let batch = RecordBatch::try_from_iter_with_nullable([
        (NAME, name, true),
        ("GYR", nobody, true),
        ("SFZH", owner, true),
    ])
    .unwrap();
    std::fs::write(rig.folder.path().join("t.parquet"), parquet_of(&batch)).unwrap();
    rig
}

fn ask(rig: &Rig, key: &str) -> (Vec<String>, Vec<String>) {
    let source = rig.open().unwrap();
    let (found, end) = run(names(&*source, look_up(&[key], 100, soon()))).unwrap();
    (found, end.could_match.all())
}

fn li() -> ArrayRef {
    Arc::new(StringArray::from(vec![LI]))
}

#[test]
fn every_flat_type_has_its_text() {
    const NOON: i64 = 1_795_320_000; // 2026-11-22T04:00:00Z
    let dictionary: DictionaryArray<Int32Type> = [Some("张三")].into_iter().collect();
    let cells: Vec<(ArrayRef, &str)> = vec![
        (Arc::new(StringArray::from(vec!["a"])), "a"),
        (Arc::new(StringArray::from(vec![""])), ""),
        (Arc::new(StringArray::from(vec![None::<&str>])), "NULL"),
        (Arc::new(dictionary), "张三"),
        (Arc::new(Int8Array::from(vec![-8])), "-8"),
        (Arc::new(Int64Array::from(vec![i64::MIN])), "-9223372036854775808"),
        (Arc::new(UInt64Array::from(vec![u64::MAX])), "18446744073709551615"),
        (Arc::new(Float64Array::from(vec![0.1])), "0.1"),
        (Arc::new(Float64Array::from(vec![440_524_188_001_010_014.0])), "4.4052418800101e17"),
        (Arc::new(Float32Array::from(vec![1.101_05e14])), "1.101050e14"),
        (Arc::new(BooleanArray::from(vec![true])), "true"),
        (
            Arc::new(
                Decimal128Array::from(vec![-1_234_567_890_123_456_789])
                    .with_precision_and_scale(30, 4)
                    .unwrap(),
            ),
            "-123456789012345.6789",
        ),
        (Arc::new(Date32Array::from(vec![20_779])), "2026-11-22"),
        (Arc::new(Time64MicrosecondArray::from(vec![43_200_000_000])), "12:00:00"),
        (Arc::new(TimestampMillisecondArray::from(vec![NOON * 1000])), "2026-11-22T04:00:00"),
        (
            Arc::new(
                TimestampMicrosecondArray::from(vec![NOON * 1_000_000 + 500_000])
                    .with_timezone("UTC"),
            ),
            "2026-11-22T12:00:00.500+08:00",
        ),
        (
            Arc::new(
                TimestampMillisecondArray::from(vec![NOON * 1000])
                    .with_timezone("America/New_York"),
            ),
            "2026-11-22T12:00:00+08:00",
        ),
    ];
    for (column, said) in cells {
        let kind = column.data_type().clone();
        let source = rig(li(), column).open().unwrap();
        let (sender, mut rows) = tokio::sync::mpsc::channel(4);
        run(source.look_up(look_up(&[LI], 10, soon()), sender)).unwrap();
        let row = rows.try_recv().unwrap().get(0).unwrap().to_vec();
        assert_eq!(row[2].as_deref().unwrap_or("NULL"), said, "{kind}");
        assert_eq!(row[1], None, "NULL is no empty text");
    }
}

#[test]
fn nested_and_binary_columns_are_refused_by_name() {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])]);
    for column in [Arc::new(list) as ArrayRef, Arc::new(BinaryArray::from(vec![&b"x"[..]]))] {
        let error = rig(li(), column).open().unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceDrift);
        assert!(error.detail.contains(NAME), "{}", error.detail);
    }
}

#[test]
fn ids_that_are_numbers_are_read_as_far_as_they_are_exact() {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let exact = rig(
        Arc::new(Int64Array::from(vec![440_524_188_001_010_014, 110_105_491_231_002])),
        Arc::clone(&names),
    );
    assert_eq!(
        (ask(&exact, WANG), ask(&exact, LI)),
        ((vec!["a".into()], vec![]), (vec!["b".into()], vec![]))
    );
    let lost = rig(
        Arc::new(Float64Array::from(vec![440_524_188_001_010_014.0, 110_105_491_231_002.0])),
        names,
    );
    assert_eq!(
        (ask(&lost, WANG), ask(&lost, LI)),
        ((vec![], vec!["row 1".into()]), (vec!["b".into()], vec![]))
    );
}

#[test]
fn a_truncated_file_is_never_a_short_answer() {
    let many = || (0..100).map(|number| if number == 99 { LI } else { WANG });
    let rig = rig(
        Arc::new(StringArray::from_iter_values(many())),
        Arc::new(StringArray::from_iter_values(many())),
    );
    let path = rig.folder.path().join("t.parquet");
    let whole = std::fs::read(&path).unwrap();
    for part in 0..16 {
        std::fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
        assert_eq!(rig.open().unwrap_err().code, ErrorCode::SourceTruncated, "{part}/16");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_written_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        super::super::tests::written_is_found(Kind::Parquet, &spelled)?;
    }
}

#[test]
fn no_changed_byte_of_a_file_is_a_panic() {
    let whole = include_bytes!("../cases/14-decimal.parquet");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let read = |at: usize, byte: u8| {
        let mut bytes = whole.to_vec();
        bytes[at] = byte;
        std::fs::write(&path, bytes).unwrap();
        super::super::sample(&path, &super::Parquet).map(|sample| sample.rows)
    };
    for (at, had) in whole.iter().enumerate() {
        for byte in [0, 0xff, had ^ 0x80] {
            let _ = read(at, byte);
        }
    }
    // This one makes the place of a column's pages negative.
    let error = read(887, 0xff).unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceTruncated);
    assert!(error.detail.contains("lie outside it"), "{}", error.detail);
}
