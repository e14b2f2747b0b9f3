//! What is measured, and how it is printed.

use std::fmt;
use std::fs;
use std::time::Duration;

use zerotrip_tests::deployment::{Failure, fail};

/// The processes whose CPU time counts.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// The hub, where one is measured.
    pub hub: Option<u32>,
    /// The connectors.
    pub connectors: Vec<u32>,
    /// The first process of each database server. Its children count with it.
    pub databases: Vec<u32>,
    /// The process that asks.
    pub client: u32,
}

/// CPU time so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    hub: Duration,
    connectors: Duration,
    databases: Duration,
    client: Duration,
}

impl Gauge {
    /// Reads the CPU time of each process so far.
    pub fn read(&self) -> Result<Spent, Failure> {
        let mut connectors = Duration::ZERO;
        for id in &self.connectors {
            connectors += cpu(*id)?;
        }
        let mut databases = Duration::ZERO;
        for id in &self.databases {
            databases += cpu_with_children(*id)?;
        }
        let hub = self.hub.map_or(Ok(Duration::ZERO), cpu)?;
        Ok(Spent { hub, connectors, databases, client: cpu(self.client)? })
    }
}

/// CPU milliseconds for one answer, by process.
#[derive(Clone, Copy, Debug)]
pub struct CpuPerAnswer {
    /// The hub's.
    pub hub: f64,
    /// All connectors'.
    pub connectors: f64,
    /// All database servers'.
    pub databases: f64,
    /// The client's.
    pub client: f64,
}

impl CpuPerAnswer {
    /// All of it but the database servers'.
    pub fn without_databases(&self) -> f64 {
        self.hub + self.connectors + self.client
    }
}

/// One measurement.
#[derive(Debug)]
pub struct Measured {
    /// How long each answer took.
    pub times: Vec<Duration>,
    /// How long it all took.
    pub elapsed: Duration,
    /// Answers that differ from the key.
    pub wrong: usize,
    /// Requests that were refused with a hint to ask again.
    pub refused: usize,
    /// CPU time before and after.
    pub cpu: (Spent, Spent),
}

impl Measured {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time, in ms, within which so many percent of the answers came.
    pub fn percentile(&self, percent: usize) -> f64 {
        percentile(&self.times, percent)
    }

    /// CPU time of one answer.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    pub fn cpu_per_answer(&self) -> CpuPerAnswer {
        let each = |before: Duration, after: Duration| {
            (after.saturating_sub(before)).as_secs_f64() * 1e3 / self.times.len().max(1) as f64
        };
        let (before, after) = self.cpu;
        CpuPerAnswer {
            hub: each(before.hub, after.hub),
            connectors: each(before.connectors, after.connectors),
            databases: each(before.databases, after.databases),
            client: each(before.client, after.client),
        }
    }

    /// A row of the table.
    pub fn row(&self, what: &str, lanes: usize) -> String {
        let cpu = self.cpu_per_answer();
        format!(
            "| {what} | {lanes} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} \
             |",
            self.rate(),
            self.percentile(50),
            self.percentile(99),
            cpu.without_databases(),
            cpu.hub,
            cpu.connectors,
            cpu.client,
            self.wrong,
            self.refused
        )
    }
}

/// The time, in ms, within which so many percent of these are.
pub fn percentile(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// User and system time of a process (proc(5), `stat`, fields 14 and 15).
fn cpu(id: u32) -> Result<Duration, Failure> {
    cpu_in(&fs::read_to_string(format!("/proc/{id}/stat"))?, 2)
}

/// The same, with that of its children: those that ended (fields 16 and 17), and those that run.
fn cpu_with_children(id: u32) -> Result<Duration, Failure> {
    // In this order a child that ends meanwhile is missed until the next reading. In the other one
    // it would be counted twice.
    let mut spent = cpu_in(&fs::read_to_string(format!("/proc/{id}/stat"))?, 4)?;
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    for child in children.split_whitespace() {
        if let Ok(stat) = fs::read_to_string(format!("/proc/{child}/stat")) {
            spent += cpu_in(&stat, 2)?;
        }
    }
    Ok(spent)
}

/// The sum of so many fields of `stat` from the 14th on, in ticks of 10 ms.
fn cpu_in(stat: &str, fields: usize) -> Result<Duration, Failure> {
    let Some((_, after_name)) = stat.rsplit_once(')') else {
        return fail("`/proc/<id>/stat` does not have the form of proc(5)");
    };
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(fields)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Resident memory of a process, in MiB.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    /// Now.
    pub now: u64,
    /// At most so far.
    pub most: u64,
}

impl fmt::Display for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.now, self.most)
    }
}

/// Has the kernel forget what a process held at most (proc(5), `clear_refs`). Where that is not
/// allowed, more than was held is shown.
pub fn forget_peak(id: u32) {
    let _not_allowed = fs::write(format!("/proc/{id}/clear_refs"), "5");
}

/// Resident memory of a process, now and at most.
pub fn resident(id: u32) -> Result<Resident, Failure> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or_default()
            / 1024
    };
    Ok(Resident { now: field("VmRSS"), most: field("VmHWM") })
}

/// The same in words.
pub fn memory(id: u32) -> Result<String, Failure> {
    Ok(format!("{} MiB", resident(id)?))
}

/// What this runs on, and its load before.
pub fn machine() -> Result<String, Failure> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("")
        .trim_start_matches(['\t', ':', ' ']);
    let load = fs::read_to_string("/proc/loadavg")?;
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores, {model}, load before {}",
        load.split_whitespace().next().unwrap_or("")
    ))
}
