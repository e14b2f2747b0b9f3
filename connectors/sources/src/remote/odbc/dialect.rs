//! What differs between systems behind ODBC, distinguished by what their drivers call them: what
//! makes a session read-only, what gives a transaction one moment to see, and what shows that a
//! connection lives.

/// How a system is asked what a table rests upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineageQuery {
    /// Not at all: nothing is proven.
    Nothing,
    /// As PostgreSQL is asked natively.
    Postgres,
    /// In one statement that gives a line for each finding, as PostgreSQL's does; `{path}` is
    /// for the quoted name of the table.
    Statement(&'static str),
    /// The system is a file, and its driver reads no tables but those that are in it.
    InFile,
}

/// A kind of system.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Part of what the driver calls it, in small letters.
    name: &'static str,
    /// Run once after logging in, each by itself.
    pub set_up: &'static [&'static str],
    /// Begins a transaction; `{ms}` is replaced by the milliseconds that a statement may take,
    /// `{lock}` for a little less.
    begin: &'static [&'static str],
    /// Shows that the connection lives; empty where nothing would.
    pub alive: &'static str,
    /// Whether statements run in transactions.
    pub transactions: bool,
    /// Whether a transaction sees one moment.
    pub snapshot: bool,
    /// Whether the driver binds no values, so that the table is read whole and rows are chosen
    /// here.
    pub whole: bool,
    /// Whether the driver knows text in bytes only.
    pub narrow: bool,
    /// Which of the system's own error numbers say that a name is gone.
    pub gone: &'static [i32],
    /// Which say that another session holds a lock.
    pub locked: &'static [i32],
    /// LineageQuery whether the server follows another one, and may lag behind it: `1` if so;
    /// empty where nothing is known to ask.
    pub follows: &'static str,
    /// LineageQuery up to when a server that follows has followed; empty where that is not known.
    pub followed: &'static str,
    /// How it is asked what a table rests upon.
    pub lineage: LineageQuery,
    /// Gives the character `张`, asked for without any: a driver that gives another one knows text
    /// in bytes only.
    pub probe: &'static str,
    /// What quotes a name, where that is not left to the driver.
    pub quote: Option<char>,
    /// Attributes that keep the driver from holding a whole answer in memory, for drivers whose
    /// name or file has this part.
    pub streaming: Option<(&'static str, &'static [(&'static str, &'static str)])>,
}

/// One of which nothing is known.
const UNKNOWN: Dialect = Dialect {
    name: "",
    set_up: &[],
    begin: &[],
    alive: "",
    transactions: false,
    snapshot: false,
    whole: false,
    narrow: false,
    gone: &[],
    locked: &[],
    follows: "",
    followed: "",
    lineage: LineageQuery::Nothing,
    probe: "",
    quote: None,
    streaming: None,
};

/// Those that are known; the first whose name fits.
const KNOWN: &[Dialect] = &[
    Dialect {
        name: "postgresql",
        // The driver reads by cursors, which are all read to their ends. The last one lets the
        // server notice within half a second that its client is gone; older ones do not
        // know it.
        set_up: &[
            "set session characteristics as transaction isolation level repeatable read, read only",
            "set timezone = 'Asia/Shanghai'",
            "set extra_float_digits = 1",
            "set row_security = off",
            "set standard_conforming_strings = on",
            "set search_path = pg_catalog, pg_temp",
            "set cursor_tuple_fraction = 1",
            "set idle_in_transaction_session_timeout = '10min'",
            "select set_config(name, '500', false) from pg_settings where name = \
             'client_connection_check_interval'",
        ],
        begin: &["set local statement_timeout = {ms}", "set local lock_timeout = {lock}"],
        alive: "select 1",
        transactions: true,
        snapshot: true,
        follows: "select case when pg_is_in_recovery() then 1 else 0 end",
        followed: "select cast(pg_last_xact_replay_timestamp() as text)",
        lineage: LineageQuery::Postgres,
        // The name of the encoding is asked for, so that nothing is converted before it is known
        // whether it can be.
        probe: "select case when pg_catalog.getdatabaseencoding() in ('UTF8', 'EUC_CN') then \
                pg_catalog.convert_from(pg_catalog.decode('e5bca0', 'hex'), (select \
                'UTF8'::name)) else pg_catalog.chr(36) end",
        streaming: Some(("psqlodbc|postgres", &[("UseDeclareFetch", "1"), ("Fetch", "1000")])),
        ..UNKNOWN
    },
    Dialect {
        name: "sqlite",
        set_up: &["pragma query_only = 1"],
        begin: &["select count(*) from sqlite_master"],
        alive: "select 1",
        transactions: true,
        snapshot: true,
        lineage: LineageQuery::Statement(SQLITE),
        probe: "select char(24352)",
        gone: &[1],
        locked: &[5, 6],
        // A text in `"` is a literal to SQLite if there is no column of that name.
        quote: Some('`'),
        streaming: Some(("sqlite", &[("StepAPI", "1"), ("NoCreat", "1"), ("BigInt", "1")])),
        ..UNKNOWN
    },
    Dialect {
        name: "oracle",
        set_up: &["alter session set time_zone = '+08:00'"],
        begin: &["set transaction read only"],
        alive: "select 1 from dual",
        transactions: true,
        snapshot: true,
        follows: "select case when sys_context('USERENV', 'DATABASE_ROLE') = 'PRIMARY' then 0 \
                  else 1 end from dual",
        lineage: LineageQuery::Statement(ORACLE),
        gone: &[942, 904],
        ..UNKNOWN
    },
    Dialect {
        name: "dm",
        begin: &["set transaction isolation level serializable"],
        alive: "select 1 from dual",
        transactions: true,
        snapshot: true,
        ..UNKNOWN
    },
    Dialect {
        name: "microsoft sql server",
        set_up: &["set transaction isolation level snapshot", "set rowcount 0"],
        begin: &["set lock_timeout {lock}"],
        alive: "select 1",
        transactions: true,
        snapshot: true,
        follows: "select case when databasepropertyex(db_name(), 'Updateability') = 'READ_WRITE' \
                  then 0 else 1 end",
        lineage: LineageQuery::Statement(SQL_SERVER),
        gone: &[207, 208],
        locked: &[1222],
        ..UNKNOWN
    },
    MYSQL,
    Dialect { name: "mariadb", ..MYSQL },
    Dialect { name: "mdb", whole: true, narrow: true, lineage: LineageQuery::InFile, ..UNKNOWN },
];

/// An ordinary table of the file itself: no view, which may use functions, and no virtual table,
/// whose rows are elsewhere.
const SQLITE: &str = "select coalesce((select case when type in ('table') then 'table: ' || name \
                      else 'copy a ' || type || ': ' || name || char(10) || 'reader a ' || type \
                      || ': ' || name end from pragma_table_list where schema = 'main' and name = \
                      '{table}' collate nocase limit 1), '')";
/// An ordinary table: no view, no materialised view, no external or temporary one, and without a
/// policy of a virtual private database. Whether cells are redacted an ordinary account cannot ask.
const ORACLE: &str = "select case when exists (select 1 from all_tables where owner = '{schema}' \
                      and table_name = '{table}' and temporary = 'N' and nvl(external, 'NO') = \
                      'NO' and nvl(iot_type, 'IOT') = 'IOT') and not exists (select 1 from \
                      all_mviews where owner = '{schema}' and mview_name = '{table}') then \
                      'table: {table}' else 'copy no ordinary table, of which Oracle would say \
                      so: {table}' end || chr(10) || 'reader a table whose cells may be redacted, \
                      which Oracle does not tell a reader: {table}' from dual";
/// An ordinary table that is neither external nor replicated nor in memory alone, whose reader sees
/// its definition and so its security policies, of which there are none, and no masked column
/// without the right to see through, nor a computed one that is not stored, which may ask who
/// reads.
const SQL_SERVER: &str = "select concat(case when exists (select 1 from sys.tables where object_id = \
     object_id('{path}') and type = 'U' and is_external = 0 and durability = 0 and is_replicated \
     in (0, 1)) then 'table: {table}' else 'copy no ordinary table: {table}' end, case when \
     isnull(has_perms_by_name('{path}', 'object', 'view definition'), 0) = 1 then '' else \
     char(10) + 'reader a table of which the reader may not see the definition (grant view \
     definition): {table}' end, case when exists (select 1 from sys.security_predicates where \
     target_object_id = object_id('{path}')) then char(10) + 'reader a table with a security \
     policy: {table}' else '' end, case when exists (select 1 from sys.computed_columns where \
     object_id = object_id('{path}') and is_persisted = 0) then char(10) + 'reader a table with a \
     computed column that is made anew for each reader: {table}' else '' end, case when \
     isnull(has_perms_by_name(db_name(), 'database', 'unmask'), 0) = 0 and exists (select 1 from \
     sys.masked_columns where object_id = object_id('{path}') and is_masked = 1) then char(10) + \
     'reader a table with masked columns: {table}' else '' end)";

const MYSQL: Dialect = Dialect {
    name: "mysql",
    set_up: &[
        "set session transaction isolation level repeatable read",
        "set session transaction read only",
        "set session sql_select_limit = default",
        "set session time_zone = '+08:00'",
    ],
    begin: &["start transaction with consistent snapshot, read only"],
    alive: "select 1",
    transactions: true,
    snapshot: true,
    follows: "select @@global.read_only",
    probe: "select char(0xe5bca0 using utf8mb4)",
    gone: &[1051, 1054, 1146],
    locked: &[1205],
    ..UNKNOWN
};

impl Dialect {
    /// By what the driver calls the system.
    pub fn of(system: &str) -> Self {
        let system = system.to_lowercase();
        // Two letters are in many names.
        let fits = |known: &&Dialect| {
            if known.name.len() > 2 {
                system.contains(known.name)
            } else {
                system.starts_with(known.name)
            }
        };
        KNOWN.iter().find(fits).copied().unwrap_or(UNKNOWN)
    }

    /// What begins a transaction whose statements may take `seconds` seconds.
    pub fn begin(&self, seconds: u64) -> Vec<String> {
        let (all, lock) = ((seconds * 1000).to_string(), (seconds * 750).to_string());
        let statements = self
            .begin
            .iter()
            .map(|statement| statement.replace("{ms}", &all).replace("{lock}", &lock));
        statements.chain(self.alive()).collect()
    }

    /// What shows that the connection lives.
    pub fn alive(&self) -> Option<String> {
        (!self.alive.is_empty()).then(|| self.alive.to_owned())
    }

    /// What to give a driver of this name before it is known what is behind it.
    pub fn attributes(driver: &str) -> &'static [(&'static str, &'static str)] {
        let driver = driver.to_lowercase();
        let known = KNOWN.iter().filter_map(|known| known.streaming);
        known
            .into_iter()
            .find(|(parts, _)| parts.split('|').any(|part| driver.contains(part)))
            .map_or(&[], |(_, attributes)| attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn systems_are_told_apart_by_what_their_drivers_call_them() {
        let name = |system: &str| Dialect::of(system).name;
        let named = [
            "PostgreSQL",
            "SQLite",
            "Oracle",
            "DM DBMS",
            "DM8",
            "Microsoft SQL Server",
            "MySQL",
            "MariaDB",
            "MDBTOOLS",
        ];
        let known = [
            "postgresql",
            "sqlite",
            "oracle",
            "dm",
            "dm",
            "microsoft sql server",
            "mysql",
            "mariadb",
            "mdb",
        ];
        assert_eq!(named.map(name), known);
        for unknown in ["", "DB2/LINUXX8664", "ACCESS", "Admiral DM", "Sybase SQL Server"] {
            let dialect = Dialect::of(unknown);
            assert!(
                dialect.name.is_empty() && !dialect.snapshot,
                "{unknown}: nothing may be taken for granted"
            );
        }
    }

    #[test]
    fn drivers_are_told_to_stream_by_their_names() {
        let has = |driver: &str, name: &str| {
            Dialect::attributes(driver).iter().any(|(known, _)| *known == name)
        };
        assert!(
            has("PostgreSQL Unicode", "UseDeclareFetch")
                && has("/usr/lib/odbc/psqlodbcw.so", "UseDeclareFetch")
        );
        assert!(has("SQLite3", "StepAPI") && Dialect::attributes("DM8 ODBC DRIVER").is_empty());
    }
}
