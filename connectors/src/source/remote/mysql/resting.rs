//! What a table of MySQL's or MariaDB's rests upon, and whether its server follows another one: asked of the server, table by table.

use std::collections::HashSet;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row};

use super::super::super::SourceError;
use super::super::ground::{self, Ground};
use super::{MysqlSession, failed, texts};

/// A relation's kind, engine, options and, of a view, its text. Names are compared byte by byte.
const RELATION: &str = "select t.table_type, t.engine, t.create_options, v.view_definition from information_schema.tables t \
    left join information_schema.views v on v.table_schema = t.table_schema and v.table_name = t.table_name \
    where t.table_schema = ? and t.table_name = ? limit 1";
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
        match (text(0).as_str(), text(1).as_str()) {
            // A copy for another engine that answers in its place, some time after it was written.
            ("BASE TABLE" | "SYSTEM VERSIONED", _) if text(2).to_lowercase().contains("secondary_engine") => {
                found.copied.push(format!("`{name}` has a secondary engine, which may answer from a copy"));
            }
            ("BASE TABLE" | "SYSTEM VERSIONED", "InnoDB" | "MyISAM" | "Aria") => {
                let event: Option<Row> = self.connection.exec_first(EVENT, (&place.1,)).await.map_err(|error| failed(spec, &error))?;
                match event.map(texts).transpose()?.and_then(|row| row.into_iter().next().flatten()) {
                    Some(event) => found.copied.push(format!("`{name}` is named by the event `{event}`, which may fill it now and then")),
                    None => found.tables.push(name),
                }
            }
            ("BASE TABLE" | "SYSTEM VERSIONED", engine) => {
                found.unknown(format!(
                    "`{name}` is of the engine `{engine}`, of which it is not known that it keeps its rows on this server"
                ));
            }
            ("VIEW", _) if text(3).is_empty() => {
                let user = &spec.user;
                found.unknown(format!(
                    "`{name}` is a view whose text `{user}` may not see: grant `show view` on it, and on what it rests upon"
                ));
            }
            ("VIEW", _) => match ground::mysql::tables(&text(3)) {
                Ok(tables) => return Ok(tables),
                Err(word) => found.unknown(format!(
                    "`{name}` is a view that uses `{word}`, of which it is not known that it depends on nothing but rows"
                )),
            },
            ("", _) => {
                let user = &spec.user;
                found.unknown(format!(
                    "`{name}`, which it rests upon, is not in the catalogue that `{user}` sees: grant `show view` on it, by which it is listed \
                     there and nothing of it can be read"
                ));
            }
            (kind, _) => found.unknown(format!("`{name}` is of the kind `{kind}`")),
        }
        Ok(Vec::new())
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
