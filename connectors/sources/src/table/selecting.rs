//! Rows of the whole table by a condition.

use std::time::SystemTime;

use rusqlite::params_from_iter;
use tokio::sync::mpsc;

use super::super::select::Condition;
use super::super::{Rows, Select, SelectEnd, SourceError};
use super::{Inner, Reader, quote};
use zerotrip_proto::v1::ErrorCode;

impl Inner {
    /// Sends what is selected, in one transaction.
    pub(super) fn send_selected(
        &self,
        reader: &mut Reader,
        select: &Select,
        out: &mpsc::Sender<Rows>,
    ) -> Result<SelectEnd, SourceError> {
        let started = SystemTime::now();
        select.cancellation.check()?;
        let (sql, values) = self.selection(select);
        self.in_transaction(reader, &select.cancellation, u32::MAX, |inner, reader| {
            let as_of = inner.as_of(reader, started)?;
            let mut statement =
                reader.connection.prepare_cached(&sql).map_err(|error| inner.failed(&error))?;
            let mut found =
                statement.query(params_from_iter(&values)).map_err(|error| inner.failed(&error))?;
            let (mut batch, mut left) = (Rows::default(), select.most_rows);
            while let Some(row) = found.next().map_err(|error| inner.failed(&error))? {
                left = left.checked_sub(1).ok_or_else(|| {
                    SourceError::new(
                        ErrorCode::SourceLimit,
                        "more rows than the selection may deliver",
                    )
                })?;
                select
                    .columns
                    .iter()
                    .enumerate()
                    .try_for_each(|(at, place)| inner.cell(row, at, *place, &mut batch))?;
                let times: i64 =
                    row.get(select.columns.len()).map_err(|error| inner.failed(&error))?;
                batch.end_row(times.unsigned_abs());
                if batch.is_full() {
                    select.cancellation.check()?;
                    out.blocking_send(batch.take()).map_err(|_| SourceError::hung_up())?;
                }
            }
            if !batch.is_empty() {
                out.blocking_send(batch).map_err(|_| SourceError::hung_up())?;
            }
            select.cancellation.check()?;
            Ok(SelectEnd { as_of, ragged: inner.shape.ragged.len() as u64 })
        })
    }

    fn selection(&self, select: &Select) -> (String, Vec<String>) {
        let field = |place: usize| {
            self.shape.fields.get(place).map_or_else(|| "null".to_owned(), |field| quote(field))
        };
        // There are no dates here but texts and numbers.
        let condition = Condition::of(&select.only, &self.shape.columns, |_| false);
        let mut values = Vec::new();
        let mut none_of = |place: usize, texts: &[String]| {
            let field = field(place);
            values.extend_from_slice(texts);
            // A floating-point number has another text in SQL than here.
            format!(
                "({field} is null or typeof({field}) = 'real' or cast({field} as text) collate \
                 binary not in (?{}))",
                ",?".repeat(texts.len() - 1)
            )
        };
        let only = condition.sql(&mut none_of, &mut |_, _, _| "1 = 1".to_owned());
        let mut fields: Vec<String> = select.columns.iter().map(|place| field(*place)).collect();
        let mut more = String::new();
        if select.counted && !fields.is_empty() {
            let groups: Vec<String> = fields
                .iter()
                .map(|field| format!("{field} collate binary, typeof({field})"))
                .collect();
            more = format!(" group by {}", groups.join(", "));
        }
        fields.push(if select.counted { "count(*)" } else { "1" }.to_owned());
        if let Some(first) = select.first
            && !select.counted
            && condition.is_all()
        {
            more = format!(" limit {first}");
        }
        (
            format!(
                "select {} from {} not indexed where {only}{more}",
                fields.join(", "),
                quote(&self.shape.table)
            ),
            values,
        )
    }
}
