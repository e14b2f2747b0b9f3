//! What is measured, and how it is printed.

use std::fmt;
use std::fs;
use std::time::Duration;

use zerotrip_tests::deployment::Failure;

/// The processes whose CPU time counts.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// The hub's.
    pub hub: u32,
    /// The connectors'.
    pub connectors: Vec<u32>,
    /// Whoever asks.
    pub client: u32,
}

/// CPU time so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    hub: Duration,
    connectors: Duration,
    client: Duration,
}

impl Gauge {
    /// Reads it off.
    pub fn read(&self) -> Result<Spent, Failure> {
        let mut connectors = Duration::ZERO;
        for id in &self.connectors {
            connectors += cpu(*id)?;
        }
        Ok(Spent { hub: cpu(self.hub)?, connectors, client: cpu(self.client)? })
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

    /// A row of the table.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    pub fn row(&self, what: &str, lanes: usize) -> String {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let at = |part: usize| {
            sorted.get(sorted.len() * part / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
        };
        let each = |before: Duration, after: Duration| {
            (after.saturating_sub(before)).as_secs_f64() * 1e3 / self.times.len().max(1) as f64
        };
        let (before, after) = self.cpu;
        let (hub, connectors, client) = (
            each(before.hub, after.hub),
            each(before.connectors, after.connectors),
            each(before.client, after.client),
        );
        format!(
            "| {what} | {lanes} | {:.0} | {:.2} | {:.2} | {:.2} | {hub:.2} | {connectors:.2} | \
             {client:.2} | {} | {} |",
            self.rate(),
            at(50),
            at(99),
            hub + connectors + client,
            self.wrong,
            self.refused
        )
    }
}

/// User and system time of a process, from `/proc/<id>/stat` (proc(5), fields 14 and 15, in ticks
/// of 10 ms).
fn cpu(id: u32) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
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

/// What this runs on, and how busy it was when we came.
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
