//! `kind = "postgres"`.

use super::remote::{
    AS_OF, CA_FILE, CONNECTIONS, DATABASE, HOST, NOTHING_HIDDEN, Own, PASSWORD_ENV, PASSWORD_FILE,
    PROFILE_EVERY, TABLE, TLS, USER, port, read as read_remote,
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
        &NOTHING_HIDDEN,
    ],
    example: "[source]\nkind = \"postgres\"\nhost = \"10.0.0.12\"\ndatabase = \"estate\"\ntable = \
              \"FW_CQ\"\nuser = \"zerotrip\"\npassword_file = \"estate.password\"\nca_file = \
              \"estate-ca.pem\"\n",
    notes: "Every look-up is one statement, or one repeatable-read transaction where it takes \
            several or takes a pass of its own, in a session that can write nothing, with \
            row-level security refused rather than obeyed: a policy that hides rows is an error, \
            not an absence. Keys are bound as one array for each column, so that the table's own \
            indexes serve. Look-up columns must be text or whole numbers.\n\nName the server \
            itself, not a proxy that spreads reads over its copies: one that lags behind would \
            give rows as they were.\n\nA profiling pass reads the key columns every \
            `profile_every` and remembers irregular spellings and unreadable cells; a live \
            source's answers are as of the latest pass. The pass also remembers in which rows each \
            person is: a look-up that finds fewer of them, because one is gone, was written anew, \
            or is spelled otherwise now, takes a pass of its own, and is of then; where it has no \
            time for that it fails, and a pass begins at once. An unreadable row is located by its \
            primary key, else by its `ctid`; in a view without either by its place in the pass. A \
            part of it that is a person's id shows its ends only.\n\n**What is asked of the \
            catalogue**, at every pass, with no privilege but `select` on the table itself:\n\n| \
            asked | accepted | refused |\n|---|---|---|\n| `version()` | PostgreSQL 10 and later | \
            forks and look-alikes: their copies and policies are not known here |\n| `pg_class`, \
            `pg_inherits` | ordinary and partitioned tables (`heap`, permanent), and their \
            children and partitions | materialized views, foreign tables, unlogged and temporary \
            tables, other access methods, anywhere in it |\n| `pg_rewrite`, `pg_depend`, \
            `pg_proc`, `pg_operator` | views over such, of what hides no row and is the same in \
            every session: columns, literals, comparisons, `and`, `or`, `not`, `is`, `in` with a \
            list, `between`, `like`, `case`, `coalesce`, `nullif`, `||`, `concat`, `trim`, \
            `upper`, `lower`, `substring`, `left`, `right`, `replace`, `length`, `+`, `-`, `*`, \
            casts between texts, whole and decimal numbers and truth values, joins of different \
            tables (one with itself only by a `left join` on which no other condition rests), \
            queries in `from`, `where`, `order by`, `union all` | every other function and node: \
            clocks, `current_user`, settings, user-defined functions, `to_char`, `extract`, \
            casts between a text and a date, and between a moment with a zone and one without, \
            `ctid` and its like, `distinct`, `group by`, aggregates, windows, `limit`, `offset`, \
            `tablesample`, `only`, `with`, `union`, queries within an expression |\n| \
            `pg_attribute`, `pg_type`, `pg_cast` | columns of PostgreSQL's own types, lists of \
            words (`enum`), and domains over them, written by what PostgreSQL brings along, or \
            `with inout` | a cast from or to `text` that was made with a function, for any of its \
            own types or one of a column that is read; a generated column that is not stored |\n| \
            `pg_operator`, `pg_proc`, `pg_collation` | what `pg_catalog` had when the server was \
            set up | an operator that was made there; a function that the reader rests upon that \
            was made or changed there |\n| `zero_damaged_pages` | `off` | a server that shows \
            damaged pages as empty ones |\n| `pg_subscription_rel`, `pg_replication_origin` | \
            tables that no replication writes | those that a logical subscription writes, running \
            or stopped; a server that is written from another's log in a way that is not its own \
            |\n| `pg_is_in_recovery()` | the server itself | a standby is as of the last \
            transaction that it has replayed |\n| `row_security`, `pg_seclabel`, `pg_shseclabel` | \
            tables and a reader without policies and labels | a policy that applies, a mask \
            |\n\nWhat is refused as not of now may be attached with `as_of`, naming a table in \
            which the system itself writes the time; what could hide rows or cells from this \
            reader, with `nothing_hidden`, by which its owner says why it does not.\n\n| type | \
            becomes |\n|---|---|\n| `text`, `varchar`, `name`, an enumeration | the text |\n| \
            `char(n)` | the text, without the padding |\n| `smallint`, `integer`, `bigint` | its \
            digits |\n| `numeric` | its digits, exact, with as many decimals as are stored |\n| \
            `real`, `double precision` | the shortest digits that tell it from its neighbours; \
            unreadable in a column of ids, where its last digits are gone |\n| `boolean` | `true`, \
            `false` |\n| `date` | `2026-11-22` |\n| `timestamp` | `2026-11-22 00:30:00` |\n| \
            `timestamptz` | the same in Beijing time, with `+08` (`+09` in the summers of 1986 to \
            1991) |\n| `time` | `00:30:00` |\n| `bit`, `varbit` | its digits, `0` and `1` |\n| \
            `uuid` | the text |\n| a domain | as the type that it is made of |\n| `money`, \
            `bytea`, `json`, `xml`, arrays, ranges, composite and all other types | refused when \
            opened |\n",
    read,
};

const PORT: Parameter = port("5432");
const SCHEMA: Parameter = Parameter {
    key: "schema",
    default: Some("public"),
    form: "must be a schema's name",
    doc: "The schema that holds the table.",
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    let own =
        Own { port: &PORT, default_port: 5432, schema: Some(&SCHEMA), default_schema: "public" };
    read_remote(section, &own).map(Source::Postgres)
}
