//! The family check beside what a department's DBA would build instead of a hub: one function in
//! PostgreSQL that reaches the other server's tables through postgres_fdw. Hub and peer ask the
//! same four tables, in one run.

mod copy;
mod direct;
mod fdw;
mod registers;
mod report;
mod setup;

use std::path::Path;

use clap::Args;
use zerotrip_tests::deployment::Failure;

use crate::load;
use crate::measure::{self, Gauge};
use fdw::{Known, Peer};
use report::{Line, Report, Setting, Side};

/// Most connections of the peer. More lanes than that share them.
const MOST_CONNECTIONS: usize = 32;
/// Lanes and seconds for which the hub is asked before anything is timed.
const WARM_UP: (usize, u64) = (8, 1);
/// Subjects of the driver's own look-ups.
const SUBJECTS: usize = 10_000;

/// Measure the hub beside postgres_fdw.
#[derive(Args)]
pub struct Peers {
    /// Residents of the invented city.
    #[arg(long, default_value_t = 20_000)]
    residents: usize,
    /// How many ask at once, one measurement of each side for each number. The peer has a
    /// connection for each of them, but at most 32.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 128])]
    at: Vec<usize>,
    /// Seconds for each measurement of each side.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections of each connector to its server: `source.connections` of the dataset file.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=32))]
    source_connections: u32,
    /// Rows that each register has besides, about persons who are not asked about.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    more_rows: u32,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// Sets both sides up in `folder`, measures one after the other, and prints.
pub fn measure(arguments: &Peers, folder: &Path) -> Result<(), Failure> {
    let machine = measure::machine()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut site = setup::Site::set_up(
        folder,
        (arguments.residents, arguments.more_rows),
        arguments.source_connections,
        &runtime,
        &mut |line| eprintln!("· {line}"),
    )?;
    let lanes = arguments.at.iter().copied().max().unwrap_or(1);
    let connections = lanes.clamp(1, MOST_CONNECTIONS);
    let peer = runtime.block_on(Peer::connect(&site.servers, connections, site.spec.today))?;
    let known = Known::of(&site.spec, &site.city)?;
    eprintln!("· asking the peer about every resident");
    let agreement = runtime.block_on(peer.ask_about_all(&known))?;

    let client = std::process::id();
    let databases = site.servers.ids();
    let hub_gauge = Gauge {
        hub: site.town.hub().map(|hub| hub.id()),
        connectors: site.connectors(),
        databases: databases.clone(),
        client,
    };
    let peer_gauge = Gauge { hub: None, connectors: Vec::new(), databases, client };
    eprintln!("· measuring");
    runtime.block_on(load::family(&site.town, &site.city, WARM_UP.0, WARM_UP.1, &hub_gauge))?;
    let mut report = Report::begin(Setting {
        json: arguments.json,
        machine,
        city: (site.spec.residents, site.spec.seed),
        persons: site.city.ids.len(),
        rows: site.city.rows.clone(),
        more_rows: arguments.more_rows,
        seconds: arguments.seconds,
        source_connections: arguments.source_connections,
        agreement,
    });
    for lanes in arguments.at.iter().copied() {
        let connections = lanes.min(connections);
        let measured = runtime.block_on(peer.family(
            &known,
            (lanes, connections),
            arguments.seconds,
            &peer_gauge,
        ))?;
        report.add(Line { side: Side::Fdw, lanes, connections: Some(connections), measured });
        let measured = runtime.block_on(load::family(
            &site.town,
            &site.city,
            lanes,
            arguments.seconds,
            &hub_gauge,
        ))?;
        report.add(Line { side: Side::Hub, lanes, connections: None, measured });
    }
    let subjects: Vec<_> = site.city.ids.iter().copied().take(SUBJECTS).collect();
    let direct = runtime.block_on(direct::look_up(&site.servers, &subjects))?;
    let mut memory = Vec::new();
    if let Some(hub) = site.town.hub() {
        memory.push(("hub", measure::resident(hub.id())?));
    }
    for (dataset, id) in setup::datasets().zip(site.connectors()) {
        memory.push((dataset, measure::resident(id)?));
    }
    report.end(direct, &memory);
    drop(peer);
    site.town.stop()
}
