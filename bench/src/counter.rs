//! What a counter asks before it settles: whether benefits of medical insurance are granted today.
//! One register is asked; beside it the floor of one, and of two that are asked at once.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::Runtime;
use zerotrip_channel::SystemHome;
use zerotrip_client::{CheckQuestion, Outcome};
use zerotrip_tests::city::medical::medical;
use zerotrip_tests::city::{Spec, System, imagine};
use zerotrip_tests::deployment::{FUND, Failure, Plan, TestDeployment, fail};

use crate::floor::{Floor, ONE_REGISTER, TWO_REGISTERS};
use crate::load::{HUB_SETTINGS, Load, Turn, asked_again, asking, errand, floor};
use crate::measure::{self, Gauge, Measured};

const CHECK: &str = "medical-insurance-eligibility";

/// Measure the eligibility check of a counter.
#[derive(Args)]
pub struct Counter {
    /// How many ask at once while half of the peak is asked.
    #[arg(long, default_value_t = 32)]
    lanes: usize,
}

/// Whom it is asked about, and what is true.
type People = Arc<Vec<(String, bool)>>;

/// Measures, and prints.
pub fn measure(
    arguments: &Counter,
    (dir, residents, at, seconds): (&Path, usize, &[usize], u64),
    runtime: &Runtime,
) -> Result<(), Failure> {
    let plan = Plan { hub_settings: HUB_SETTINGS.into(), ..Plan::now(residents, 7) };
    let mut town = TestDeployment::start(dir, &plan, &mut |line| eprintln!("· {line}"))?;
    let even = Spec { is_odd: false, ..plan.spec.clone() };
    town.join_others(&even, &mut |line| eprintln!("· {line}"))?;
    town.allow(CHECK)?;
    let people = people(&plan.spec, &even, &dir.join("key"))?;
    let floors = [(Floor::start(&town, &ONE_REGISTER)?, ONE_REGISTER), {
        (Floor::start(&town, &TWO_REGISTERS)?, TWO_REGISTERS)
    }];
    let Some(hub) = town.hub().map(|hub| hub.id()) else { return fail("the hub does not run") };
    let Some(medical) = town.connector("medical").map(|one| one.id()) else {
        return fail("the medical insurance office's connector does not run");
    };
    let gauge = Gauge {
        hub: Some(hub),
        connectors: vec![medical],
        databases: Vec::new(),
        client: std::process::id(),
    };
    wait_for_approvals(&town, &people, runtime)?;
    println!("machine: {}", measure::machine()?);
    println!("{CHECK}/entitled about {} persons; {seconds} s a measurement\n", people.len());
    println!(
        "| what | at once | answers/s | p50 ms | p99 ms | CPU ms/answer | hub | connectors | \
         client | wrong | told to ask again |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let (mut peak, mut ratios) = (0.0_f64, Vec::new());
    for lanes in at.iter().copied() {
        let mut p50 = Vec::new();
        for (floored, name) in floors.iter().zip(["one register", "two registers"]) {
            let gauge = floored.0.gauge();
            let measured = runtime.block_on(floor(&town, floored, lanes, seconds, &gauge))?;
            println!("{}", measured.row(&format!("floor of {name}, as many signatures"), lanes));
            p50.push(measured.percentile(50));
        }
        let load = Load { lanes, seconds, rate: None };
        let real = runtime.block_on(eligible(&town, &people, load, &gauge))?;
        println!("{}", real.row("eligibility", lanes));
        peak = peak.max(real.rate());
        let of = |floor: &f64| format!("{:.2}", real.percentile(50) / floor);
        ratios.push(format!("at {lanes}: {}", p50.iter().map(of).collect::<Vec<_>>().join(", ")));
    }
    let load = Load { lanes: arguments.lanes, seconds, rate: Some(peak / 2.0) };
    let half = runtime.block_on(eligible(&town, &people, load, &gauge))?;
    println!("{}", half.row("eligibility, at half of the peak", arguments.lanes));
    println!("\np50 beside the floors of one and of two registers: {}", ratios.join("; "));
    println!("resident now / at most: hub {}", measure::memory(hub)?);
    drop(floors);
    town.stop()
}

/// Those whose rows are as they were entered.
fn people(spec: &Spec, even: &Spec, key: &Path) -> Result<People, Failure> {
    let truth = medical(even, System::Sqlite, key)?;
    let known = imagine(spec)?.ids.into_iter().filter_map(|id| {
        let truth = truth.get(&id).filter(|truth| truth.is_clean)?;
        Some((id.as_str().to_owned(), !truth.granted(spec.today, None).is_empty()))
    });
    Ok(Arc::new(known.collect()))
}

async fn eligible(
    town: &TestDeployment,
    people: &People,
    load: Load,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
    let people = Arc::clone(people);
    asking(town, load, gauge, move |mut session, turn| {
        let people = Arc::clone(&people);
        async move {
            let Some((id, holds)) = people.get(turn % people.len()) else {
                return (session, fail("nobody to ask about"));
            };
            let outcome = match session.check(&errand(), &question(id)).await {
                Ok(outcome) => outcome,
                Err(error) => return (session, asked_again(error)),
            };
            let same = match &outcome {
                Outcome::Affirmed(_) => *holds,
                Outcome::Negative(_) => !*holds,
                _ => false,
            };
            if !same {
                eprintln!("wrong about {id}, of whom it is {holds}: {outcome:?}");
            }
            (session, Ok(if same { Turn::Right } else { Turn::Wrong }))
        }
    })
    .await
}

fn question(id: &str) -> CheckQuestion {
    CheckQuestion {
        check: CHECK.into(),
        variant: "entitled".into(),
        parameters: vec![("applicant".into(), id.into())],
    }
}

/// What an owner has just approved is in force within a second or so.
fn wait_for_approvals(
    town: &TestDeployment,
    people: &People,
    runtime: &Runtime,
) -> Result<(), Failure> {
    let home = SystemHome::load(&town.folder.join(FUND))?;
    let Some((id, _)) = people.first() else { return fail("nobody to ask about") };
    zerotrip_tests::deployment::wait_until(
        std::time::Duration::from_secs(20),
        "what its owner approved is in force",
        || {
            let asked = runtime.block_on(async {
                let mut session = zerotrip_client::Session::connect(&home).await?;
                session.check(&errand(), &question(id)).await
            })?;
            Ok(matches!(asked, Outcome::Affirmed(_) | Outcome::Negative(_)))
        },
    )
}
