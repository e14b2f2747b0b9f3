//! What a table of MySQL's or MariaDB's rests upon, and whether its server follows another one:
//! asked of the server, table by table.

mod columns;
mod replication;

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Error, Row};

use self::columns::{
    All, Followed, SAME, SeenColumn, TableName, compares, made_anew, not_seen, of_session,
    of_the_session,
};
use self::replication::replica;
use super::super::lineage::{self, Lineage};
use super::MysqlSession;
use super::columns::made_column;
use super::errors::map_error;
use super::sql::quote;
use super::values::texts;
use crate::SourceError;

/// A relation's kind, engine, options and, of a view, its text. Names are compared byte by byte.
const RELATION: &str = "select t.table_type, t.engine, t.create_options, v.view_definition from \
                        information_schema.tables t left join information_schema.views v on \
                        v.table_schema = t.table_schema and v.table_name = t.table_name where \
                        t.table_schema = ? and t.table_name = ? limit 1";
/// Its columns, in order, as far as the reader may see them: name, type, and how one is made that
/// is made anew for each reader.
const COLUMNS: &str = "select column_name, data_type, case when extra like '%VIRTUAL%' then \
                       generation_expression end from information_schema.columns where \
                       table_schema = ? and table_name = ? order by ordinal_position";
/// An event whose text has this table's name in it.
const EVENT: &str = "select concat(event_schema, '.', event_name) from information_schema.events \
                     where locate(?, event_definition) > 0 limit 1";
/// Tables and views that one may rest upon.
const MOST_RELATIONS: usize = 500;

impl MysqlSession {
    /// What the table rests upon, followed down to the last one.
    pub(super) async fn trace_lineage(&mut self) -> Result<Lineage, SourceError> {
        let mut found = Lineage::default();
        let mut next = vec![(self.spec.database.clone(), self.spec.table.clone())];
        let mut all = All::new();
        while let Some(place) = next.pop() {
            if all.contains_key(&place) {
                continue;
            }
            if all.len() >= MOST_RELATIONS {
                found.unknown(format!("it rests upon over {MOST_RELATIONS} tables"));
                break;
            }
            let followed = self.trace_relation(&place, &mut found).await?;
            next.extend(followed.view.iter().flat_map(|view| view.tables.iter().cloned()));
            all.insert(place, followed);
        }
        let others = of_session(&all);
        for (place, followed) in &all {
            let Some(view) = &followed.view else { continue };
            if let Some(used) = of_the_session(view, &all, &others) {
                found.unknown(lineage::unknown_construct(&followed.name, &used));
            }
            if compares(place, &all) {
                found.hidden.push(lineage::self_join(&followed.name));
            }
        }
        // Asked each time: a session may be older than what makes its server a replica.
        let replica = replica(&mut self.connection, self.is_mariadb, &self.spec.user)
            .await
            .map_err(|error| self.failed(&error))?;
        found.copied.extend(replica);
        found.copied.extend(self.cluster().await?);
        Ok(found)
    }

    /// What one table or view is.
    async fn trace_relation(
        &mut self,
        place: &TableName,
        found: &mut Lineage,
    ) -> Result<Followed, SourceError> {
        let name = format!("{}.{}", place.0, place.1).replace('`', "");
        let spec = &self.spec;
        let row: Option<Row> = self
            .connection
            .exec_first(RELATION, (&place.0, &place.1))
            .await
            .map_err(|error| map_error(spec, &error))?;
        let row = row.map(texts).transpose()?.unwrap_or_default();
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let columns = self.columns(place).await?;
        let (spec, user) = (&self.spec, &self.spec.user);
        let mut followed = Followed { name: name.clone(), columns, view: None };
        if followed.columns.is_empty() && !row.is_empty() {
            found.hidden.push(not_seen(&name, user));
        }
        match (text(0).as_str(), text(1).as_str()) {
            // A copy for another engine that answers in its place, some time after it was written.
            ("BASE TABLE" | "SYSTEM VERSIONED", _)
                if text(2).to_lowercase().contains("secondary_engine") =>
            {
                found
                    .copied
                    .push(format!("`{name}` has a secondary engine, which may answer from a copy"));
            }
            // What is shown of it is as of whatever `system_versioning_asof` says, of the server or
            // the session.
            ("SYSTEM VERSIONED", _) => found.unknown(format!(
                "`{name}` is system-versioned, and may be shown as of a day gone by"
            )),
            ("BASE TABLE", "InnoDB" | "MyISAM" | "Aria") => {
                let made = made_anew(&followed.columns)
                    .map(|why| format!("`{name}` makes its column {why}"));
                found.hidden.extend(made);
                let event: Option<Row> = self
                    .connection
                    .exec_first(EVENT, (&place.1,))
                    .await
                    .map_err(|error| map_error(spec, &error))?;
                match event.map(texts).transpose()?.and_then(|row| row.into_iter().next().flatten())
                {
                    Some(event) => found.copied.push(format!(
                        "`{name}` is named by the event `{event}`, which may fill it now and then"
                    )),
                    None => found.tables.push(name.clone()),
                }
                if !followed.columns.is_empty()
                    && !self.is_seen_whole(place, &followed.columns).await?
                {
                    found.hidden.push(not_seen(&name, &self.spec.user));
                }
            }
            ("BASE TABLE", engine) => {
                found.unknown(format!(
                    "`{name}` is of the engine `{engine}`, of which it is not known that it keeps \
                     its rows on this server"
                ));
            }
            ("VIEW", _) if text(3).is_empty() => {
                found.unknown(format!(
                    "`{name}` is a view whose text `{user}` may not see: grant `show view` on it, \
                     and on what it rests upon"
                ));
            }
            ("VIEW", _) => match lineage::mysql::view(&text(3)) {
                Ok(view) => {
                    if !followed.columns.is_empty() && view.width != followed.columns.len() {
                        found.hidden.push(not_seen(&name, user));
                    }
                    followed.view = Some(view);
                }
                Err(used) => found.unknown(lineage::unknown_construct(&name, &used)),
            },
            ("", _) => {
                found.unknown(format!(
                    "`{name}`, which it rests upon, is not in the catalogue that `{user}` sees: \
                     grant `show view` on it, by which it is listed there and nothing of it can \
                     be read"
                ));
            }
            (kind, _) => found.unknown(format!("`{name}` is of the kind `{kind}`")),
        }
        Ok(followed)
    }

    /// Whether the catalogue shows every column of a table: it shows an account those alone of
    /// which it has rights, and the statement that would make the table again has them all.
    async fn is_seen_whole(
        &mut self,
        place: &TableName,
        seen: &[SeenColumn],
    ) -> Result<bool, SourceError> {
        let sql = format!("show create table {}.{}", quote(&place.0), quote(&place.1));
        match self.connection.query_first::<Row, _>(sql).await {
            Ok(row) => {
                let text = row
                    .map(texts)
                    .transpose()?
                    .and_then(|row| row.into_iter().nth(1))
                    .flatten()
                    .unwrap_or_default();
                let made: BTreeSet<String> =
                    text.lines().filter_map(made_column).map(|name| name.to_lowercase()).collect();
                Ok(text.starts_with("CREATE TABLE ")
                    && made
                        .iter()
                        .eq(seen.iter().map(|column| &column.name).collect::<BTreeSet<_>>()))
            }
            Err(Error::Server(_)) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn columns(&mut self, place: &(String, String)) -> Result<Vec<SeenColumn>, SourceError> {
        let rows: Vec<Row> = self
            .connection
            .exec(COLUMNS, (&place.0, &place.1))
            .await
            .map_err(|error| self.failed(&error))?;
        let column = |row: Row| {
            let row = texts(row)?;
            let text = |at: usize| row.get(at).cloned().flatten();
            Ok(SeenColumn {
                name: text(0).unwrap_or_default().to_lowercase(),
                is_of_session: text(1).is_none_or(|kind| !SAME.contains(&kind.as_str())),
                made: text(2),
            })
        };
        rows.into_iter().map(column).collect()
    }
}
