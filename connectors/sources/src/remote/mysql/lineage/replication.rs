//! Whether a server follows others, or may be behind the rest of its cluster.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row};

use super::super::MysqlSession;
use crate::SourceError;

/// Settings of servers that follow one another, or did: what to ask, which answers say that it is
/// not so, and else why it matters.
const CLUSTERS: &[(&str, &[&str], &str)] = &[
    (
        "select @@global.read_only",
        &["0", "OFF"],
        "the server takes no writes (`read_only`): it may be a replica that follows no server any \
         more",
    ),
    // 1: a session that first waits for what the others have committed, which it was set to where
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
    // What is longer becomes NULL, with a warning that no client reads.
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

impl MysqlSession {
    /// Why the server's rows may be behind the rest of its cluster.
    pub(super) async fn cluster(&mut self) -> Result<Option<String>, SourceError> {
        for (sql, alone, why) in CLUSTERS {
            match self.connection.query_first::<Option<String>, _>(*sql).await {
                Ok(value)
                    if alone.contains(
                        &value.as_ref().and_then(Option::as_deref).unwrap_or_default(),
                    ) => {}
                Ok(_) => return Ok(Some((*why).to_owned())),
                // A variable that the server does not have.
                Err(Error::Server(server_error)) if server_error.code == 1193 => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(None)
    }
}

/// Why the rows may be behind another server's: it is a replica, of any number of others, or it
/// cannot be asked whether it is.
pub async fn replica(
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
            Err(Error::Server(server_error)) if server_error.code == 1064 => {}
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
