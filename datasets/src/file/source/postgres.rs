//! `kind = "postgres"`.

use super::remote::{
    AS_OF, CA_FILE, CONNECTIONS, DATABASE, HOST, Own, PASSWORD_ENV, PASSWORD_FILE, PROFILE_EVERY, TABLE, TLS, USER, port,
    read as read_remote,
};
use super::{Kind, Parameter, Source};
use crate::file::section::Section;

pub(super) const KIND: Kind = Kind {
    name: "postgres",
    title: "A table or view on a PostgreSQL server, or on one that speaks its protocol.",
    title_zh: "PostgreSQL 及兼容数据库中的一张表或视图",
    parameters: &[
        &HOST,
        &PORT,
        &DATABASE,
        &SCHEMA,
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
    example: "[source]\nkind = \"postgres\"\nhost = \"10.0.0.12\"\ndatabase = \"household\"\ntable = \"HJ_RKXX\"\nuser = \"zerotrip\"\n\
        password_file = \"household.password\"\nca_file = \"household-ca.pem\"\n",
    notes: "Every look-up is one statement, or one repeatable-read transaction where it takes several or takes a pass of its own, in a \
        session that can write nothing, with row-level security refused rather than obeyed: a policy that hides rows is an error, not an \
        absence. Keys are bound as one array for each column, \
        so that the table's own indexes serve. Look-up columns must be text or whole numbers.\n\n\
        Name the server itself, not a proxy that spreads reads over its copies: one that lags behind would give rows as they were.\n\n\
        A profiling pass reads the key columns every `profile_every` and remembers irregular spellings and unreadable cells; a live \
        source's answers are as of the latest pass. The pass also remembers in which rows each person stands: a \
        look-up that finds fewer of them, because one is gone or spelled anew, fails, and a new pass begins at once. An unreadable row is located by its primary key, else by its `ctid`; in a view without either by its place \
        in the pass. A part of it that is somebody's id shows its ends only.\n\n\
        A standby is as of the last transaction that it has replayed, which on a quiet server is long ago; a table in which the system itself \
        writes the time tells better (`as_of`). A materialized view is refused as live, for nobody knows when it was refreshed.\n\n\
        | type | becomes |\n|---|---|\n\
        | `text`, `varchar`, `name`, an enumeration | the text |\n\
        | `char(n)` | the text, without the padding |\n\
        | `smallint`, `integer`, `bigint` | its digits |\n\
        | `numeric` | its digits, exact, with as many decimals as are stored |\n\
        | `real`, `double precision` | the shortest digits that tell it from its neighbours; unreadable in a column of ids, where its \
        last digits are gone |\n\
        | `boolean` | `true`, `false` |\n\
        | `date` | `2026-11-22` |\n\
        | `timestamp` | `2026-11-22 00:30:00` |\n\
        | `timestamptz` | the same in Beijing time, with `+08` (`+09` in the summers of 1986 to 1991) |\n\
        | `time` | `00:30:00` |\n\
        | `bit`, `varbit` | its digits, `0` and `1` |\n\
        | `uuid` | the text |\n\
        | a domain | as the type that it is made of |\n\
        | `money`, `bytea`, `json`, `xml`, arrays, ranges, composite and all other types | refused when opened |\n",
    read,
};

const PORT: Parameter = port("5432");
const SCHEMA: Parameter =
    Parameter { key: "schema", default: Some("public"), form: "must be a schema's name", doc: "The schema that holds the table." };

fn read(section: &mut Section<'_>) -> Option<Source> {
    let own = Own { port: &PORT, default_port: 5432, schema: Some(&SCHEMA), default_schema: "public" };
    read_remote(section, &own).map(Source::Postgres)
}
