//! Moving a segment's file from the store's folder to a place, and back.
//!
//! An object's name is in the database before anything is in the place, and stays there until the
//! object is known to be gone. What is in the place counts once it was read back, block by block,
//! and compared with the digests of when the blocks were written; only then the file in the store's
//! folder goes. Whatever is cut short is taken up again from the row.

use std::fs::{self, File};
use std::io::{self, Write as _};

use rusqlite::{Connection, params};
use zerotrip_trust::digest::{random, sha256};

use super::elsewhere::{Archive, of_place, read_object};
use super::error::SegmentError;
use super::file::{Segment, SegmentFile, folder};
use super::kind::Kind;
use super::objects::{Object, ObjectStep, ObjectWork, State, in_state, next_here};
use crate::error::LedgerError;
use crate::regular;

/// What tells the writer, and waits until it is durable.
pub(crate) type Tell<'a> = dyn Fn(ObjectWork) -> Result<(), LedgerError> + 'a;

/// Does the next thing that is due between the store's folder and the place of the settings; says
/// what it was, and `None` where nothing is due. A file that is not whole holds up no other.
/// `may_remove`: whether anything is removed from the place.
pub(crate) fn send_next(
    connection: &Connection,
    archive: &Archive,
    may_remove: bool,
    tell: &Tell<'_>,
) -> Result<Option<String>, LedgerError> {
    if let Some(object) = in_state(connection, State::Moved)?.into_iter().next() {
        let segment = archive.segment(connection, object.segment)?;
        file_of(&segment, object.kind).remove()?;
        let said = format!("`{}` is moved: it is in the object store alone now", object.shown());
        tell(ObjectWork { object, step: ObjectStep::Alone })?;
        return Ok(Some(said));
    }
    let Some(place) = archive.place() else { return Ok(None) };
    let ours = |object: &Object| object.place == place.url();
    // What cannot be sent, or is not let go, holds up nothing else.
    let mut wrong = None;
    for object in in_state(connection, State::Begun)?.into_iter().filter(ours) {
        match send(connection, archive, &object, tell) {
            Err(LedgerError::Segment(error)) if !error.is_unavailable() => {
                wrong.get_or_insert(error);
            }
            sent => return sent.map(Some),
        }
    }
    if let Some((segment, kind)) = next_here(connection, 0)? {
        let found = archive.segment(connection, segment)?;
        let token: [u8; 8] = random().map_err(|_| {
            LedgerError::Unavailable("this machine gives no random bytes".to_owned())
        })?;
        let token = u64::from_be_bytes(token);
        let file = file_of(&found, kind);
        let stem = file.name().trim_end_matches(kind.name());
        let name = format!("{}/{stem}{token:016x}.{}", archive.origin(), kind.name());
        let (place, upload) = (place.url().to_owned(), None);
        let object = Object { segment, kind, place, name, upload, state: State::Begun };
        tell(ObjectWork { object: object.clone(), step: ObjectStep::Begin })?;
        return send(connection, archive, &object, tell).map(Some);
    }
    if may_remove {
        for object in in_state(connection, State::Leaving)?.into_iter().filter(ours) {
            match remove(archive, &object, tell) {
                Err(LedgerError::Segment(error)) => {
                    wrong.get_or_insert(error);
                }
                removed => return removed.map(Some),
            }
        }
    }
    wrong.map_or(Ok(None), |error| Err(error.into()))
}

/// Puts a file into its object, and has it count there.
fn send(
    connection: &Connection,
    archive: &Archive,
    object: &Object,
    tell: &Tell<'_>,
) -> Result<String, LedgerError> {
    let Some(place) = archive.place() else { return Err(LedgerError::MovedOn) };
    let segment = archive.segment(connection, object.segment)?;
    let (file, end) = (file_of(&segment, object.kind), end_of(&segment, object.kind));
    let blocks = blocks(connection, object.segment, object.kind)?;
    // What is not whole here would not be whole there.
    compare(file, end, &blocks, &|at, bytes| file.read(at, bytes))?;
    abandon(archive, object, tell)?;
    let failed = |error| LedgerError::from(of_place(object.shown(), error));
    let upload = place.begin(&object.name).map_err(failed)?;
    let step = ObjectStep::Upload(Some(upload.clone()));
    tell(ObjectWork { object: object.clone(), step })?;
    let opened = regular::open(file.path()).map_err(|error| file.io(&error))?;
    place.put(&object.name, &upload, opened, end).map_err(failed)?;
    let there = file.at(Some(object.clone()));
    compare(&there, end, &blocks, &|at, bytes| {
        read_object(&**place, &object.name, end, at, bytes)
    })?;
    tell(ObjectWork { object: object.clone(), step: ObjectStep::There })?;
    Ok(format!("`{}` is copied into the object store, and compared", object.shown()))
}

/// Removes an object that is no longer needed.
fn remove(archive: &Archive, object: &Object, tell: &Tell<'_>) -> Result<String, LedgerError> {
    let Some(place) = archive.place() else { return Err(LedgerError::MovedOn) };
    abandon(archive, object, tell)?;
    let removed = place.remove(&object.name);
    removed.map_err(|error| of_place(object.shown(), error))?;
    tell(ObjectWork { object: object.clone(), step: ObjectStep::Gone })?;
    Ok(format!("`{}` is removed from the object store", object.shown()))
}

/// Removes what an upload that was cut short has left.
fn abandon(archive: &Archive, object: &Object, tell: &Tell<'_>) -> Result<(), LedgerError> {
    let (Some(upload), Some(place)) = (&object.upload, archive.place()) else { return Ok(()) };
    let gone = place.abandon(&object.name, upload);
    gone.map_err(|error| of_place(object.shown(), error))?;
    tell(ObjectWork { object: object.clone(), step: ObjectStep::Upload(None) })
}

/// Brings what is elsewhere of a segment back into the store's folder, where it stays. The objects
/// are left: backups of when the files were not here rest on them.
pub(crate) fn bring_back(
    connection: &Connection,
    archive: &Archive,
    segment: i64,
    tell: &Tell<'_>,
) -> Result<u64, LedgerError> {
    let found = archive.segment(connection, segment)?;
    let mut files = 0;
    for kind in [Kind::Entries, Kind::Bodies] {
        let (file, end) = (file_of(&found, kind), end_of(&found, kind));
        let Some(object) = &file.object else { continue };
        let blocks = blocks(connection, segment, kind)?;
        let read = |at, bytes| match archive.bytes(file, end, (at, bytes), 0) {
            Ok(bytes) => Ok(bytes),
            Err(LedgerError::Segment(error)) => Err(error),
            Err(error) => {
                let (object, why) = (object.shown(), error.to_string());
                Err(SegmentError::Unavailable { object, why })
            }
        };
        let part = folder(archive.store()).join(format!("{}.part", file.name()));
        let mut options = File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let here = file.at(None);
        let mut to = options.open(&part).map_err(|error| here.io(&error))?;
        let write = |to: &mut File, bytes: &[u8]| to.write_all(bytes);
        write(&mut to, file.head()).map_err(|error| here.io(&error))?;
        for block in &blocks {
            let bytes = block.read(file, &read)?;
            write(&mut to, &bytes).map_err(|error| here.io(&error))?;
        }
        let done = to
            .sync_all()
            .and_then(|()| fs::rename(&part, file.path()))
            .and_then(|()| File::open(folder(archive.store()))?.sync_all());
        done.map_err(|error: io::Error| here.io(&error))?;
        compare(&here, end, &blocks, &|at, bytes| here.read(at, bytes))?;
        tell(ObjectWork { object: object.clone(), step: ObjectStep::Back })?;
        files += 1;
    }
    Ok(files)
}

/// A block of a file, as the database has it.
struct Part {
    at: u64,
    bytes: u64,
    digest: Vec<u8>,
}

type Read<'a> = dyn Fn(u64, u64) -> Result<Vec<u8>, SegmentError> + 'a;

impl Part {
    fn read(&self, file: &SegmentFile, read: &Read<'_>) -> Result<Vec<u8>, SegmentError> {
        let found = read(self.at, self.bytes)?;
        if sha256(&found).as_slice() == self.digest.as_slice() {
            return Ok(found);
        }
        let what = format!("the block at byte {} does not have its digest", self.at);
        Err(SegmentError::altered(&file.shown(), what))
    }
}

fn blocks(connection: &Connection, segment: i64, kind: Kind) -> Result<Vec<Part>, LedgerError> {
    let kind = kind.name();
    let select = format!(
        "SELECT {kind}_at, {kind}_bytes, {kind}_digest FROM block WHERE segment = ?1 ORDER BY first"
    );
    let mut query = connection.prepare_cached(&select)?;
    let rows = query.query_map(params![segment], |row| {
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        Ok(Part { at: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?), digest: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A file is its first lines and its blocks, one behind the other, and nothing else.
fn compare(
    file: &SegmentFile,
    end: u64,
    blocks: &[Part],
    read: &Read<'_>,
) -> Result<(), SegmentError> {
    if read(0, file.start())? != file.head() {
        return Err(SegmentError::Swapped(file.shown()));
    }
    let mut at = file.start();
    for block in blocks {
        if block.at != at {
            let what =
                format!("a block begins at byte {}, and the one before ends at {at}", block.at);
            return Err(SegmentError::altered(&file.shown(), what));
        }
        block.read(file, read)?;
        at = at.saturating_add(block.bytes);
    }
    if at == end {
        Ok(())
    } else {
        let what = format!("its blocks end at byte {at}, and it at {end}");
        Err(SegmentError::altered(&file.shown(), what))
    }
}

fn file_of(segment: &Segment, kind: Kind) -> &SegmentFile {
    match kind {
        Kind::Entries => &segment.entries,
        Kind::Bodies => &segment.bodies,
    }
}

fn end_of(segment: &Segment, kind: Kind) -> u64 {
    match kind {
        Kind::Entries => segment.entries_end,
        Kind::Bodies => segment.bodies_end,
    }
}
