//! Reading segments' files that are elsewhere: only what is wanted of them, and never while a
//! connection is held.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::block::Block;
use super::error::SegmentError;
use super::file::{MOST_BYTES, SegmentFile};
use super::objects::Object;
use super::place::{Place, PlaceError};
use super::wanted::Wanted;
use crate::error::LedgerError;

/// Objects of which the first lines need not be read again.
const KNOWN: usize = 64;

/// A part of an object that was read.
type Part = (Wanted, Vec<u8>);

/// The past of one store.
#[derive(Debug)]
pub(crate) struct Archive {
    store: PathBuf,
    origin: String,
    place: Option<Arc<dyn Place>>,
    cache: Arc<Mutex<VecDeque<Arc<Block>>>>,
    known: Arc<Mutex<VecDeque<String>>>,
    /// What was read for one answer; `None`: reading waits for the place.
    brought: Option<Mutex<Vec<Part>>>,
}

impl Archive {
    /// Reading waits for the place.
    pub(crate) fn new(store: &Path, origin: &str, place: Option<Arc<dyn Place>>) -> Self {
        Self {
            store: store.to_owned(),
            origin: origin.to_owned(),
            place,
            cache: Arc::default(),
            known: Arc::default(),
            brought: None,
        }
    }

    /// The same, for one answer: what is elsewhere is an error until it is [brought](Self::bring).
    pub(crate) fn for_one_answer(&self) -> Self {
        Self {
            store: self.store.clone(),
            origin: self.origin.clone(),
            place: self.place.clone(),
            cache: Arc::clone(&self.cache),
            known: Arc::clone(&self.known),
            brought: Some(Mutex::default()),
        }
    }

    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn place(&self) -> Option<&Arc<dyn Place>> {
        self.place.as_ref()
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, VecDeque<Arc<Block>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part of a segment's file, wherever it is; `end`: of what was written down of it.
    pub(super) fn bytes(
        &self,
        file: &SegmentFile,
        end: u64,
        (at, bytes): (u64, u64),
        leaf: u64,
    ) -> Result<Vec<u8>, LedgerError> {
        let Some(Object { place, name, .. }) = file.object.clone() else {
            return Ok(file.read(at, bytes)?);
        };
        let wanted = Wanted { place, name, head: file.head().to_owned(), end, at, bytes, leaf };
        let Some(brought) = &self.brought else { return Ok(self.read(&wanted)?) };
        let brought = brought.lock().unwrap_or_else(PoisonError::into_inner);
        match brought.iter().find_map(|(part, bytes)| within(part, bytes, &wanted)) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(LedgerError::Elsewhere(Box::new(wanted))),
        }
    }

    /// The same, waiting for it; parts of it are then here, for this one answer.
    pub(super) fn bytes_now(
        &self,
        file: &SegmentFile,
        end: u64,
        part: (u64, u64),
        leaf: u64,
    ) -> Result<Vec<u8>, LedgerError> {
        match self.bytes(file, end, part, leaf) {
            Err(LedgerError::Elsewhere(wanted)) => self.bring(*wanted)?,
            found => return found,
        }
        self.bytes(file, end, part, leaf)
    }

    /// Reads what was wanted, so that the next try has it. It is forgotten with the answer.
    pub(crate) fn bring(&self, wanted: Wanted) -> Result<(), LedgerError> {
        let bytes = self.read(&wanted)?;
        if let Some(brought) = &self.brought {
            brought.lock().unwrap_or_else(PoisonError::into_inner).push((wanted, bytes));
        }
        Ok(())
    }

    fn read(&self, wanted: &Wanted) -> Result<Vec<u8>, SegmentError> {
        let Wanted { place: url, name, head, end, .. } = wanted;
        let shown = format!("{url}/{name}");
        let Some(place) = self.place.as_deref().filter(|place| place.url() == url) else {
            return Err(SegmentError::NoPlace { object: shown, place: url.clone() });
        };
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known().contains(name) {
            let found = read_object(place, name, *end, 0, head.len() as u64)?;
            if found != *head {
                return Err(SegmentError::Swapped(shown));
            }
            let mut known = known();
            known.push_front(name.clone());
            known.truncate(KNOWN);
        }
        read_object(place, name, *end, wanted.at, wanted.bytes)
    }
}

/// What is wanted, where it is within a part that is here.
fn within<'a>(part: &Wanted, bytes: &'a [u8], wanted: &Wanted) -> Option<&'a [u8]> {
    let from = wanted.at.checked_sub(part.at).filter(|_| part.name == wanted.name)?;
    let (from, count) = (usize::try_from(from).ok()?, usize::try_from(wanted.bytes).ok()?);
    bytes.get(from..from.checked_add(count)?)
}

/// A part of an object, which must be as long as what was moved into it.
pub(super) fn read_object(
    place: &dyn Place,
    name: &str,
    end: u64,
    at: u64,
    bytes: u64,
) -> Result<Vec<u8>, SegmentError> {
    let shown = || format!("{}/{name}", place.url());
    if bytes > MOST_BYTES || at.saturating_add(bytes) > end {
        return Err(SegmentError::Cut {
            file: shown(),
            found: end,
            wanted: at.saturating_add(bytes),
        });
    }
    let piece = place.read(name, at, bytes).map_err(|error| of_place(shown(), error))?;
    if piece.length < end {
        return Err(SegmentError::Cut { file: shown(), found: piece.length, wanted: end });
    }
    if piece.length > end {
        let what = format!("it has {} bytes, and {end} were moved there", piece.length);
        return Err(SegmentError::altered(&shown(), what));
    }
    let found = piece.bytes.len() as u64;
    if found != bytes {
        let why = format!("it gave {found} bytes, of {bytes} that were asked for");
        return Err(SegmentError::Unavailable { object: shown(), why });
    }
    Ok(piece.bytes)
}

pub(super) fn of_place(object: String, error: PlaceError) -> SegmentError {
    match error {
        PlaceError::Missing => SegmentError::Gone(object),
        PlaceError::Unavailable(why) => SegmentError::Unavailable { object, why },
    }
}
