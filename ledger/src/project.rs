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
use zerotrip_trust::tiles::{
    TILE_HEIGHT, TILE_WIDTH, encode_entries, encode_tile, entries_path, tile_path, tile_width,
};

use crate::error::{LedgerError, OpenError};
use crate::held::Held;
use crate::schema::{self, tiles_folder};
use crate::tree::{Head, number};

/// Most often that files are written.
const INTERVAL: Duration = Duration::from_millis(200);

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
        folder: &Path,
        head: watch::Receiver<Arc<Head>>,
        projected: u64,
        files: Held,
    ) -> Result<Self, OpenError> {
        let (stop, stopped) = channel();
        let folder = folder.to_owned();
        let thread = std::thread::Builder::new()
            .name("ledger-tiles".into())
            .spawn(move || run(&connection, &folder, &head, projected, &stopped, &files))
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
    folder: &Path,
    head: &watch::Receiver<Arc<Head>>,
    mut projected: u64,
    stopped: &Receiver<()>,
    files: &Held,
) -> Result<(), OpenError> {
    let (mut failing, mut rescued) = (false, false);
    loop {
        let last = match stopped.recv_timeout(INTERVAL) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        if let Err(error) = files.check()
            && !std::mem::replace(&mut rescued, true)
        {
            // The writer finds it at its next commit; until then what was in a deleted WAL would
            // be gone with this process.
            let folded = schema::fold_wal(connection);
            tracing::error!(%error, folded, "the store is no longer the one that is written to; nothing more will be recorded");
        }
        let head = Arc::clone(&head.borrow());
        let result = if head.size() == projected {
            Ok(())
        } else {
            project(connection, folder, projected, &head, false)
        };
        match &result {
            Ok(()) => (projected, failing) = (head.size(), false),
            // Once, not five times a second: a full disk stays full for a while.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "the ledger's tiles cannot be written; tried again until they can");
            }
            Err(_) => {}
        }
        if last {
            return result;
        }
    }
}

/// Writes every tile that changed since the tree had `from` leaves, and then the checkpoint. Full
/// tiles that are there stay, unless `compare` finds them different from the store: then they are
/// made again.
pub(crate) fn project(
    connection: &Connection,
    folder: &Path,
    from: u64,
    head: &Head,
    compare: bool,
) -> Result<(), OpenError> {
    let folder = tiles_folder(folder);
    for level in 0..u8::try_from(u64::BITS / TILE_HEIGHT).unwrap_or_default() {
        let shift = TILE_HEIGHT * u32::from(level);
        let (old, new) = (from >> shift, head.size() >> shift);
        if old == new && from > 0 {
            continue;
        }
        for index in old / TILE_WIDTH..new.div_ceil(TILE_WIDTH) {
            let Some(width) = tile_width(level, index, head.size()) else { break };
            let tile = Wanted { connection, folder: &folder, index, width, compare };
            let make = || Ok(encode_tile(&tile.digests(level)?).map_err(io::Error::other));
            tile.write(&tile_path(level, index, width), make)?;
            if level == 0 {
                let make = || Ok(encode_entries(&tile.entries()?).map_err(io::Error::other));
                tile.write(&entries_path(index, width), make)?;
            }
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

    fn digests(&self, level: u8) -> rusqlite::Result<Vec<Digest>> {
        let (start, end) = self.bounds()?;
        let mut query = self.connection.prepare_cached(match level {
            0 => "SELECT hash FROM leaf WHERE ?1 = 0 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
            _ => "SELECT hash FROM node WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
        })?;
        query
            .query_map(params![u32::from(level) * TILE_HEIGHT, start, end], |row| row.get(0))?
            .collect()
    }

    fn entries(&self) -> rusqlite::Result<Vec<Vec<u8>>> {
        let (start, end) = self.bounds()?;
        let mut query = self
            .connection
            .prepare_cached("SELECT entry FROM leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
        query.query_map(params![start, end], |row| row.get(0))?.collect()
    }

    fn write(
        &self,
        name: &str,
        make: impl FnOnce() -> rusqlite::Result<io::Result<Vec<u8>>>,
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
