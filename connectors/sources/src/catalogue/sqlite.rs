//! The catalogue of an SQLite database.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::float_text;
use super::super::table::quote;
use super::{Catalogue, InspectedColumn, Look, Setting, Table, name_of, patience};

/// Tables that are listed.
const MOST_TABLES: usize = 10_000;
/// Virtual-machine steps between two looks at the clock.
const STEPS_PER_POLL: i32 = 2_000;

/// A database.
pub struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let cancellation = patience();
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.pragma_update(None, "query_only", true)?;
            connection
                .progress_handler(STEPS_PER_POLL, Some(move || cancellation.check().is_err()))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn query<T>(
        &self,
        sql: &str,
        bound: &[&str],
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, SourceError> {
        let rows = self.connection.prepare(sql).and_then(|mut statement| {
            let rows = statement.query_map(rusqlite::params_from_iter(bound), read)?;
            rows.collect::<rusqlite::Result<Vec<T>>>()
        });
        rows.map_err(|error| failed(&self.path, &error))
    }

    /// The largest row id: nearly the number of rows, and known without a look at them.
    fn estimate(&self, table: &str) -> Option<u64> {
        let largest = self
            .query(&format!("select max(rowid) from {}", quote(table)), &[], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .ok()?;
        u64::try_from(largest.into_iter().next()?.unwrap_or(0)).ok()
    }

    fn choose(&self, wanted: Option<&str>) -> Result<String, SourceError> {
        let tables = self.tables()?;
        match (wanted, tables.as_slice()) {
            (None, [only]) => Ok(only.name.clone()),
            (Some(wanted), tables)
                if tables.iter().any(|table| table.name == wanted && table.kind == "table") =>
            {
                Ok(wanted.to_owned())
            }
            (Some(wanted), tables) if tables.iter().any(|table| table.name == wanted) => Err(self
                .drift(&format!(
                    "`{wanted}` is a view, or a table without row ids, whose rows could not be \
                     located; name the table behind it"
                ))),
            (wanted, tables) => {
                let names: Vec<String> =
                    tables.iter().take(20).map(|table| format!("`{}`", table.name)).collect();
                let wanted = wanted.map_or("more than one table, or none".to_owned(), |wanted| {
                    format!("no table `{wanted}`")
                });
                Err(self.drift(&format!(
                    "it has {wanted}; name one with --table; there are: {}",
                    names.join(", ")
                )))
            }
        }
    }

    fn indexed(&self, table: &str) -> Result<HashSet<String>, SourceError> {
        let sql = "select info.name from pragma_index_list(?1) as list, \
                   pragma_index_info(list.name) as info where info.seqno = 0 and list.partial = 0 \
                   and info.name is not null";
        Ok(self.query(sql, &[table], |row| row.get(0))?.into_iter().collect())
    }

    fn drift(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceDrift, format!("`{}`: {what}", self.path.display()))
    }
}

impl Catalogue for Database {
    fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let sql = format!(
            "select name, type, wr from pragma_table_list where schema = 'main' and name not like \
             'sqlite\\_%' escape '\\' and type in ('table', 'view') order by name limit \
             {MOST_TABLES}"
        );
        let tables = self.query(&sql, &[], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
        })?;
        let table = |(name, kind, without_row_id): (String, String, bool)| match (
            kind.as_str(),
            without_row_id,
        ) {
            ("table", false) => Table { rows: self.estimate(&name), name, kind: "table" },
            ("table", true) => Table { name, kind: "table without row ids", rows: None },
            (_, _) => Table { name, kind: "view", rows: None },
        };
        Ok(tables.into_iter().map(table).collect())
    }

    fn look(&self, table: Option<&str>) -> Result<Look, SourceError> {
        let table = self.choose(table)?;
        let indexed = self.indexed(&table)?;
        let sql = "select name, type from pragma_table_info(?1)";
        let mut columns = self.query(sql, &[&table], |row| {
            let field: String = row.get(0)?;
            let is_indexed = Some(indexed.contains(&field));
            Ok(InspectedColumn {
                field,
                declared: row.get(1)?,
                evidence: Evidence::default(),
                is_indexed,
            })
        })?;
        if columns.len() > MOST_COLUMNS {
            return Err(self.drift(&format!(
                "`{table}` has {} columns, and a dataset at most {MOST_COLUMNS}",
                columns.len()
            )));
        }
        let fields: Vec<String> = columns.iter().map(|column| quote(&column.field)).collect();
        let (mut rows, mut blobs) = (0, HashSet::new());
        let sql = format!("select {} from {}", fields.join(", "), quote(&table));
        let mut scan = || {
            let mut statement = self.connection.prepare(&sql)?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                rows += 1;
                for (place, column) in columns.iter_mut().enumerate() {
                    match row.get_ref(place)? {
                        ValueRef::Null => column.evidence.note(None),
                        ValueRef::Integer(number) => {
                            column.evidence.note(Some(&number.to_string()))
                        }
                        ValueRef::Real(number) => {
                            column.evidence.note(Some(&float_text::double(number)))
                        }
                        ValueRef::Text(bytes) => {
                            column.evidence.note(Some(&String::from_utf8_lossy(bytes)))
                        }
                        ValueRef::Blob(_) => {
                            blobs.insert(column.field.clone());
                        }
                    }
                }
            }
            Ok(())
        };
        scan().map_err(|error| failed(&self.path, &error))?;
        columns.retain(|column| !blobs.contains(&column.field));
        let mut advice: Vec<String> = blobs
            .iter()
            .map(|field| format!("column `{field}` holds binary data and is left out"))
            .collect();
        advice.sort_unstable();
        let source = vec![
            ("path", Setting::Text(name_of(&self.path), "")),
            ("table", Setting::Text(table.clone(), "")),
            (
                "as_of",
                Setting::Owner(
                    "`live` if this is the register itself; for an extract `{ table = \"…\", \
                     column = \"…\" }`, which holds the time at which it began, written with its \
                     rows",
                ),
            ),
        ];
        Ok(Look { table, source, rows, columns, advice })
    }
}

fn failed(path: &Path, error: &rusqlite::Error) -> SourceError {
    let code = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => ErrorCode::SourceTimeout,
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
            ErrorCode::SourceUnreachable
        }
        _ => ErrorCode::SourceFailed,
    };
    SourceError::new(code, format!("`{}`: {error}", path.display()))
}
