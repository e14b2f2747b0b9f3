//! What a table that is read through ODBC rests upon, as far as its system can be asked.

use std::sync::PoisonError;

use super::super::lineage::{self, Lineage};
use super::OdbcSession;
use super::dialect::LineageQuery;
use crate::SourceError;

impl OdbcSession {
    pub(super) async fn trace_lineage(&mut self) -> Result<Lineage, SourceError> {
        let path = self.path(&self.spec.table)?;
        let lines = match self.dialect.lineage {
            LineageQuery::Nothing => {
                let why = format!(
                    "`{}` cannot be asked through ODBC what it rests upon, as far as is known here",
                    self.spec.table
                );
                return Ok(Lineage::unasked(&why));
            }
            LineageQuery::InFile if self.file.is_some() => {
                return Ok(Lineage::of(&format!("table: {}", self.spec.table)));
            }
            LineageQuery::InFile => {
                return Ok(Lineage::unasked(
                    "which file it is in is not said: name it in `source.file`",
                ));
            }
            LineageQuery::Postgres => {
                let version = self.one(lineage::postgres::VERSION).await?.unwrap_or_default();
                if let Some(another) = lineage::postgres::is_another(&version) {
                    return Ok(another);
                }
                let lines = self.one(&lineage::postgres::proof(&path)).await?;
                return Ok(lineage::postgres::read(lines.as_deref().unwrap_or_default()));
            }
            LineageQuery::Statement(statement) => {
                let schema = self.spec.schema.clone();
                let schema = schema.or_else(|| {
                    self.layout.read().unwrap_or_else(PoisonError::into_inner).schema.clone()
                });
                let literal = |text: &str| text.replace('\'', "''");
                let statement = statement
                    .replace("{path}", &literal(&path))
                    .replace("{schema}", &literal(&schema.unwrap_or_default()))
                    .replace("{table}", &literal(&self.spec.table));
                self.one(&statement).await?
            }
        };
        Ok(Lineage::of(lines.as_deref().unwrap_or_default()))
    }
}
