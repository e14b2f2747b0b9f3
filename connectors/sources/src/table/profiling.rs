//! Reads every row of the table, which finds what its indexes do not: again whenever
//! another connection has written.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use zerotrip_channel::deadline::Cancellation;

use super::super::profile::{KeyCell, KeyColumns, Profile};
use super::super::row_index::IndexBuilder;
use super::super::unmapped_fields::{UnmappedFields, require_stated};
use super::super::{Rows, SourceError, next_number};
use super::table_profile::TableProfile;
use super::{Inner, Moment, Reader};
use crate::rulings::row_digest;

impl Inner {
    /// A pass over the file as this transaction sees it, taken again if another connection has
    /// written since this reader took its last one.
    pub(super) fn fresh_pass(
        &self,
        reader: &mut Reader,
        cancellation: &Cancellation,
    ) -> Result<Arc<TableProfile>, SourceError> {
        if let Some(pass) = self.fixed.get() {
            return Ok(Arc::clone(pass));
        }
        if let Some((seen, pass)) = &reader.pass
            && *seen == reader.version
        {
            return Ok(Arc::clone(pass));
        }
        let pass = Arc::new(self.take_pass(reader, cancellation)?);
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(Arc::clone(self.fixed.get_or_init(|| pass)));
        }
        reader.pass = Some((reader.version, Arc::clone(&pass)));
        Ok(pass)
    }

    /// Fields of the department's own table that no column names, and of which the owner has stated
    /// nothing.
    fn unmapped_names(&self, reader: &Reader) -> Result<Vec<String>, SourceError> {
        let Some(not_about) = &self.shape.not_about else { return Ok(Vec::new()) };
        let failed = |error: rusqlite::Error| self.failed(&error);
        let mut named =
            reader.connection.prepare("select name from pragma_table_info(?1)").map_err(failed)?;
        let names = named.query_map([&self.shape.table], |row| row.get(0)).map_err(failed)?;
        let names = names.collect::<Result<Vec<String>, _>>().map_err(failed)?;
        require_stated(&self.shape.table, not_about, |stated| {
            names.iter().any(|name| name == stated)
        })?;
        let is_left =
            |name: &String| !self.shape.fields.contains(name) && !not_about.contains(name);
        Ok(names.into_iter().filter(is_left).collect())
    }

    fn take_pass(
        &self,
        reader: &Reader,
        cancellation: &Cancellation,
    ) -> Result<TableProfile, SourceError> {
        // What a snapshot's index holds, this process has put there itself.
        let mut present =
            (!matches!(self.shape.moment, Moment::Fixed(_))).then(IndexBuilder::default);
        let keys = KeyColumns::places(&self.shape.look_ups);
        let kinds = KeyColumns::kinds(&self.shape.look_ups);
        let shape = &self.shape;
        let mut profile = Profile::new(
            shape.look_ups.clone(),
            shape.mention_columns.clone(),
            shape.ragged.clone(),
            Arc::clone(&shape.rulings),
        )?
        .holding(&shape.rules.statements);
        let left = self.unmapped_names(reader)?;
        let mut unmapped = UnmappedFields::of(kinds);
        let sql = self.whole(reader, &left);
        let mut statement = reader.connection.prepare(&sql).map_err(|error| self.failed(&error))?;
        let mut found = statement.query([]).map_err(|error| self.failed(&error))?;
        let mut cells = Rows::default();
        let mut before = None;
        while let Some(row) = found.next().map_err(|error| self.failed(&error))? {
            if profile.rows.is_multiple_of(4096) {
                cancellation.check()?;
            }
            let id: i64 = row.get(0).map_err(|error| self.failed(&error))?;
            if before.is_some_and(|before| before >= id) {
                return Err(self.out_of_order());
            }
            before = Some(id);
            cells.clear();
            let cells = self.cells(row, &mut cells)?;
            // What a snapshot was made from may have been a spreadsheet.
            let is_live = !matches!(self.shape.moment, Moment::Fixed(_));
            let key = |place: usize| match (cells.get(place), row.get_ref(place + 1)) {
                (None, _) => KeyCell::Null,
                (Some(text), Ok(ValueRef::Text(_))) if is_live => KeyCell::Stored(text),
                (Some(text), Ok(ValueRef::Text(_))) => KeyCell::Text(text),
                (Some(number), _) => KeyCell::Number(number),
            };
            profile.note(id, key, || row_digest(cells.iter()))?;
            if !left.is_empty() {
                let text = |at: usize| match row.get_ref(shape.fields.len() + 1 + at) {
                    Ok(ValueRef::Text(text) | ValueRef::Blob(text)) => {
                        Ok(Some(String::from_utf8_lossy(text).into_owned()))
                    }
                    Ok(ValueRef::Integer(number)) => Ok(Some(number.to_string())),
                    Ok(ValueRef::Null | ValueRef::Real(_)) => Ok(None),
                    Err(error) => Err(self.failed(&error)),
                };
                let texts = (0..left.len()).map(text).collect::<Result<Vec<_>, _>>()?;
                unmapped.row(
                    left.iter().zip(&texts).map(|(field, text)| (field.as_str(), text.as_deref())),
                );
            }
            if let Some(present) = &mut present {
                present.note(profile.names(&keys, cells), id.cast_unsigned())?;
            }
        }
        profile.close()?;
        unmapped.require_none(&shape.table)?;
        Ok(TableProfile {
            number: next_number(),
            profile,
            row_index: present.map(IndexBuilder::finish),
        })
    }
}
