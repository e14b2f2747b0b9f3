//! Verifies that a session sees the table itself, and all of its columns.

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Error, Row};
use zerotrip_proto::v1::ErrorCode;

use super::MysqlSession;
use super::columns::made_column;
use super::errors::{address, map_error};
use super::values::texts;
use crate::SourceError;

impl MysqlSession {
    pub(super) async fn catalogue(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let which = (&self.spec.database, &self.spec.table);
        let rows: Vec<Row> = self
            .connection
            .exec(sql, which)
            .await
            .map_err(|error| map_error(&self.spec, &error))?;
        rows.into_iter().map(texts).collect()
    }

    /// What the server does as each session begins (`init_connect`) may make a temporary table,
    /// which is there in place of one of the same name, or of a view, for this session alone. An
    /// account that has one may always be shown how it is made; so where that is refused there is
    /// none.
    pub(super) async fn is_there_for_all(&mut self, table: &str) -> Result<(), SourceError> {
        let made = match self
            .connection
            .query_first::<Row, _>(format!("show create table {}", self.table(table)))
            .await
        {
            Ok(Some(made)) => made,
            Ok(None) | Err(Error::Server(_)) => return Ok(()),
            Err(error) => return Err(self.failed(&error)),
        };
        let is_view = made.columns_ref().first().is_some_and(|column| column.name_str() == "View");
        let text = texts(made)?.into_iter().nth(1).flatten().unwrap_or_default();
        if is_view || text.starts_with("CREATE TABLE ") {
            return Ok(());
        }
        let detail = format!(
            "{} shows this session alone another `{table}` in place of the table, a temporary \
             one; take it out of what the server does as a session begins (`init_connect`)",
            address(&self.spec)
        );
        Err(SourceError::new(ErrorCode::Misconfigured, detail))
    }

    /// The catalogue shows an account only the columns that it may read: that these are all, the
    /// star shows, and for columns that the star leaves out (`invisible`) the statement that
    /// would make the table again.
    pub(super) async fn sees_all(
        &mut self,
        columns: &[Vec<Option<String>>],
    ) -> Result<(), SourceError> {
        let (table, spec) = (self.table(&self.spec.table), &self.spec);
        let why = |detail: &str| {
            format!(
                "{detail}; the account must be allowed to read each column of `{}`, since a row \
                 could be about persons who are named in one that it does not see: grant it \
                 `select` on the table",
                spec.table
            )
        };
        let refused = |error: Error| {
            let error = map_error(spec, &error);
            SourceError::new(error.code, why(&error.detail))
        };
        self.connection
            .query_drop(format!("select * from {table} limit 0"))
            .await
            .map_err(refused)?;
        if columns
            .first()
            .and_then(|row| row.first())
            .is_some_and(|kind| kind.as_deref() == Some("VIEW"))
        {
            return Ok(());
        }
        let made: Option<Row> = self
            .connection
            .query_first(format!("show create table {table}"))
            .await
            .map_err(refused)?;
        let made = made
            .map(texts)
            .transpose()?
            .and_then(|row| row.into_iter().nth(1))
            .flatten()
            .unwrap_or_default();
        let seen: BTreeSet<&str> =
            columns.iter().filter_map(|row| row.get(2)?.as_deref()).collect();
        let made: BTreeSet<String> = made.lines().filter_map(made_column).collect();
        if made.iter().map(String::as_str).eq(seen) {
            return Ok(());
        }
        let detail = format!(
            "{}: `{}` has other columns than its catalogue shows `{}`",
            address(spec),
            spec.table,
            spec.user
        );
        Err(SourceError::new(ErrorCode::Misconfigured, why(&detail)))
    }
}
