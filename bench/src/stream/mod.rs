//! Millions of rows through the channel, in as many checks as that takes: a real connector over a
//! drop of so many rows, a real hub that checks each scan's grant, receipt, digest and count, and
//! the resident memory of both.
//!
//! There is no scan of a whole dataset to measure: the gate admits look-ups by keys that a
//! requester's signed request, or another department's signed answer, names. So each check asks
//! about one person, who has half a million rows, and every row of every person comes once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use zerotrip_channel::SystemHome;
use zerotrip_client::{CheckQuestion, Outcome, Session};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::deployment::{Failure, fail, values};

use crate::measure;
use crate::site::{Site, errand};

/// Rows of one person: in Arrow some 20 MiB, under the hub's 32 for one scan.
const ROWS_EACH: usize = 500_000;
/// Time that the connector may take to import the drop.
const IMPORT: Duration = Duration::from_secs(1800);
const DATASET: &str = "archive.entries";

/// Send so many rows through connector, channel and hub, and measure what both hold.
#[derive(Args)]
pub struct Stream {
    /// Rows in all: a multiple of half a million.
    #[arg(long, default_value_t = 10_000_000)]
    rows: usize,
    /// How many checks run at once.
    #[arg(long, default_value_t = 2)]
    at_once: usize,
    /// MiB that the hub may hold at most, beside what it holds before: for each check at once.
    #[arg(long, default_value_t = 128)]
    hub_mib: u64,
    /// MiB that the connector may hold at most, beside what it holds before, whatever is asked.
    #[arg(long, default_value_t = 96)]
    connector_mib: u64,
}

/// Sets an installation up in `folder`, asks, counts, and fails where a row is missing or a bound
/// is passed.
pub fn measure(arguments: &Stream, folder: &Path) -> Result<(), Failure> {
    let persons = arguments.rows / ROWS_EACH;
    if persons == 0 || !arguments.rows.is_multiple_of(ROWS_EACH) {
        return fail(format!("--rows must be a multiple of {ROWS_EACH}"));
    }
    println!("machine: {}", measure::machine()?);
    let site = Archive(Site::new(folder)?);
    let hub = site.0.found("stream", &DEFINITION, &["archive"])?;
    let begun = Instant::now();
    let bytes = site.write_drop(persons)?;
    println!("drop of {} rows written in {:.0} s", arguments.rows, begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let connector = site.0.serve("archive", &dataset(arguments.rows), "stream")?;
    site.0.grant("stream", "all")?;
    site.0.wait_attached(1, IMPORT)?;
    println!(
        "signed, approved, granted, imported and attached in {:.0} s\n",
        begun.elapsed().as_secs_f64()
    );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (before_hub, before_connector) =
        (measure::resident(hub.id())?, measure::resident(connector.id())?);
    println!(
        "| rows asked for | s | rows/s | hub MiB now / at most | connector MiB now / at most |"
    );
    println!("|---|---|---|---|---|");
    println!("| 0 | 0 | | {before_hub} | {before_connector} |");
    let begun = Instant::now();
    // What a snapshot's import took is not a part of what answering takes.
    measure::forget_peak(connector.id());
    let quarters = persons.div_ceil(4).max(1);
    let all: Vec<usize> = (0..persons).collect();
    let mut asked = 0;
    for part in all.chunks(quarters) {
        runtime.block_on(site.ask(part, arguments.at_once))?;
        asked += part.len() * ROWS_EACH;
        let seconds = begun.elapsed().as_secs_f64();
        let (at_hub, at_connector) =
            (measure::resident(hub.id())?, measure::resident(connector.id())?);
        println!(
            "| {asked} | {seconds:.1} | {:.0} | {at_hub} | {at_connector} |",
            rate(asked, seconds)
        );
    }
    let delivered = site.delivered()?;
    println!(
        "\nrows delivered, by the department's journal: {delivered}; their cells hold {} MiB",
        bytes >> 20
    );
    if delivered != arguments.rows as u64 {
        return fail(format!("{delivered} rows were delivered, not {}", arguments.rows));
    }
    let bounds = [
        (
            "hub",
            before_hub,
            measure::resident(hub.id())?,
            arguments.hub_mib * arguments.at_once as u64,
        ),
        (
            "connector",
            before_connector,
            measure::resident(connector.id())?,
            arguments.connector_mib,
        ),
    ];
    for (who, before, after, most) in bounds {
        let over = after.most.saturating_sub(before.now);
        println!(
            "{who}: {over} MiB at most beside the {} MiB before; the bound is {most}",
            before.now
        );
        if over > most {
            return fail(format!(
                "the {who} held {over} MiB more than before, and {most} is its bound"
            ));
        }
    }
    hub.stop()?;
    connector.stop()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn rate(rows: usize, seconds: f64) -> f64 {
    rows as f64 / seconds
}

/// The bench's installation: one department, and one that asks.
struct Archive(Site);

impl Archive {
    /// The register as a file: every person's rows apart from one another, as they would be filed.
    /// Returns the bytes of its cells.
    fn write_drop(&self, persons: usize) -> Result<u64, Failure> {
        let ids = (0..persons).map(person).collect::<Result<Vec<_>, _>>()?;
        let mut file = BufWriter::with_capacity(1 << 20, File::create(self.0.path("entries.csv"))?);
        let mut bytes = 0;
        writeln!(file, "SFZH,XH")?;
        for number in 0..ROWS_EACH {
            for (place, id) in ids.iter().enumerate() {
                let entry = number * persons + place;
                writeln!(file, "{},{entry:09}", id.as_str())?;
                bytes += 18 + 9;
            }
        }
        file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        Ok(bytes)
    }

    /// Asks about these persons, so many at once. "Something is on record" is said only of rows
    /// that were all received and match their receipt.
    async fn ask(&self, persons: &[usize], at_once: usize) -> Result<(), Failure> {
        let home = SystemHome::load(&self.0.reader())?;
        let (next, persons) = (Arc::new(AtomicUsize::new(0)), Arc::new(persons.to_vec()));
        let mut lanes = Vec::new();
        for _ in 0..at_once {
            let mut session = Session::connect(&home).await?;
            let (next, persons) = (Arc::clone(&next), Arc::clone(&persons));
            lanes.push(tokio::spawn(async move {
                while let Some(number) = persons.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let parameters =
                        vec![("applicant".to_owned(), person(*number)?.as_str().to_owned())];
                    let question =
                        CheckQuestion { check: "stream".into(), variant: "all".into(), parameters };
                    let outcome = session.check(&errand(), &question).await?;
                    let Outcome::Negative(_) = outcome else {
                        return fail(format!("not answered as it should be: {outcome:?}"));
                    };
                }
                Ok::<_, Failure>(())
            }));
        }
        for lane in lanes {
            lane.await??;
        }
        Ok(())
    }

    /// Rows that the department's journal says were answered.
    fn delivered(&self) -> Result<u64, Failure> {
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for entry in fs::read_dir(self.0.path("archive/journal"))? {
            let text = fs::read_to_string(entry?.path())?;
            for line in
                values(&text).into_iter().filter(|line| text_of(line, "event") == "answered")
            {
                let grant = text_of(&line, "grant").to_owned();
                rows.insert(grant, line.get("rows").and_then(Value::as_u64).unwrap_or_default());
            }
        }
        Ok(rows.values().sum())
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn person(number: usize) -> Result<ResidentId, Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(1960, 1, 1)
        .and_then(|day| day.checked_add_days(chrono::Days::new(number as u64)));
    ResidentId::from_parts(330_106, day.ok_or("beyond the calendar")?, 11)
        .ok_or_else(|| "no such id".into())
}

fn dataset(rows: usize) -> String {
    format!(
        "[dataset]\nid = \"{DATASET}\"\nname = {{ zh = \"流水\", en = \"Entries\" }}\nsharing = \
         \"conditional\"\nmost_age = \"36h\"\nrow_floor = {rows}\n[source]\nkind = \"csv\"\npath \
         = \"entries.csv\"\nencoding = \"utf-8\"\nas_of = \"modified\"\n[coverage]\nregions = \
         [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", \
         en = \"Hangzhou\" }}\n[[column]]\nname = \"owner\"\nfield = \"SFZH\"\ntype = \
         \"resident_id\"\ngrade = \"L3\"\n[[column]]\nname = \"entry\"\nfield = \"XH\"\ntype = \
         \"text\"\ngrade = \"L2\"\n[[lookup]]\nname = \"person\"\ncolumns = \
         [\"owner\"]\n[limits]\nmost_rows = 1000000\nmost_bytes = \"64MiB\"\ntime_out = \"60s\"\n"
    )
}

/// The check that asks for every row of a person.
const DEFINITION: [(&str, &str); 3] = [
    ("check.toml", include_str!("definition/check.toml")),
    ("reasons.toml", include_str!("definition/reasons.toml")),
    ("verdict.sql", include_str!("definition/verdict.sql")),
];
