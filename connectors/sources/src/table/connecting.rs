//! Opens connections, and verifies that the table and its columns are there.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use zerotrip_proto::v1::ErrorCode;

use super::{Inner, Moment, Reader, quote};
use crate::SourceError;
use crate::file_identity::DatabaseIdentity;

/// How long a look-up waits for a writer.
pub const BUSY: Duration = Duration::from_millis(500);

impl Inner {
    pub(super) fn connect(&self) -> Result<Reader, SourceError> {
        let log = DatabaseIdentity::log_of(&self.path).map_err(|error| self.gone(&error))?;
        let file = self.seen(&log)?;
        if !self.path.is_file() {
            let detail = format!(
                "no file at `{}`; correct `source.path` in the dataset file",
                self.path.display()
            );
            return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|error| self.failed(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| self.failed(&error))?;
        connection.pragma_update(None, "query_only", true).map_err(|error| self.failed(&error))?;
        // SQLite takes a quoted name that is not a column for a text of that spelling: a column
        // that is gone would read as rows of others.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)
            .map_err(|error| self.failed(&error))?;
        connection.set_prepared_statement_cache_capacity(64);
        let row_id = self.check_shape(&connection)?;
        let select =
            format!("select {row_id}, {} from {}", self.field_list(), quote(&self.shape.table));
        let indexed = self.indexed(&connection)?;
        Ok(Reader { connection, select, indexed, row_id, log, file, version: 0, pass: None })
    }

    /// What the file system says of a live database. SQLite does not notice that another file was
    /// moved or copied over its own. `None` for a snapshot, which only this connector
    /// touches, and which is still read after a newer one has taken its place.
    pub(super) fn seen(&self, log: &Path) -> Result<Option<DatabaseIdentity>, SourceError> {
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(None);
        }
        DatabaseIdentity::of(&self.path, log).map(Some).map_err(|error| self.gone(&error))
    }

    /// Proves that the table and its columns are there, and says what its row ids are called.
    fn check_shape(&self, connection: &Connection) -> Result<&'static str, SourceError> {
        let (path, table) = (self.path.display(), &self.shape.table);
        let drift = |detail: String| Err(SourceError::new(ErrorCode::SourceDrift, detail));
        let kind = connection
            .query_row(
                "select type, wr from pragma_table_list(?1) where schema = 'main'",
                [table],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| self.failed(&error))?;
        let (kind, without_row_id): (String, bool) = match kind {
            Some(kind) => kind,
            None => {
                return drift(format!("`{path}` has no table `{table}`; correct `source.table`"));
            }
        };
        if kind != "table" || without_row_id {
            let what = if kind == "table" { "table without row ids" } else { kind.as_str() };
            return drift(format!(
                "`{table}` in `{path}` is a {what}, whose unreadable rows could not be located; \
                 name the table behind it in `source.table`, or have its rows copied into an \
                 ordinary table"
            ));
        }
        let columns = connection
            .prepare("select name from pragma_table_info(?1)")
            .and_then(|mut statement| {
                statement
                    .query_map([table], |row| row.get(0))?
                    .collect::<Result<HashSet<String>, _>>()
            })
            .map_err(|error| self.failed(&error))?;
        if let Some(gone) = self.shape.fields.iter().find(|field| !columns.contains(*field)) {
            return drift(format!(
                "table `{table}` has no column `{gone}`; correct the column's `field`"
            ));
        }
        // A column of that name would hide the row id, and two rows may hold the same value in it.
        let free = ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|name| !columns.iter().any(|column| column.eq_ignore_ascii_case(name)));
        match free {
            Some(row_id) => Ok(row_id),
            None => drift(format!(
                "table `{table}` hides its row ids: it has columns `rowid`, `_rowid_` and `oid`; \
                 rename one"
            )),
        }
    }

    /// Places of the columns that an index of all rows begins with, as it was when the file was
    /// opened.
    pub(super) fn indexed(&self, connection: &Connection) -> Result<Vec<usize>, SourceError> {
        let sql = "select distinct i.name from pragma_index_list(?1) l join \
                   pragma_index_info(l.name) i where i.seqno = 0 and not l.partial";
        let indexed = connection
            .prepare(sql)
            .and_then(|mut statement| {
                statement
                    .query_map([&self.shape.table], |row| row.get(0))?
                    .collect::<Result<HashSet<Option<String>>, _>>()
            })
            .map_err(|error| self.failed(&error))?;
        let fields = self.shape.fields.iter().enumerate();
        Ok(fields
            .filter(|(_, field)| indexed.contains(&Some((*field).clone())))
            .map(|(place, _)| place)
            .collect())
    }
}
