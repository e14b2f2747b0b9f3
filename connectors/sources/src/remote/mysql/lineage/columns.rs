//! Tables and views that were followed, their columns, and which of these another session may see
//! otherwise.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::super::lineage;
use super::super::super::lineage::mysql::View;

/// Types whose values are the same in every session. A `timestamp` is written in its zone, and a
/// `time` beside a date is one of the day that it has.
pub const SAME: &[&str] = &[
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

/// A column that the reader sees in the catalogue.
pub struct SeenColumn {
    /// In small letters, for names are compared so.
    pub name: String,
    /// Whether another session could see its values otherwise.
    pub is_of_session: bool,
    /// From what it is made each time that it is read.
    pub made: Option<String>,
}

/// A database, and a table in it.
pub type TableName = (String, String);

/// A table or view that was followed.
pub struct Followed {
    pub name: String,
    pub columns: Vec<SeenColumn>,
    /// What the text of a view says.
    pub view: Option<View>,
}

/// Everything that a table rests upon.
pub type All = HashMap<TableName, Followed>;

/// A column of a table that may be made for one reader otherwise than for another, and why.
pub fn made_anew(columns: &[SeenColumn]) -> Option<String> {
    columns.iter().find_map(|column| {
        let used = match lineage::mysql::expression(column.made.as_ref()?) {
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

pub fn not_seen(name: &str, user: &str) -> String {
    format!(
        "the columns of `{name}` are not all in the catalogue that `{user}` sees, and one of them \
         may be made anew for each reader: grant `references` on it, by which they are listed \
         there and nothing of it can be read"
    )
}

/// The columns of each table and view, in small letters, whose values another session may see
/// otherwise, though it may call them texts: a `timestamp`, and what a view shows of one.
pub fn of_session(all: &All) -> HashMap<&TableName, BTreeSet<String>> {
    let of_type = |followed: &Followed| {
        followed
            .columns
            .iter()
            .filter(|column| column.is_of_session)
            .map(|column| column.name.clone())
            .collect()
    };
    let mut found: HashMap<&TableName, BTreeSet<String>> =
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
pub fn of_the_session(
    view: &View,
    all: &All,
    others: &HashMap<&TableName, BTreeSet<String>>,
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
pub fn compares(place: &TableName, all: &All) -> bool {
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
fn tables(place: &TableName, all: &All, into: &mut HashSet<TableName>) {
    if into.insert((place.0.to_lowercase(), place.1.to_lowercase())) {
        let view = all.get(place).and_then(|followed| followed.view.as_ref());
        view.into_iter().flat_map(|view| &view.tables).for_each(|table| tables(table, all, into));
    }
}
