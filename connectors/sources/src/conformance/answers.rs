//! What an answer rests upon, and that it is right whatever the system holds and whoever writes.

use std::sync::Arc;

use zerotrip_proto::v1::ErrorCode;

use super::{AnyKind, AnyRig, Cells, LI, NAME, WANG, look_up, names, run, soon};
use crate::RestsOn;

/// By which the connector knows in what known persons were looked up.
pub fn what_answers_rest_upon_is_told(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    let source = rig.open().unwrap();
    let rests_on = |rows: u64| {
        let end = run(names(&*source, look_up(&[LI], 100, soon()))).unwrap().1;
        assert_eq!(end.rows, rows);
        end.rests_on
    };
    let before = rests_on(1);
    let is_copied = matches!(
        kind,
        AnyKind::Csv | AnyKind::Xlsx | AnyKind::Xls | AnyKind::Dbf | AnyKind::Parquet
    );
    assert_eq!(
        matches!(before, RestsOn::Pass(_)),
        is_copied,
        "only what is copied rests upon a copy"
    );
    // A live file tells of each write; the others are set to be of the moment.
    let is_numbered = is_copied || matches!(kind, AnyKind::Sqlite);
    assert_eq!(before != RestsOn::Moment, is_numbered);
    assert_eq!(rests_on(1), before, "nothing has changed");
    rig.write(&[(LI, "", "home"), (WANG, "", "another")]);
    let after = rests_on(2);
    assert_eq!(after != before, is_numbered, "new rows are another copy, or have another number");
    let again = rig.open().unwrap();
    let other = run(names(&*again, look_up(&[LI], 100, soon()))).unwrap().1.rests_on;
    assert_eq!(other != after, is_numbered, "no two copies or readings share a number");
}

pub fn hostile_values_are_only_values(kind: AnyKind<'_>) {
    let hostile = [
        "' or 1=1 --",
        "\"); drop table \"T -- (x\"; --",
        "0' union select 1,2,3 --",
        "%",
        "=cmd|' /C calc'!A0",
    ];
    let mut rows: Vec<Cells<'_>> = hostile.iter().map(|text| (*text, "", *text)).collect();
    rows.push((LI, hostile[1], hostile[0]));
    let rig = AnyRig::new(kind, &rows);
    let source = rig.open().unwrap();
    for _ in 0..2 {
        let (found, end) = run(names(&*source, look_up(&[LI, WANG], 100, soon()))).unwrap();
        assert_eq!(found, [hostile[0]], "the home alone, its name as it stands");
        assert!(end.could_match.all().len() >= hostile.len(), "unreadable, so reported");
        assert_eq!(end.rows, 6);
    }
}

pub fn a_missing_column_is_drift(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "a")]);
    match kind {
        AnyKind::Sqlite | AnyKind::SqliteOdbc => rig
            .database()
            .execute_batch("alter table \"T -- (x\" rename column GYR to GYR2")
            .unwrap(),
        AnyKind::Server(_) => rig.table.as_ref().unwrap().rename("GYR", "GYR2", "char(200)"),
        AnyKind::Rest => rig
            .api()
            .rows(format!(r#"{{"total": 1, "data": [{{"SFZH": "{LI}", "{NAME}": "a"}}]}}"#)),
        _ => rig.drop_file(
            &kind.file(&[kind.name(), "SFZH"], &[vec!["a".to_owned(), LI.to_owned()]]),
            1,
        ),
    }
    let error = rig.open().unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceDrift);
    assert!(error.detail.contains("`GYR`"), "{}", error.detail);
}

pub fn look_ups_at_once_and_writes_between_are_seen(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "1")]);
    let source = rig.open().unwrap();
    for round in 2..6_usize {
        // All but the first in a spelling that only the profile finds.
        let texts: Vec<String> = (1..=round).map(|number| number.to_string()).collect();
        let rows: Vec<Cells<'_>> = texts
            .iter()
            .map(|text| (if text == "1" { LI } else { "110105 19491231 002X" }, "", text.as_str()))
            .collect();
        rig.write(&rows);
        let answers = run(async {
            let asked = (0..8).map(|_| {
                let source = Arc::clone(&source);
                tokio::spawn(async move {
                    names(&*source, look_up(&[LI], 100, soon())).await.unwrap().0
                })
            });
            let mut answers = Vec::new();
            for asked in asked.collect::<Vec<_>>() {
                answers.push(asked.await.unwrap());
            }
            answers
        });
        for answer in answers {
            assert_eq!(answer, texts, "round {round}");
        }
    }
}
