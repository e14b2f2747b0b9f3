//! What every source must do, whatever is behind it: one macro line for each kind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::time::Duration;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::Key;
use zerotrip_proto::v1::ErrorCode;

use super::remote::tests::server::Server;
use super::{LookUp, LookUpEnd, Source, SourceError};

mod answers;
mod enterprises;
mod files;
mod live;
mod rig;
mod rulings;
mod selecting;
mod spellings;
mod things;
mod vessels;

/// The person that the tests ask about: three regular spellings.
pub const LI: &str = "11010519491231002X";
/// Another person.
pub const WANG: &str = "440524188001010014";

pub fn look_up(keys: &[&str], most_rows: u64, cancellation: Cancellation) -> LookUp {
    let keys: Vec<Key> = keys.iter().map(|key| Key::canonical(key).unwrap()).collect();
    LookUp { columns: vec![0, 1], keys: keys.into(), most_rows, cancellation }
}

pub fn soon() -> Cancellation {
    Cancellation::after(Duration::from_secs(20))
}

/// The names of the rows that came, sorted, and the end.
pub async fn names(
    source: &dyn Source,
    look_up: LookUp,
) -> Result<(Vec<String>, LookUpEnd), SourceError> {
    let (sender, mut receiver) = mpsc::channel::<super::Rows>(1);
    let drained = async {
        let mut names = Vec::new();
        while let Some(batch) = receiver.recv().await {
            names.extend(batch.iter().map(|row| row.get(2).unwrap_or_default().to_owned()));
        }
        names.sort();
        names
    };
    let (end, names) = tokio::join!(source.look_up(look_up, sender), drained);
    Ok((names, end?))
}

pub fn bounds_hold(kind: AnyKind<'_>) {
    let rig = AnyRig::new(kind, &[(LI, "", "a"), (LI, "", "b"), ("", LI, "c")]);
    let source = rig.open().unwrap();
    let code = |look_up: LookUp| run(names(&*source, look_up)).unwrap_err().code;
    assert_eq!(code(look_up(&[LI], 2, soon())), ErrorCode::DefinitionLimit);
    assert_eq!(run(names(&*source, look_up(&[LI], 3, soon()))).unwrap().0, ["a", "b", "c"]);
    assert_eq!(
        code(look_up(&[LI], 3, Cancellation::after(Duration::ZERO))),
        ErrorCode::SourceTimeout
    );
    let gone = soon();
    gone.cancel();
    assert_eq!(code(look_up(&[LI], 3, gone)), ErrorCode::SourceTimeout);
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert_eq!(
        run(source.look_up(look_up(&[LI], 3, soon()), sender)).unwrap_err().code,
        ErrorCode::SourceTimeout,
        "nobody listens"
    );
    assert_eq!(
        run(names(&*source, look_up(&[LI], 3, soon()))).unwrap().0.len(),
        3,
        "and goes on after all that"
    );
}

pub use answers::{
    a_missing_column_is_drift, hostile_values_are_only_values,
    look_ups_at_once_and_writes_between_are_seen, what_answers_rest_upon_is_told,
};
pub use enterprises::{
    an_enterprise_in_another_field_could_be_meant, enterprises_are_found_by_each_of_their_numbers,
    what_could_be_an_enterprises_is_reported,
};
pub use files::{
    a_file_of_another_kind_is_told, a_first_row_is_no_header, a_further_file_is_never_left_unsaid,
};
pub use live::{
    ids_in_fields_that_no_column_names_are_refused, what_is_not_proven_to_be_of_now_is_refused,
    who_is_named_beside_the_look_ups_could_be_meant,
};
pub use rig::{AnyKind, AnyRig, Cells, Kind, NAME, Rig, described};
pub use rulings::{
    paper_era_rows_can_be_adjudicated_however_many,
    what_is_adjudicated_concerns_whom_its_owner_says,
};
pub use selecting::what_is_selected_is_what_local_evaluation_finds;
pub use spellings::{
    a_column_in_which_hardly_anybody_can_be_read_proves_no_absence, every_spelling_is_found,
    fifteen_digits_that_may_be_anothers_are_reported, what_could_match_is_reported,
};
pub use things::{
    a_vehicle_or_a_unit_in_another_field_could_be_meant,
    vehicles_and_units_are_found_in_each_spelling, what_could_be_a_units_is_reported,
    what_could_be_a_vehicles_is_reported,
};
pub use vessels::{
    a_vessel_in_another_field_could_be_meant, vessels_are_found_in_each_spelling,
    what_could_be_a_vessels_is_reported,
};

pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work)
}

/// What every kind must do, handed to a macro that makes tests of it.
macro_rules! every_test {
    ($with:ident, $kind:expr) => {
        $with!(
            $kind,
            what_is_not_proven_to_be_of_now_is_refused,
            ids_in_fields_that_no_column_names_are_refused,
            who_is_named_beside_the_look_ups_could_be_meant,
            every_spelling_is_found,
            what_could_match_is_reported,
            enterprises_are_found_by_each_of_their_numbers,
            what_could_be_an_enterprises_is_reported,
            vessels_are_found_in_each_spelling,
            what_could_be_a_vessels_is_reported,
            a_vessel_in_another_field_could_be_meant,
            vehicles_and_units_are_found_in_each_spelling,
            what_could_be_a_vehicles_is_reported,
            what_could_be_a_units_is_reported,
            a_vehicle_or_a_unit_in_another_field_could_be_meant,
            an_enterprise_in_another_field_could_be_meant,
            fifteen_digits_that_may_be_anothers_are_reported,
            a_column_in_which_hardly_anybody_can_be_read_proves_no_absence,
            paper_era_rows_can_be_adjudicated_however_many,
            what_answers_rest_upon_is_told,
            what_is_adjudicated_concerns_whom_its_owner_says,
            hostile_values_are_only_values,
            bounds_hold,
            a_missing_column_is_drift,
            what_is_selected_is_what_local_evaluation_finds,
            look_ups_at_once_and_writes_between_are_seen
        );
    };
}

/// What every kind of file must do besides.
macro_rules! every_test_of_files {
    ($with:ident, $kind:expr) => {
        $with!(
            $kind,
            a_first_row_is_no_header,
            a_file_of_another_kind_is_told,
            a_further_file_is_never_left_unsaid
        );
    };
}

macro_rules! one_by_one {
    ($kind:expr, $($test:ident),+) => {
        $(
            #[test]
            fn $test() {
                conformance::$test($kind);
            }
        )+
    };
}

/// All of them against one server, which takes longer to start than they do to run.
macro_rules! against_one_server {
    ($server:expr, $($test:ident),+) => {
        #[test]
        fn outside_everything() {
            let server = $server;
            $(conformance::named(stringify!($test), || conformance::$test(AnyKind::Server(&server)));)+
        }
    };
}

/// All of them through a driver that `tests/outside/install.sh` installs.
macro_rules! through_a_driver {
    ($kind:expr, $($test:ident),+) => {
        #[test]
        fn outside_everything() {
            $(conformance::named(stringify!($test), || conformance::$test($kind));)+
        }
    };
}

/// Runs it, and says which one it was if it fails.
pub fn named(name: &str, test: impl FnOnce()) {
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)) {
        eprintln!("it was `{name}` that failed");
        std::panic::resume_unwind(panic);
    }
}

macro_rules! conformance {
    ($name:ident, $with:ident, $kind:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a file needs no server, a server no file")]
            use crate::conformance::{self, AnyKind, Kind, Server};

            every_test!($with, $kind);
        }
    };
}

macro_rules! conformance_of_files {
    ($name:ident, $kind:expr) => {
        mod $name {
            use crate::conformance::{self, Kind};

            every_test_of_files!(one_by_one, $kind);
        }
    };
}

conformance_of_files!(files_csv, Kind::Csv);

conformance_of_files!(files_xlsx, Kind::Xlsx);

conformance_of_files!(files_xls, Kind::Xls);

conformance_of_files!(files_dbf, Kind::Dbf);

conformance_of_files!(files_parquet, Kind::Parquet);

conformance!(sqlite, one_by_one, Kind::Sqlite);

conformance!(csv, one_by_one, Kind::Csv);

conformance!(xlsx, one_by_one, Kind::Xlsx);

conformance!(xls, one_by_one, Kind::Xls);

conformance!(dbf, one_by_one, Kind::Dbf);

conformance!(parquet, one_by_one, Kind::Parquet);

conformance!(rest, one_by_one, Kind::Rest);

conformance!(postgres, against_one_server, Server::postgres());

conformance!(mysql, against_one_server, Server::mariadb());

conformance!(odbc_postgres, against_one_server, Server::postgres_by_odbc());

conformance!(odbc_sqlite, through_a_driver, Kind::SqliteOdbc);
