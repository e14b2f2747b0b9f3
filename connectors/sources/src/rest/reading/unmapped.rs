//! Ids in members that no column of the dataset file maps.

use super::Plan;
use super::columns::Column;
use crate::rest::json::{self, Json};
use crate::unmapped_fields::UnmappedFields;

impl Plan {
    /// Ids in the names of members and in what is around the rows; of a row, the texts that no
    /// column names, by where they are.
    pub(super) fn note_unmapped<'r>(
        &self,
        value: &'r Json<'_>,
        way: &mut Vec<String>,
        mut of_row: Option<&mut Vec<(String, &'r str)>>,
        unmapped: &mut UnmappedFields,
    ) {
        let Some(not_about) = self.snapshots.not_about() else { return };
        let place = |way: &[String]| format!("/{}", way.join("/"));
        let text = match value {
            Json::Object(members) => {
                for (name, value) in members {
                    // No person is looked up by the name of a member.
                    unmapped.note(&place(way), name);
                    way.push(name.to_string());
                    self.note_unmapped(value, way, of_row.as_deref_mut(), unmapped);
                    way.pop();
                }
                return;
            }
            Json::Array(values) => {
                way.push(json::EACH.to_owned());
                values.iter().for_each(|value| {
                    self.note_unmapped(value, way, of_row.as_deref_mut(), unmapped)
                });
                way.pop();
                return;
            }
            Json::Text(text) => text.as_ref(),
            Json::Number(digits) => digits,
            Json::Null | Json::Bool(_) => return,
        };
        let names = |column: &Column| {
            let steps = column.way.iter().map(String::as_str);
            let within = column.within.iter().flat_map(|steps| {
                std::iter::once(json::EACH).chain(steps.iter().map(String::as_str))
            });
            let same = |(one, other): (&str, &String)| {
                one == other || (other == json::EACH && one.bytes().all(|c| c.is_ascii_digit()))
            };
            column.way.len() + column.within.as_ref().map_or(0, |steps| steps.len() + 1)
                == way.len()
                && steps.chain(within).zip(way.iter()).all(same)
        };
        match of_row {
            Some(_) if self.columns.iter().any(names) => {}
            Some(leaves) => {
                let place = place(way);
                if !not_about.contains(&place) {
                    leaves.push((place, text));
                }
            }
            None if unmapped.names_anybody(text) && !not_about.contains(&place(way)) => {
                unmapped.note(&place(way), text)
            }
            None => {}
        }
    }
}
