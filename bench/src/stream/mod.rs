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
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use zerotrip_channel::SystemHome;
use zerotrip_client::{CheckQuestion, Errand, Outcome, Session};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::deployment::{
    Failure, Running, TRUST_DOMAIN, fail, free_address, run, values, wait_until,
};

use crate::measure;

/// Rows of one person: in Arrow some 20 MiB, under the hub's 32 for one scan.
const ROWS_EACH: usize = 500_000;
/// Time that the connector may take to import the drop.
const IMPORT: Duration = Duration::from_secs(1800);
const DATASET: &str = "archive.entries";
const PURPOSE: &str = "measuring";
const BASIS: &str = "none: every row is invented";

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
    fs::create_dir_all(folder)?;
    let site =
        Site { folder: fs::canonicalize(folder)?, url: format!("https://{}", free_address()?) };
    if site.folder.join("authority").exists() {
        return fail(format!(
            "`{}` holds an installation already; use another --dir",
            site.folder.display()
        ));
    }
    let hub = site.found()?;
    let begun = Instant::now();
    let bytes = site.write_drop(persons)?;
    println!("drop of {} rows written in {:.0} s", arguments.rows, begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let connector = site.attach(arguments.rows)?;
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

/// An installation of one department and one issuer.
struct Site {
    folder: PathBuf,
    url: String,
}

impl Site {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn zerotrip(&self, arguments: &[&str]) -> Result<(), Failure> {
        run("zerotrip", arguments, &self.folder)?.expect(0).map(|_| ())
    }

    fn owner(&self, arguments: &[&str]) -> Result<(), Failure> {
        run("zerotrip-connector", arguments, &self.folder)?.expect(0).map(|_| ())
    }

    /// The authority, the hub, and its two members.
    fn found(&self) -> Result<Running, Failure> {
        let (authority, hub, store, definitions) = (
            self.path("authority"),
            self.path("hub"),
            self.path("store"),
            self.path("definitions"),
        );
        let check = Path::new(&definitions).join("stream");
        fs::create_dir_all(&check)?;
        fs::create_dir_all(&store)?;
        for (name, text) in DEFINITION {
            fs::write(check.join(name), text)?;
        }
        self.zerotrip(&[
            "authority",
            "init",
            "--dir",
            &authority,
            "--trust-domain",
            TRUST_DOMAIN,
            "--hub",
            "hub-1",
            "--url",
            &self.url,
        ])?;
        let init = ["init", "--dir", &hub, "--trust-domain", TRUST_DOMAIN, "--name", "hub-1"];
        run("zerotrip-hub", &init, &self.folder)?.expect(0)?;
        self.zerotrip(&["authority", "enrol-hub", "--dir", &authority, "--hub-dir", &hub])?;
        let listen = self.url.trim_start_matches("https://");
        let serve = [
            "serve",
            "--dir",
            &hub,
            "--listen",
            listen,
            "--definitions",
            &definitions,
            "--store",
            &store,
        ];
        let mut serving = Running::start("zerotrip-hub", &serve, &self.log("hub"))?;
        serving.wait_for("listens on")?;
        self.admit("archive", "front", "zerotrip-connector")?;
        self.admit("reader", "window", "zerotrip")?;
        Ok(serving)
    }

    fn admit(&self, member: &str, system: &str, binary: &str) -> Result<(), Failure> {
        let (authority, dir, invitation) =
            (self.path("authority"), self.path(member), self.path(&format!("{member}.invitation")));
        let whom = ["--dir", &authority, "--member", member, "--system", system];
        self.zerotrip(&[&["member", "invite"], &whom[..], &["--out", &invitation]].concat())?;
        let joining = Running::start(
            binary,
            &["join", "--dir", &dir, "--invitation", &invitation],
            &self.log(member),
        )?;
        self.zerotrip(&[&["member", "admit"], &whom[..], &["--wait", "30"]].concat())?;
        joining.wait_success(Duration::from_secs(30))
    }

    /// The register as a file: every person's rows apart from one another, as they would be filed.
    /// Returns the bytes of its cells.
    fn write_drop(&self, persons: usize) -> Result<u64, Failure> {
        let ids = (0..persons).map(person).collect::<Result<Vec<_>, _>>()?;
        let mut file =
            BufWriter::with_capacity(1 << 20, File::create(self.folder.join("entries.csv"))?);
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

    /// The owner signs and approves, the authority grants, and the connector is attached.
    fn attach(&self, rows: usize) -> Result<Running, Failure> {
        let (dir, file, authority) =
            (self.path("archive"), self.path("entries.toml"), self.path("authority"));
        fs::write(&file, dataset(rows))?;
        self.owner(&["sign", "--dir", &dir, &file])?;
        self.owner(&[
            "approve",
            "--dir",
            &dir,
            "--check",
            "stream",
            "--requester",
            "reader",
            "--purpose",
            PURPOSE,
            "--yes",
        ])?;
        let what =
            ["--member", "reader", "--check", "stream/all", "--purpose", PURPOSE, "--basis", BASIS];
        self.zerotrip(
            &[&["grant", "add", "--dir", &authority, "--id", "stream"], &what[..]].concat(),
        )?;
        let connector =
            Running::start("zerotrip-connector", &["serve", "--dir", &dir], &self.log("archive"))?;
        wait_until(IMPORT, "the drop is imported and its dataset attached", || {
            let listed = run(
                "zerotrip",
                &["--json", "catalog", "list", "--dir", &self.path("reader")],
                &self.folder,
            )?
            .output;
            Ok(values(&listed).iter().any(is_attached))
        })?;
        Ok(connector)
    }

    /// Asks about these persons, so many at once. "Something is on record" is said only of rows
    /// that were all received and match their receipt.
    async fn ask(&self, persons: &[usize], at_once: usize) -> Result<(), Failure> {
        let home = SystemHome::load(&self.folder.join("reader"))?;
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
        for entry in fs::read_dir(self.folder.join("archive/journal"))? {
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

fn is_attached(value: &Value) -> bool {
    text_of(value, "dataset") == DATASET
        && value.get("attached").and_then(Value::as_bool) == Some(true)
}

fn person(number: usize) -> Result<ResidentId, Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(1960, 1, 1)
        .and_then(|day| day.checked_add_days(chrono::Days::new(number as u64)));
    ResidentId::from_parts(330_106, day.ok_or("beyond the calendar")?, 11)
        .ok_or_else(|| "no such id".into())
}

fn errand() -> Errand {
    Errand {
        official: "0001".into(),
        service_item: "measuring-000000".into(),
        purpose: PURPOSE.into(),
        legal_basis: BASIS.into(),
        case_number: "1".into(),
    }
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
