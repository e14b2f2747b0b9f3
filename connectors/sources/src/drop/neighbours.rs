//! What is in the folder beside a drop. Each thing is recognised by its contents, and not by its
//! name alone; what is not recognised could hold rows of the register, and a person in them would
//! own nothing.

use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{FileDrop, Source};

use super::file_kind;
use super::names::{MANIFEST, name_of};
use super::parquet::metadata_file;
use crate::beside::may_be_about_anybody;

/// A file of an unfinished name is being written for so long after its last change; then it is what
/// a failed job left.
pub const BEING_WRITTEN: Duration = Duration::from_secs(3600);
/// Clocks of two machines differ by so much.
const CLOCKS: Duration = Duration::from_secs(300);
/// Names below a folder that is being written, and how deep.
const MOST_BELOW: usize = 10_000;
const DEEPEST: usize = 8;
/// Bytes of a note that can be read through.
const MOST_NOTE: u64 = 64 << 10;
/// Bytes of what a program notes beside a file that it has open.
const MOST_LOCK: u64 = 256;
/// First bytes of files that programs keep beside a table.
const HEAD: u64 = 512;
/// Bytes of a dataset file.
const MOST_DATASET: u64 = 1 << 20;
/// What begins a file of checksums.
const CHECKSUMS: &[u8] = b"crc\0";
/// Endings of what is written about a file, and not instead of it.
const NOTES: &[&str] = &[
    "toml", "md", "log", "md5", "sha1", "sha256", "sm3", "sig", "asc", "ok", "done", "ctl", "ini",
    "cpg",
];
/// First bytes of documents and pictures, which are not parts of a table.
const DOCUMENTS: &[&[u8]] =
    &[b"%PDF-", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"];

/// Why a name that writers of tables leave is not what it says.
pub fn marker_fault(path: &Path, parts: &[String]) -> Option<String> {
    match name_of(path).as_str() {
        "_SUCCESS" => {
            (!is_success(path)).then(|| "is not the empty file that a writer leaves".to_owned())
        }
        "_metadata" => match metadata_file::parts(path) {
            Err(why) => Some(why.to_owned()),
            Ok(listed) => {
                let gone = listed.keys().find(|name| !parts.contains(name));
                let unlisted = || parts.iter().find(|name| !listed.contains_key(*name));
                let other = || {
                    listed.iter().find(|(name, rows)| {
                        metadata_file::rows_of(&path.with_file_name(name))
                            .is_some_and(|has| has != **rows)
                    })
                };
                gone.map(|name| format!("lists part `{name}`, which is not there"))
                    .or_else(|| unlisted().map(|name| format!("does not list part `{name}`")))
                    .or_else(|| {
                        other().map(|(name, rows)| {
                            format!("lists {rows} rows of part `{name}`, which has others")
                        })
                    })
            }
        },
        _ => match metadata_file::parts(path) {
            Err(why) => Some(why.to_owned()),
            Ok(listed) => {
                (!listed.is_empty()).then(|| "lists parts, as only `_metadata` does".to_owned())
            }
        },
    }
}

/// The mark of a job that succeeded: an empty file, or what Hadoop's committers state there.
fn is_success(path: &Path) -> bool {
    let Some(meta) = regular(path) else { return false };
    let stated = || {
        let text = note(path, &meta)?;
        let stated: serde_json::Value = serde_json::from_str(&text).ok()?;
        let by = stated.get("name")?.as_str()?;
        Some(by.starts_with("org.apache.hadoop.") && names_nobody(&text))
    };
    meta.len() == 0 || stated().unwrap_or(false)
}

/// The checksums that Hadoop writes for a file that is there: `.name.crc`, of the length that they
/// must have.
pub fn is_checksums(path: &Path) -> bool {
    let name = name_of(path);
    let of = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".crc"))
        .map(|of| path.with_file_name(of));
    let known = || {
        let (meta, of) = (regular(path)?, regular(&of?)?);
        let mut head = [0; 8];
        File::open(path).ok()?.read_exact(&mut head).ok()?;
        let bytes: [u8; 4] = head.strip_prefix(CHECKSUMS)?.try_into().ok()?;
        let each = u64::from(u32::from_be_bytes(bytes));
        let sums = of.len().checked_add(each.checked_sub(1)?)?.checked_div(each)?;
        Some(each >= 16 && meta.len() == 8 + 4 * sums)
    };
    known().unwrap_or(false)
}

/// What a spreadsheet program leaves beside a file while it has it open: a few bytes with its
/// user's name.
pub fn is_lock(path: &Path) -> bool {
    let name = name_of(path);
    let of = name
        .strip_prefix("~$")
        .or_else(|| name.strip_prefix(".~lock.").and_then(|name| name.strip_suffix('#')));
    let Some(meta) = of.and_then(|_| regular(path)).filter(|meta| meta.len() <= MOST_LOCK) else {
        return false;
    };
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    let read = File::open(path).and_then(|file| file.take(MOST_LOCK + 1).read_to_end(&mut bytes));
    bytes.retain(|byte| *byte != 0);
    read.is_ok() && names_nobody(&String::from_utf8_lossy(&bytes))
}

/// Whether what has an unfinished name is still being written: it, or anything in it, changed
/// within the hour. A time to come is none.
pub fn is_being_written(path: &Path) -> bool {
    let now = SystemTime::now();
    newest(path, &mut 0, 0).is_some_and(|changed| match now.duration_since(changed) {
        Ok(age) => age <= BEING_WRITTEN,
        Err(ahead) => ahead.duration() <= CLOCKS,
    })
}

/// When a file, or the newest thing in a folder, changed last; none where that is not known.
fn newest(path: &Path, seen: &mut usize, depth: usize) -> Option<SystemTime> {
    let meta = fs::symlink_metadata(path).ok()?;
    let mut newest = meta.modified().ok()?;
    if meta.is_dir() {
        for entry in fs::read_dir(path).ok()? {
            *seen += 1;
            if *seen > MOST_BELOW || depth >= DEEPEST {
                return None;
            }
            newest = newest.max(self::newest(&entry.ok()?.path(), seen, depth + 1)?);
        }
    }
    Some(newest)
}

/// What a name will be once its file is written: without the marks that say that it is not.
pub fn finished(name: &str) -> &str {
    let mut name = name.trim_start_matches(['.', '~', '$']);
    while let Some((left, _)) = name.rsplit_once('.').filter(|(_, end)| {
        ["part", "partial", "filepart", "tmp"].iter().any(|known| end.eq_ignore_ascii_case(known))
    }) {
        name = left;
    }
    name.strip_prefix('_').unwrap_or(name)
}

/// Whether what is called like a drop holds no rows: nothing at all, a short note that names
/// no person, a document, or a picture.
pub fn holds_no_rows(path: &Path) -> bool {
    let Ok(meta) = fs::metadata(path) else { return false };
    if meta.is_dir() {
        return fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    }
    if !meta.is_file() {
        return false;
    }
    let ending =
        path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let is_note = || {
        NOTES.contains(&ending.as_str())
            && note(path, &meta).is_some_and(|text| names_nobody(&text))
    };
    let mut head = Vec::new();
    let mut is_document = || {
        File::open(path).and_then(|file| file.take(8).read_to_end(&mut head)).is_ok()
            && DOCUMENTS.iter().any(|begin| head.starts_with(begin))
    };
    meta.len() == 0 || is_note() || is_document()
}

/// Whether it is an index or a memo file that dBASE and FoxPro keep beside this table: called like
/// it, and neither text nor a table.
pub fn belongs_to_table(path: &Path, table: &str) -> bool {
    const BESIDE_TABLES: &[&str] = &["cdx", "idx", "ntx", "ndx", "mdx", "fpt", "dbt"];
    let name = name_of(path).to_ascii_lowercase();
    let Some((stem, end)) = name.rsplit_once('.') else { return false };
    let is_named = BESIDE_TABLES.contains(&end)
        && table.to_ascii_lowercase().strip_suffix(".dbf") == Some(stem);
    let mut head = Vec::new();
    let mut read =
        || File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_ok();
    is_named
        && regular(path).is_some()
        && read()
        && head.len() as u64 == HEAD
        && head.contains(&0)
        && !file_kind::is_table(&head)
}

/// A short text.
fn note(path: &Path, meta: &Metadata) -> Option<String> {
    if meta.len() > MOST_NOTE {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(MOST_NOTE + 1).read_to_string(&mut text).ok()?;
    Some(text)
}

fn names_nobody(text: &str) -> bool {
    !may_be_about_anybody(text)
}

fn regular(path: &Path) -> Option<Metadata> {
    fs::metadata(path).ok().filter(Metadata::is_file)
}

/// The files that the dataset files in a folder describe: each of them is another register, or
/// says which persons it has.
#[derive(Debug, Default)]
pub struct Described {
    drops: Vec<(PathBuf, FileDrop)>,
    others: Vec<PathBuf>,
}

impl Described {
    /// By the dataset files in this folder.
    pub fn below(base: &Path) -> Self {
        let mut described = Self::default();
        for entry in fs::read_dir(base).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "toml")
                || name_of(&path).ends_with(MANIFEST)
            {
                continue;
            }
            let Some(meta) = regular(&path).filter(|meta| meta.len() <= MOST_DATASET) else {
                continue;
            };
            let mut text = String::new();
            let read =
                File::open(&path).and_then(|file| file.take(meta.len()).read_to_string(&mut text));
            let Some(dataset) =
                read.ok().and_then(|_| DatasetFile::parse(&text, &name_of(&path)).ok())
            else {
                continue;
            };
            described.others.extend(dataset.probes.as_ref().map(|probes| base.join(probes)));
            match &dataset.source {
                Source::Csv(csv) => described.add(base, &csv.file),
                Source::Xlsx(book) | Source::Xls(book) => described.add(base, &book.file),
                Source::Dbf(table) => described.add(base, &table.file),
                Source::Parquet(parquet) => described.add(base, &parquet.file),
                Source::Sqlite(sqlite) => described.others.push(base.join(&sqlite.path)),
                Source::Postgres(_) | Source::Mysql(_) | Source::Odbc(_) | Source::Rest(_) => {}
            }
        }
        described
    }

    fn add(&mut self, base: &Path, file: &FileDrop) {
        let folder = zerotrip_channel::files::folder_of(&base.join(&file.path)).to_owned();
        self.drops.push((folder, file.clone()));
    }

    /// Whether one of them is this file, or its manifest.
    pub fn has(&self, path: &Path) -> bool {
        let (folder, name) = (zerotrip_channel::files::folder_of(path), name_of(path));
        let name = name.strip_suffix(MANIFEST).unwrap_or(&name);
        self.others.iter().any(|other| other == path)
            || self.drops.iter().any(|(place, drop)| place == folder && drop.fits(name))
    }
}
