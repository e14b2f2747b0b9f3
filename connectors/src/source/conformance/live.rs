//! Of when rows are is proven, or said by their owner; a source of which it is neither is not opened.

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;

use super::{AnyKind, AnyRig, LI, NAME, described, run};

pub fn what_is_not_proven_to_be_of_now_is_refused(kind: AnyKind<'_>) {
    let view = |clock: &str| format!("select \"SFZH\", \"GYR\", \"{NAME}\" from BEHIND where {clock} is not null");
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    assert!(rig.open().is_ok());
    match kind {
        // A view in the table's place, which looks at a clock: it could leave out what was entered since.
        AnyKind::Sqlite | AnyKind::SqliteOdbc => {
            let view = view("date('now')").replace("BEHIND", "behind");
            let swap = format!("alter table \"T -- (x\" rename to behind; create view \"T -- (x\" as {view}");
            rig.database().execute_batch(&swap).unwrap();
        }
        AnyKind::Server(server) => {
            let rename = if server.is_postgres { "rename to behind" } else { "rename to SCHEMA.behind" };
            let view = view("now()").replace('"', server.quote("").get(..1).unwrap()).replace("BEHIND", "SCHEMA.behind");
            rig.table.as_ref().unwrap().sql(&format!("alter table TABLE {rename}; create view TABLE as {view}"));
        }
        // The others have no catalogue: their owner says of when they are, and cannot leave it unsaid.
        _ => {
            let stated = match kind {
                AnyKind::Rest => "url = \"https://a/b\"\nnothing_hidden = \"it knows nobody who asks\"\nkind = \"rest\"",
                _ => "",
            };
            let section: String = kind.section().lines().filter(|line| !line.starts_with("as_of")).collect::<Vec<_>>().join("\n");
            let faults = DatasetFile::parse(&described(kind, &format!("{section}\n{stated}")), "f.toml").unwrap_err().to_string();
            assert!(faults.contains(if kind == AnyKind::Rest { "`source.live`" } else { "`source.as_of`" }), "{faults}");
            return;
        }
    }
    let error = rig.open().unwrap_err();
    // A view of SQLite's is refused in any case.
    let code = if kind == AnyKind::Sqlite { ErrorCode::SourceDrift } else { ErrorCode::Misconfigured };
    assert_eq!(error.code, code, "{error}");
}

/// Case 36: who stands in a column that no column of the dataset file names is said to be left; `check` shows it.
pub fn ids_in_columns_that_nobody_names_are_told(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "home")]);
    let told = || run(rig.open().unwrap().survey()).unwrap().advice.into_iter().filter(|line| line.contains("holds resident ids")).count();
    assert_eq!(told(), 0);
    match kind {
        AnyKind::Sqlite | AnyKind::SqliteOdbc => {
            let add = "alter table \"T -- (x\" add column GYRSFZH; alter table \"T -- (x\" add column BZ;";
            let fill = format!("update \"T -- (x\" set GYRSFZH = '{LI}', BZ = 'a note of some length'");
            rig.database().execute_batch(&format!("{add} {fill}")).unwrap();
        }
        AnyKind::Server(_) => rig.table.as_ref().unwrap().sql(&format!(
            "alter table TABLE add column gyrsfzh varchar(20); alter table TABLE add column bz varchar(40); \
             update TABLE set gyrsfzh = '{LI}', bz = 'a note of some length'"
        )),
        // An interface's rows have a test of their own; what files hold beside their columns is the drops' affair.
        _ => return,
    }
    if kind != AnyKind::SqliteOdbc {
        assert_eq!(told(), 1);
    }
}
