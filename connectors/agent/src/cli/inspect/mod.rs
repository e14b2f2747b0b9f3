//! `inspect`: what a system holds, and the dataset file that could describe it.

mod asked;
mod options;
mod proposal;
mod words;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use zerotrip_channel::files;
use zerotrip_datasets::KeyKind;
use zerotrip_datasets::file::{Password, Tls, type_name};
use zerotrip_datasets::guess::{is_value, rows};
use zerotrip_datasets::mask::masked;
use zerotrip_datasets::vocabulary::AskedDataset;
use zerotrip_proto::names;

use self::options::in_options;
use self::words::{PLACEHOLDER, Proposed};
use crate::cli::output::{Failure, say};
use crate::cli::progress::with_progress;
use zerotrip_sources::SourceError;
use zerotrip_sources::catalogue::{Login, Look, Setting, Table, Target, TargetLocation};
use zerotrip_text::shown;

/// Digits that an id has at least, in a run as long as one.
const FEWEST_DIGITS: usize = 8;
/// Characters from which a run of digits could be a resident id, or most of one.
const FEWEST_OF_AN_ID: usize = 12;

/// What to inspect.
#[derive(Args)]
pub struct Inspect {
    /// A file, as a path or a `file:` URL, or a server, as `postgres://user@host:port/database` or
    /// `mysql://…`; or what is behind an ODBC driver, as `odbc:Driver=…;Server=…;UID=…` or
    /// `odbc:DSN=…;UID=…`; or an HTTP interface's collection, as `https://host/path`, of which one
    /// answer is looked at; never with a password in it. The ending of a file says what it is:
    /// .db, .sqlite, .csv, .xlsx, .xls, .dbf or .parquet.
    source: String,
    /// The table, or the sheet of a workbook; of an interface's answer the JSON pointer to its
    /// rows, such as /data/list. Without it, a database's tables are listed, and an answer's
    /// longest array is taken.
    #[arg(long)]
    table: Option<String>,
    /// The member that will own the dataset; not needed with --dataset, whose id names it.
    #[arg(long)]
    member: Option<String>,
    /// Propose under the names by which this check asks, such as no-property, and say what each of
    /// them means.
    #[arg(long = "for", value_name = "CHECK")]
    check: Option<String>,
    /// Which of the registers that the check asks this is, such as estate.ownership.
    #[arg(long, requires = "check", value_name = "ID")]
    dataset: Option<String>,
    /// Write the proposed dataset file here, in the source's folder or above it; a file that is
    /// there already is left alone.
    #[arg(long)]
    out: Option<PathBuf>,
    /// What the file is, whatever its ending says: sqlite, csv, xlsx, xls, dbf or parquet.
    #[arg(long)]
    kind: Option<String>,
    /// The row of a sheet that names the columns.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    header: u32,
    /// The schema that holds the table, of a PostgreSQL server's database (`public` if none is
    /// said), or behind an ODBC driver.
    #[arg(long)]
    schema: Option<String>,
    /// A file that holds the password for a server, and that only you can read.
    #[arg(long, conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// An environment variable that holds it instead.
    #[arg(long)]
    password_env: Option<String>,
    /// A file that holds secret headers for an HTTP interface, one in a line, and that only you
    /// can read.
    #[arg(long)]
    header_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities that may vouch for a server, other than those that
    /// this system trusts.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// Whether a server is talked to encrypted (`verify`), or in clear text (`off`).
    #[arg(long, default_value = "verify", value_parser = ["verify", "off"])]
    tls: String,
}

impl Inspect {
    /// Files are named in full: the dataset file may be in another folder.
    fn login(&self) -> Result<Login, Failure> {
        let full =
            |path: &PathBuf| std::path::absolute(path).map(|path| path.display().to_string());
        let password = match (&self.password_file, &self.password_env) {
            (Some(path), _) => Password::File(full(path)?),
            (None, Some(name)) => Password::Environment(name.clone()),
            (None, None) => Password::None,
        };
        let ca_file = self.ca_file.as_ref().map(full).transpose()?;
        let header_file = self.header_file.as_ref().map(full).transpose()?;
        let tls = if self.tls == "off" { Tls::Off } else { Tls::Verify { ca_file } };
        Ok(Login { schema: self.schema.clone(), password, header_file, tls })
    }
}

/// What was found.
enum Found {
    Tables(Vec<Table>),
    Look(Look),
}

/// Lists a system's tables, or proposes a dataset file for one of them.
pub async fn run(arguments: Inspect, as_json: bool) -> Result<(), Failure> {
    if let Some(member) = &arguments.member
        && !names::is_member(member)
    {
        return Err(format!(
            "--member `{}` is not a member's name. Give 1 to 32 lower-case letters, digits and hyphens",
            shown(member)
        )
        .into());
    }
    let asked = arguments
        .check
        .as_deref()
        .map(|check| asked::dataset(check, arguments.dataset.as_deref()))
        .transpose()?;
    if let Some((member, asked)) = arguments.member.as_deref().zip(asked)
        && names::owner_of(asked.id) != Some(member)
    {
        return Err(format!(
            "`{}` can only be member `{}`'s; leave --member out",
            asked.id,
            names::owner_of(asked.id).unwrap_or_default()
        )
        .into());
    }
    let target = Target::parse(&arguments.source, arguments.kind.as_deref(), arguments.login()?)
        .map_err(spoken)?;
    let (looked_at, table, header) = (target.clone(), arguments.table.clone(), arguments.header);
    let look = tokio::task::spawn_blocking(move || look(&looked_at, table.as_deref(), header));
    match with_progress("reading the table", look)
        .await?
        .map_err(|error| spoken(in_options(error, &target.place)))?
    {
        Found::Tables(tables) => list(&tables, as_json),
        Found::Look(look) => propose(&arguments, &target, asked, look, as_json),
    }
}

/// An error for the screen. A system's own words can hold a resident id.
fn spoken(error: SourceError) -> Failure {
    shown(&without_ids(&error.to_string())).into()
}

/// Refuses a table with a column name that can only be a value. The names are then a row of data,
/// which would be lost, and shown.
fn has_names(target: &Target, look: &Look) -> Result<(), Failure> {
    let Some(place) = look.columns.iter().position(|column| is_value(&column.field)) else {
        return Ok(());
    };
    let number = place + 1;
    Err(match target.kind {
        "csv" => format!(
            "the file has no header line: the name of column {number} is a value, which could be a \
             person's. Write a line with the columns' names above the rows"
        ),
        "xlsx" | "xls" => format!(
            "the sheet has no header: the name of column {number} is a value, which could be a \
             person's. Write a row with the columns' names above the others, or say with --header \
             which row names them"
        ),
        _ => format!(
            "the name of column {number} is a value, which could be a person's. Give the column a \
             name there, or in a view"
        ),
    }
    .into())
}

fn look(target: &Target, table: Option<&str>, header: u32) -> Result<Found, SourceError> {
    let catalogue = target.open(header)?;
    if table.is_none() && target.has_tables() {
        return Ok(Found::Tables(catalogue.tables()?));
    }
    catalogue.look(table).map(Found::Look)
}

fn list(tables: &[Table], as_json: bool) -> Result<(), Failure> {
    let mut text = String::new();
    for table in tables {
        let rows = table.rows.map_or(String::new(), |rows| format!(", about {rows} rows"));
        let _written = writeln!(text, "{}  ({}{rows})", shown(&table.name), table.kind);
    }
    text.push_str(if tables.is_empty() {
        "there are no tables"
    } else {
        "go on with --table and one of these names"
    });
    let listed: Vec<_> = tables
        .iter()
        .map(|table| json!({ "table": table.name, "kind": table.kind, "rows": table.rows }))
        .collect();
    say(as_json, &text, &json!({ "tables": listed }))
}

fn propose(
    arguments: &Inspect,
    target: &Target,
    asked: Option<&AskedDataset>,
    mut look: Look,
    as_json: bool,
) -> Result<(), Failure> {
    has_names(target, &look)?;
    if let TargetLocation::File(path) = &target.place {
        place(&mut look, path, arguments.out.as_deref())?;
    }
    // An interface's address was understood as one already; a pointer is checked with the dataset
    // file.
    let is_named = !matches!(target.place, TargetLocation::Url(..));
    let odd = |(key, setting): &(&str, Setting)| match setting {
        Setting::Text(text, _) if *key != "separator" => {
            !proposal::is_nameable_in(target.kind, text)
        }
        _ => false,
    };
    if is_named && look.source.iter().any(odd) {
        return Err("the file's or the table's name holds quotes, brackets or control \
                    characters, which no dataset file can name. Rename it"
            .into());
    }
    let (columns, left_out) = proposal::propose(target.kind, &look);
    let mut advice = look.advice.clone();
    if look.rows == 0 {
        advice.push("the table is empty: every type is a mere placeholder".to_owned());
    }
    advice.iter_mut().for_each(|advice| *advice = without_ids(advice));
    advice.extend(
        left_out
            .iter()
            .map(|field| format!("column `{field}` is left out: no dataset file may name it so")),
    );
    let missing = columns.iter().filter(|column| {
        KeyKind::of(column.guess.semantic).is_some() && column.seen.is_indexed == Some(false)
    });
    advice.extend(missing.map(|column| {
        format!(
            "column `{}` has no index: every look-up would read all {} rows",
            column.seen.field, look.rows
        )
    }));
    let text =
        proposal::text(&look, target.kind, arguments.member.as_deref(), asked, &columns, &advice);
    let summary = summary(&look, &columns, &advice);
    let value = json!({
        "table": look.table, "kind": target.kind, "rows": look.rows, "advice": advice, "file": text,
        "columns": columns.iter().map(as_value).collect::<Vec<_>>(),
    });
    match &arguments.out {
        None if as_json => say(true, "", &value),
        None => {
            eprint!("{summary}");
            say(false, text.trim_end(), &value)
        }
        Some(out) => {
            write_new(out, &text)?;
            let next = format!(
                "{summary}wrote {}; replace every {} in it, then `check` it",
                shown(&out.display().to_string()),
                PLACEHOLDER
            );
            say(as_json, &next, &value)
        }
    }
}

/// The text, with every run of digits and letters masked that is as long as an id, and has a day's
/// digits at least.
fn without_ids(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '０'..='９');
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '０'..='９' | 'Ｘ' | 'ｘ');
    let is_id = |run: &str| {
        run.chars().count() >= FEWEST_OF_AN_ID
            && run.chars().filter(|c| is_digit(*c)).count() >= FEWEST_DIGITS
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(&if is_part(first) && is_id(run) { masked(run) } else { run.to_owned() });
        rest = after;
    }
    out
}

/// Names the file relative to the dataset file's folder.
fn place(look: &mut Look, file: &Path, out: Option<&Path>) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    let parent = files::folder_of(out);
    let (folder, file) = (parent.canonicalize()?, std::path::absolute(file)?);
    let file = file
        .parent()
        .map(Path::canonicalize)
        .transpose()?
        .zip(file.file_name())
        .map(|(parent, name)| parent.join(name));
    let inner =
        file.as_deref().and_then(|file| file.strip_prefix(&folder).ok()).and_then(Path::to_str);
    let inner = inner.ok_or(
        "--out must be in the source's folder or above it: a dataset file reaches only what is \
         below it",
    )?;
    for (key, setting) in &mut look.source {
        if *key == "path" {
            *setting = Setting::Text(inner.to_owned(), "");
        }
    }
    Ok(())
}

fn write_new(out: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let shown = || shown(&out.display().to_string());
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(out).map_err(|error| {
            match error.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    format!("`{}` exists already. Choose another name, or move it away", shown())
                }
                _ => format!("`{}`: {error}", shown()),
            }
        })?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

fn summary(look: &Look, columns: &[Proposed], advice: &[String]) -> String {
    let mut text = format!("{}: {} rows\n", shown(&look.table), look.rows);
    for Proposed { seen, guess, .. } in columns {
        let blanks = if guess.blanks > 0 {
            format!("; {} blank", rows(guess.blanks))
        } else {
            String::new()
        };
        let examples = if guess.examples.is_empty() {
            String::new()
        } else {
            format!(", such as {}", guess.examples.join(", "))
        };
        let said = format!(
            "  {:<20} {:<13} {:>3} %  {}{examples}{blanks}",
            seen.field,
            type_name(guess.semantic),
            guess.confidence,
            guess.reason
        );
        text.push_str(&shown(&said));
        text.push('\n');
    }
    for advice in advice {
        let _written = writeln!(text, "  advice: {}", shown(advice));
    }
    text
}

fn as_value(Proposed { name, seen, guess }: &Proposed) -> serde_json::Value {
    json!({
        "name": name, "field": seen.field, "declared": seen.declared,
        "type": type_name(guess.semantic), "confidence": guess.confidence,
        "reason": guess.reason, "grade": guess.grade.as_str_name(),
        "rows": guess.rows, "blanks": guess.blanks,
        "codes": guess.codes, "examples": guess.examples, "indexed": seen.is_indexed,
    })
}
