//! Each kind of source beside the same statement through its driver alone, in the same run: a look-up by key, a set of 100,000 keys, and
//! every row into Arrow.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Date32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use clap::Args;
use futures::TryStreamExt as _;
use mysql_async::prelude::Queryable as _;
use tokio::sync::mpsc;
use zerotrip_connector::source::{self, Counted, LookUp, RawRow, Select, Source, Stop};
use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::predicate::Predicate;
use zerotrip_datasets::{DatasetFile, ResidentId};
use zerotrip_legacy::{ADMINISTRATOR, Mariadb, PASSWORD, Postgres};
use zerotrip_tests::town::{Failure, fail};

use crate::measure;

/// Look-ups of one key.
const LOOK_UPS: usize = 4000;
/// Keys of the large set.
const KEYS: usize = 100_000;
/// Rows to one insert.
const CHUNK: usize = 5000;

/// Measure each kind of source beside its driver alone.
#[derive(Args)]
pub struct Sources {
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Kinds to measure.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres", "mysql"])]
    kinds: Vec<String>,
}

/// Measures, and prints a table.
pub async fn run(arguments: &Sources, folder: &Path) -> Result<(), Failure> {
    println!("machine: {}", measure::machine()?);
    println!("rows: {}\n", arguments.rows);
    println!(
        "| source | look-up p50 µs | driver | × | {KEYS} keys s | driver | × | scan to Arrow rows/s | driver | × | resident after MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for kind in &arguments.kinds {
        let folder = folder.join(format!("source-{kind}"));
        fs::create_dir_all(&folder)?;
        match kind.as_str() {
            "sqlite" => sqlite(arguments.rows, &folder).await?,
            "postgres" => postgres(arguments.rows, &folder).await?,
            "mysql" => mysql(arguments.rows, &folder).await?,
            other => return fail(format!("no kind `{other}` here; there are sqlite, postgres and mysql")),
        }
    }
    Ok(())
}

fn person(number: usize) -> Result<ResidentId, Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(1930, 1, 1).and_then(|day| day.checked_add_days(chrono::Days::new((number / 900) as u64)));
    let day = day.ok_or("beyond the calendar")?;
    ResidentId::from_parts(330_106, day, u16::try_from(number % 900)?).ok_or_else(|| "no such id".into())
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
        format!("[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{what}\"\ngrade = \"L3\"\n")
    };
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" }}\nsharing = \"conditional\"\nmost_age = \"36h\"\n\
         row_floor = 1\n[source]\n{source}\n[coverage]\nregions = [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \"everyone\"\n\
         text = {{ zh = \"杭州\", en = \"Hangzhou\" }}\n{}{}codes = {{ \"1\" = \"current\", \"2\" = \"cancelled\" }}\n{}{}\
         [[lookup]]\nname = \"party\"\ncolumns = [\"owner\"]\n",
        column("owner", "sfzh", "resident_id"),
        column("status", "zt", "code"),
        column("filed_on", "rq", "date"),
        column("address", "dz", "text"),
    );
    let dataset = DatasetFile::parse(&text, "bench.toml")?;
    let source = source::open(&dataset, folder, &folder.join("state"), Arc::default())?;
    Ok((source, dataset))
}

/// What ours takes: the median look-up, the large set, and rows a second into Arrow.
struct Taken {
    look_up: Duration,
    keys: Duration,
    scan: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn ours(source: &dyn Source, dataset: &DatasetFile, rows: usize) -> Result<Taken, Failure> {
    let look_up = median(rows, async |number| looked_up(source, vec![person(number)?], 1).await).await?;
    let keys = (0..KEYS).map(|number| person(number * (rows / KEYS).max(1) % rows)).collect::<Result<Vec<_>, _>>()?;
    let begun = Instant::now();
    looked_up(source, keys, KEYS.min(rows)).await?;
    let keys = begun.elapsed();
    let begun = Instant::now();
    let read = scanned(source, dataset).await?;
    if read != rows {
        return fail(format!("{read} rows of {rows} came"));
    }
    Ok(Taken { look_up, keys, scan: rows as f64 / begun.elapsed().as_secs_f64() })
}

async fn looked_up(source: &dyn Source, keys: Vec<ResidentId>, expected: usize) -> Result<(), Failure> {
    let stop = Stop::at(Instant::now() + Duration::from_secs(120));
    let look_up = LookUp { columns: vec![0], keys: keys.into(), most_rows: u64::MAX, stop };
    let (sender, mut rows) = mpsc::channel::<Vec<RawRow>>(2);
    let counted = async {
        let mut count = 0;
        while let Some(batch) = rows.recv().await {
            count += batch.len();
        }
        count
    };
    let (end, count) = tokio::join!(source.look_up(look_up, sender), counted);
    end?;
    if count == expected { Ok(()) } else { fail(format!("{count} rows came, not {expected}")) }
}

/// Every row, read by its semantic types, into Arrow.
async fn scanned(source: &dyn Source, dataset: &DatasetFile) -> Result<usize, Failure> {
    let stop = Stop::at(Instant::now() + Duration::from_secs(600));
    let only = Predicate::All(Vec::new());
    let select = Select { columns: vec![0, 1, 2, 3], only, counted: false, first: None, most_rows: u64::MAX, stop };
    let (sender, mut rows) = mpsc::channel::<Vec<Counted>>(2);
    let schema = Arc::new(Schema::new(
        [("owner", DataType::Utf8), ("status", DataType::Utf8), ("filed_on", DataType::Date32), ("address", DataType::Utf8)]
            .map(|(name, kind)| Field::new(name, kind, true))
            .to_vec(),
    ));
    let counted = async {
        let mut count = 0;
        while let Some(batch) = rows.recv().await {
            let (mut texts, mut days) = ([StringBuilder::new(), StringBuilder::new(), StringBuilder::new()], Date32Builder::new());
            for (cells, _) in &batch {
                for (place, (column, raw)) in dataset.columns.iter().zip(cells).enumerate() {
                    let text = texts.get_mut(if place == 3 { 2 } else { place.min(1) });
                    match (cell::read(column, raw.as_deref()), text) {
                        (CellReading::Date(day), _) => days.append_value(day),
                        (CellReading::Id(id), Some(text)) => text.append_value(id.as_str()),
                        (CellReading::Code(word) | CellReading::Text(word), Some(text)) => text.append_value(word),
                        _ => return fail("a cell of the bench cannot be read"),
                    }
                }
            }
            let [mut owner, mut status, mut address] = texts;
            let columns: Vec<ArrayRef> =
                vec![Arc::new(owner.finish()), Arc::new(status.finish()), Arc::new(days.finish()), Arc::new(address.finish())];
            count += RecordBatch::try_new(Arc::clone(&schema), columns)?.num_rows();
        }
        Ok(count)
    };
    let (end, count) = tokio::join!(source.select(select, sender), counted);
    end?;
    count
}

async fn median<F: Future<Output = Result<(), Failure>>>(rows: usize, mut ask: impl FnMut(usize) -> F) -> Result<Duration, Failure> {
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
fn print(kind: &str, ours: &Taken, driver: &Taken) -> Result<(), Failure> {
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    let (a, b) = (micros(ours.look_up), micros(driver.look_up));
    let (c, d) = (ours.keys.as_secs_f64(), driver.keys.as_secs_f64());
    println!(
        "| {kind} | {a:.0} | {b:.0} | {:.2} | {c:.2} | {d:.2} | {:.2} | {:.0} | {:.0} | {:.2} | {} |",
        a / b,
        c / d,
        ours.scan,
        driver.scan,
        ours.scan / driver.scan,
        measure::memory(std::process::id())?
    );
    Ok(())
}

/// The values under which a person could stand, as a source asks for them.
fn spellings(keys: impl Iterator<Item = usize>) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for key in keys {
        all.extend(person(key)?.spellings());
    }
    Ok(all)
}

fn key_numbers(rows: usize) -> impl Iterator<Item = usize> {
    (0..KEYS).map(move |number| number * (rows / KEYS).max(1) % rows)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn sqlite(rows: usize, folder: &Path) -> Result<(), Failure> {
    let path = folder.join("t.db");
    let _old = fs::remove_file(&path);
    let mut database = rusqlite::Connection::open(&path)?;
    database.execute_batch("create table t (sfzh text, zt text, rq text, dz text); create index i on t (sfzh)")?;
    let write = database.transaction()?;
    for number in 0..rows {
        write.prepare_cached("insert into t values (?1, ?2, ?3, ?4)")?.execute(row(number)?)?;
    }
    write.commit()?;
    let (source, dataset) = describe(folder, "kind = \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \"live\"")?;
    let taken = ours(&*source, &dataset, rows).await?;
    let reader = rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.set_prepared_statement_cache_capacity(64);
    let texts = |row: &rusqlite::Row<'_>| (0..4).map(|at| row.get::<_, Option<String>>(at)).collect::<Result<Vec<_>, _>>();
    let ask = |values: &[String]| -> Result<usize, Failure> {
        let sql = format!("select sfzh, zt, rq, dz from t where sfzh in (?{})", ",?".repeat(values.len() - 1));
        let mut statement = reader.prepare_cached(&sql)?;
        let found = statement.query_map(rusqlite::params_from_iter(values), texts)?.collect::<Result<Vec<_>, _>>()?;
        Ok(found.len())
    };
    let look_up =
        median(rows, async |number| if ask(&spellings(std::iter::once(number))?)? == 1 { Ok(()) } else { fail("not found") }).await?;
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(256) {
        ask(values)?;
    }
    let keys = begun.elapsed();
    let begun = Instant::now();
    let mut statement = reader.prepare("select sfzh, zt, rq, dz from t")?;
    let mut count = 0;
    for row in statement.query_map([], texts)? {
        count += row?.len() / 4;
    }
    print("sqlite", &taken, &Taken { look_up, keys, scan: count as f64 / begun.elapsed().as_secs_f64() })
}

fn inserts(rows: usize) -> impl Iterator<Item = Result<String, Failure>> {
    (0..rows).step_by(CHUNK).map(move |from| {
        let literals = (from..(from + CHUNK).min(rows)).map(|number| Ok(format!("('{}')", row(number)?.join("','"))));
        Ok(format!("insert into t values {}", literals.collect::<Result<Vec<_>, Failure>>()?.join(",")))
    })
}

fn password(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.join("password");
    fs::write(&file, PASSWORD)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn postgres(rows: usize, folder: &Path) -> Result<(), Failure> {
    let server = Postgres::start()?;
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port()).user(ADMINISTRATOR).password(PASSWORD).dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    client.batch_execute("create table t (sfzh text, zt text, rq date, dz text)").await?;
    for insert in inserts(rows) {
        client.batch_execute(&insert?).await?;
    }
    client.batch_execute("create index i on t (sfzh)").await?;
    client.batch_execute("vacuum analyze t").await?;
    password(folder)?;
    let section = format!(
        "kind = \"postgres\"\nhost = \"127.0.0.1\"\nport = {}\ndatabase = \"postgres\"\ntable = \"t\"\nuser = \"{ADMINISTRATOR}\"\n\
         password_file = \"password\"\ntls = \"off\"\nprofile_every = \"1h\"",
        server.port()
    );
    let (source, dataset) = describe(folder, &section)?;
    let taken = ours(&*source, &dataset, rows).await?;
    let by_key = client.prepare("select sfzh::text, zt::text, rq::text, dz::text from t where sfzh = any($1::text[])").await?;
    let texts = |row: &tokio_postgres::Row| (0..4).map(|at| row.try_get::<_, Option<String>>(at)).collect::<Result<Vec<_>, _>>();
    let ask = async |values: Vec<String>| -> Result<usize, Failure> {
        let found = client.query(&by_key, &[&values]).await?;
        Ok(found.iter().map(texts).collect::<Result<Vec<_>, _>>()?.len())
    };
    let look_up =
        median(rows, async |number| if ask(spellings(std::iter::once(number))?).await? == 1 { Ok(()) } else { fail("not found") }).await?;
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(16_384) {
        ask(values.to_vec()).await?;
    }
    let keys = begun.elapsed();
    let begun = Instant::now();
    let none: [&str; 0] = [];
    let stream = client.query_raw("select sfzh::text, zt::text, rq::text, dz::text from t", none).await?;
    tokio::pin!(stream);
    let mut count = 0;
    while let Some(row) = stream.try_next().await? {
        count += texts(&row)?.len() / 4;
    }
    print("postgres", &taken, &Taken { look_up, keys, scan: count as f64 / begun.elapsed().as_secs_f64() })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn mysql(rows: usize, folder: &Path) -> Result<(), Failure> {
    let server = Mariadb::start()?;
    let options = || {
        let options = mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(server.port());
        options.user(Some(ADMINISTRATOR)).pass(Some(PASSWORD)).prefer_socket(false)
    };
    let mut connection = mysql_async::Conn::new(options()).await?;
    connection.query_drop("create database d charset utf8mb4").await?;
    connection.query_drop("use d").await?;
    connection.query_drop("create table t (sfzh varchar(18), zt varchar(4), rq date, dz varchar(60))").await?;
    for insert in inserts(rows) {
        connection.query_drop(insert?).await?;
    }
    connection.query_drop("create index i on t (sfzh)").await?;
    password(folder)?;
    let section = format!(
        "kind = \"mysql\"\nhost = \"127.0.0.1\"\nport = {}\ndatabase = \"d\"\ntable = \"t\"\nuser = \"{ADMINISTRATOR}\"\n\
         password_file = \"password\"\ntls = \"off\"\nprofile_every = \"1h\"",
        server.port()
    );
    let (source, dataset) = describe(folder, &section)?;
    let taken = ours(&*source, &dataset, rows).await?;
    let texts = |row: mysql_async::Row| (0..4).map(|at| row.get::<Option<String>, _>(at).flatten()).collect::<Vec<_>>();
    let fields = "select sfzh, zt, cast(rq as char), dz from t";
    let mut times = Vec::with_capacity(LOOK_UPS);
    for number in 0..LOOK_UPS {
        let values = spellings(std::iter::once(number * 7919 % rows))?;
        let sql = format!("{fields} where sfzh in ({})", vec!["?"; values.len()].join(","));
        let begun = Instant::now();
        let found: Vec<mysql_async::Row> = connection.exec(sql, values).await?;
        let found: Vec<_> = found.into_iter().map(texts).collect();
        if found.len() != 1 {
            return fail("not found");
        }
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let look_up = times.get(LOOK_UPS / 2).copied().unwrap_or_default();
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(512) {
        let sql = format!("{fields} where sfzh in ({})", vec!["?"; values.len()].join(","));
        let found: Vec<mysql_async::Row> = connection.exec(sql, values.to_vec()).await?;
        found.into_iter().map(texts).for_each(drop);
    }
    let keys = begun.elapsed();
    let begun = Instant::now();
    let mut stream = connection.exec_stream::<mysql_async::Row, _, _>(fields, ()).await?;
    let mut count = 0;
    while let Some(row) = stream.try_next().await? {
        count += texts(row).len() / 4;
    }
    drop(stream);
    print("mysql", &taken, &Taken { look_up, keys, scan: count as f64 / begun.elapsed().as_secs_f64() })
}
