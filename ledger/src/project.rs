//! Tiles, entry bundles and the `checkpoint` file (C2SP tlog-tiles), made of what is committed, in
//! the background.
//!
//! Each file is written beside its place, synced and renamed, and the checkpoint comes last:
//! each reader of a checkpoint finds its tiles. Full tiles never change. Partial ones are removed
//! once their full tile is there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::watch;
use zerotrip_trust::Digest;
use zerotrip_trust::merkle::leaf_hash;
use zerotrip_trust::tiles::{
    TILE_HEIGHT, TILE_WIDTH, encode_entries, encode_tile, entries_path, tile_path, tile_width,
};

use crate::error::{LedgerError, OpenError};
use crate::held::Held;
use crate::nodes::number;
use crate::schema::{self, tiles_folder};
use crate::segments::{Archive, KeptLeaf, moved};
use crate::tree::Head;

/// Most often that files are written.
const INTERVAL: Duration = Duration::from_millis(200);
/// Tiles of level 0 that are looked for at once, of those that were there when the store was
/// opened: opening waits for none of them.
const LOOKED_FOR: u64 = 1024;

/// The running projection. Dropped without [`Projector::finish`] it stops where it is; the next
/// opening goes on.
pub(crate) struct Projector(Mutex<Option<Running>>);

struct Running {
    stop: Sender<()>,
    thread: JoinHandle<Result<(), OpenError>>,
}

impl Projector {
    pub(crate) fn start(
        connection: Connection,
        archive: Arc<Archive>,
        head: watch::Receiver<Arc<Head>>,
        projected: u64,
        files: Held,
    ) -> Result<Self, OpenError> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("ledger-tiles".into())
            .spawn(move || run(&connection, &archive, &head, projected, &stopped, &files))
            .map_err(|error| OpenError::Store(format!("no thread for the tiles: {error}")))?;
        Ok(Self(Mutex::new(Some(Running { stop, thread }))))
    }

    /// Projects what is still missing, and ends.
    pub(crate) fn finish(&self) -> Result<(), LedgerError> {
        let Some(Running { stop, thread }) =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return Ok(());
        };
        // It fails only where the thread is gone, and then joining tells.
        let _ = stop.send(());
        match thread.join() {
            Ok(result) => result.map_err(|error| LedgerError::Unavailable(error.to_string())),
            Err(_) => {
                Err(LedgerError::Unavailable("the projection of tiles ended in a panic".into()))
            }
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        if let Some(Running { stop, thread }) =
            self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the projection of tiles ended in a panic");
            }
        }
    }
}

fn run(
    connection: &Connection,
    archive: &Archive,
    head: &watch::Receiver<Arc<Head>>,
    mut projected: u64,
    stopped: &Receiver<()>,
    files: &Held,
) -> Result<(), OpenError> {
    let (mut failing, mut rescued) = (false, false);
    let (mut looked, there) = (0, projected / TILE_WIDTH);
    loop {
        let last = match stopped.recv_timeout(INTERVAL) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // At the end the writer has closed the store, and found its files there: with its
        // connection the WAL goes, where this one has not read yet.
        if !last
            && let Err(error) = files.check()
            && !std::mem::replace(&mut rescued, true)
        {
            // The writer finds it at its next commit; until then what was in a deleted WAL would
            // be gone with this process.
            let folded = schema::fold_wal(connection);
            tracing::error!(
                %error,
                folded,
                "the store is no longer the one that is written to; nothing more will be recorded"
            );
        }
        let head = Arc::clone(&head.borrow());
        let result = if head.size() == projected {
            Ok(())
        } else {
            project(connection, archive, projected, &head, false)
        };
        let until = if last { there } else { there.min(looked + LOOKED_FOR) };
        let result = result.and_then(|()| {
            projected = head.size();
            replace_missing(connection, archive, looked..until)
        });
        match &result {
            Ok(()) => (looked, failing) = (until, false),
            // Once, not five times a second: a full disk stays full for a while.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(
                    %error,
                    "the ledger's tiles cannot be written; tried again until they can"
                );
            }
            Err(_) => {}
        }
        if last {
            return result;
        }
    }
}

/// Makes full tiles again that are not there: of level 0 those with these numbers, and those above
/// that begin there.
fn replace_missing(
    connection: &Connection,
    archive: &Archive,
    tiles: std::ops::Range<u64>,
) -> Result<(), OpenError> {
    let folder = tiles_folder(archive.store());
    for index in tiles {
        let tile = |index| Wanted {
            connection,
            archive,
            folder: &folder,
            index,
            width: None,
            compare: false,
        };
        tile(index).write_level(0)?;
        let (mut level, mut above) = (1, index);
        // The last one above may not be full; then it is made with what comes.
        while (above + 1) % TILE_WIDTH == 0 && level < LEVELS {
            above /= TILE_WIDTH;
            tile(above).write_level(level)?;
            level += 1;
        }
    }
    Ok(())
}

/// Levels of tiles.
const LEVELS: u8 = (u64::BITS / TILE_HEIGHT) as u8;

/// Writes every tile that changed since the tree had `from` leaves, and then the checkpoint. Full
/// tiles that are there stay, unless `compare` finds them different from the store: then they are
/// made again.
pub(crate) fn project(
    connection: &Connection,
    archive: &Archive,
    from: u64,
    head: &Head,
    compare: bool,
) -> Result<(), OpenError> {
    let folder = tiles_folder(archive.store());
    for level in 0..LEVELS {
        let shift = TILE_HEIGHT * u32::from(level);
        let (old, new) = (from >> shift, head.size() >> shift);
        if old == new && from > 0 {
            continue;
        }
        for index in old / TILE_WIDTH..new.div_ceil(TILE_WIDTH) {
            let Some(width) = tile_width(level, index, head.size()) else { break };
            let tile = Wanted { connection, archive, folder: &folder, index, width, compare };
            tile.write_level(level)?;
        }
    }
    write_checkpoint_in(&folder, head.note()?)
}

/// The signed tree head of the store in `folder`; it is public.
pub(crate) fn write_checkpoint(folder: &Path, note: &str) -> Result<(), OpenError> {
    write_checkpoint_in(&tiles_folder(folder), note)
}

fn write_checkpoint_in(tiles: &Path, note: &str) -> Result<(), OpenError> {
    let path = tiles.join("checkpoint");
    write_atomically(&path, note.as_bytes()).map_err(|error| OpenError::io(&path, error))
}

/// A tile or bundle that should be there.
struct Wanted<'a> {
    connection: &'a Connection,
    archive: &'a Archive,
    folder: &'a Path,
    index: u64,
    width: Option<u16>,
    compare: bool,
}

impl Wanted<'_> {
    fn bounds(&self) -> rusqlite::Result<(i64, i64)> {
        let start = self.index * TILE_WIDTH;
        Ok((number(start)?, number(start + self.width.map_or(TILE_WIDTH, u64::from))?))
    }

    /// The tile, and on level 0 the bundle of entries beside it.
    fn write_level(&self, level: u8) -> Result<(), OpenError> {
        let make = || Ok(encode_tile(&self.digests(level)?).map_err(io::Error::other));
        self.write(&tile_path(level, self.index, self.width), make)?;
        if level == 0 {
            let make = || Ok(encode_entries(&self.entries()?).map_err(io::Error::other));
            self.write(&entries_path(self.index, self.width), make)?;
        }
        Ok(())
    }

    /// The entries of a tile that has moved, which is a full one.
    fn past(&self) -> Result<Option<Vec<Vec<u8>>>, LedgerError> {
        let (start, _) = self.bounds()?;
        let start = u64::try_from(start).unwrap_or_default();
        if start >= moved(self.connection)? {
            return Ok(None);
        }
        let block = self.archive.block(self.connection, start)?;
        let entry = |index| block.leaf(index).map(KeptLeaf::entry).ok_or(LedgerError::OutOfRange);
        (start..start + TILE_WIDTH).map(entry).collect::<Result<_, _>>().map(Some)
    }

    fn digests(&self, level: u8) -> Result<Vec<Digest>, LedgerError> {
        // One state for both statements: a block may move between them.
        let _one = self.connection.unchecked_transaction()?;
        if level == 0
            && let Some(entries) = self.past()?
        {
            return Ok(entries.iter().map(|entry| leaf_hash(entry)).collect());
        }
        let (start, end) = self.bounds()?;
        let mut query = self.connection.prepare_cached(match level {
            0 => "SELECT hash FROM leaf WHERE ?1 = 0 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
            _ => "SELECT hash FROM node WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
        })?;
        let found = query
            .query_map(params![u32::from(level) * TILE_HEIGHT, start, end], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    fn entries(&self) -> Result<Vec<Vec<u8>>, LedgerError> {
        let _one = self.connection.unchecked_transaction()?;
        if let Some(entries) = self.past()? {
            return Ok(entries);
        }
        let (start, end) = self.bounds()?;
        let mut query = self
            .connection
            .prepare_cached("SELECT entry FROM leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
        Ok(query
            .query_map(params![start, end], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    }

    fn write(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<io::Result<Vec<u8>>, LedgerError>,
    ) -> Result<(), OpenError> {
        let path = self.folder.join(name);
        // A rename is all or nothing, so what is there under a full tile's name and not empty is
        // that tile.
        let there = self.width.is_none()
            && fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() > 0);
        if there && !self.compare {
            return Ok(());
        }
        let bytes = make()?.map_err(|error| OpenError::io(&path, error))?;
        if there {
            if fs::read(&path).is_ok_and(|found| found == bytes) {
                return Ok(());
            }
            tracing::warn!(path = %path.display(), "a full tile differs from the store and is made again: it was changed");
        }
        write_atomically(&path, &bytes).map_err(|error| OpenError::io(&path, error))?;
        if self.width.is_none() {
            remove_partials(&path);
        }
        Ok(())
    }
}

fn remove_partials(full: &Path) {
    let mut partials = full.as_os_str().to_owned();
    partials.push(".p");
    match fs::remove_dir_all(PathBuf::from(partials)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, path = %full.display(), "the partial tiles of a full one cannot be removed")
        }
    }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file without a folder"))?;
    fs::create_dir_all(folder)?;
    let beside = folder.join(".next");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}
