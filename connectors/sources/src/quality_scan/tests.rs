#![allow(clippy::unwrap_used, reason = "tests")]

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::{Grade, SemanticType};

use super::*;

fn column(name: &str, semantic: SemanticType) -> Column {
    let codes = if semantic == SemanticType::Code {
        BTreeMap::from([("1".to_owned(), "on".to_owned())])
    } else {
        BTreeMap::new()
    };
    Column {
        name: name.into(),
        field: name.into(),
        semantic,
        grade: Grade::L3,
        codes,
        ..Column::default()
    }
}

#[test]
fn every_kind_is_counted_in_its_column_and_shown_masked() {
    let columns = [
        column("id", SemanticType::ResidentId),
        column("father", SemanticType::ResidentId),
        column("status", SemanticType::Code),
    ];
    let look_ups =
        [KeyColumns { columns: vec![0, 1], may_be_blank: vec![1], ..KeyColumns::default() }];
    let rules = PlausibilityRules::default();
    let mut scan_quality = QualityScan::new(&columns, &look_ups, &[], &rules);
    let rows = [
        ["11010519491231002X", "", "1"],
        ["110105 19491231 002X", "", "1"],
        ["110105194912310021", "", "1"],
        ["", "11010519491231002X", ""],
        ["", "", "9"],
    ];
    for row in rows {
        let mut rows = crate::Rows::default();
        row.iter().for_each(|cell| rows.cell(Some(cell)));
        scan_quality.note(rows.end_row(1));
    }
    let quality = scan_quality.finish(2, SystemTime::now());
    let found: Vec<(&str, FindingKind, u64)> = quality
        .findings
        .iter()
        .map(|finding| (finding.column.as_str(), finding.kind, finding.count))
        .collect();
    assert_eq!(
        found,
        [
            ("id", FindingKind::Unreadable, 1),
            ("id", FindingKind::LostId, 2),
            ("id", FindingKind::IrregularId, 1),
            ("father", FindingKind::LostId, 1),
            ("status", FindingKind::UnknownCode, 1),
            ("status", FindingKind::BlankCode, 1),
            ("", FindingKind::RaggedRow, 2),
        ]
    );
    assert_eq!(
        (quality.spoilt_rows, quality.trials.len(), quality.contradictions.len()),
        (5, 1, 0)
    );
    assert_eq!(quality.findings.first().unwrap().examples, ["1101**********0021"]);
    assert!(!format!("{quality:?}").contains("19491231"), "nobody is shown");
}

/// A register of homes as the no-property check asks it.
fn homes(rows: &[(&str, &str, &str)]) -> ScannedQuality {
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\n[source]\nkind = \
         \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \"live\"\n[coverage]\nregions = \
         [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \
         \"杭州\", en = \"Hangzhou\" }}\n{}{}{}[[lookup]]\nname = \"owner\"\ncolumns = \
         [\"owner_id\"]\n",
        "[[column]]\nname = \"owner_id\"\nfield = \"a\"\ntype = \"resident_id\"\ngrade = \
         \"L3\"\n",
        "[[column]]\nname = \"status\"\nfield = \"b\"\ntype = \"code\"\ngrade = \"L2\"\ncodes \
         = { 1 = \"current\", 2 = \"cancelled\", 3 = \"pending\" }\n",
        "[[column]]\nname = \"ended_on\"\nfield = \"c\"\ntype = \"date\"\ngrade = \"L2\"\n",
    );
    let dataset = DatasetFile::parse(&text, "it").unwrap();
    let (look_ups, rules) = (KeyColumns::of(&dataset), PlausibilityRules::of(&dataset));
    let mut scan_quality = QualityScan::new(&dataset.columns, &look_ups, &[], &rules);
    for (owner, status, ended) in rows {
        let mut rows = crate::Rows::default();
        [owner, status, ended].iter().for_each(|cell| rows.cell(Some(cell)));
        scan_quality.note(rows.end_row(1));
    }
    scan_quality.finish(0, SystemTime::now())
}

#[test]
fn a_day_of_filing_that_is_taken_for_an_end_is_found() {
    let id = "11010519491231002X";
    let of = |rows: &[(&str, &str, &str)], kind| {
        let quality = homes(rows);
        let count = quality
            .findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .map(|finding| finding.count)
            .sum::<u64>();
        (count, quality.contradictions.len())
    };
    let ended = [(id, "2", "2020-05-06"); 200];
    assert_eq!(of(&ended, FindingKind::EndOfCurrent), (0, 0));
    // One that goes on with a day of its end is a slip.
    let slip: Vec<_> = ended
        .iter()
        .copied()
        .chain([(id, "1", ""); 100])
        .chain([(id, "3", "2020-05-06")])
        .collect();
    assert_eq!(of(&slip, FindingKind::EndOfCurrent), (1, 0));
    let filed: Vec<_> = ended
        .iter()
        .copied()
        .chain([(id, "1", "2019-01-02"); 30])
        .chain([(id, "1", ""); 200])
        .collect();
    assert_eq!(of(&filed, FindingKind::EndOfCurrent), (30, 1));
    let contradiction = homes(&filed).contradictions.concat();
    assert!(contradiction.contains("`ended_on` holds a day in 30 of 230 rows"), "{contradiction}");
}

#[test]
fn a_day_on_which_it_cannot_have_been_is_counted() {
    let rows = ["2020-05-06", "1900-01-01", "1983-12-31", "9999-12-31", "1970-01-01"]
        .map(|day| ("11010519491231002X", "2", day));
    let found = homes(&rows).findings;
    let implausible: Vec<(&str, FindingKind, u64)> = found
        .iter()
        .map(|finding| (finding.column.as_str(), finding.kind, finding.count))
        .collect();
    assert_eq!(implausible, [("ended_on", FindingKind::ImplausibleDate, 4)]);
    assert_eq!(homes(&rows).spoilt_rows, 4);
}
