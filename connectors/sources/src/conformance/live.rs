//! Of when rows are is proven, or said by their owner; a source of which it is neither is not
//! opened.

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;

use super::super::Source;
use super::{AnyKind, AnyRig, Cells, LI, NAME, WANG, described, look_up, names, run, soon};
use zerotrip_datasets::Key;

use crate::rulings::{Concerns, Rulings};

pub fn what_is_not_proven_to_be_of_now_is_refused(kind: AnyKind<'_>) {
    let view = |clock: &str| {
        format!("select \"SFZH\", \"GYR\", \"{NAME}\" from BEHIND where {clock} is not null")
    };
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    assert!(rig.open().is_ok());
    match kind {
        // A view in the table's place, which looks at a clock: it could leave out what was entered
        // since.
        AnyKind::Sqlite | AnyKind::SqliteOdbc => {
            let view = view("date('now')").replace("BEHIND", "behind");
            let swap = format!(
                "alter table \"T -- (x\" rename to behind; create view \"T -- (x\" as {view}"
            );
            rig.database().execute_batch(&swap).unwrap();
        }
        AnyKind::Server(server) => {
            let rename =
                if server.is_postgres { "rename to behind" } else { "rename to SCHEMA.behind" };
            let view = view("now()")
                .replace('"', server.quote("").get(..1).unwrap())
                .replace("BEHIND", "SCHEMA.behind");
            rig.table
                .as_ref()
                .unwrap()
                .sql(&format!("alter table TABLE {rename}; create view TABLE as {view}"));
        }
        // The others have no catalogue: their owner says of when they are, and cannot leave it
        // unsaid.
        _ => {
            let stated = match kind {
                AnyKind::Rest => {
                    "url = \"https://a/b\"\nnothing_hidden = \"it knows nobody who asks\"\nkind = \
                     \"rest\""
                }
                _ => "",
            };
            let section: String = kind
                .section()
                .lines()
                .filter(|line| !line.starts_with("as_of"))
                .collect::<Vec<_>>()
                .join("\n");
            let faults =
                DatasetFile::parse(&described(kind, &format!("{section}\n{stated}")), "f.toml")
                    .unwrap_err()
                    .to_string();
            assert!(
                faults.contains(if kind == AnyKind::Rest {
                    "`source.live`"
                } else {
                    "`source.as_of`"
                }),
                "{faults}"
            );
            return;
        }
    }
    let error = rig.open().unwrap_err();
    // A view of SQLite's is refused in any case.
    let code =
        if kind == AnyKind::Sqlite { ErrorCode::SourceDrift } else { ErrorCode::Misconfigured };
    assert_eq!(error.code, code, "{error}");
}

/// Case 36: a row could be about whoever is in a field that no column names.
pub fn ids_in_fields_that_no_column_names_are_refused(kind: AnyKind<'_>) {
    let mut rig = AnyRig::new(kind, &[(LI, "", "home")]);
    // Two fields, the second with what is behind the bar.
    let further = |rig: &AnyRig<'_>, cell: &str| {
        let (one, two) = cell.split_once('|').unwrap_or((cell, ""));
        match kind {
            AnyKind::Sqlite | AnyKind::SqliteOdbc => {
                let _there =
                    rig.database().execute_batch("alter table \"T -- (x\" add column BZ text");
                let _there =
                    rig.database().execute_batch("alter table \"T -- (x\" add column JY text");
                rig.database()
                    .execute("update \"T -- (x\" set BZ = ?1, JY = ?2", [one, two])
                    .unwrap();
            }
            AnyKind::Server(_) => {
                rig.table.as_ref().unwrap().sql(&format!(
                    "alter table TABLE drop column if exists bz; alter table TABLE drop column if \
                     exists jy; alter table TABLE add column bz text; alter table TABLE add \
                     column jy text; update TABLE set bz = '{one}', jy = '{two}'"
                ));
            }
            AnyKind::Rest => {
                let row = serde_json::json!({ "SFZH": LI, "GYR": "", NAME: "home", "bz": [{ "text": one }, { "text": two }] });
                rig.api().rows(serde_json::json!({ "total": 1, "data": [row] }).to_string());
            }
            _ => {
                let row = ["home", LI, "", one, two].map(str::to_owned).to_vec();
                rig.drop_file(&kind.file(&[kind.name(), "SFZH", "GYR", "BZ", "JY"], &[row]), 1);
            }
        }
    };
    further(&rig, "a note of some length, and of 2019-05-12 000123456|330106");
    rig.open().unwrap();
    let masked = [
        "440524********0014",
        "co-owner: 440524188001****14 (late)",
        "440524 ****** 0014",
        "440524188001010015",
    ];
    let whole = [WANG, "co-owner 440524188001010014.", "４４０５２４ 18800101 0014"];
    let in_pieces = ["440524|188001010014", "440524 1880-01-01 001|4"];
    for cell in whole.into_iter().chain(in_pieces).chain(masked) {
        further(&rig, cell);
        let error = rig.open().unwrap_err();
        assert_eq!(error.code, ErrorCode::SourceDrift, "{cell}: {error}");
        let is_named = error.detail.to_lowercase().contains(if kind == AnyKind::Rest {
            "`/bz/*/text` in 1 row"
        } else {
            "`bz` in 1 row"
        });
        assert!(
            is_named && error.detail.contains("[not_about]") && !error.detail.contains(WANG),
            "{error}"
        );
    }
    // A statement about a field that there is not is one about nothing.
    if kind != AnyKind::Rest {
        rig.not_about("BEIZHU");
        let error = rig.open().unwrap_err();
        assert!(
            error.code == ErrorCode::SourceDrift
                && error.detail.contains("no such field")
                && error.detail.contains("`BEIZHU`"),
            "{error}"
        );
        rig.dataset.not_about.clear();
    }
    rig.not_about(match kind {
        AnyKind::Rest => "/bz/*/text",
        AnyKind::Server(_) => "bz",
        _ => "BZ",
    });
    rig.open().unwrap();
}

/// So it could of one who is named in a column that no look-up asks.
pub fn who_is_named_beside_the_look_ups_could_be_meant(kind: AnyKind<'_>) {
    let both = format!("{LI} and {WANG}");
    let masked = |id: &str| format!("{}********{}", &id[..6], &id[14..]);
    let (hinted, own) = (format!("with {}", masked(WANG)), masked(LI));
    let rows: &[Cells<'_>] =
        &[(LI, "", "home"), (LI, "", &both), (LI, "", LI), (LI, "", &hinted), (LI, "", &own)];
    let mut rig = AnyRig::new(kind, rows);
    let could = |source: &dyn Source, key: &str| {
        run(names(source, look_up(&[key], 100, soon()))).unwrap().1.could_match.all().len()
    };
    let source = rig.open().unwrap();
    assert_eq!(
        (could(&*source, LI), could(&*source, WANG), could(&*source, "33010619900101123X")),
        (0, 2, 0)
    );
    let open = run(source.unreadable(10)).unwrap();
    assert_eq!(open.len(), 2, "its owner is asked");
    let rulings = open.iter().map(|row| (row.digest, Concerns::Nobody)).collect::<Rulings>();
    assert_eq!(could(&*rig.open_knowing(rulings).unwrap(), WANG), 0);
    let rulings = open
        .iter()
        .map(|row| (row.digest, Concerns::Persons(vec![Key::canonical(WANG).unwrap()])))
        .collect::<Rulings>();
    assert_eq!(could(&*rig.open_knowing(rulings).unwrap(), WANG), 2);
    rig.not_about(kind.name());
    assert_eq!(could(&*rig.open().unwrap(), WANG), 0, "its owner has said why not");
}
