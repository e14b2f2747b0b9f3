//! Each kind of source beside the same statement through its driver alone, in the same run: a
//! look-up by key, a set of 100,000 keys, every row into Arrow, and for what is read into a
//! snapshot, that reading beside the format's own reader.

mod files;
mod servers;
mod sqlite;

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Date32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use clap::Args;
use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::predicate::Predicate;
use zerotrip_datasets::{DatasetFile, Key, ResidentId};
use zerotrip_sources::{LookUp, Rows, Select, Source};
use zerotrip_tests::deployment::{Failure, fail};

use crate::measure;

/// Look-ups of one key.
const LOOK_UPS: usize = 4000;
/// Keys of the large set.
const KEYS: usize = 100_000;
/// Rows of what is held in memory to be written, or is one answer.
const MOST_IN_ONE: usize = 300_000;
/// Messages of a scan between two looks at the memory.
const BATCHES_PER_LOOK: usize = 16;
/// The columns' names there.
const FIELDS: [&str; 4] = ["sfzh", "zt", "rq", "dz"];

/// Measure each kind of source beside its driver alone.
#[derive(Args)]
pub struct Sources {
    /// Rows of the table; of a workbook and an HTTP interface at most 300,000.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Kinds to measure.
    #[arg(
        long,
        value_delimiter = ',',
        default_values = ["sqlite", "postgres", "mysql", "odbc", "csv", "xlsx", "xls", "dbf", "parquet", "rest"]
    )]
    kinds: Vec<String>,
}

/// Measures, and prints a table.
pub async fn run(arguments: &Sources, folder: &Path) -> Result<(), Failure> {
    println!("machine: {}", measure::machine()?);
    println!("rows: {}\n", arguments.rows);
    println!(
        "| source | rows | look-up p50 µs | driver | × | {KEYS} keys s | driver | × | scan to \
         Arrow rows/s | driver | × | read in rows/s | format alone | × | resident before / most \
         in the scan MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for kind in &arguments.kinds {
        let folder = folder.join(format!("source-{kind}"));
        fs::create_dir_all(&folder)?;
        let rows = arguments.rows;
        match kind.as_str() {
            "sqlite" => sqlite::live(rows, &folder).await?,
            "postgres" => servers::postgres(rows, &folder, false).await?,
            "odbc" => servers::postgres(rows, &folder, true).await?,
            "mysql" => servers::mysql(rows, &folder).await?,
            "csv" | "dbf" | "parquet" => files::dropped(kind, rows, &folder).await?,
            "xlsx" => files::dropped(kind, rows.min(MOST_IN_ONE), &folder).await?,
            "xls" => files::dropped(kind, rows.min(files::MOST_IN_XLS), &folder).await?,
            "rest" => files::rest(rows.min(MOST_IN_ONE), &folder).await?,
            other => {
                return fail(format!(
                    "no kind `{other}`; there are sqlite, postgres, mysql, odbc, csv, xlsx, xls, \
                     dbf, parquet and rest"
                ));
            }
        }
    }
    Ok(())
}

fn person(number: usize) -> Result<ResidentId, Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(1930, 1, 1)
        .and_then(|day| day.checked_add_days(chrono::Days::new((number / 900) as u64)));
    let day = day.ok_or("beyond the calendar")?;
    ResidentId::from_parts(330_106, day, u16::try_from(number % 900)?)
        .ok_or_else(|| "no such id".into())
}

/// A row: an id, a status, a day, an address.
fn row(number: usize) -> Result<[String; 4], Failure> {
    let status = if number.is_multiple_of(10) { "2" } else { "1" };
    Ok([
        person(number)?.as_str().to_owned(),
        status.into(),
        format!("20{:02}-0{}-1{}", number % 25, number % 9 + 1, number % 10),
        format!("文三路{number}号"),
    ])
}

fn describe(folder: &Path, source: &str) -> Result<(Arc<dyn Source>, DatasetFile), Failure> {
    let column = |name: &str, field: &str, what: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{what}\"\ngrade = \
             \"L3\"\n"
        )
    };
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = \
         1\n[source]\n{source}\n[coverage]\nregions = [\"330100\"]\nsince = \
         \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
         }}\n{}{}codes = {{ \"1\" = \"current\", \"2\" = \"cancelled\" }}\n{}{}[[lookup]]\nname = \
         \"party\"\ncolumns = [\"owner\"]\n",
        column("owner", "sfzh", "resident_id"),
        column("status", "zt", "code"),
        column("filed_on", "rq", "date"),
        column("address", "dz", "text"),
    );
    let dataset = DatasetFile::parse(&text, "bench.toml")?;
    let source = zerotrip_sources::open(&dataset, folder, &folder.join("state"), Arc::default())?;
    Ok((source, dataset))
}

/// What something takes: the median look-up, the large set, and rows a second into Arrow.
struct Taken {
    look_up: Duration,
    keys: Duration,
    scan: f64,
    /// Mebibytes resident before the scan, and the most in it.
    resident: (u64, u64),
}

/// Rows a second in which a file or an answer is read: by the source, and by the format's own
/// reader alone.
struct ReadIn {
    ours: f64,
    /// `None` where nothing else here reads that format.
    alone: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn rate(rows: usize, begun: Instant) -> f64 {
    rows as f64 / begun.elapsed().as_secs_f64()
}

async fn ours(source: &dyn Source, dataset: &DatasetFile, rows: usize) -> Result<Taken, Failure> {
    let look_up =
        median(rows, async |number| looked_up(source, vec![person(number)?.into()], 1).await)
            .await?;
    let keys: Vec<Key> =
        key_numbers(rows).map(|number| person(number).map(Key::from)).collect::<Result<_, _>>()?;
    let expected = keys.len();
    let begun = Instant::now();
    looked_up(source, keys, expected).await?;
    let keys = begun.elapsed();
    let before = measure::resident(std::process::id())?.now;
    let begun = Instant::now();
    let (read, most) = scanned(source, dataset).await?;
    if read != rows {
        return fail(format!("{read} rows of {rows} came"));
    }
    Ok(Taken { look_up, keys, scan: rate(rows, begun), resident: (before, most.max(before)) })
}

async fn looked_up(source: &dyn Source, keys: Vec<Key>, expected: usize) -> Result<(), Failure> {
    let cancellation = Cancellation::after(Duration::from_secs(120));
    let look_up = LookUp { columns: vec![0], keys: keys.into(), most_rows: u64::MAX, cancellation };
    let (count, _) = zerotrip_sources::count_rows(source, look_up).await?;
    if count == expected { Ok(()) } else { fail(format!("{count} rows came, not {expected}")) }
}

/// Every row, read by its semantic types, into Arrow; and the most that was resident meanwhile.
async fn scanned(source: &dyn Source, dataset: &DatasetFile) -> Result<(usize, u64), Failure> {
    let cancellation = Cancellation::after(Duration::from_secs(600));
    let only = Predicate::All(Vec::new());
    let select = Select {
        columns: vec![0, 1, 2, 3],
        only,
        counted: false,
        first: None,
        most_rows: u64::MAX,
        cancellation,
    };
    let (sender, mut rows) = mpsc::channel::<Rows>(2);
    let schema = Arc::new(Schema::new(
        [
            ("owner", DataType::Utf8),
            ("status", DataType::Utf8),
            ("filed_on", DataType::Date32),
            ("address", DataType::Utf8),
        ]
        .map(|(name, kind)| Field::new(name, kind, true))
        .to_vec(),
    ));
    let counted = async {
        let (mut count, mut batches, mut most) = (0, 0_usize, 0);
        while let Some(batch) = rows.recv().await {
            let (mut texts, mut days) = (
                [StringBuilder::new(), StringBuilder::new(), StringBuilder::new()],
                Date32Builder::new(),
            );
            for cells in batch.iter() {
                for (place, (column, raw)) in dataset.columns.iter().zip(cells.iter()).enumerate() {
                    let text = texts.get_mut(if place == 3 { 2 } else { place.min(1) });
                    match (cell::read(column, raw), text) {
                        (CellReading::Date(day), _) => days.append_value(day),
                        (CellReading::Id(id), Some(text)) => text.append_value(id.as_str()),
                        (CellReading::Code(word), Some(text)) => text.append_value(word),
                        (CellReading::Text(word), Some(text)) => text.append_value(word),
                        _ => return fail("a cell of the bench cannot be read"),
                    }
                }
            }
            let [mut owner, mut status, mut address] = texts;
            let columns: Vec<ArrayRef> = vec![
                Arc::new(owner.finish()),
                Arc::new(status.finish()),
                Arc::new(days.finish()),
                Arc::new(address.finish()),
            ];
            count += RecordBatch::try_new(Arc::clone(&schema), columns)?.num_rows();
            if batches.is_multiple_of(BATCHES_PER_LOOK) {
                most = measure::resident(std::process::id())?.now.max(most);
            }
            batches += 1;
        }
        Ok((count, most))
    };
    let (end, counted) = tokio::join!(source.select(select, sender), counted);
    end?;
    counted
}

async fn median<F: Future<Output = Result<(), Failure>>>(
    rows: usize,
    mut ask: impl FnMut(usize) -> F,
) -> Result<Duration, Failure> {
    let mut times = Vec::with_capacity(LOOK_UPS);
    for number in 0..LOOK_UPS {
        let begun = Instant::now();
        ask(number * 7919 % rows).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times.get(LOOK_UPS / 2).copied().ok_or_else(|| "nothing was measured".into())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn print(kind: &str, rows: usize, ours: &Taken, driver: &Taken, read_in: Option<&ReadIn>) {
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    let (a, b) = (micros(ours.look_up), micros(driver.look_up));
    let (c, d) = (ours.keys.as_secs_f64(), driver.keys.as_secs_f64());
    let read_in = match read_in {
        Some(ReadIn { ours, alone: None }) => format!("{ours:.0} | – | –"),
        Some(ReadIn { ours, alone: Some(alone) }) => {
            format!("{ours:.0} | {alone:.0} | {:.2}", ours / alone)
        }
        None => "– | – | –".to_owned(),
    };
    println!(
        "| {kind} | {rows} | {a:.0} | {b:.0} | {:.2} | {c:.2} | {d:.2} | {:.2} | {:.0} | {:.0} | \
         {:.2} | {read_in} | {} / {} |",
        a / b,
        c / d,
        ours.scan,
        driver.scan,
        ours.scan / driver.scan,
        ours.resident.0,
        ours.resident.1,
    );
}

/// The values by which a person could be named, as a source asks for them.
fn spellings(keys: impl Iterator<Item = usize>) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for key in keys {
        all.extend(person(key)?.spellings());
    }
    Ok(all)
}

/// Whom the large set asks for, each once.
fn key_numbers(rows: usize) -> impl Iterator<Item = usize> {
    let keys = KEYS.min(rows);
    (0..keys).map(move |number| number * (rows / keys))
}
