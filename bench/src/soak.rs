//! Many at once for minutes: whether anything fails, and whether memory grows.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::Runtime;
use zerotrip_tests::city;
use zerotrip_tests::deployment::{DEPARTMENTS, Failure, Plan, TestDeployment, fail};

use crate::load::{self, HUB_SETTINGS};
use crate::measure::{self, Gauge};

/// Measure whether errors and memory grow with time.
#[derive(Args)]
pub struct Soak {
    /// How many ask at once. The hub's `exchanges` is set to twice as many.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=8000))]
    lanes: u32,
    /// Seconds in all. Memory is read ten times in this.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    lasting: u64,
}

/// Measures, and prints.
pub fn measure(
    arguments: &Soak,
    (folder, residents): (&Path, usize),
    runtime: &Runtime,
) -> Result<(), Failure> {
    let lanes = usize::try_from(arguments.lanes)?;
    let settings = format!("{HUB_SETTINGS}exchanges = {}\n", lanes * 2);
    let plan = Plan { hub_settings: settings, ..Plan::now(residents, 7) };
    let mut town = TestDeployment::start(folder, &plan, &mut |line| eprintln!("· {line}"))?;
    let city = Arc::new(city::imagine(&plan.spec)?);
    let Some(hub) = town.hub().map(|hub| hub.id()) else { return fail("the hub does not run") };
    let members: Vec<&str> = DEPARTMENTS.iter().map(|(member, ..)| *member).collect();
    let connectors: Vec<u32> =
        members.iter().filter_map(|member| town.connector(member)).map(|one| one.id()).collect();
    let gauge = Gauge {
        hub: Some(hub),
        connectors: connectors.clone(),
        databases: Vec::new(),
        client: std::process::id(),
    };
    println!("machine: {}", measure::machine()?);
    println!("city: {} persons; {lanes} at once\n", city.ids.len());
    println!(
        "| from second | answers/s | p50 ms | p99 ms | wrong | told to ask again | MiB: hub | {} |",
        members.join(" | ")
    );
    println!("|---|---|---|---|---|---|---|{}", "---|".repeat(members.len()));
    let part = (arguments.lasting / 10).max(1);
    for number in 0..10 {
        let measured = runtime.block_on(load::family(&town, &city, lanes, part, &gauge))?;
        let mut memory = vec![measure::resident(hub)?.now.to_string()];
        for connector in &connectors {
            memory.push(measure::resident(*connector)?.now.to_string());
        }
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {} | {} | {} |",
            number * part,
            measured.rate(),
            measured.percentile(50),
            measured.percentile(99),
            measured.wrong,
            measured.refused,
            memory.join(" | ")
        );
    }
    town.stop()
}
