//! LineageQuery the driver's process, and reads short answers whole.

use zerotrip_odbc_wire::{Reply, Request};

use super::OdbcSession;
use super::address::address;
use super::catalogue::Collector;
use super::errors::{Phase, map_error};
use super::process::{BatchSink, Broken};
use crate::SourceError;

impl OdbcSession {
    pub(super) async fn ask<T: BatchSink>(
        &mut self,
        request: &Request,
        rows: &mut T,
    ) -> Result<Reply, SourceError> {
        self.helper.ask(request, rows).await.map_err(|broken| match broken {
            Broken::Failed(failure) => {
                map_error(&self.spec, &address(&self.spec), &self.dialect, Phase::Later, &failure)
            }
            Broken::Gone(error) => error,
        })
    }

    /// The one value of a query; none where there is nothing to ask.
    pub(super) async fn one(&mut self, statement: &str) -> Result<Option<String>, SourceError> {
        if statement.is_empty() {
            return Ok(None);
        }
        let request = Request::Read {
            statement: statement.to_owned(),
            values: Vec::new(),
            narrow: self.dialect.narrow,
        };
        let rows = self.collect(&request).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    pub(super) async fn collect(
        &mut self,
        request: &Request,
    ) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let mut rows = Collector::default();
        self.ask(request, &mut rows).await?;
        Ok(rows.rows)
    }

    /// What a driver need not be able to say.
    pub(super) async fn optional(
        &mut self,
        request: &Request,
    ) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let mut rows = Collector::default();
        match self.helper.ask(request, &mut rows).await {
            Ok(_) => Ok(rows.rows),
            Err(Broken::Failed(failure))
                if matches!(failure.state.as_str(), "IM001" | "HYC00" | "S1C00") =>
            {
                Ok(Vec::new())
            }
            Err(Broken::Failed(failure)) => Err(map_error(
                &self.spec,
                &address(&self.spec),
                &self.dialect,
                Phase::Later,
                &failure,
            )),
            Err(Broken::Gone(error)) => Err(error),
        }
    }
}
