//! How long a definition takes: to be prepared, and to be run over each of its cases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::common::DataFusionError;
use zerotrip_checks::definition::Definition;

use super::file::CaseFile;
use super::running::Running;
use crate::engine::{Engine, PreparedCheck};

/// What a definition takes of one thread.
#[derive(Debug)]
pub struct DefinitionTimes {
    /// To prepare all of its variants over the registers of its first case, as a hub does at its
    /// start.
    pub prepared: Duration,
    /// One run over the registers of each case, on average, in the order of the cases. What the
    /// departments take to make their answers is in it.
    pub cases: Vec<Duration>,
}

/// Times a definition over its cases, each run so many times. What a case's owners state in a way
/// that the check is not prepared for is passed over.
pub async fn time_cases(
    definition: &Definition,
    files: &[CaseFile],
    runs: u32,
) -> Result<DefinitionTimes, DataFusionError> {
    let engine = Engine::for_cases()?;
    let cases = || files.iter().flat_map(|file| &file.cases);
    let mut prepared = Duration::ZERO;
    for case in cases() {
        let statements: BTreeMap<_, _> = case
            .registers
            .iter()
            .map(|(name, register)| (name.clone(), register.statement.clone()))
            .collect();
        let begun = Instant::now();
        if PreparedCheck::try_new(Arc::new(definition.clone()), &statements).await.is_ok() {
            prepared = begun.elapsed();
            break;
        }
    }
    let mut running = Running::new(definition, &engine, super::coverage::Coverage::default());
    let mut times = Vec::new();
    for (number, case) in cases().enumerate() {
        if running.answer(number, case).await.is_err() {
            continue;
        }
        let begun = Instant::now();
        for _ in 0..runs.max(1) {
            let _: Result<_, String> = running.answer(number, case).await;
        }
        times.push(begun.elapsed() / runs.max(1));
    }
    Ok(DefinitionTimes { prepared, cases: times })
}
