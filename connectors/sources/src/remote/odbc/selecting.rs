//! Composes the statement that reads rows.

use std::sync::PoisonError;

use zerotrip_odbc_wire::{Kind, Value};

use super::super::login::misconfigured;
use super::super::system::Query;
use super::OdbcSession;
use super::catalogue::Bound;
use crate::SourceError;

/// Values of one list.
const MOST_IN_LIST: usize = 900;

impl OdbcSession {
    pub(super) fn select(&self, query: &Query<'_>) -> Result<(String, Vec<Value>), SourceError> {
        let mut cells = query
            .columns
            .iter()
            .map(|column| self.quoted(&column.name))
            .collect::<Result<Vec<_>, _>>()?;
        cells.extend(query.locator.iter().map(|part| part.expression.clone()));
        if cells.is_empty() {
            // Some column, for there must be one: how many rows there are is all that is asked.
            let layout = self.layout.read().unwrap_or_else(PoisonError::into_inner);
            cells.extend(layout.bounds.keys().min().map(|name| self.quoted(name)).transpose()?);
        }
        let mut statement =
            format!("select {} from {}", cells.join(", "), self.path(&self.spec.table)?);
        let (mut asked, mut values) = (Vec::new(), Vec::new());
        if !self.dialect.whole {
            let layout = self.layout.read().unwrap_or_else(PoisonError::into_inner);
            for part in &query.asked {
                let bound = layout
                    .bounds
                    .get(&part.column.name)
                    .copied()
                    .unwrap_or(Bound { kind: Kind::Varchar, size: 0 });
                let these = bound.values(part);
                for list in these.chunks(MOST_IN_LIST) {
                    asked.push(format!(
                        "{} in ({})",
                        self.quoted(&part.column.name)?,
                        vec!["?"; list.len()].join(",")
                    ));
                }
                values.extend(these);
            }
        }
        if !asked.is_empty() {
            statement.push_str(&format!(" where {}", asked.join(" or ")));
        }
        Ok((statement, values))
    }

    pub(super) fn path(&self, table: &str) -> Result<String, SourceError> {
        let found = self.layout.read().unwrap_or_else(PoisonError::into_inner).schema.clone();
        let schema = self.spec.schema.clone().or(found);
        let parts = [self.spec.catalog.as_deref(), schema.as_deref(), Some(table)];
        let parts = parts
            .into_iter()
            .flatten()
            .map(|part| self.quoted(part))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join("."))
    }

    pub(super) fn quoted(&self, name: &str) -> Result<String, SourceError> {
        match self.quote {
            Some(quote) => {
                Ok(format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}"))))
            }
            None if name.chars().all(|c| c.is_alphanumeric() || c == '_') => Ok(name.to_owned()),
            None => Err(misconfigured(format!(
                "the driver quotes no names, and `{name}` cannot be written without; attach a view \
                 with plain names"
            ))),
        }
    }
}
