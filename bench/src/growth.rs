//! How the cost of a check grows with the registers that it asks, and with their rows.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::runtime::Runtime;
use zerotrip_channel::SystemHome;
use zerotrip_client::{CheckQuestion, Outcome, Session};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::deployment::{Failure, fail};

use crate::load;
use crate::measure::{self, Gauge, Measured};
use crate::site::{Site, errand};

/// The most registers that a variant can ask.
const MOST: usize = 8;
/// Time that the connectors may take to import their drops.
const IMPORT: Duration = Duration::from_secs(1800);
/// Persons asked about. Every other one is in every register.
const PERSONS: usize = 1000;

/// Measure checks of few and many registers, of few and many rows.
#[derive(Args)]
pub struct Growth {
    /// Rows in each register: at least 1,000.
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
    /// How many registers a check asks, one variant each: 1 to 8.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    registers: Vec<usize>,
}

/// Sets an installation up in `folder`, and measures each number of registers at each number of
/// `lanes`.
pub fn measure(
    arguments: &Growth,
    (folder, lanes, seconds): (&Path, &[usize], u64),
    runtime: &Runtime,
) -> Result<(), Failure> {
    if arguments.rows < PERSONS {
        return fail(format!("--rows must be at least {PERSONS}"));
    }
    let sources = &arguments.registers;
    let most = sources.iter().copied().max().unwrap_or_default();
    if !(1..=MOST).contains(&most) || sources.contains(&0) {
        return fail(format!("--registers are from 1 to {MOST}"));
    }
    println!("machine: {}", measure::machine()?);
    println!("rows in each register: {}\n", arguments.rows);
    let site = Site::new(folder)?;
    let members: Vec<String> = (0..most).map(member).collect();
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let files = definition(sources);
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let hub = site.found("growth", &files, &names)?;
    write_drop(Path::new(&site.path("register.csv")), arguments.rows)?;
    let mut connectors = Vec::new();
    for name in &members {
        connectors.push(site.serve(name, &dataset(name, arguments.rows), "growth")?);
    }
    for sources in sources {
        site.grant("growth", &variant(*sources))?;
    }
    site.wait_attached(most, IMPORT)?;
    let gauge = Gauge {
        hub: Some(hub.id()),
        connectors: connectors.iter().map(|connector| connector.id()).collect(),
        databases: Vec::new(),
        client: std::process::id(),
    };
    println!(
        "| registers | at once | answers/s | p50 ms | p99 ms | CPU ms/answer | hub | connectors | \
         client | wrong | told to ask again |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut wrong = 0;
    for at_once in lanes.iter().copied() {
        for sources in sources.iter().copied() {
            let name = variant(sources);
            let measured = runtime.block_on(ask(&site, &name, at_once, seconds, &gauge))?;
            wrong += measured.wrong;
            println!("{}", measured.row(&sources.to_string(), at_once));
        }
    }
    println!("\nresident now / at most: hub {}", measure::memory(hub.id())?);
    for connector in connectors {
        connector.stop()?;
    }
    hub.stop()?;
    if wrong > 0 { fail(format!("{wrong} answers were wrong")) } else { Ok(()) }
}

/// One person after another. Whoever is in the registers must be told *no*, and nobody else.
async fn ask(
    site: &Site,
    variant: &str,
    lanes: usize,
    seconds: u64,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
    let home = SystemHome::load(&site.reader())?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut sessions = Vec::new();
    for _ in 0..lanes {
        sessions.push(Session::connect(&home).await?);
    }
    let before = gauge.read()?;
    let begun = Instant::now();
    let tasks = sessions.into_iter().map(|mut session| {
        let (next, variant) = (Arc::clone(&next), variant.to_owned());
        tokio::spawn(async move {
            let (mut times, mut wrong) = (Vec::new(), 0);
            while begun.elapsed() < Duration::from_secs(seconds) {
                let number = next.fetch_add(1, Ordering::Relaxed) % PERSONS;
                let parameters = vec![("applicant".into(), person(number)?.as_str().to_owned())];
                let question =
                    CheckQuestion { check: "growth".into(), variant: variant.clone(), parameters };
                let asked = Instant::now();
                let outcome = session.check(&errand(), &question).await?;
                times.push(asked.elapsed());
                let is_in = number.is_multiple_of(2);
                let same = match outcome {
                    Outcome::Negative(_) => is_in,
                    Outcome::Affirmed(_) => !is_in,
                    _ => false,
                };
                wrong += usize::from(!same);
            }
            Ok::<_, Failure>((times, wrong, 0))
        })
    });
    load::finish(tasks.collect(), begun, before, gauge).await
}

fn member(number: usize) -> String {
    format!("office-{number}")
}

fn variant(sources: usize) -> String {
    format!("of-{sources}")
}

/// The persons asked about come first, every other one of them; the rest of the rows are others'.
fn person(number: usize) -> Result<ResidentId, Failure> {
    let (day, sequence) = (number % 20_000, number / 20_000);
    let day = chrono::NaiveDate::from_ymd_opt(1950, 1, 1)
        .and_then(|first| first.checked_add_days(chrono::Days::new(day as u64)));
    let day = day.ok_or("beyond the calendar")?;
    let (division, sequence) = (330_106 + sequence / 995, sequence % 995 + 1);
    ResidentId::from_parts(u32::try_from(division)?, day, u16::try_from(sequence)?)
        .ok_or_else(|| "no such id".into())
}

fn write_drop(path: &Path, rows: usize) -> Result<(), Failure> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "SFZH,XH")?;
    for row in 0..rows {
        writeln!(file, "{},{row:09}", person(row * 2)?.as_str())?;
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(())
}

fn dataset(member: &str, rows: usize) -> String {
    format!(
        "[dataset]\nid = \"{member}.entries\"\nname = {{ zh = \"登记\", en = \"Entries\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = \
         {rows}\nended = \"kept\"\n[source]\nkind = \"csv\"\npath = \"register.csv\"\nencoding = \
         \"utf-8\"\nas_of = \"modified\"\n[coverage]\nregions = [\"330100\"]\nsince = \
         \"1949-10-01\"\nsubjects = \"everyone\"\nolder = \
         \"carried_over\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" }}\n[[column]]\nname \
         = \"owner\"\nfield = \"SFZH\"\ntype = \"resident_id\"\ngrade = \
         \"L3\"\n[[column]]\nname = \"entry\"\nfield = \"XH\"\ntype = \"text\"\ngrade = \
         \"L2\"\n[[lookup]]\nname = \"person\"\ncolumns = \
         [\"owner\"]\n[accepted]\nonly_locals = \"all of them are invented\"\n"
    )
}

/// The check, as the files of its folder.
fn definition(sources: &[usize]) -> Vec<(String, String)> {
    let most = sources.iter().copied().max().unwrap_or_default();
    let mut text = String::from(
        "[check]\nname = \"growth\"\nversion = 1\ntitle = { en = \"Entries\", zh = \"登记\" \
         }\ndeadline = \"10s\"\nproves = \"absence\"\ncertain = \
         \"request.applicant\"\n[[parameter]]\nname = \
         \"applicant\"\ntype = \"resident_id\"\n",
    );
    for sources in sources.iter().copied() {
        let name = variant(sources);
        let _infallible = write!(
            text,
            "[[variant]]\nname = \"{name}\"\ntitle = {{ en = \"{sources} registers\", zh = \
             \"{sources} 个登记\" }}\n"
        );
    }
    for number in 0..most {
        let variants: Vec<String> = sources
            .iter()
            .filter(|sources| number < **sources)
            .map(|sources| format!("\"{}\"", variant(*sources)))
            .collect();
        let (dataset, variants) = (member(number), variants.join(", "));
        let _infallible = write!(
            text,
            "[[dataset]]\nid = \"{dataset}.entries\"\ncolumns = {{ entry = \"text\" }}\nlookup = \
             {{ person = [\"owner\"] }}\n[[step]]\nname = \"entries_{number}\"\nvariants = \
             [{variants}]\n[step.scan]\ndataset = \"{dataset}.entries\"\nlookup = \
             \"person\"\ncolumns = [\"entry\"]\nrequired = [\"entry\"]\nlast_years = \
             0\njudged = true\nkeys = \
             [\"request.applicant\"]\nabsence_for = [\"request.applicant\"]\norigins = [{{ \
             parameter = \"applicant\" }}]\nmost_age = \"36h\"\nmost_keys = 1\nmost_rows = \
             100\n"
        );
    }
    let mut files = Vec::new();
    for sources in sources.iter().copied() {
        let name = variant(sources);
        let _infallible = write!(
            text,
            "[[step]]\nname = \"verdict\"\nvariants = [\"{name}\"]\nsql = \
             \"verdict.{name}.sql\"\n"
        );
        let rows: Vec<String> = (0..sources)
            .map(|number| {
                format!(
                    "select 'against' as verdict, 'ON_RECORD' as code, 'entries_{number}' as scan, \
                     row_number, cast(null as date) as on_date, cast(null as date) as began_on \
                     from entries_{number}"
                )
            })
            .collect();
        files.push((format!("verdict.{name}.sql"), rows.join("\nunion all\n")));
    }
    text.push_str(
        "[certificate]\nvct = \"urn:zerotrip:certificate:growth:1\"\nvalidity = \
         \"1d\"\nstatement = { en = \"nothing is on record\", zh = \"无记录\" }\n",
    );
    files.push(("check.toml".into(), text));
    files.push(("reasons.toml".into(), include_str!("stream/definition/reasons.toml").to_owned()));
    files
}
