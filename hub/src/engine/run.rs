//! Runs a prepared check for one request: scans in waves, SQL between them, and at the end the
//! conclusion. The steps themselves are in `running.rs`.

use datafusion::common::Result;
use futures::future;

use super::conclude::RunResult;
use super::prepared::{PreparedCheck, PreparedVariant};
use super::running::{Next, Run, Wanted, call_at};
pub use super::runtime::Engine;
use super::scan_call::Dispatch;

impl PreparedCheck {
    /// Runs a variant about one subject. `parameters` are in the definition's order, canonical;
    /// `today` in days since 1970-01-01.
    ///
    /// An `Err` is a fault of the definition or of ours, never of a source: those are in the
    /// conclusion.
    pub async fn run(
        &self,
        engine: &Engine,
        variant: &PreparedVariant,
        parameters: &[String],
        today: i32,
        dispatch: &dyn Dispatch,
    ) -> Result<RunResult> {
        let mut run = Run::new(self, engine, variant, parameters, today)?;
        drive(&mut run, variant, dispatch).await
    }
}

/// Runs it to its end.
pub(super) async fn drive(
    run: &mut Run<'_>,
    variant: &PreparedVariant,
    dispatch: &dyn Dispatch,
) -> Result<RunResult> {
    loop {
        let wanted = match run.next()? {
            Next::Finished(result) => return Ok(result),
            Next::Scans(wanted) => wanted,
            Next::Sql(_, plan) => {
                let rows = run.look(plan).await;
                run.made(rows)?;
                continue;
            }
        };
        let asking = &*run;
        let asked = wanted.into_iter().map(|(at, wanted)| async move {
            let scanned = match wanted {
                Wanted::Settled(scanned) => scanned,
                Wanted::Keys(keys) => {
                    let answer = dispatch.scan(call_at(variant, at, keys, None)?).await;
                    asking.take(at, answer)?
                }
            };
            Ok((at, scanned))
        });
        let scanned: Result<Vec<_>> = future::join_all(asked).await.into_iter().collect();
        run.resume(scanned?)?;
    }
}
