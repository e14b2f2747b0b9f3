//! Of when rows are is proven, or said by their owner; a source of which it is neither is not opened.

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;

use super::{AnyKind, AnyRig, LI, NAME, described};

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
