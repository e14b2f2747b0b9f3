//! Vehicles and real-property units: the worked definitions over registers as clerks write them,
//! from files and databases, through sources, hub engine and conclusion.

use std::time::{Duration, SystemTime};

use zerotrip_tests::city::things::{Thing, units, vehicles};
use zerotrip_tests::city::{Spec, System, stated_day};
use zerotrip_tests::inquiry::Asker;

use crate::support::runtime;

const SYSTEMS: [System; 4] = [System::Sqlite, System::Csv, System::Xlsx, System::Dbf];

#[test]
fn vehicles_and_units_are_answered_as_their_rows_allow() {
    let runtime = runtime();
    let spec = Spec::on(60, 7, stated_day());
    let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
    for system in SYSTEMS {
        for (check, variant) in [("vehicle-encumbrance", "vehicle"), ("unit-encumbrance", "unit")] {
            let folder = tempfile::tempdir().unwrap();
            let things: Vec<Thing> = match variant {
                "vehicle" => vehicles(&spec, system, folder.path()).unwrap(),
                _ => units(&spec, system, folder.path()).unwrap(),
            };
            assert!(things.len() > 5);
            let asker = runtime.block_on(Asker::of(folder.path(), check)).unwrap();
            let state = tempfile::tempdir().unwrap();
            let asked = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
            for Thing { key, says } in things {
                let parameters = [key.as_str().to_owned()];
                let asking = asker.answer_to(&asked, &parameters, variant);
                let ((word, code, dataset), _) = runtime.block_on(asking).unwrap();
                assert_eq!((word, &*code, &*dataset), says, "{system:?} {check} {key}");
            }
        }
    }
}
