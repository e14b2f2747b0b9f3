//! `zerotrip-bench`: the family check under load, and in the same run its floor: the same 1 + 4
//! mTLS calls, each signed and verified one by one at both ends, with nothing inside. Every answer
//! is compared with the key while it is timed.

mod certificates;
mod counter;
mod definitions;
mod disk;
mod floor;
mod grants;
mod growth;
mod load;
mod measure;
mod overload;
mod parts;
mod peers;
mod site;
mod soak;
mod sources;
mod stream;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use zerotrip_tests::deployment::{Failure, Plan, TestDeployment, fail};

use measure::Gauge;

/// The hub's and the connectors' own, so that the floor has it too.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure the family check against its floor.
#[derive(Parser)]
#[command(name = "zerotrip-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Folder for the installation that is measured.
    #[arg(long, default_value = "zerotrip-bench-data", global = true)]
    dir: PathBuf,
    /// Residents of the invented city.
    #[arg(long, default_value_t = 20_000)]
    residents: usize,
    /// How many ask at once, one measurement each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 128])]
    at: Vec<usize>,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[derive(Subcommand)]
enum Command {
    /// One process of the floor; started by the bench itself.
    #[command(hide = true)]
    Floor(floor::Role),
    /// Each kind of source beside the same statements through its driver alone.
    Sources(sources::Sources),
    /// Millions of rows through a connector, the channel and the hub, with the resident memory of
    /// both.
    Stream(stream::Stream),
    /// The family check beside postgres_fdw, both asking the same four PostgreSQL tables.
    ///
    /// The peer is what a department's DBA would build instead of a hub: two PostgreSQL servers on
    /// loopback, with the household and marriage registers on one and the housing registers on the
    /// other, and one plpgsql function that reaches these through postgres_fdw. The function says
    /// true or false. It signs nothing, logs nothing, checks no right to ask, and uses no TLS. The
    /// hub and its four connectors ask the same tables with everything on. Every answer of either
    /// is compared with the city's key while it is timed. A third figure is the driver alone for
    /// 10,000 subjects: two statements with `= any($1)` for each source.
    ///
    /// It needs PostgreSQL with its contrib modules (Debian: `postgresql`), the binaries of the
    /// workspace beside this one, and a folder (`--dir`) without an installation in it. It starts
    /// the servers itself, on free ports and with data that are removed at the end.
    ///
    /// With the defaults it takes about three minutes on two idle cores: one to set up, half a
    /// minute to ask the peer about every resident, and 20 s for each number of `--at`.
    Peers(peers::Peers),
    /// What an exchange costs on the disk: as answered, moved into a segment, its body erased.
    Disk(disk::Disk),
    /// Ten times as many questions as the hub can answer, at a rate that does not wait for answers.
    ///
    /// The peak is measured first, with 128 waiting at once, then the overload, then the peak
    /// again. Every answer is compared with the city's key. A refusal other than OVERLOADED ends
    /// the bench. `--seconds` is the time of each of the three.
    Overload(overload::Overload),
    /// What a counter asks, beside floors of one and of two registers; then at half of the peak.
    Counter(counter::Counter),
    /// Certificates: issued beside the check alone, by the batch, verified; and a list of states.
    Certificates(certificates::Certificates),
    /// Every shipped definition: what it takes to prepare, and to run over each of its cases.
    Definitions(definitions::Definitions),
    /// What a decision costs, by how many grants are in force.
    Grants(grants::Grants),
    /// How the cost of a check grows with the registers that it asks.
    ///
    /// Eight departments, each with a connector and a CSV register of its own, and one check with a
    /// variant for each number of registers. Every answer is compared with what was written.
    Growth(growth::Growth),
    /// A thousand at once for ten minutes, with the memory of hub and connectors.
    Soak(soak::Soak),
}

fn main() -> ExitCode {
    zerotrip_trust::tls::install_provider();
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Floor(role)) => floor::serve(role),
        Some(Command::Sources(sources)) => measure_sources(sources, &arguments.dir),
        Some(Command::Stream(stream)) => stream::measure(stream, &arguments.dir),
        Some(Command::Peers(peers)) => peers::measure(peers, &arguments.dir),
        Some(Command::Disk(disk)) => disk::measure(disk, arguments.residents, &arguments.dir),
        Some(Command::Overload(overload)) => runtime().and_then(|runtime| {
            let of = (arguments.dir.as_path(), arguments.residents, arguments.seconds);
            overload::measure(overload, of, &runtime)
        }),
        Some(Command::Growth(growth)) => runtime().and_then(|runtime| {
            let of = (arguments.dir.as_path(), arguments.at.as_slice(), arguments.seconds);
            growth::measure(growth, of, &runtime)
        }),
        Some(Command::Counter(counter)) => runtime().and_then(|runtime| {
            let (at, seconds) = (arguments.at.as_slice(), arguments.seconds);
            counter::measure(counter, (&arguments.dir, arguments.residents, at, seconds), &runtime)
        }),
        Some(Command::Certificates(certificates)) => runtime().and_then(|runtime| {
            let (at, seconds) = (arguments.at.as_slice(), arguments.seconds);
            let of = (arguments.dir.as_path(), arguments.residents, at, seconds);
            certificates::measure(certificates, of, &runtime)
        }),
        Some(Command::Definitions(definitions)) => {
            runtime().and_then(|runtime| runtime.block_on(definitions::measure(definitions)))
        }
        Some(Command::Grants(grants)) => grants::measure(grants),
        Some(Command::Soak(soak)) => runtime().and_then(|runtime| {
            soak::measure(soak, (arguments.dir.as_path(), arguments.residents), &runtime)
        }),
        None => bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zerotrip-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn measure_sources(sources: &sources::Sources, dir: &std::path::Path) -> Result<(), Failure> {
    let runtime = runtime()?;
    runtime.block_on(sources::run(sources, dir))
}

fn bench(arguments: &Arguments) -> Result<(), Failure> {
    let plan =
        Plan { hub_settings: load::HUB_SETTINGS.into(), ..Plan::now(arguments.residents, 7) };
    let mut town = TestDeployment::start(&arguments.dir, &plan, &mut |line| eprintln!("· {line}"))?;
    let city = std::sync::Arc::new(zerotrip_tests::city::generate(
        &plan.spec,
        &arguments.dir.join("key"),
    )?);
    let once = (floor::Floor::start(&town, &floor::ONCE)?, floor::ONCE);
    let as_many = (floor::Floor::start(&town, &floor::AS_MANY)?, floor::AS_MANY);
    let runtime = runtime()?;
    println!("machine: {}", measure::machine()?);
    println!("city: {} persons; {} s a measurement\n", city.ids.len(), arguments.seconds);
    println!(
        "| what | at once | answers/s | p50 ms | p99 ms | CPU ms/answer | hub | connectors | \
         client | wrong | told to ask again |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let members = ["police", "civil", "estate", "housing"];
    let Some(hub) = town.hub().map(|hub| hub.id()) else { return fail("the hub does not run") };
    let connectors: Vec<u32> =
        members.iter().filter_map(|member| town.connector(member).map(|one| one.id())).collect();
    let town_gauge =
        Gauge { hub: Some(hub), connectors, databases: Vec::new(), client: std::process::id() };
    let mut ratios = Vec::new();
    for lanes in arguments.at.iter().copied() {
        let bare = runtime.block_on(load::floor(
            &town,
            &once,
            lanes,
            arguments.seconds,
            &once.0.gauge(),
        ))?;
        println!("{}", bare.row("floor 1 + 4", lanes));
        let signed = runtime.block_on(load::floor(
            &town,
            &as_many,
            lanes,
            arguments.seconds,
            &as_many.0.gauge(),
        ))?;
        println!("{}", signed.row("floor, as many signatures one by one", lanes));
        let real =
            runtime.block_on(load::family(&town, &city, lanes, arguments.seconds, &town_gauge))?;
        println!("{}", real.row("family check", lanes));
        ratios.push(format!(
            "at {lanes}: {:.2} ({:.2})",
            real.rate() / bare.rate(),
            real.rate() / signed.rate()
        ));
    }
    println!(
        "\nfamily check / floor (floor with as many signatures, one by one), answers a second: {}",
        ratios.join(", ")
    );
    println!("resident now / at most: hub {}", measure::memory(hub)?);
    for (member, id) in members.iter().zip(&town_gauge.connectors) {
        println!("resident now / at most: connector {member} {}", measure::memory(*id)?);
    }
    drop((once, as_many));
    town.stop()?;
    runtime.block_on(parts::query_engine(&plan, &arguments.dir))?;
    runtime.block_on(parts::ledger(&arguments.dir))?;
    Ok(())
}
