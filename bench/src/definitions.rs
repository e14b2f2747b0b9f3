//! What each shipped definition takes of one thread: to be prepared, and to be run.

use std::fs;
use std::time::Duration;

use clap::Args;
use zerotrip_hub::cases::{CaseFile, time_cases};
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_tests::deployment::{Failure, definitions};

use crate::measure::{self, percentile};

/// Measure every definition.
#[derive(Args)]
pub struct Definitions {
    /// Runs over each case.
    #[arg(long, default_value_t = 200)]
    runs: u32,
}

/// Measures, and prints.
pub async fn measure(arguments: &Definitions) -> Result<(), Failure> {
    println!("machine: {}\n", measure::machine()?);
    println!("| check | prepared, ms | cases | a run, µs: p50 | the longest |");
    println!("|---|---|---|---|---|");
    let mut folders: Vec<_> = fs::read_dir(definitions())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, Failure>>()?;
    folders.sort();
    let mut all = Duration::ZERO;
    for folder in &folders {
        let folder = DefinitionFolder::read(folder)?;
        let definition = folder.definition()?;
        let texts = folder.cases()?;
        let cases: Vec<CaseFile> = texts
            .iter()
            .map(|(path, text)| CaseFile::parse(text, path, &definition))
            .collect::<Result<_, _>>()?;
        let mut times = time_cases(&definition, &cases, arguments.runs).await?;
        times.cases.sort();
        all += times.prepared;
        println!(
            "| {} | {:.0} | {} | {:.0} | {:.0} |",
            definition.name,
            times.prepared.as_secs_f64() * 1e3,
            times.cases.len(),
            percentile(&times.cases, 50) * 1e3,
            times.cases.last().copied().unwrap_or_default().as_secs_f64() * 1e6,
        );
    }
    println!("\n{} definitions are prepared in {:.2} s", folders.len(), all.as_secs_f64());
    Ok(())
}
