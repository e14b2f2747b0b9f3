//! Verifies what a driver does not say by itself: that it reads text as it is stored, gave every
//! row, and read a file that did not change; and advises its owner.

use zerotrip_odbc_wire::Request;
use zerotrip_proto::v1::ErrorCode;

use super::super::login::misconfigured;
use super::OdbcSession;
use super::address::address;
use super::errors::garbles;
use super::file::identity_of;
use crate::SourceError;

impl OdbcSession {
    /// A table that was read whole has as many rows as the system itself counts: a driver that
    /// gives up on a damaged page does not say so.
    pub(super) async fn counted(&mut self, came: u64) -> Result<(), SourceError> {
        if !self.dialect.whole {
            return Ok(());
        }
        let statement = format!("select count(*) from {}", self.path(&self.spec.table)?);
        let rows = self
            .collect(&Request::Read { statement, values: Vec::new(), narrow: self.dialect.narrow })
            .await?;
        let count =
            rows.first().and_then(|row| row.first()?.as_deref()?.trim().parse::<u64>().ok());
        if count == Some(came) {
            return Ok(());
        }
        let count = count.map_or("an unknown number".to_owned(), |count| count.to_string());
        let detail = format!(
            "{} gave {came} rows of `{}`, which has {count}; have the file repaired",
            address(&self.spec),
            self.spec.table
        );
        Err(SourceError::new(ErrorCode::SourceFailed, detail))
    }

    /// A character beyond ASCII comes as what it is; `$` where the database itself has none. Not
    /// for a driver that is known to be narrow.
    pub(super) async fn reads_text(&mut self) -> Result<(), SourceError> {
        let came = self.one(self.dialect.probe).await?;
        if self.dialect.probe.is_empty() || matches!(came.as_deref(), Some("张" | "$")) {
            return Ok(());
        }
        Err(misconfigured(garbles(&address(&self.spec))))
    }

    /// The watched file is what it was as the session began; a system with snapshots need not be
    /// watched.
    pub(super) fn unchanged(&self) -> Result<(), SourceError> {
        let Some((path, was)) = self.file.as_ref().filter(|_| !self.dialect.snapshot) else {
            return Ok(());
        };
        if identity_of(path)? == *was {
            return Ok(());
        }
        Err(SourceError::new(
            ErrorCode::SourceFailed,
            format!("`{}` changed while it was read; ask again", path.display()),
        ))
    }

    pub(super) fn advice(&self) -> Vec<String> {
        let system = &self.system;
        let mut advice = Vec::new();
        match (self.dialect.snapshot, &self.file) {
            (true, _) => {}
            (false, Some(_)) => advice.push(format!(
                "`{system}` gives no snapshots: a look-up during which the file changes fails, so \
                 have it replaced or written at quiet times"
            )),
            (false, None) => advice.push(format!(
                "`{system}` gives no snapshots that are known here: answers are right only as \
                 long as the table is not changed, as `unchanging` says"
            )),
        }
        if self.dialect.whole {
            advice
                .push("the driver binds no values: every look-up reads the whole table".to_owned());
        } else {
            advice.push(
                "whether the look-up columns have indexes cannot be asked through ODBC: see to it \
                 that they do"
                    .to_owned(),
            );
        }
        advice
    }
}
