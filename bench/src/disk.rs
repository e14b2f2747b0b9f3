//! What an exchange costs on the disk: as it is answered, once it has moved into a segment, and
//! once its body is erased. With real bodies: real checks, asked and answered, each compared with
//! the key.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use zerotrip_hub::state::log_keys;
use zerotrip_ledger::{Ledger, Options, Order};
use zerotrip_tests::deployment::{Failure, Plan, TestDeployment, fail};

use crate::load;
use crate::measure::{self, Gauge};

#[derive(Args)]
pub struct Disk {
    /// How many ask at once.
    #[arg(long, default_value_t = 32)]
    lanes: usize,
    /// Seconds for which they ask; 0 measures what the folder has. It moves, and its bodies are
    /// erased.
    #[arg(long, default_value_t = 60)]
    asking: u64,
}

/// Asks, moves, erases, and measures each time.
pub fn measure(disk: &Disk, residents: usize, dir: &Path) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("machine: {}", measure::machine()?);
    if disk.asking > 0 {
        let settings = "subject_per_hour = 1000000\nmember_per_minute = 10000000\n";
        let plan = Plan { hub_settings: settings.into(), ..Plan::now(residents, 7) };
        let mut town = TestDeployment::start(dir, &plan, &mut |line| eprintln!("· {line}"))?;
        let city = zerotrip_tests::city::generate(&plan.spec, &dir.join("key"))?;
        let Some(hub) = town.hub().map(|hub| hub.id()) else { return fail("no hub runs") };
        let gauge = Gauge {
            hub: Some(hub),
            connectors: Vec::new(),
            databases: Vec::new(),
            client: std::process::id(),
        };
        let city = std::sync::Arc::new(city);
        let asked =
            runtime.block_on(load::family(&town, &city, disk.lanes, disk.asking, &gauge))?;
        println!("{}", asked.row("family check", disk.lanes));
        town.stop()?;
    }
    runtime.block_on(store(dir))
}

async fn store(dir: &Path) -> Result<(), Failure> {
    let (origin, keys) = log_keys(&dir.join("hub"))?;
    let (ledger, _) = Ledger::open(dir, &origin, keys.clone())?;
    println!("\n| store | exchanges | database | entries | bodies | tiles | bytes an exchange |");
    println!("|---|---|---|---|---|---|---|");
    row(&ledger, dir, "as answered")?;
    let now = SystemTime::now();
    let later = now + Duration::from_secs(1);
    let begun = Instant::now();
    let mut blocks = 0_u32;
    while ledger.move_block(later, later).await? {
        blocks += 1;
    }
    let took = begun.elapsed();
    row(&ledger, dir, "moved")?;
    let moved = ledger.figures()?;
    let begun = Instant::now();
    let checked = ledger.verify_segments()?;
    let verified = begun.elapsed();
    if let Some(fault) = checked.faults.first() {
        return fail(fault.clone());
    }
    let order = Order { by: "bench".into(), why: "to measure".into(), at: now };
    ledger.erase_before(later, order.clone()).await?;
    for segment in ledger.segments()? {
        ledger.drop_segment(segment.number, order.clone()).await?;
    }
    row(&ledger, dir, "erased")?;
    ledger.close().await?;
    let begun = Instant::now();
    let (ledger, recovered) = Ledger::open_with(dir, &origin, keys, &Options::default())?;
    let opened = begun.elapsed();
    println!(
        "\n{} of {} leaves moved, in {blocks} blocks, {:.1} ms each; {} bodies verified, {:.0} µs \
         each; opened in {:.0} ms",
        moved.moved,
        recovered.size,
        took.as_secs_f64() * 1e3 / f64::from(blocks.max(1)),
        checked.bodies,
        verified.as_secs_f64() * 1e6 / checked.bodies.max(1) as f64,
        opened.as_secs_f64() * 1e3
    );
    println!(
        "The last leaves never move: about 512 to 768 exchanges are counted as they were \
         answered, in all rows."
    );
    Ok(ledger.close().await?)
}

fn row(ledger: &Ledger, dir: &Path, what: &str) -> Result<(), Failure> {
    let figures = ledger.figures()?;
    let exchanges = (figures.size / 2).max(1);
    let tiles = blocks_of(&dir.join("ledger"))?;
    let all = figures.database_bytes + figures.entries_bytes + figures.bodies_bytes + tiles;
    println!(
        "| {what} | {exchanges} | {} | {} | {} | {tiles} | {} |",
        figures.database_bytes,
        figures.entries_bytes,
        figures.bodies_bytes,
        all / exchanges
    );
    Ok(())
}

/// What the files take, in whole blocks of the file system.
fn blocks_of(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            blocks_of(&entry.path())?
        } else {
            std::os::unix::fs::MetadataExt::blocks(&metadata) * 512
        };
    }
    Ok(bytes)
}
