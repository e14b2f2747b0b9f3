//! What was measured, beside the targets: as tables, or as one JSON object.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::direct::Direct;
use super::fdw::Agreement;
use super::many::Many;
use crate::measure::{Measured, Resident};

/// At least so many times the peer's rate, by how many ask at once.
const LEAST_RATES: [(usize, f64); 3] = [(8, 1.0), (32, 1.5), (128, 1.5)];
/// At most so many times the peer's p50, alone.
const MOST_ALONE: f64 = 1.5;
/// Most CPU time of one check, in ms, by how many ask at once.
const MOST_CPU: (usize, f64) = (32, 1.5);
/// Many subjects in one exchange: at most so many times the driver alone, and at least so many
/// times the rate of single checks.
const MANY: (f64, f64) = (3.0, 20.0);

/// Who was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The function that reaches the other server through postgres_fdw.
    Fdw,
    /// The hub and its connectors.
    Hub,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Fdw => "postgres_fdw",
            Self::Hub => "family check",
        }
    }
}

/// One measurement.
pub struct Line {
    pub side: Side,
    /// How many asked at once.
    pub lanes: usize,
    /// Over how many connections of the peer.
    pub connections: Option<usize>,
    pub measured: Measured,
}

/// One target, and how near it is.
struct Target {
    what: String,
    measured: String,
    /// The figure that the target bounds; none where it was not measured.
    figure: Option<f64>,
    reached: Option<bool>,
}

/// Under what all of it was measured.
pub struct Setting {
    /// Whether one JSON object is printed instead of tables.
    pub json: bool,
    /// What it ran on.
    pub machine: String,
    /// Residents asked for, and the city's seed.
    pub city: (usize, u64),
    /// Persons in the city.
    pub persons: usize,
    /// Rows by dataset.
    pub rows: BTreeMap<&'static str, usize>,
    /// Rows that each register has besides.
    pub more_rows: u32,
    /// Seconds for each measurement of each side.
    pub seconds: u64,
    /// Connections of each connector to its server.
    pub source_connections: u32,
    /// How far the peer agrees with the key.
    pub agreement: Agreement,
}

/// Everything that is printed. Tables grow as they are measured; JSON comes at the end.
pub struct Report {
    setting: Setting,
    lines: Vec<Line>,
}

impl Report {
    /// Prints what comes before the first measurement.
    pub fn begin(setting: Setting) -> Self {
        let agreement = &setting.agreement;
        if !setting.json {
            println!("machine: {}", setting.machine);
            println!(
                "city: {} persons on two PostgreSQL servers, and {} more rows in each register; {} \
                 s a measurement; {} connections for each connector",
                setting.persons, setting.more_rows, setting.seconds, setting.source_connections
            );
            println!(
                "the peer against the key: {} answers compared; opposite on clean rows: {}, on \
                 spoilt rows: {}; where the key says unavailable, it says no home {} times and a \
                 home {} times\n",
                agreement.answered,
                agreement.wrong_on_clean_rows,
                agreement.wrong_on_spoilt_rows,
                agreement.unavailable.0,
                agreement.unavailable.1
            );
            println!(
                "| what | at once | connections | answers/s | p50 ms | p99 ms | CPU ms/answer | \
                 hub | connectors | PostgreSQL | client | wrong | told to ask again |"
            );
            println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        }
        Self { setting, lines: Vec::new() }
    }

    /// One more measurement.
    pub fn add(&mut self, line: Line) {
        if !self.setting.json {
            println!("{}", row(&line));
        }
        self.lines.push(line);
    }

    /// The driver alone, resident memory by process, and the targets.
    pub fn end(self, direct: Direct, many: &Many, memory: &[(&'static str, Resident)]) {
        let targets = self.targets(&direct, many);
        if self.setting.json {
            println!("{}", self.as_json((&direct, memory), &targets));
            return;
        }
        let sources: Vec<String> = direct
            .sources
            .iter()
            .map(|(name, taken, rows)| {
                format!("{name} {:.1} ({rows} rows)", taken.as_secs_f64() * 1e3)
            })
            .collect();
        println!(
            "\nthe driver alone, {} subjects, two statements for each source: {:.1} ms; {}",
            direct.subjects,
            direct.total().as_secs_f64() * 1e3,
            sources.join(", ")
        );
        let memory: Vec<String> =
            memory.iter().map(|(who, held)| format!("{who} {held}")).collect();
        println!("resident now / at most, MiB: {}", memory.join(", "));
        println!("\n| target | measured | reached |\n|---|---|---|");
        for Target { what, measured, reached, .. } in targets {
            let reached = match reached {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "–",
            };
            println!("| {what} | {measured} | {reached} |");
        }
    }

    fn as_json(
        &self,
        (direct, memory): (&Direct, &[(&str, Resident)]),
        targets: &[Target],
    ) -> Value {
        let resident: BTreeMap<&str, u64> =
            memory.iter().map(|(who, held)| (*who, held.now)).collect();
        let Setting {
            machine,
            city,
            persons,
            rows,
            more_rows,
            seconds,
            source_connections,
            agreement,
            ..
        } = &self.setting;
        json!({
            "machine": machine,
            "residents": city.0,
            "seed": city.1,
            "persons": persons,
            "rows": rows,
            "more_rows": more_rows,
            "seconds": seconds,
            "source_connections": source_connections,
            "agreement": {
                "answered": agreement.answered,
                "wrong_on_clean_rows": agreement.wrong_on_clean_rows,
                "wrong_on_spoilt_rows": agreement.wrong_on_spoilt_rows,
                "unavailable_but_no_home": agreement.unavailable.0,
                "unavailable_but_home": agreement.unavailable.1,
            },
            "measurements": self.lines.iter().map(line_as_json).collect::<Vec<_>>(),
            "driver_alone": direct_as_json(direct),
            "resident_mib": resident,
            "targets": targets.iter().map(target_as_json).collect::<Vec<_>>(),
        })
    }

    fn of(&self, side: Side, lanes: usize) -> Option<&Measured> {
        self.lines
            .iter()
            .find(|line| line.side == side && line.lanes == lanes)
            .map(|line| &line.measured)
    }

    /// Both sides at so many at once.
    fn both(&self, lanes: usize) -> Option<(&Measured, &Measured)> {
        self.of(Side::Hub, lanes).zip(self.of(Side::Fdw, lanes))
    }

    /// The targets of which something was measured.
    fn targets(&self, direct: &Direct, many: &Many) -> Vec<Target> {
        let mut targets = Vec::new();
        if let Some((hub, peer)) = self.both(1) {
            let (ours, theirs) = (hub.percentile(50), peer.percentile(50));
            let ratio = ours / theirs;
            targets.push(Target {
                what: format!("p50 at 1 ≤ {MOST_ALONE} × postgres_fdw"),
                measured: format!("{ratio:.2} × ({ours:.2} ms against {theirs:.2} ms)"),
                figure: Some(ratio),
                reached: Some(ratio <= MOST_ALONE),
            });
        }
        for (lanes, least) in LEAST_RATES {
            let Some((hub, peer)) = self.both(lanes) else { continue };
            let (ours, theirs) = (hub.rate(), peer.rate());
            let ratio = ours / theirs;
            targets.push(Target {
                what: format!("answers a second at {lanes} ≥ {least} × postgres_fdw"),
                measured: format!("{ratio:.2} × ({ours:.0} against {theirs:.0})"),
                figure: Some(ratio),
                reached: Some(ratio >= least),
            });
        }
        let (lanes, most) = MOST_CPU;
        if let Some(hub) = self.of(Side::Hub, lanes) {
            let cpu = hub.cpu_per_answer();
            let ours = cpu.without_databases();
            targets.push(Target {
                what: format!("CPU of hub, connectors and client at {lanes} ≤ {most} ms a check"),
                measured: format!("{ours:.2} ms, and {:.2} of PostgreSQL", cpu.databases),
                figure: Some(ours),
                reached: Some(ours <= most),
            });
        }
        targets.extend(self.many(direct, many));
        targets
    }

    /// One exchange about many, beside the driver alone and the best rate of single checks.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    fn many(&self, direct: &Direct, many: &Many) -> [Target; 2] {
        let (most, least) = MANY;
        let (taken, alone) = (many.taken.as_secs_f64() * 1e3, direct.total().as_secs_f64() * 1e3);
        let rates = self.lines.iter().filter(|line| line.side == Side::Hub);
        let best = rates.map(|line| line.measured.rate()).fold(0.0, f64::max);
        let singly = many.subjects as f64 / best * 1e3;
        let (times, faster) = (taken / alone, singly / taken);
        [
            Target {
                what: format!(
                    "{} subjects, four sources: ≤ {most} × the driver alone",
                    many.subjects
                ),
                measured: format!(
                    "{times:.1} × ({taken:.0} ms against {alone:.0} ms; {} wrong)",
                    many.wrong
                ),
                figure: Some(times),
                reached: Some(times <= most && many.wrong == 0),
            },
            Target {
                what: format!("the same: ≥ {least} × single checks"),
                measured: format!("{faster:.1} × ({singly:.0} ms one by one at the best rate)"),
                figure: Some(faster),
                reached: Some(faster >= least && many.wrong == 0),
            },
        ]
    }
}

fn row(line: &Line) -> String {
    let Line { side, lanes, connections, measured } = line;
    let cpu = measured.cpu_per_answer();
    format!(
        "| {} | {lanes} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} \
         | {} |",
        side.name(),
        connections.map_or("–".to_owned(), |connections| connections.to_string()),
        measured.rate(),
        measured.percentile(50),
        measured.percentile(99),
        cpu.without_databases() + cpu.databases,
        cpu.hub,
        cpu.connectors,
        cpu.databases,
        cpu.client,
        measured.wrong,
        measured.refused
    )
}

fn line_as_json(line: &Line) -> Value {
    let Line { side, lanes, connections, measured } = line;
    let cpu = measured.cpu_per_answer();
    json!({
        "side": side.name(),
        "at_once": lanes,
        "connections": connections,
        "answers": measured.times.len(),
        "answers_per_second": measured.rate(),
        "p50_ms": measured.percentile(50),
        "p99_ms": measured.percentile(99),
        "cpu_ms_per_answer": {
            "all": cpu.without_databases() + cpu.databases,
            "hub": cpu.hub,
            "connectors": cpu.connectors,
            "postgresql": cpu.databases,
            "client": cpu.client,
        },
        "wrong": measured.wrong,
        "told_to_ask_again": measured.refused,
    })
}

fn direct_as_json(direct: &Direct) -> Value {
    let sources: Vec<Value> = direct
        .sources
        .iter()
        .map(|(name, taken, rows)| {
            json!({ "dataset": name, "ms": taken.as_secs_f64() * 1e3, "rows": rows })
        })
        .collect();
    json!({
        "subjects": direct.subjects,
        "ms": direct.total().as_secs_f64() * 1e3,
        "sources": sources,
    })
}

fn target_as_json(target: &Target) -> Value {
    json!({
        "target": target.what,
        "measured": target.measured,
        "figure": target.figure,
        "reached": target.reached,
    })
}
