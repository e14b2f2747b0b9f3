//! `kind = "mysql"`.

use super::remote::{
    AS_OF, CA_FILE, CONNECTIONS, DATABASE, HOST, Own, PASSWORD_ENV, PASSWORD_FILE, PROFILE_EVERY, TABLE, TLS, USER, port,
    read as read_remote,
};
use super::{Kind, Parameter, Source};
use crate::file::section::Section;

pub(super) const KIND: Kind = Kind {
    name: "mysql",
    title: "A table or view on a MySQL or MariaDB server.",
    title_zh: "MySQL、MariaDB 数据库中的一张表或视图",
    parameters: &[
        &HOST,
        &PORT,
        &DATABASE,
        &TABLE,
        &USER,
        &PASSWORD_FILE,
        &PASSWORD_ENV,
        &TLS,
        &CA_FILE,
        &CONNECTIONS,
        &PROFILE_EVERY,
        &AS_OF,
    ],
    example: "[source]\nkind = \"mysql\"\nhost = \"10.0.0.13\"\ndatabase = \"estate\"\ntable = \"FW_CQ\"\nuser = \"zerotrip\"\n\
        password_env = \"ESTATE_PASSWORD\"\ntls = \"verify\"\n",
    notes: "Every look-up is one statement, or one transaction where it takes several or takes a pass of its own, in a session that only \
        reads, and sees one consistent snapshot, where the table's engine has snapshots (InnoDB). Keys \
        are bound as parameters, text to columns of text and numbers to columns of numbers, so that the table's own indexes serve. \
        Look-up columns must be text or whole numbers.\n\n\
        Name the server itself, not a proxy that spreads reads over its copies: one that lags behind would give rows as they were.\n\n\
        A profiling pass reads the key columns every `profile_every` and remembers irregular spellings and unreadable cells; a live \
        source's answers are as of the latest pass. The pass also remembers in which rows each person stands: a \
        look-up that finds fewer of them, because one is gone or spelled anew, fails, and a new pass begins at once. An unreadable row is located by its primary key, of which a part that is somebody's id shows its ends only; without one by its place in the pass.\n\n\
        A replica may lag behind, and is refused as live; so is a server that is `read_only` where the account may not ask for the replica's state. \
        Attach the server itself, or name a table in which it writes the time (`as_of`).\n\n\
        | type | becomes |\n|---|---|\n\
        | `varchar`, `text` of any size, `enum`, `set` | the text |\n\
        | `char(n)` | the text, without the padding |\n\
        | `tinyint` to `bigint`, `year` | its digits; a `boolean` is a `tinyint`: `0`, `1` |\n\
        | `decimal` | its digits, exact, with all its decimals |\n\
        | `float`, `double` | digits, rounded; unreadable in a column of ids, where its last digits are gone |\n\
        | `date` | `2026-11-22` |\n\
        | `datetime` | `2026-11-22 00:30:00` |\n\
        | `timestamp` | the same, in Beijing time |\n\
        | `time` | `00:30:00` |\n\
        | `bit(n)` | its *n* digits, `0` and `1` |\n\
        | `uuid` (MariaDB) | the text |\n\
        | `binary`, `varbinary`, `blob` of any size, `json`, geometry and all other types | refused when opened |\n",
    read,
};

const PORT: Parameter = port("3306");

fn read(section: &mut Section<'_>) -> Option<Source> {
    let own = Own { port: &PORT, default_port: 3306, schema: None, default_schema: "" };
    read_remote(section, &own).map(Source::Mysql)
}
