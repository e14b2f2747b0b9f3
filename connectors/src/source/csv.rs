//! A CSV file drop, imported into a local indexed snapshot. A ragged row is kept as unreadable, never dropped and never a reason to
//! fail the file: it may be the row that matters.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use ::csv::{ByteRecord, ReaderBuilder};
use encoding_rs::Encoding;
use rusqlite::{Connection, params, params_from_iter};
use tokio::sync::mpsc;
use zerotrip_datasets::file::{Csv, CsvAsOf, Encoding as Characters};
use zerotrip_datasets::resident_id::SuspectRow;
use zerotrip_datasets::{DatasetFile, Manifest};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Hasher;

use super::profile::{KeyColumns, RaggedRow};
use super::table::{Moment, TableShape, TableSource, id_places, quote};
use super::{LookUp, LookUpEnd, RawRow, Source, SourceError, SourceFuture, Survey};

/// The largest file that is imported.
const MOST_FILE: u64 = 4 << 30;
/// Bytes of one ragged row, all of which must be kept: an identifier cut off would be a person not asked about.
const MOST_RAGGED_TEXT: usize = 1 << 20;
/// Time before the same drop is tried again after it could not be imported.
const RETRY: Duration = Duration::from_secs(5);

/// A file drop and its newest whole snapshot.
pub struct CsvSource {
    plan: Import,
    current: RwLock<Arc<Current>>,
    /// Held while a drop is imported: one at a time, or two would write one snapshot. Remembers what failed last, and when.
    importing: tokio::sync::Mutex<Option<(Stamp, Instant)>>,
}

struct Current {
    stamp: Stamp,
    table: TableSource,
}

/// What the file system says of a file; when it changes, the file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: SystemTime,
    manifest: Option<SystemTime>,
}

#[derive(Clone, Debug)]
struct Import {
    dataset: String,
    fields: Vec<String>,
    look_ups: Vec<KeyColumns>,
    ids: Vec<usize>,
    path: PathBuf,
    encoding: &'static Encoding,
    manifest: Option<PathBuf>,
    state: PathBuf,
}

impl fmt::Debug for CsvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("dataset", &self.plan.dataset).finish_non_exhaustive()
    }
}

impl CsvSource {
    /// Imports the file, and proves that every column is there.
    pub fn open(dataset: &DatasetFile, spec: &Csv, base: &Path, state: &Path) -> Result<Self, SourceError> {
        let path = base.join(&spec.path);
        let manifest = match spec.as_of {
            CsvAsOf::Manifest => Some(with_suffix(&path, ".manifest.toml")),
            CsvAsOf::Modified => None,
        };
        let plan = Import {
            dataset: dataset.id.clone(),
            fields: dataset.columns.iter().map(|column| column.field.clone()).collect(),
            look_ups: KeyColumns::of(dataset),
            ids: id_places(dataset),
            path,
            encoding: match spec.encoding {
                Characters::Utf8 => encoding_rs::UTF_8,
                Characters::Gb18030 => encoding_rs::GB18030,
            },
            manifest,
            state: state.join("snapshots").join(&dataset.id),
        };
        let current = plan.import()?;
        Ok(Self { plan, current: RwLock::new(Arc::new(current)), importing: tokio::sync::Mutex::new(None) })
    }

    /// The newest whole snapshot. A drop that cannot be imported leaves the one before in place, with its own as-of: it serves until
    /// it is too old to count.
    async fn current(&self) -> Result<Arc<Current>, SourceError> {
        let stamp = match self.plan.stamp() {
            Ok(stamp) => stamp,
            Err(error) => {
                tracing::warn!(dataset = %self.plan.dataset, %error, "the drop cannot be read; the one before still serves");
                return Ok(self.kept());
            }
        };
        if stamp == self.kept().stamp {
            return Ok(self.kept());
        }
        let mut failed = self.importing.lock().await;
        let kept = self.kept(); // somebody else may have imported it meanwhile
        if stamp == kept.stamp || failed.as_ref().is_some_and(|(known, at)| *known == stamp && at.elapsed() < RETRY) {
            return Ok(kept);
        }
        let plan = self.plan.clone();
        let imported = tokio::task::spawn_blocking(move || plan.import()).await;
        let imported =
            imported.unwrap_or_else(|error| Err(SourceError::new(ErrorCode::SourceFailed, format!("the import stopped: {error}"))));
        match imported {
            Ok(current) => {
                let current = Arc::new(current);
                *failed = None;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&current);
                Ok(current)
            }
            Err(error) => {
                tracing::warn!(dataset = %self.plan.dataset, %error, "the new drop cannot be imported; the one before still serves");
                *failed = Some((stamp, Instant::now()));
                Ok(kept)
            }
        }
    }

    fn kept(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Source for CsvSource {
    fn look_up<'a>(&'a self, look_up: LookUp, rows: mpsc::Sender<Vec<RawRow>>) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move { self.current().await?.table.look_up(look_up, rows).await })
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        Box::pin(async move {
            let mut survey = self.current().await?.table.survey().await?;
            survey.advice.retain(|advice| !advice.contains("no index")); // the snapshot's indexes are our own
            Ok(survey)
        })
    }
}

impl Import {
    fn stamp(&self) -> Result<Stamp, SourceError> {
        let meta = self.regular(&self.path)?;
        let manifest = match &self.manifest {
            Some(path) => Some(self.regular(path)?.modified().map_err(|error| self.unreadable(path, &error))?),
            None => None,
        };
        let modified = meta.modified().map_err(|error| self.unreadable(&self.path, &error))?;
        if meta.len() > MOST_FILE {
            return Err(SourceError::new(ErrorCode::SourceLimit, format!("`{}` is over {MOST_FILE} bytes", self.path.display())));
        }
        Ok(Stamp { length: meta.len(), modified, manifest })
    }

    /// What the file system says of a file, or of what a link leads to. A device or a pipe would be read without end, or wait for a writer.
    fn regular(&self, path: &Path) -> Result<fs::Metadata, SourceError> {
        let meta = fs::metadata(path).map_err(|error| self.unreadable(path, &error))?;
        if !meta.is_file() {
            let detail = format!("`{}` is not a regular file; name one in `source.path`", path.display());
            return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
        }
        Ok(meta)
    }

    fn import(&self) -> Result<Current, SourceError> {
        let stamp = self.stamp()?;
        let digest = self.digest()?;
        let manifest = self.manifest()?;
        if let Some(manifest) = &manifest
            && manifest.sha256 != digest
        {
            let detail = format!("`{}` does not match its manifest's sha256; it may be half-written", self.path.display());
            return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
        }
        let as_of = manifest.as_ref().map_or(stamp.modified, |manifest| manifest.as_of.into());
        fs::create_dir_all(&self.state).map_err(|error| self.unreadable(&self.state, &error))?;
        let target = self.state.join(format!("{}.db", digest.get(..32).unwrap_or_default()));
        let part = with_suffix(&target, &format!(".{}.part", std::process::id()));
        let imported = self.fill(&part);
        let ragged = match imported {
            Ok((rows, ragged)) => {
                if let Some(manifest) = manifest
                    && manifest.rows != rows
                {
                    let detail = format!("`{}` holds {rows} rows, its manifest says {}", self.path.display(), manifest.rows);
                    return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
                }
                ragged
            }
            Err(error) => {
                // The half-filled snapshot is of no use; that it may not be there is no second fault.
                let _gone = fs::remove_file(&part);
                return Err(error);
            }
        };
        if self.stamp()? != stamp {
            return Err(SourceError::new(ErrorCode::SourceTruncated, format!("`{}` changed while it was read", self.path.display())));
        }
        fs::rename(&part, &target).map_err(|error| self.unreadable(&target, &error))?;
        self.forget_older(&target);
        let shape = TableShape {
            dataset: self.dataset.clone(),
            table: "drop".into(),
            fields: (0..self.fields.len()).map(|place| format!("c{place}")).collect(),
            look_ups: self.look_ups.clone(),
            ids: self.ids.clone(),
            moment: Moment::Fixed(as_of),
            ragged,
        };
        Ok(Current { stamp, table: TableSource::open(shape, &target)? })
    }

    fn digest(&self) -> Result<String, SourceError> {
        // One byte more than is allowed: a file that grows while it is read is told by the stamp afterwards.
        let mut file = File::open(&self.path).map_err(|error| self.unreadable(&self.path, &error))?.take(MOST_FILE + 1);
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(|error| self.unreadable(&self.path, &error))?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hasher.update(bytes);
        }
        Ok(hex::encode(hasher.finish()))
    }

    fn manifest(&self) -> Result<Option<Manifest>, SourceError> {
        let Some(path) = &self.manifest else { return Ok(None) };
        let text = fs::read_to_string(path).map_err(|error| self.unreadable(path, &error))?;
        let manifest = Manifest::parse(&text, &path.display().to_string());
        manifest.map(Some).map_err(|error| SourceError::new(ErrorCode::Misconfigured, error.to_string()))
    }

    /// Copies the file into a snapshot. Returns its rows, ragged ones included, and the ragged ones.
    fn fill(&self, part: &Path) -> Result<(u64, Vec<RaggedRow>), SourceError> {
        let _stale = fs::remove_file(part); // left by a crash; usually there is none
        let mut connection = Connection::open(part).map_err(|error| self.snapshot_failed(&error))?;
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off;").map_err(|error| self.snapshot_failed(&error))?;
        let columns: Vec<String> = (0..self.fields.len()).map(|place| format!("c{place} text")).collect();
        let transaction = connection.transaction().map_err(|error| self.snapshot_failed(&error))?;
        transaction
            .execute(&format!("create table \"drop\" ({})", columns.join(", ")), [])
            .map_err(|error| self.snapshot_failed(&error))?;
        let counted = self.copy(&transaction)?;
        for (number, place) in self.look_ups.iter().flat_map(|look_up| &look_up.columns).enumerate() {
            let sql = format!("create index i{number} on \"drop\" ({})", quote(&format!("c{place}")));
            transaction.execute(&sql, params![]).map_err(|error| self.snapshot_failed(&error))?;
        }
        transaction.commit().map_err(|error| self.snapshot_failed(&error))?;
        drop(connection);
        File::open(part).and_then(|file| file.sync_all()).map_err(|error| self.unreadable(part, &error))?;
        Ok(counted)
    }

    fn copy(&self, connection: &Connection) -> Result<(u64, Vec<RaggedRow>), SourceError> {
        let file = File::open(&self.path).map_err(|error| self.unreadable(&self.path, &error))?;
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(BufReader::new(file.take(MOST_FILE + 1)));
        let header = reader.byte_headers().map_err(|error| self.not_csv(&error))?.clone();
        let places = self.places(&header)?;
        let marks = vec!["?"; places.len()].join(",");
        let mut insert =
            connection.prepare(&format!("insert into \"drop\" values ({marks})")).map_err(|error| self.snapshot_failed(&error))?;
        let (mut rows, mut ragged, mut record) = (0, Vec::new(), ByteRecord::new());
        while reader.read_byte_record(&mut record).map_err(|error| self.not_csv(&error))? {
            rows += 1;
            // A line break inside a cell is a quote that was never closed until it was shown otherwise: it has swallowed other rows.
            if record.len() != header.len() || record.iter().any(|cell| cell.iter().any(|byte| matches!(byte, b'\n' | b'\r'))) {
                let line = record.position().map_or(0, ::csv::Position::line);
                let text = record.iter().map(|cell| self.decode(cell)).collect::<Vec<_>>().join(",");
                if text.len() > MOST_RAGGED_TEXT {
                    let detail = format!(
                        "`{}`: the row at line {line} is over {MOST_RAGGED_TEXT} bytes; is a quote left open?",
                        self.path.display()
                    );
                    return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
                }
                ragged.push(RaggedRow { line, suspect: SuspectRow::new(&text) });
                if ragged.len() > super::profile::MOST_UNREADABLE {
                    let detail = format!("`{}`: too many rows of another width than the header; is it CSV?", self.path.display());
                    return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
                }
                continue;
            }
            let cells = places.iter().map(|place| record.get(*place).map(|cell| self.decode(cell)));
            insert.execute(params_from_iter(cells)).map_err(|error| self.snapshot_failed(&error))?;
        }
        Ok((rows, ragged))
    }

    /// The place in the file of each column of the dataset.
    fn places(&self, header: &ByteRecord) -> Result<Vec<usize>, SourceError> {
        let mut known: HashMap<String, usize> = HashMap::new();
        for (place, cell) in header.iter().enumerate() {
            let name = self.decode(cell).trim_start_matches('\u{feff}').trim().to_owned();
            if known.insert(name.clone(), place).is_some() {
                let detail = format!("`{}`: column `{name}` stands twice in the header", self.path.display());
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
        }
        let find = |field: &String| {
            known.get(field).copied().ok_or_else(|| {
                let detail = format!("`{}` has no column `{field}`; mend the column's `field`, or `source.encoding`", self.path.display());
                SourceError::new(ErrorCode::SourceDrift, detail)
            })
        };
        self.fields.iter().map(find).collect()
    }

    /// Bytes that the encoding does not know become U+FFFD, which the semantic types take for unreadable.
    fn decode(&self, cell: &[u8]) -> String {
        self.encoding.decode_without_bom_handling(cell).0.into_owned()
    }

    /// Snapshots of earlier drops; whoever still reads one keeps it open.
    fn forget_older(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.state) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path != newest && fs::remove_file(&path).is_err() {
                tracing::warn!(path = %path.display(), "an old snapshot cannot be removed");
            }
        }
    }

    fn unreadable(&self, path: &Path, error: &std::io::Error) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreachable, format!("`{}`: {error}", path.display()))
    }

    fn not_csv(&self, error: &::csv::Error) -> SourceError {
        SourceError::new(ErrorCode::SourceFailed, format!("`{}`: {error}", self.path.display()))
    }

    fn snapshot_failed(&self, error: &rusqlite::Error) -> SourceError {
        SourceError::new(ErrorCode::SourceFailed, format!("the snapshot of `{}` cannot be written: {error}", self.path.display()))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use std::fs;

    use super::super::conformance::{Cells, Kind, LI, Rig, WANG, look_up, names, run, soon};

    const HEADER: &str = "SFZH,GYR,\"姓 名) -- drop table (x\"";

    #[test]
    fn a_ragged_row_is_kept_as_unreadable() {
        let rig = Rig::new(Kind::Csv, &[]);
        rig.drop_file(format!("{HEADER}\n{WANG},,a\n{LI},b\n{WANG},,c,d\n").as_bytes(), 3);
        let source = rig.open().unwrap();
        let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
        assert_eq!((found.len(), end.rows, end.could_match), (0, 3, vec!["line 3".to_owned()]));
        let (found, end) = run(names(&*source, look_up(&[WANG], 10, soon()))).unwrap();
        assert_eq!((found.len(), end.could_match), (1, vec!["line 4".to_owned()]));
    }

    #[test]
    fn an_open_quote_hides_no_row() {
        let rig = Rig::new(Kind::Csv, &[]);
        for end in ["\n", "\r\n", "\r"] {
            // The quote opens in one row and closes, or not, in a later one; what it swallowed is never an absence.
            for rows in [
                vec![format!("{WANG},,\"a"), format!("{LI},,b"), format!("{WANG},,\"c")],
                vec![format!("{WANG},,\"a"), format!("{LI},,b")],
                vec![format!("\"{WANG},,a"), format!("{LI},,b"), "\",,".to_owned()],
                vec![format!("{WANG},,a"), format!("\"{LI},,b")],
                vec![format!("{WANG},,a"), format!("{LI},\"\",\"b")],
            ] {
                let text = format!("{HEADER}{end}{}{end}", rows.join(end));
                fs::write(rig.folder.path().join("t.csv"), &text).unwrap();
                let counted = ::csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes()).into_byte_records().count();
                rig.drop_file(text.as_bytes(), counted as u64);
                let source = rig.open().unwrap();
                let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
                assert!(found.len() + end.could_match.len() > 0, "{text:?}");
            }
        }
    }

    #[test]
    fn a_half_written_drop_leaves_the_one_before() {
        let rig = Rig::new(Kind::Csv, &[(LI, "", "old")]);
        let source = rig.open().unwrap();
        let ask = || run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
        let before = ask();
        assert_eq!(before.0, ["old"]);
        let whole = format!("{HEADER}\n{WANG},,x\n{LI},,new\n");
        rig.drop_file(whole.as_bytes(), 2);
        fs::write(rig.folder.path().join("t.csv"), &whole[..whole.len() - 30]).unwrap();
        assert_eq!((ask().0, ask().1.as_of), (before.0.clone(), before.1.as_of), "not the half, and not its as-of");
        rig.drop_file(whole.as_bytes(), 7);
        assert_eq!(ask().0, ["old"], "a manifest that counts other rows");
        rig.drop_file(format!("SFZH,GYR\n{LI},\n").as_bytes(), 1);
        assert_eq!(ask().0, ["old"], "a column is gone");
        fs::remove_file(rig.folder.path().join("t.csv")).unwrap();
        assert_eq!(ask().0, ["old"], "no file");
        rig.drop_file(whole.as_bytes(), 2);
        assert_eq!(ask().0, ["new"]);
    }

    #[test]
    fn only_regular_files_are_opened() {
        use std::os::unix::fs::symlink;
        for name in ["t.csv", "t.csv.manifest.toml"] {
            let rig = Rig::new(Kind::Csv, &[(LI, "", "a")]);
            let path = rig.folder.path().join(name);
            fs::rename(&path, rig.folder.path().join("real")).unwrap();
            symlink(rig.folder.path().join("real"), &path).unwrap();
            assert!(rig.open().is_ok(), "a link to a file");
            let pipe = rig.folder.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            for odd in [std::path::Path::new("/dev/zero"), rig.folder.path(), &pipe] {
                fs::remove_file(&path).unwrap();
                symlink(odd, &path).unwrap();
                let error = rig.open().unwrap_err();
                assert!(error.detail.contains("is not a regular file"), "{}", error.detail);
            }
        }
    }

    #[test]
    fn bytes_of_another_encoding_are_unreadable_not_lost() {
        let rig = Rig::new(Kind::Csv, &[]);
        let mut text = format!("{HEADER}\n").into_bytes();
        text.extend(b"1101051949123100\xff2X,,a\n");
        rig.drop_file(&text, 1);
        let source = rig.open().unwrap();
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().1.could_match, ["row 1"]);
        let rows: &[Cells<'_>] = &[(LI, "", "a")];
        rig.write(rows);
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0, ["a"]);
    }
}
