//! What PostgreSQL's catalogue says of a table, natively and through its ODBC driver.

mod allowed_nodes;
mod functions;
mod node_tree;
mod self_joins;
mod view_tree;

use super::super::system::{Column, Form};
use super::Lineage;
use functions::Functions;
use self_joins::Relations;

/// One text: a finding a line. `{path}` is replaced by the quoted name of the table.
const PROOF: &str = include_str!("proof.sql");
/// What the server calls itself.
pub const VERSION: &str = "select pg_catalog.version()";

/// Columns of types that were made here and are not lists of words, in hexadecimal digits: what
/// writes their cells is not PostgreSQL's own.
const MADE: &str = "select coalesce(pg_catalog.string_agg(pg_catalog.encode(pg_catalog.convert_to(column_.\
     attname::text, 'UTF8'), 'hex'), ' '), '') from pg_catalog.pg_attribute as column_ join \
     pg_catalog.pg_type as type on type.oid = column_.atttypid left join pg_catalog.pg_type as \
     below on below.oid = type.typbasetype and type.typtype = 'd' where column_.attrelid = \
     '{path}'::pg_catalog.regclass and column_.attnum > 0 and not column_.attisdropped and \
     coalesce(below.oid, type.oid) >= 16384 and coalesce(below.typtype, type.typtype) <> 'e'";

/// The statement that asks which columns of a table are of types that were made here.
pub fn made(path: &str) -> String {
    MADE.replace("{path}", &path.replace('\'', "''"))
}

/// Refuses the columns that the answer to that statement names, by whatever name a driver calls
/// their types.
pub fn refuse(made: &str, columns: &mut [Column]) {
    for column in columns {
        let digits: String = column.name.bytes().map(|byte| format!("{byte:02x}")).collect();
        if made.split(' ').any(|name| name == digits) {
            column.form = Form::Refused;
        }
    }
}

/// The statement that asks for a table by its quoted path.
pub fn proof(path: &str) -> String {
    PROOF.replace("{path}", &path.replace('\'', "''"))
}

/// What the answer to that statement says: findings, and the trees of views, which are read here.
pub fn read(lines: &str) -> Lineage {
    let mut known = Functions::default();
    let mut relations = Relations::default();
    let mut trees = Vec::new();
    let mut findings = Vec::new();
    let mut views = None;
    for line in lines.lines() {
        match line.split_once(' ') {
            Some(("function", said)) => known.function(said),
            Some(("operator", said)) => known.operator(said),
            Some(("child", said)) => relations.child(said),
            Some(("tree", said)) => trees.push(said),
            Some(("views", said)) => views = said.parse::<usize>().ok(),
            _ => findings.push(line),
        }
    }
    let mut lineage = Lineage::of(&findings.join("\n"));
    // An answer that was cut off has fewer trees than views.
    if views != Some(trees.len()) {
        lineage.unknown("its catalogue does not show the text of each view".to_owned());
    }
    for said in &trees {
        let (number, rest) = said.split_once(' ').unwrap_or(("", said));
        let (name, text) = rest.split_once('\t').unwrap_or(("", rest));
        let item = node_tree::read(text);
        for used in view_tree::unknown(item.as_ref(), &known) {
            lineage.unknown(super::unknown_construct(name, &used));
        }
        if let (Some(item), Ok(number)) = (item, number.parse()) {
            relations.view(number, name, item);
        }
    }
    lineage.hidden.extend(relations.compared().into_iter().map(|view| super::self_join(&view)));
    lineage
}

/// Why its catalogue need not be asked at all: what only speaks PostgreSQL's protocol keeps its
/// views, copies and policies elsewhere.
pub fn is_another(version: &str) -> Option<Lineage> {
    if is_postgres(version) {
        return None;
    }
    let name: String = version.chars().filter(|c| !c.is_control() && *c != '`').take(60).collect();
    Some(Lineage::unasked(&format!(
        "the server is not PostgreSQL itself but `{name}`, whose catalogue is not known here"
    )))
}

/// `PostgreSQL 15.4 on …`, with the name of a distribution between the two or not: forks put their
/// own name there.
fn is_postgres(version: &str) -> bool {
    let Some((number, rest)) =
        version.strip_prefix("PostgreSQL ").and_then(|rest| rest.split_once(' '))
    else {
        return false;
    };
    let major = number
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    let by = match rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        Some((by, rest)) => {
            rest.starts_with("on ")
                && ["Debian ", "Ubuntu "].iter().any(|known| by.starts_with(known))
        }
        None => rest.starts_with("on "),
    };
    // Logical replication, and its catalogue, came with 10.
    by && major.is_some_and(|major| (10..100).contains(&major))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_postgres_itself_is_believed() {
        for known in [
            "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc \
             (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit",
            "PostgreSQL 13.7 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0 20210514 (Red \
             Hat 8.5.0-10), 64-bit",
            "PostgreSQL 17rc1 (Ubuntu 17~rc1-1.pgdg22.04+1) on aarch64-unknown-linux-gnu",
        ] {
            assert!(is_postgres(known), "{known}");
        }
        for other in [
            "PostgreSQL 9.4.26 (Greenplum Database 6.25.3 build commit:aaa) on \
             x86_64-unknown-linux-gnu",
            "PostgreSQL 14.5 (EnterpriseDB Advanced Server 14.5.0) on x86_64-pc-linux-gnu",
            "PostgreSQL 9.2.4 (openGauss 3.0.0 build 02c14696) compiled at 2022-04-01 on aarch64",
            "(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29",
            "KingbaseES V008R006C007B0012 on x64",
            "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)",
            "PostgreSQL 11.2-YB-2.18.0.0-b0 (YugabyteDB 2.18) on x86_64",
            "PostgreSQL 9.6.24 on x86_64-pc-linux-gnu",
            "PostgreSQL on x86_64",
            "PostgreSQL 15 elsewhere",
            "",
        ] {
            assert!(!is_postgres(other), "{other}");
        }
    }
}
