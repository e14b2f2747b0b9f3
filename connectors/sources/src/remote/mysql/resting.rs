//! What a table of MySQL's or MariaDB's rests upon, and whether its server follows another one:
//! asked of the server, table by table.

use std::collections::{BTreeSet, HashMap, HashSet};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row};

use super::super::super::SourceError;
use super::super::ground::mysql::View;
use super::super::ground::{self, Ground};
use super::{MysqlSession, failed, made_column, quote, texts};

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
/// What tells of servers that follow one another, or did: what to ask, which answers say that it is
/// not so, and else why it matters.
const CLUSTERS: &[(&str, &[&str], &str)] = &[
    (
        "select @@global.read_only",
        &["0", "OFF"],
        "the server takes no writes (`read_only`): it may be a replica that follows nobody any \
         more",
    ),
    // 1: a session that first waits for what the others have committed, which it was told to where
    // it logged in.
    (
        "select if(@@global.wsrep_on = 1 and @@session.wsrep_sync_wait & 1 = 0, 1, 0)",
        &["0"],
        "the server is of a cluster (Galera) and does not wait for what its other members have \
         written",
    ),
    (
        "select @@global.innodb_force_recovery",
        &["0"],
        "the server was started to rescue what is left of its tables (`innodb_force_recovery`), \
         and may show what is not stored in them",
    ),
    // What is longer becomes NULL, with a warning that nobody reads.
    (
        "select if(@@session.max_allowed_packet < 16777216, 1, 0)",
        &["0"],
        "texts of over `max_allowed_packet` become NULL in what views make of them, and this session \
         is allowed less than 16 MiB",
    ),
    (
        "select @@global.rewriter_enabled",
        &["0", "OFF"],
        "the server rewrites what it is asked (`rewriter_enabled`)",
    ),
    (
        "select @@global.group_replication_group_name",
        &[""],
        "the server is of a replication group, whose members lag behind one another",
    ),
];
/// Types whose values are the same in every session. A `timestamp` is written in its zone, and a
/// `time` beside a date is one of the day that it has.
const SAME: &[&str] = &[
    "char",
    "varchar",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
    "enum",
    "set",
    "tinyint",
    "smallint",
    "mediumint",
    "int",
    "bigint",
    "decimal",
    "float",
    "double",
    "bit",
    "date",
    "datetime",
    "year",
    "uuid",
    "binary",
    "varbinary",
    "tinyblob",
    "blob",
    "mediumblob",
    "longblob",
];
/// Tables and views that one may rest upon.
const MOST_RELATIONS: usize = 500;

/// A column that the reader sees in the catalogue.
struct SeenColumn {
    /// In small letters, for names are compared so.
    name: String,
    /// Whether another session could see its values otherwise.
    is_of_session: bool,
    /// From what it is made each time that it is read.
    made: Option<String>,
}

/// A database, and a table in it.
type Place = (String, String);

/// A table or view that was followed.
struct Followed {
    name: String,
    columns: Vec<SeenColumn>,
    /// What the text of a view says.
    view: Option<View>,
}

/// Everything that a table rests upon.
type All = HashMap<Place, Followed>;

impl MysqlSession {
    /// What the table rests upon, followed down to the last one.
    pub(super) async fn rests_upon(&mut self) -> Result<Ground, SourceError> {
        let mut found = Ground::default();
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
            let followed = self.rests_on(&place, &mut found).await?;
            next.extend(followed.view.iter().flat_map(|view| view.tables.iter().cloned()));
            all.insert(place, followed);
        }
        let others = of_session(&all);
        for (place, followed) in &all {
            let Some(view) = &followed.view else { continue };
            if let Some(used) = of_the_session(view, &all, &others) {
                found.unknown(ground::unknown_in(&followed.name, &used));
            }
            if compares(place, &all) {
                found.hidden.push(ground::compares(&followed.name));
            }
        }
        // Asked anew each time: a session may be older than what makes its server a replica.
        let replica = replica(&mut self.connection, self.is_mariadb, &self.spec.user)
            .await
            .map_err(|error| self.failed(&error))?;
        found.copied.extend(replica);
        found.copied.extend(self.cluster().await?);
        Ok(found)
    }

    /// What one table or view is.
    async fn rests_on(
        &mut self,
        place: &Place,
        found: &mut Ground,
    ) -> Result<Followed, SourceError> {
        let name = format!("{}.{}", place.0, place.1).replace('`', "");
        let spec = &self.spec;
        let row: Option<Row> = self
            .connection
            .exec_first(RELATION, (&place.0, &place.1))
            .await
            .map_err(|error| failed(spec, &error))?;
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
                    .map_err(|error| failed(spec, &error))?;
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
            ("VIEW", _) => match ground::mysql::view(&text(3)) {
                Ok(view) => {
                    if !followed.columns.is_empty() && view.width != followed.columns.len() {
                        found.hidden.push(not_seen(&name, user));
                    }
                    followed.view = Some(view);
                }
                Err(used) => found.unknown(ground::unknown_in(&name, &used)),
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
        place: &Place,
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

    /// Why what stands here may be behind the rest of its cluster.
    async fn cluster(&mut self) -> Result<Option<String>, SourceError> {
        for (sql, alone, why) in CLUSTERS {
            match self.connection.query_first::<Option<String>, _>(*sql).await {
                Ok(value)
                    if alone.contains(
                        &value.as_ref().and_then(Option::as_deref).unwrap_or_default(),
                    ) => {}
                Ok(_) => return Ok(Some((*why).to_owned())),
                // A variable that the server does not have.
                Err(Error::Server(told)) if told.code == 1193 => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(None)
    }
}

/// A column of a table that may be made for one reader otherwise than for another, and why.
fn made_anew(columns: &[SeenColumn]) -> Option<String> {
    columns.iter().find_map(|column| {
        let used = match ground::mysql::expression(column.made.as_ref()?) {
            Err(used) => used,
            Ok(_) if column.is_of_session => {
                "a type of which another session may see the values otherwise".to_owned()
            }
            Ok(names) => {
                let of =
                    |name: &String| columns.iter().find(|known| known.name == name.to_lowercase());
                let odd =
                    names.iter().find(|name| of(name).is_none_or(|known| known.is_of_session))?;
                format!(
                    "`{odd}`, a column that is not seen, or that another session may see \
                     otherwise, such as a `timestamp`"
                )
            }
        };
        let name = &column.name;
        Some(format!(
            "`{name}` anew for each reader, with {used}, of which it is not known that it gives \
             every reader the same"
        ))
    })
}

fn not_seen(name: &str, user: &str) -> String {
    format!(
        "the columns of `{name}` are not all in the catalogue that `{user}` sees, and one of them \
         may be made anew for each reader: grant `references` on it, by which they are listed \
         there and nothing of it can be read"
    )
}

/// The columns of each table and view, in small letters, whose values another session may see
/// otherwise, though it may call them texts: a `timestamp`, and what a view shows of one.
fn of_session(all: &All) -> HashMap<&Place, BTreeSet<String>> {
    let of_type = |followed: &Followed| {
        followed
            .columns
            .iter()
            .filter(|column| column.is_of_session)
            .map(|column| column.name.clone())
            .collect()
    };
    let mut found: HashMap<&Place, BTreeSet<String>> =
        all.iter().map(|(place, followed)| (place, of_type(followed))).collect();
    // From below upwards, view by view.
    for _ in 0..all.len() {
        let mut is_more = false;
        for (place, followed) in all {
            let Some(view) = &followed.view else { continue };
            let below: BTreeSet<String> = view
                .tables
                .iter()
                .filter_map(|table| found.get(table))
                .flatten()
                .cloned()
                .collect();
            let shown =
                view.shown.iter().filter(|(column, _)| below.contains(&column.to_lowercase()));
            let shown = shown
                .filter_map(|(_, place)| followed.columns.get(*place))
                .map(|column| column.name.clone());
            let own = found.entry(place).or_default();
            for name in shown {
                is_more |= own.insert(name);
            }
        }
        if !is_more {
            break;
        }
    }
    found
}

/// A column with which a view does more than to show it, and whose values are another session's
/// otherwise.
fn of_the_session(
    view: &View,
    all: &All,
    others: &HashMap<&Place, BTreeSet<String>>,
) -> Option<String> {
    let others: BTreeSet<&String> =
        view.tables.iter().filter_map(|table| others.get(table)).flatten().collect();
    let seen: BTreeSet<&str> = view
        .tables
        .iter()
        .filter_map(|table| all.get(table))
        .flat_map(|below| below.columns.iter().map(|column| column.name.as_str()))
        .collect();
    view.used.iter().find_map(|used| {
        let name = used.to_lowercase();
        if others.contains(&name) {
            return Some(format!(
                "`{used}`, which another session may see otherwise, such as a `timestamp`, for \
                 more than to show it"
            ));
        }
        (!seen.contains(name.as_str()) && !view.named.contains(used))
            .then(|| format!("`{used}`, a column of a type that is not seen"))
    })
}

/// Whether a view joins a table with itself, be it by a view over it.
fn compares(place: &Place, all: &All) -> bool {
    let Some(view) = all.get(place).and_then(|followed| followed.view.as_ref()) else {
        return false;
    };
    let mut taken = HashSet::new();
    view.taken.iter().filter(|one| !one.is_beside).any(|one| {
        let mut below = HashSet::new();
        tables(&one.table, all, &mut below);
        below.into_iter().any(|table| !taken.insert((one.query, table)))
    })
}

/// The table, or those below a view.
fn tables(place: &Place, all: &All, into: &mut HashSet<Place>) {
    if into.insert((place.0.to_lowercase(), place.1.to_lowercase())) {
        let view = all.get(place).and_then(|followed| followed.view.as_ref());
        view.into_iter().flat_map(|view| &view.tables).for_each(|table| tables(table, all, into));
    }
}

/// Why the rows may be behind another server's: it is a replica, of any number of others, or it
/// cannot be asked whether it is.
async fn replica(
    connection: &mut Conn,
    is_mariadb: bool,
    user: &str,
) -> Result<Option<String>, Error> {
    // MariaDB shows the connection that has no name, and all of them only if it is asked for all.
    let asked: &[&str] = if is_mariadb {
        &["show all slaves status"]
    } else {
        &["show replica status", "show slave status"]
    };
    for status in asked {
        match connection.query_first::<Row, _>(*status).await {
            Ok(Some(_)) => {
                return Ok(Some(
                    "the server is a replica, which may lag behind, or have stopped".to_owned(),
                ));
            }
            Ok(None) => return Ok(None),
            // A MySQL from before it was called so.
            Err(Error::Server(told)) if told.code == 1064 => {}
            Err(Error::Server(_)) => break,
            Err(error) => return Err(error),
        }
    }
    let privilege = if is_mariadb { "replica monitor" } else { "replication client" };
    Ok(Some(format!(
        "`{user}` may not ask whether the server is a replica: grant `{privilege}` on *.*, by \
         which nothing can be read"
    )))
}
