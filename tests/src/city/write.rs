//! The city's files. Each is written beside its place and then renamed, so that a reader never sees half of one.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, params};
use zerotrip_datasets::Manifest;

use super::CityError;
use super::describe::{Description, HOUSEHOLD, MARRIAGE, OWNERSHIP, PRESALE};
use super::model::Registers;

pub(super) fn registers(
    registers: &Registers,
    out: &Path,
    extracted_at: DateTime<FixedOffset>,
    written_at: DateTime<FixedOffset>,
) -> Result<(), CityError> {
    household(registers, &describe(out, &HOUSEHOLD, registers.household.len())?.join("household.db"))?;

    let mut rows = vec![["DJZH", "NFSFZH", "NVFSFZH", "SJLX", "DJRQ"].map(str::to_owned).to_vec()];
    rows.extend(registers.marriage.iter().map(|row| row.fields()));
    let text = csv_text(&rows, csv::Terminator::Any(b'\n'))?;
    let (bytes, ..) = encoding_rs::GB18030.encode(&text);
    with_manifest(&describe(out, &MARRIAGE, registers.marriage.len())?.join("marriage.csv"), &bytes, rows.len() - 1, written_at)?;

    ownership(registers, &describe(out, &OWNERSHIP, registers.ownership.len())?.join("ownership.db"), extracted_at)?;

    let mut rows = vec![["HTBH", "GMRSFZH", "DYH", "QYRQ", "HTZT", "ZCQRQ"].map(str::to_owned).to_vec()];
    rows.extend(registers.presale.iter().map(|row| row.fields()));
    let text = format!("\u{feff}{}", csv_text(&rows, csv::Terminator::CRLF)?);
    with_manifest(&describe(out, &PRESALE, registers.presale.len())?.join("presale.csv"), text.as_bytes(), rows.len() - 1, written_at)
}

/// Writes the file and renames it into place.
pub(super) fn atomically(path: &Path, bytes: &[u8]) -> Result<(), CityError> {
    let beside = beside(path);
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|source| CityError::Write { path: path.to_owned(), source })
}

/// Writes the dataset file; returns its folder.
fn describe(out: &Path, description: &Description, rows: usize) -> Result<PathBuf, CityError> {
    let folder = out.join(description.folder);
    fs::create_dir_all(&folder).map_err(|source| CityError::Write { path: folder.clone(), source })?;
    atomically(&folder.join(description.file), description.text(rows).as_bytes())?;
    Ok(folder)
}

fn with_manifest(path: &Path, bytes: &[u8], rows: usize, as_of: DateTime<FixedOffset>) -> Result<(), CityError> {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    let manifest = Manifest { as_of, rows, sha256: hex::encode(zerotrip_trust::digest::sha256(bytes)) };
    atomically(path, bytes)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".manifest.toml");
    atomically(Path::new(&name), manifest.to_text().as_bytes())
}

fn csv_text(rows: &[Vec<String>], terminator: csv::Terminator) -> Result<String, CityError> {
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(terminator).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| CityError::Csv(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| CityError::Csv(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| CityError::Csv(error.to_string()))
}

fn household(registers: &Registers, path: &Path) -> Result<(), CityError> {
    sqlite(path, |db| {
        db.execute_batch("CREATE TABLE T_RKXX (SFZH TEXT, XM TEXT, FQSFZH TEXT, MQSFZH TEXT, CSRQ TEXT, SWRQ TEXT, ZT TEXT);")?;
        let mut insert = db.prepare("INSERT INTO T_RKXX VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for row in &registers.household {
            insert.execute(params![
                row.resident.raw,
                row.name,
                row.father.raw,
                row.mother.raw,
                row.birth.raw,
                row.death.raw,
                row.status.raw
            ])?;
        }
        db.execute_batch(
            "CREATE INDEX I_RK_SFZH ON T_RKXX (SFZH); CREATE INDEX I_RK_FQ ON T_RKXX (FQSFZH); CREATE INDEX I_RK_MQ ON T_RKXX (MQSFZH);",
        )
    })
}

fn ownership(registers: &Registers, path: &Path, extracted_at: DateTime<FixedOffset>) -> Result<(), CityError> {
    sqlite(path, |db| {
        db.execute_batch("CREATE TABLE T_FDCQ (DYH TEXT, QLRSFZH TEXT, QLRMC TEXT, GYFE TEXT, QSZT TEXT, DJRQ TEXT);")?;
        let mut insert = db.prepare("INSERT INTO T_FDCQ VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for row in &registers.ownership {
            insert.execute(params![row.unit, row.owner.raw, row.owner_name, row.share, row.status.raw, row.registered.raw])?;
        }
        db.execute_batch("CREATE INDEX I_FDCQ_QLR ON T_FDCQ (QLRSFZH); CREATE TABLE extract_info (finished_at TEXT NOT NULL);")?;
        db.execute("INSERT INTO extract_info VALUES (?1)", [extracted_at.to_rfc3339()]).map(drop)
    })
}

fn sqlite(path: &Path, fill: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), CityError> {
    let beside = beside(path);
    let unwritten = |source| CityError::Write { path: path.to_owned(), source };
    if let Err(error) = fs::remove_file(&beside)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(unwritten(error));
    }
    let make = || {
        let db = Connection::open(&beside)?;
        // Nobody reads it before the rename, and a crash leaves only the file beside its place.
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;")?;
        fill(&db)?;
        db.execute_batch("COMMIT;")?;
        db.close().map_err(|(_, error)| error)
    };
    make().map_err(|source| CityError::Sqlite { path: path.to_owned(), source })?;
    File::open(&beside).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&beside, path)).map_err(unwritten)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}
