//! What a table of MySQL's or MariaDB's rests upon, and whether its server follows another one: asked of the server, table by table.

use std::collections::{HashMap, HashSet};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row};

use super::super::super::SourceError;
use super::super::ground::{self, Ground};
use super::{MysqlSession, failed, texts};

/// A relation's kind, engine, options and, of a view, its text. Names are compared byte by byte.
const RELATION: &str = "select t.table_type, t.engine, t.create_options, v.view_definition from information_schema.tables t \
    left join information_schema.views v on v.table_schema = t.table_schema and v.table_name = t.table_name \
    where t.table_schema = ? and t.table_name = ? limit 1";
/// Its columns, as far as the reader may see them: name, type, and how one is made that is made anew for each reader.
const COLUMNS: &str = "select column_name, data_type, case when extra like '%VIRTUAL%' then generation_expression end \
    from information_schema.columns where table_schema = ? and table_name = ?";
/// An event whose text has this table's name in it.
const EVENT: &str = "select concat(event_schema, '.', event_name) from information_schema.events \
    where locate(?, event_definition) > 0 limit 1";
/// What tells of servers that follow one another, or did: what to ask, which answers say that it is not so, and else why it matters.
const CLUSTERS: &[(&str, &[&str], &str)] = &[
    (
        "select @@global.read_only",
        &["0", "OFF"],
        "the server takes no writes (`read_only`): it may be a replica that follows nobody any more",
    ),
    // 1: a session that first waits for what the others have committed, which it was told to where it logged in.
    (
        "select if(@@global.wsrep_on = 1 and @@session.wsrep_sync_wait & 1 = 0, 1, 0)",
        &["0"],
        "the server is of a cluster (Galera) and does not wait for what its other members have written",
    ),
    ("select @@global.group_replication_group_name", &[""], "the server is of a replication group, whose members lag behind one another"),
];
/// Tables and views that one may rest upon.
const MOST_RELATIONS: usize = 500;

/// A column that the reader sees in the catalogue.
struct SeenColumn {
    name: String,
    is_time: bool,
    /// From what it is made each time that it is read.
    made: Option<String>,
}

impl MysqlSession {
    /// What the table rests upon, followed down to the last one.
    pub(super) async fn rests_upon(&mut self) -> Result<Ground, SourceError> {
        let mut found = Ground::default();
        let mut next = vec![(self.spec.database.clone(), self.spec.table.clone())];
        let mut seen = HashSet::new();
        while let Some(place) = next.pop() {
            if !seen.insert(place.clone()) {
                continue;
            }
            if seen.len() > MOST_RELATIONS {
                found.unknown(format!("it rests upon over {MOST_RELATIONS} tables"));
                break;
            }
            next.extend(self.rests_on(&place, &mut found).await?);
        }
        // Asked anew each time: a session may be older than what makes its server a replica.
        let replica = replica(&mut self.connection, self.is_mariadb, &self.spec.user).await.map_err(|error| self.failed(&error))?;
        found.copied.extend(replica);
        found.copied.extend(self.cluster().await?);
        Ok(found)
    }

    /// What one table or view is, and which others it rests upon.
    async fn rests_on(&mut self, place: &(String, String), found: &mut Ground) -> Result<Vec<(String, String)>, SourceError> {
        let name = format!("{}.{}", place.0, place.1).replace('`', "");
        let spec = &self.spec;
        let row: Option<Row> = self.connection.exec_first(RELATION, (&place.0, &place.1)).await.map_err(|error| failed(spec, &error))?;
        let row = row.map(texts).transpose()?.unwrap_or_default();
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let columns = self.columns(place).await?;
        let (spec, user) = (&self.spec, &self.spec.user);
        if columns.is_empty() && !row.is_empty() {
            found.hidden.push(format!(
                "the columns of `{name}` are not in the catalogue that `{user}` sees, and one of them may be made anew for each reader: grant \
                 `references` on it, by which they are listed there and nothing of it can be read"
            ));
        }
        match (text(0).as_str(), text(1).as_str()) {
            // A copy for another engine that answers in its place, some time after it was written.
            ("BASE TABLE" | "SYSTEM VERSIONED", _) if text(2).to_lowercase().contains("secondary_engine") => {
                found.copied.push(format!("`{name}` has a secondary engine, which may answer from a copy"));
            }
            // What is shown of it is as of whatever `system_versioning_asof` says, of the server or the session.
            ("SYSTEM VERSIONED", _) => found.unknown(format!("`{name}` is system-versioned, and may be shown as of a day gone by")),
            ("BASE TABLE", "InnoDB" | "MyISAM" | "Aria") => {
                for (column, made) in columns.into_iter().filter_map(|column| Some((column.name, column.made?))) {
                    if let Err(used) = ground::mysql::expression(&made) {
                        found.hidden.push(format!(
                            "`{name}` makes its column `{column}` anew for each reader, with {used}, of which it is not known that it gives \
                             every reader the same"
                        ));
                    }
                }
                let event: Option<Row> = self.connection.exec_first(EVENT, (&place.1,)).await.map_err(|error| failed(spec, &error))?;
                match event.map(texts).transpose()?.and_then(|row| row.into_iter().next().flatten()) {
                    Some(event) => found.copied.push(format!("`{name}` is named by the event `{event}`, which may fill it now and then")),
                    None => found.tables.push(name),
                }
            }
            ("BASE TABLE", engine) => {
                found.unknown(format!(
                    "`{name}` is of the engine `{engine}`, of which it is not known that it keeps its rows on this server"
                ));
            }
            ("VIEW", _) if text(3).is_empty() => {
                found.unknown(format!(
                    "`{name}` is a view whose text `{user}` may not see: grant `show view` on it, and on what it rests upon"
                ));
            }
            ("VIEW", _) => match ground::mysql::view(&text(3)) {
                Ok(view) => {
                    if let Some(used) = self.of_the_session(&view).await? {
                        found.unknown(ground::unknown_in(&name, &used));
                    }
                    return Ok(view.tables);
                }
                Err(used) => found.unknown(ground::unknown_in(&name, &used)),
            },
            ("", _) => {
                found.unknown(format!(
                    "`{name}`, which it rests upon, is not in the catalogue that `{user}` sees: grant `show view` on it, by which it is listed \
                     there and nothing of it can be read"
                ));
            }
            (kind, _) => found.unknown(format!("`{name}` is of the kind `{kind}`")),
        }
        Ok(Vec::new())
    }

    /// A column with which a view does more than to show it, and whose values are another session's otherwise.
    async fn of_the_session(&mut self, view: &ground::mysql::View) -> Result<Option<String>, SourceError> {
        let mut seen = HashMap::new();
        for table in &view.tables {
            for column in self.columns(table).await? {
                *seen.entry(column.name.to_lowercase()).or_insert(false) |= column.is_time;
            }
        }
        let of = |used: &String| match seen.get(&used.to_lowercase()) {
            Some(false) => None,
            Some(true) => Some(format!("`{used}`, a `timestamp` that is written in the zone of the session, for more than to show it")),
            None if view.named.contains(used) => None,
            None => Some(format!("`{used}`, a column of a type that is not seen")),
        };
        Ok(view.used.iter().find_map(of))
    }

    async fn columns(&mut self, place: &(String, String)) -> Result<Vec<SeenColumn>, SourceError> {
        let rows: Vec<Row> = self.connection.exec(COLUMNS, (&place.0, &place.1)).await.map_err(|error| self.failed(&error))?;
        let column = |row: Row| {
            let row = texts(row)?;
            let text = |at: usize| row.get(at).cloned().flatten();
            Ok(SeenColumn { name: text(0).unwrap_or_default(), is_time: text(1).as_deref() == Some("timestamp"), made: text(2) })
        };
        rows.into_iter().map(column).collect()
    }

    /// Why what stands here may be behind the rest of its cluster.
    async fn cluster(&mut self) -> Result<Option<String>, SourceError> {
        for (sql, alone, why) in CLUSTERS {
            match self.connection.query_first::<Option<String>, _>(*sql).await {
                Ok(value) if alone.contains(&value.as_ref().and_then(Option::as_deref).unwrap_or_default()) => {}
                Ok(_) => return Ok(Some((*why).to_owned())),
                // A variable that the server does not have.
                Err(Error::Server(told)) if told.code == 1193 => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(None)
    }
}

/// Why the rows may be behind another server's: it is a replica, of any number of others, or it cannot be asked whether it is.
async fn replica(connection: &mut Conn, is_mariadb: bool, user: &str) -> Result<Option<String>, Error> {
    // MariaDB shows the connection that has no name, and all of them only if it is asked for all.
    let asked: &[&str] = if is_mariadb { &["show all slaves status"] } else { &["show replica status", "show slave status"] };
    for status in asked {
        match connection.query_first::<Row, _>(*status).await {
            Ok(Some(_)) => return Ok(Some("the server is a replica, which may lag behind, or have stopped".to_owned())),
            Ok(None) => return Ok(None),
            // A MySQL from before it was called so.
            Err(Error::Server(told)) if told.code == 1064 => {}
            Err(Error::Server(_)) => break,
            Err(error) => return Err(error),
        }
    }
    let privilege = if is_mariadb { "replica monitor" } else { "replication client" };
    Ok(Some(format!("`{user}` may not ask whether the server is a replica: grant `{privilege}` on *.*, by which nothing can be read")))
}
