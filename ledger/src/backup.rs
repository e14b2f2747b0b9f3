//! A copy of a store that may be in use, with the signed tree head it is of; and putting one back.
//! Both run in a process that does not have the store open: the copy is made through a connection
//! of SQLite's that only reads, and what it made is audited before it counts.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use zerotrip_trust::note::{Checkpoint, NOTE_BYTES};

use crate::LogKeys;
use crate::audit;
use crate::error::{BackupError, OpenError};
use crate::held::{MARK, Marked, has_name};
use crate::project::write_checkpoint;
use crate::regular;
use crate::schema;
use crate::segments::{Archive, Place, check, copy_all, mark_copied, mark_restored};
use crate::tree::Head;

/// Copies the store in `folder` to `to`, which must not exist: a store folder of its own, with the
/// tree head it is of as its `checkpoint`. A hub may have the store open meanwhile, in another
/// process. What does not pass the whole audit is removed again. The copy says that it is one, made
/// `at`: holds that are placed later are not in it. What of the past is in `place` stays there: its
/// leaves are read there, and its bodies are not.
pub fn backup(
    folder: &Path,
    to: &Path,
    origin: &str,
    keys: &LogKeys,
    at: SystemTime,
    place: Option<Arc<dyn Place>>,
) -> Result<Checkpoint, BackupError> {
    schema::new_folder(to)?;
    let made = copy(folder, to)
        .and_then(|published| completed(folder, to, published, origin, keys, (at, place)));
    if made.is_err() {
        // The first error is reported; a useless copy that cannot be removed adds nothing to it.
        let _left = fs::remove_dir_all(to);
    }
    made
}

/// Puts a backup in the place of the store in `folder`, which no process may have open. What was
/// there is kept in `set-aside-<seconds>` beside it. The head of what is back, which erases nothing
/// until [`Ledger::confirm_holds`](crate::Ledger::confirm_holds).
pub fn restore(
    from: &Path,
    folder: &Path,
    origin: &str,
    keys: &LogKeys,
    at: SystemTime,
    place: Option<Arc<dyn Place>>,
) -> Result<(Checkpoint, PathBuf), BackupError> {
    let note = note(from)?.ok_or_else(|| BackupError::NoBackup(from.display().to_string()))?;
    let head = keys.open(&note, origin).map_err(OpenError::from)?;
    let _lock = schema::lock(folder)?;
    // Beside the store first: a backup that turns out damaged leaves everything as it was.
    let fresh = folder.join("restoring");
    match fs::remove_dir_all(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(OpenError::io(&fresh, error).into());
        }
        _ => schema::new_folder(&fresh)?,
    }
    let source = from;
    let from = schema::database(from);
    schema::create_private(&schema::database(&fresh))
        .map_err(|error| OpenError::io(&fresh, error))?;
    fs::metadata(&from)
        .and_then(|found| regular::demand(&found))
        .and_then(|()| fs::copy(&from, schema::database(&fresh)))
        .map_err(|error| OpenError::io(&from, error))?;
    copy_all(source, &fresh, origin)?;
    mark_restored(&schema::open_alone(&fresh)?, at)?;
    let found = finish(&fresh, None, origin, keys, place)?;
    if found != head {
        return Err(BackupError::OtherHead(from.display().to_string()));
    }
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let aside = folder.join(format!("set-aside-{seconds}"));
    schema::new_folder(&aside)?;
    // The database goes first and comes back last, and there is a mark at every moment: what a
    // crash leaves between does not open as a new, empty store.
    let (mark, kept) = (folder.join(MARK), aside.join(MARK));
    if has_name(&mark) {
        fs::copy(&mark, &kept).map_err(|error| OpenError::io(&kept, error))?;
    }
    for place in schema::parts(folder) {
        rename(&place, &aside)?;
    }
    rename(&fresh.join(MARK), folder)?;
    for place in schema::parts(&fresh).iter().rev() {
        rename(place, folder)?;
    }
    fs::remove_dir_all(&fresh).map_err(|error| OpenError::io(&fresh, error))?;
    schema::sync_folder(folder)?;
    Ok((head, aside))
}

/// The rest of a backup, once the database is copied.
pub(crate) fn completed(
    folder: &Path,
    to: &Path,
    published: Option<String>,
    origin: &str,
    keys: &LogKeys,
    (at, place): (SystemTime, Option<Arc<dyn Place>>),
) -> Result<Checkpoint, BackupError> {
    copy_all(folder, to, origin)?;
    mark_copied(&schema::open_alone(to)?, at)?;
    finish(to, published, origin, keys, place)
}

/// The newest checkpoint that had been published when the copy began.
pub(crate) fn copy(folder: &Path, to: &Path) -> Result<Option<String>, BackupError> {
    let published = note(folder)?;
    let target = schema::database(to);
    schema::create_private(&target).map_err(|error| OpenError::io(&target, error))?;
    let source = schema::open_reading(folder)?;
    // One read transaction: what is committed at its beginning, and nothing half.
    source.execute(
        "VACUUM INTO ?1",
        [target.to_str().ok_or_else(|| BackupError::NoText(target.display().to_string()))?],
    )?;
    Ok(published)
}

/// Audits the copy from its first leaf on, and writes its head, its mark and its checkpoint; all of
/// it durable.
fn finish(
    to: &Path,
    published: Option<String>,
    origin: &str,
    keys: &LogKeys,
    place: Option<Arc<dyn Place>>,
) -> Result<Checkpoint, BackupError> {
    let connection = schema::open_alone(to)?;
    if let Some(note) = published {
        write_checkpoint(to, &note)?;
    }
    let archive = Archive::new(to, origin, place);
    let range = audit::audit(&connection, &archive, true)?;
    audit::against_checkpoint(&connection, to, &archive, keys, range.size())?;
    let checked = check(&connection, &archive, false).map_err(OpenError::from)?;
    if let Some(fault) = checked.faults.into_iter().next() {
        return Err(BackupError::Past(fault));
    }
    drop(connection);
    let head = Head::of(&range, origin, &keys.sign);
    write_checkpoint(to, head.note().map_err(OpenError::from)?)?;
    Marked { size: range.size(), root: range.root() }.write(to)?;
    schema::sync(to)?;
    Ok(Checkpoint { origin: origin.to_owned(), size: range.size(), root: range.root() })
}

fn note(folder: &Path) -> Result<Option<String>, BackupError> {
    let path = schema::tiles_folder(folder).join("checkpoint");
    let mut note = String::new();
    match regular::open(&path)
        .and_then(|file| file.take(NOTE_BYTES as u64 + 1).read_to_string(&mut note))
    {
        Ok(_) => Ok(Some(note)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !has_name(&path) => Ok(None),
        Err(error) => Err(OpenError::io(&path, error).into()),
    }
}

fn rename(place: &Path, into: &Path) -> Result<(), BackupError> {
    let Some(name) = place.file_name() else { return Ok(()) };
    match fs::rename(place, into.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(OpenError::io(place, error).into())
        }
        _ => Ok(()),
    }
}
