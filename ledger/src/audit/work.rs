//! What opening a store costs, counted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{against_checkpoint, against_mark, audit, orphans};
use crate::LogKeys;
use crate::segments::Archive;

/// How many steps of SQLite's machine what opening verifies takes.
pub(crate) fn work_of(folder: &Path, origin: &str, keys: &LogKeys) -> u64 {
    let connection = crate::schema::open_reader(folder).unwrap_or_else(|error| panic!("{error}"));
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let each = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(each)).unwrap_or_else(|error| panic!("{error}"));
    let archive = Archive::new(folder, origin, None);
    let opened = audit(&connection, &archive, false).and_then(|range| {
        let published = against_checkpoint(&connection, folder, &archive, keys, range.size())?;
        against_mark(&connection, folder, &archive, range.size())?;
        orphans(&connection)?;
        let head = Arc::new(crate::tree::Head::of(&range, origin, &keys.sign));
        crate::project::project(&connection, &archive, published, &head, false)
    });
    opened.unwrap_or_else(|error| panic!("{error}"));
    steps.load(Ordering::Relaxed)
}
