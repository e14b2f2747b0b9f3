//! The arrays of objects within an answer, and the values around them.

use crate::rest::json::Json;

/// Levels of the answer in which rows are looked for.
const MOST_DEPTH: usize = 8;

/// An array of objects within an answer.
pub struct Array {
    pub pointer: String,
    pub rows: usize,
}

/// Every array whose elements are objects, by pointer; rows are not looked into.
pub fn find(value: &Json<'_>, pointer: String, depth: usize, found: &mut Vec<Array>) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Json::Array(rows) if rows.iter().any(|row| matches!(row, Json::Object(_))) => {
            found.push(Array { pointer, rows: rows.len() })
        }
        Json::Object(members) => {
            for (name, value) in members {
                find(value, format!("{pointer}/{}", escaped(name)), depth + 1, found);
            }
        }
        _ => {}
    }
}

/// The values around the rows.
pub fn leaves<'a>(
    value: &'a Json<'a>,
    pointer: String,
    depth: usize,
    found: &mut Vec<(String, &'a Json<'a>)>,
) {
    match value {
        Json::Object(members) if depth <= MOST_DEPTH => {
            for (name, value) in members {
                leaves(value, format!("{pointer}/{}", escaped(name)), depth + 1, found);
            }
        }
        Json::Array(_) | Json::Object(_) => {}
        leaf => found.push((pointer, leaf)),
    }
}

/// A member's name as a step of a pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
