#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use zerotrip_datasets::plausible::is_placeholder;
use zerotrip_datasets::{CellReading, DatasetFile, Manifest, Reading, cell, date, parse};

use super::model::{Code, Field, Meaning};
use super::*;

const FILES: [&str; 12] = [
    "police/household.db",
    "police/household.toml",
    "civil/marriage.csv",
    "civil/marriage.csv.manifest.toml",
    "civil/marriage.toml",
    "estate/ownership.db",
    "estate/ownership.toml",
    "housing/presale.csv",
    "housing/presale.csv.manifest.toml",
    "housing/presale.toml",
    "answer-key.jsonl",
    "cast.json",
];

fn spec(residents: usize, seed: u64) -> Spec {
    Spec::on(residents, seed, stated_day())
}

fn dataset(out: &Path, file: &str) -> DatasetFile {
    DatasetFile::parse(&std::fs::read_to_string(out.join(file)).unwrap(), file)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_same_lot_gives_the_same_bytes() {
    let (a, b, c) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    generate(&spec(300, 5), a.path()).unwrap();
    generate(&spec(300, 5), b.path()).unwrap();
    generate(&spec(300, 6), c.path()).unwrap();
    let read =
        |folder: &tempfile::TempDir, file: &str| std::fs::read(folder.path().join(file)).unwrap();
    for file in FILES {
        assert_eq!(read(&a, file), read(&b, file), "{file}");
        assert!(!folder_has(&a, &format!("{file}.tmp")));
    }
    assert_ne!(read(&a, "answer-key.jsonl"), read(&c, "answer-key.jsonl"));
    // Over an older city, without a trace of it.
    generate(&spec(300, 6), a.path()).unwrap();
    assert_eq!(read(&a, "estate/ownership.db"), read(&c, "estate/ownership.db"));
}

fn folder_has(folder: &tempfile::TempDir, file: &str) -> bool {
    folder.path().join(file).exists()
}

#[test]
fn the_key_has_every_outcome_and_everybody() {
    let out = tempfile::tempdir().unwrap();
    let city = generate(&spec(8000, 7), out.path()).unwrap();
    assert_eq!(city.key.len(), city.ids.len() * 3);
    let answers: BTreeSet<(&str, &str)> =
        city.key.values().map(|answer| (answer.code, answer.dataset)).collect();
    let expected = BTreeSet::from([
        ("", ""),
        ("PROPERTY_FOUND", ""),
        ("APPLICANT_DECEASED", ""),
        ("UNDETERMINED", "estate.ownership"),
        ("UNDETERMINED", "housing.presale"),
        ("HAND_OVER_GAP", "estate.ownership"),
        ("UNDATED", "housing.presale"),
        ("OUTSIDE_COVERAGE", "civil.marriage"),
        ("OUTSIDE_COVERAGE", "police.household"),
        ("SOURCE_UNREADABLE", "civil.marriage"),
        ("SOURCE_UNREADABLE", "police.household"),
        ("SOURCE_UNREADABLE", "estate.ownership"),
        ("SOURCE_UNREADABLE", "housing.presale"),
    ]);
    assert_eq!(answers, expected);
    // Deformities are rare: most people get an answer.
    let unreadable = city.key.values().filter(|answer| answer.code == "SOURCE_UNREADABLE").count();
    assert!(unreadable * 20 < city.key.len(), "{unreadable} of {}", city.key.len());
    let lines = std::fs::read_to_string(out.path().join("answer-key.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), city.key.len());
    let distinct: BTreeSet<&ResidentId> = city.ids.iter().collect();
    assert_eq!(distinct.len(), city.ids.len());
}

#[test]
fn small_cities_of_many_seeds_keep_the_casts_promises() {
    let out = tempfile::tempdir().unwrap();
    for seed in 0..40 {
        let city = generate(&spec(200, seed), out.path())
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for role in [
            "nothing_owned",
            "old_id_home",
            "spouse_presale",
            "child_co_owner",
            "divorced_last_year",
            "migrant",
            "hand_over_gap",
            "unreadable_row",
        ] {
            assert!(city.cast.contains_key(role), "{role}");
        }
    }
}

#[test]
fn dataset_files_and_manifests_are_usable() {
    let out = tempfile::tempdir().unwrap();
    let city = generate(&spec(200, 1), out.path()).unwrap();
    for file in FILES.iter().filter(|file| file.ends_with(".toml") && !file.contains("manifest")) {
        let file = dataset(out.path(), file);
        let rows = u64::try_from(city.rows[file.id.as_str()]).unwrap();
        assert!(file.row_floor <= rows && file.row_floor * 10 >= rows * 8);
    }
    for (csv, rows) in [
        ("civil/marriage.csv", city.rows["civil.marriage"]),
        ("housing/presale.csv", city.rows["housing.presale"]),
    ] {
        let manifest = Manifest::parse(
            &std::fs::read_to_string(out.path().join(format!("{csv}.manifest.toml"))).unwrap(),
            csv,
        )
        .unwrap();
        let bytes = std::fs::read(out.path().join(csv)).unwrap();
        assert_eq!(usize::try_from(manifest.rows).unwrap(), rows);
        assert_eq!(manifest.sha256, hex::encode(zerotrip_trust::digest::sha256(&bytes)));
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), rows + 1);
    }
}

#[test]
fn refuses_what_it_cannot_make() {
    let out = tempfile::tempdir().unwrap();
    assert!(matches!(generate(&spec(3, 1), out.path()), Err(CityError::Residents(3))));
    std::fs::write(out.path().join("police"), "in the way").unwrap();
    let error = generate(&spec(200, 1), out.path()).unwrap_err().to_string();
    assert!(error.starts_with("can't write `") && error.contains("police"), "{error}");
}

/// The key rests on the model; this holds the model against what is written, cell by cell, as a
/// connector reads it.
#[test]
fn cells_read_as_the_model_means_them() {
    let out = tempfile::tempdir().unwrap();
    generate(&spec(200, 3), out.path()).unwrap();
    let (registers, _) = build_city(&spec(6000, 3)).unwrap();
    fn code<'a>(file: &'a DatasetFile, column: &str, raw: &'a Option<String>) -> CellReading<'a> {
        cell::read(file.column(column).unwrap(), raw.as_deref())
    }

    let file = dataset(out.path(), "police/household.toml");
    for row in &registers.household {
        [&row.resident, &row.father, &row.mother].into_iter().for_each(same_id);
        [&row.birth, &row.death].into_iter().for_each(same_date);
        same_code(
            &row.status,
            code(&file, "status", &row.status.raw),
            &["registered", "moved_out", "deceased"],
            &["正常", "迁出", "死亡"],
        );
    }
    let file = dataset(out.path(), "civil/marriage.toml");
    for row in &registers.marriage {
        [&row.man, &row.woman].into_iter().for_each(same_id);
        same_date(&row.date);
        let words = ["结婚", "离婚", "复婚", "撤销"];
        same_code(
            &row.event,
            code(&file, "event", &row.event.raw),
            &["married", "divorced", "remarried", "annulled"],
            &words,
        );
        assert_eq!(row.ragged.is_some(), row.cells().len() != 5);
    }
    let file = dataset(out.path(), "estate/ownership.toml");
    for row in &registers.ownership {
        same_id(&row.owner);
        [&row.registered, &row.ended].into_iter().for_each(same_date);
        let words = ["现势", "注销", "转移中", "办理中", "预告"];
        let meanings = ["current", "cancelled", "pending", "applied", "advance"];
        same_code(&row.status, code(&file, "status", &row.status.raw), &meanings, &words);
    }
    let file = dataset(out.path(), "housing/presale.toml");
    for row in &registers.presale {
        same_id(&row.buyer);
        [&row.signed, &row.ended, &row.recorded].into_iter().for_each(same_date);
        let words = ["已备案", "已撤销", "已转产权"];
        same_code(
            &row.status,
            code(&file, "status", &row.status.raw),
            &["filed", "cancelled", "transferred"],
            &words,
        );
        assert_eq!(row.ragged.is_some(), row.cells().len() != 7);
        assert!(row.cells().iter().flatten().all(|field| !field.contains([',', '"', '\n'])));
    }
}

fn same_id(field: &Field<ResidentId>) {
    let raw = field.text();
    let read = match parse(&raw) {
        Reading::Person(id) => Meaning::Value(id),
        Reading::Code(_) => Meaning::Other,
        Reading::Unreadable if raw.trim().is_empty() || raw == spoil::NOBODY => Meaning::Null,
        Reading::Unreadable => Meaning::Lost,
    };
    assert_eq!(read, field.means, "{raw}");
}

fn same_date(field: &Field<NaiveDate>) {
    let raw = field.text();
    let read = match date::parse(&raw) {
        Some(day) if is_placeholder(day) => Meaning::Lost,
        Some(day) => Meaning::Value(day),
        None if raw.is_empty() || raw == spoil::NO_DAY => Meaning::Null,
        None => Meaning::Lost,
    };
    assert_eq!(read, field.means, "{raw}");
}

fn same_code<T: Code + std::fmt::Debug>(
    field: &Field<T>,
    read: CellReading<'_>,
    meanings: &[&str],
    words: &[&str],
) {
    let expected = match field.get() {
        None => CellReading::UnknownCode,
        Some(value) => CellReading::Code(
            meanings[words.iter().position(|word| *word == value.word()).unwrap()],
        ),
    };
    assert_eq!(read, expected, "{:?}", field.raw);
}

/// The truth knows what the key's rows leave open, and never anything else than the key where the
/// key says yes or no.
#[test]
fn the_truth_is_never_against_the_key() {
    let spec = spec(4000, 7);
    let (city, truths) = (imagine(&spec).unwrap(), truth::truths(&spec).unwrap());
    let mut figure = truth::Figure::default();
    for ((id, variant), answer) in &city.key {
        let word = ["true", "false", "unavailable"][answer.outcome as usize];
        figure.count(truths[&(*id, *variant)], (word, answer.code, answer.dataset));
    }
    println!("{}", figure.in_words());
    assert_eq!((figure.asked, figure.false_yes, figure.false_no), (city.key.len(), 0, 0));
    assert!(figure.answered.0 > 1000 && figure.answered.1 > 1000 && figure.clean() > 0);
    assert!(
        figure.clean() * 1000 < figure.asked,
        "the price of what is not known is to stay under one in a thousand"
    );
    assert!(
        figure
            .unavailable
            .values()
            .all(|counted| counted.clean <= counted.clear && counted.clear <= counted.all)
    );
    let outside = figure.unavailable.iter().filter(|((code, _), _)| code == "OUTSIDE_COVERAGE");
    assert_eq!(
        outside.map(|(_, counted)| counted.clear).sum::<usize>(),
        0,
        "nobody knows of whom no register speaks"
    );
}
