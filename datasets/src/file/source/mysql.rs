//! `kind = "mysql"`.

use super::remote::{
    AS_OF, CA_FILE, CONNECTIONS, DATABASE, HOST, NOTHING_HIDDEN, Own, PASSWORD_ENV, PASSWORD_FILE,
    PROFILE_EVERY, TABLE, TLS, USER, port, read as read_remote,
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
        &NOTHING_HIDDEN,
    ],
    example: "[source]\nkind = \"mysql\"\nhost = \"10.0.0.13\"\ndatabase = \"estate\"\ntable = \
              \"FW_CQ\"\nuser = \"zerotrip\"\npassword_env = \"ESTATE_PASSWORD\"\ntls = \
              \"verify\"\n",
    notes: "Every look-up is one statement, or one transaction where it takes several or takes a \
            pass of its own, in a session that only reads, and sees one consistent snapshot, \
            where the table's engine has snapshots (InnoDB). Keys are bound as parameters, text \
            to columns of text and numbers to columns of numbers, so that the table's own indexes \
            serve. Look-up columns must be text or whole numbers.\n\nName the server itself, not \
            a proxy that spreads reads over its copies: one that lags behind would give rows as \
            they were.\n\nA profiling pass reads the key columns every `profile_every` and \
            remembers irregular spellings and unreadable cells; a live source's answers are as of \
            the latest pass. The pass also remembers in which rows each person is: a look-up \
            that finds fewer of them, because one is gone, was written anew, or is spelled \
            otherwise now, takes a pass of its own, and is of then; where it has no time for that \
            it fails, and a pass begins at once. An unreadable row is located by its primary key, \
            of which a part that is a person's id shows its ends only; without one by its place \
            in the pass.\n\n**What is asked of the catalogue**, at every pass, with `select` on \
            the table, `show view` on a view and `show view` and `references` on what it rests \
            upon (by which a table and its columns are listed and nothing of it can be read), and \
            `replica monitor` on `*.*` (MySQL: `replication client`):\n\n| asked | accepted | \
            refused |\n|---|---|---|\n| `information_schema.tables` | tables of InnoDB, MyISAM \
            and Aria | every other engine (FEDERATED, CONNECT, SPIDER, MEMORY, MRG_MyISAM …), a \
            secondary engine, and what the account does not see |\n| \
            `information_schema.columns`, `show create table` | a table of which the account sees \
            every column, `invisible` ones too; virtual columns made in the words below of \
            columns that are the same in every session | a column that it may not read; one, \
            behind a view, that its catalogue does not show it; a virtual column made in other \
            words, such as `current_user()`, or of a `timestamp` or a `time`; a temporary table \
            of the session by the same name (`init_connect`); a system-versioned table |\n| \
            `information_schema.views` | views over such, in words that hide no row and are the \
            same in every session: columns, literals, comparisons, `and`, `or`, `not`, `is`, `in` \
            with a list, `between`, `like` without a backslash, `case`, `if`, `coalesce`, \
            `nullif`, `concat`, `trim`, `upper`, `lower`, `substr`, `left`, `right`, `replace`, \
            `length`, `cast` to `char` or to numbers, joins of different tables (one with itself \
            only by a `left join` on which no other condition rests), queries in `from`, `where`, \
            `order by`, `union all` | every other word: clocks, dates and their names, \
            `current_user()`, variables, user-defined functions, arithmetic, `collate`, \
            `distinct`, `group by`, aggregates, windows, `limit`, `union`, queries within an \
            expression, a table's partition; a `timestamp`, or what another view shows of one as \
            a text, and a `time`, with which more is done than to show it |\n| `show all slaves \
            status`, `show replica status` | a server that follows no other | a replica, of any \
            number of servers, running or stopped; and where the account may not ask |\n| \
            `read_only` | a server that takes writes | one that does not: a replica that was cut \
            off is so |\n| `innodb_force_recovery`, `rewriter_enabled` | 0 | a server that was \
            started to rescue its tables, or that rewrites what it is asked |\n| `wsrep_on`, \
            `group_replication_group_name` | a server by itself; one of a Galera cluster, which is \
            set to wait for the others (`wsrep_sync_wait`) | a member of a replication group |\n| \
            `information_schema.events`, as far as the account sees them | | a table that an event \
            names |\n\nWhat is refused as not of now may be attached with `as_of`, naming a table \
            in which the system itself writes the time; what could hide rows or cells from this \
            reader, with `nothing_hidden`, by which its owner says why it does not. An event that \
            the account does not see, and a program elsewhere that fills a table, no catalogue \
            tells: a table that is filled so wants `as_of`.\n\n| type | becomes |\n|---|---|\n| \
            `varchar`, `text` of any size, `enum`, `set` | the text |\n| `char(n)` | the text, \
            without the padding |\n| `tinyint` to `bigint`, `year` | its digits; a `boolean` is a \
            `tinyint`: `0`, `1` |\n| `decimal` | its digits, exact, with all its decimals |\n| \
            `float`, `double` | digits, rounded; unreadable in a column of ids, where its last \
            digits are gone |\n| `date` | `2026-11-22` |\n| `datetime` | `2026-11-22 00:30:00` \
            |\n| `timestamp` | the same, in Beijing time |\n| `time` | `00:30:00` |\n| `bit(n)` | \
            its *n* digits, `0` and `1` |\n| `uuid` (MariaDB) | the text |\n| `binary`, \
            `varbinary`, `blob` of any size, `json`, geometry and all other types | refused when \
            opened |\n",
    read,
};

const PORT: Parameter = port("3306");

fn read(section: &mut Section<'_>) -> Option<Source> {
    let own = Own { port: &PORT, default_port: 3306, schema: None, default_schema: "" };
    read_remote(section, &own).map(Source::Mysql)
}
