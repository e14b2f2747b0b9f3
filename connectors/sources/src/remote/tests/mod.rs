//! What only servers can do to a source. One server of each kind stands for all of these tests: it
//! takes longer to start than they take to run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

pub mod altered_catalogue;
pub mod answers;
mod faults;
pub mod lineage;
mod people;
pub mod server;
pub mod types;
pub mod unmapped;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::mpsc;
use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;

use crate::conformance::{named, run};
use crate::{LookUp, LookUpEnd, Rows, Source, SourceError};
use server::{READER, Server, Table};

/// A dataset on a server, and the folder with its secrets.
pub struct Rig<'a> {
    pub folder: TempDir,
    pub table: Table<'a>,
    pub columns: Vec<(String, String, bool)>,
    /// So many columns `c0`, `c1`, … are there besides, about which nobody is asked.
    pub besides: usize,
}

impl<'a> Rig<'a> {
    /// Columns by name and type; those whose name begins with `id` hold ids and are looked up.
    pub fn new(server: &'a Server, columns: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let table = server.table(folder.path(), "t");
        table.create(columns);
        let columns = columns
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned(), name.starts_with("id")))
            .collect();
        Self { folder, table, columns, besides: 0 }
    }

    /// Two columns of ids and one of names.
    pub fn plain(server: &'a Server) -> Self {
        Self::new(server, &[("id_a", "varchar(60)"), ("id_b", "varchar(60)"), ("name", "text")])
    }

    /// The dataset file; `more` lines of its `[source]` come before the usual ones.
    pub fn dataset(&self, more: &str) -> DatasetFile {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _, id)| {
                let kind = if *id { "resident_id" } else { "text" };
                format!(
                    "[[column]]\nname = \"{name}\"\nfield = \"{name}\"\ntype = \"{kind}\"\ngrade \
                     = \"L3\"\n"
                )
            })
            .collect();
        let ids: Vec<String> = self
            .columns
            .iter()
            .filter(|column| column.2)
            .map(|column| format!("\"{}\"", column.0))
            .collect();
        let ids = ids.join(", ");
        let text = format!(
            "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
             }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = \
             1\n[source]\n{}\n[coverage]\nregions = [\"330100\"]\nsince = \
             \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
             }}\n{}[[lookup]]\nname = \"party\"\ncolumns = [{ids}]\nmay_be_blank = \
             [{ids}]\n[not_about]\n{}",
            self.table.section(more),
            columns.join(""),
            (0..self.besides).map(|at| format!("c{at} = \"it is tried\"\n")).collect::<String>(),
        );
        DatasetFile::parse(&text, "estate.toml").unwrap()
    }

    pub fn open(&self, more: &str) -> Result<Arc<dyn Source>, SourceError> {
        crate::open(
            &self.dataset(more),
            self.folder.path(),
            &self.folder.path().join("state"),
            Arc::default(),
        )
    }

    /// The same under another name, of the same columns: a view, say.
    pub fn named(mut self, name: &str) -> Self {
        self.table.name = name.to_owned();
        self
    }
}

/// All rows, and the end.
pub async fn rows(
    source: &dyn Source,
    look_up: LookUp,
) -> Result<(Vec<Vec<Option<String>>>, LookUpEnd), SourceError> {
    let (sender, mut receiver) = mpsc::channel::<Rows>(1);
    let drained = async {
        let mut rows = Vec::new();
        while let Some(batch) = receiver.recv().await {
            rows.extend(batch.iter().map(|row| row.to_vec()));
        }
        rows
    };
    let (end, rows) = tokio::join!(source.look_up(look_up, sender), drained);
    Ok((rows, end?))
}

/// Waits until it is so.
pub async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Statements that the reader has running, or sessions that it has at all.
pub async fn busy(server: &Server, all: bool) -> usize {
    let sql = match (server.is_postgres, all) {
        (true, true) => format!("select 1 from pg_stat_activity where usename = '{READER}'"),
        (true, false) => format!(
            "select 1 from pg_stat_activity where usename = '{READER}' and state = 'active'"
        ),
        (false, true) => {
            format!("select 1 from information_schema.processlist where user = '{READER}'")
        }
        (false, false) => format!(
            "select 1 from information_schema.processlist where user = '{READER}' and command <> \
             'Sleep'"
        ),
    };
    server.rows(&sql).await.len()
}

pub fn code<T>(result: Result<T, SourceError>) -> (ErrorCode, String) {
    let error = result.err().expect("it should have failed");
    (error.code, error.detail)
}

macro_rules! against {
    ($server:expr, $($module:ident::$test:ident),+ $(,)?) => {
        let server = $server;
        $(named(stringify!($test), || $module::$test(&server));)+
    };
}

#[test]
fn outside_postgres() {
    against!(
        Server::postgres(),
        types::every_type_has_its_text_in_postgres,
        unmapped::an_id_beside_is_seen_in_columns_of_every_type,
        unmapped::a_child_tables_own_column_is_not_passed_over,
        answers::rows_hidden_by_a_policy_are_an_error,
        lineage::a_view_is_followed_down_to_its_rows,
        lineage::a_table_joined_with_itself_may_hide_rows,
        lineage::what_postgres_does_not_hold_itself_is_not_of_now,
        altered_catalogue::a_cast_that_was_made_here_is_not_read_by,
        altered_catalogue::what_was_changed_in_postgres_itself_is_not_relied_upon,
        answers::a_copy_that_lags_is_not_of_now,
    );
}

#[test]
fn outside_mysql() {
    against!(
        Server::mariadb(),
        types::every_type_has_its_text_in_mysql,
        unmapped::an_id_beside_is_seen_in_columns_of_every_type,
        unmapped::a_column_that_the_reader_may_not_see_is_not_passed_over,
        answers::every_character_set_is_asked_in_its_own,
        answers::no_limit_of_the_servers_shortens_an_answer,
        answers::no_transaction_of_the_servers_keeps_an_old_moment,
        lineage::a_view_is_followed_down_to_its_rows,
        lineage::a_table_joined_with_itself_may_hide_rows,
        altered_catalogue::what_is_made_from_a_timestamp_is_not_the_same_for_all,
        altered_catalogue::a_temporary_table_does_not_stand_in,
        altered_catalogue::a_column_that_is_hidden_behind_a_view_is_not_passed_over,
        lineage::what_mariadb_does_not_hold_itself_is_not_of_now,
    );
}

fn both(server: &Server) {
    for (name, test) in answers::BOTH.iter().chain(faults::BOTH) {
        named(name, || test(server));
    }
    run(until("nothing is left running", || async { busy(server, false).await == 0 }));
}

#[test]
fn outside_postgres_as_any_server() {
    both(&Server::postgres());
}

#[test]
fn outside_postgres_by_odbc_as_any_server() {
    both(&Server::postgres_by_odbc());
}

#[test]
fn outside_mysql_as_any_server() {
    both(&Server::mariadb());
}
