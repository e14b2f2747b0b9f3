//! The folder of a system's parked questions, and the lock on each.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zerotrip_channel::private_folder::PrivateFolder;

use super::error::ParkingError;
use super::file::{Last, MOST, Parked};
use crate::request::{CheckQuestion, Errand};

/// In the system's folder.
const FOLDER: &str = "parked";
const QUESTION: &str = "json";
const LOCK: &str = "lock";

/// A system's parked questions.
#[derive(Clone, Debug)]
pub struct Parking {
    home: PathBuf,
}

/// A parked question that this process asks, and no other.
#[derive(Debug)]
pub struct Held {
    /// The question.
    pub parked: Parked,
    pub(super) parking: Parking,
    _lock: File,
}

impl Parking {
    /// Of the system in this folder.
    pub fn of(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    /// The system's folder.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Keeps a question that ended so until the deadline, and holds it. The same question is not
    /// kept twice: two would ask about the person twice as often.
    pub fn park(
        &self,
        (errand, question): (&Errand, &CheckQuestion),
        (now, until): (SystemTime, SystemTime),
        first_wait: Duration,
        last: Last,
    ) -> Result<Held, ParkingError> {
        let folder = self.folder();
        folder.make()?;
        let _others = folder.lock(LOCK)?;
        let (there, damaged) = self.list()?;
        if let Some(same) = there.iter().find(|one| one.question == *question) {
            return Err(ParkingError::Already(same.id.clone()));
        }
        if there.len() + damaged.len() >= MOST {
            return Err(ParkingError::Full);
        }
        let id = uuid::Uuid::now_v7().to_string();
        let lock = self.try_lock(&id)?.ok_or_else(|| ParkingError::Busy(id.clone()))?;
        let asked = (errand.clone(), question.clone());
        let mut parked = Parked::new(id, asked, (now, until), first_wait, last);
        parked.plan(now);
        let held = Held { parked, parking: self.clone(), _lock: lock };
        held.save()?;
        Ok(held)
    }

    /// All of them, in the order in which they were parked, and what is wrong with those that
    /// cannot be read: they hold up no other. What a process left that was killed as it wrote is
    /// erased.
    pub fn list(&self) -> Result<(Vec<Parked>, Vec<ParkingError>), ParkingError> {
        let (mut found, mut damaged) = (Vec::new(), Vec::new());
        for id in self.ids()? {
            match self.read(&id) {
                Ok(Some(parked)) => found.push(parked),
                // Unless it is being parked just now, or taken away.
                Ok(None) => drop(self.take(&id)?),
                Err(error @ ParkingError::Content { .. }) => damaged.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((found, damaged))
    }

    /// One of them, for this process alone; `None` where another one has it, or where it is gone.
    pub fn take(&self, id: &str) -> Result<Option<Held>, ParkingError> {
        if !is_id(id) {
            return Err(ParkingError::Unknown(id.chars().take(64).collect()));
        }
        let Some(lock) = self.try_lock(id)? else { return Ok(None) };
        self.remove_parts(id)?;
        match self.read(id)? {
            Some(parked) => Ok(Some(Held { parked, parking: self.clone(), _lock: lock })),
            None => {
                self.remove(id, LOCK)?;
                Ok(None)
            }
        }
    }

    /// Erases one that nobody waits for.
    pub fn erase(&self, id: &str) -> Result<(), ParkingError> {
        let known = is_id(id) && self.folder().has(&name(id, QUESTION));
        match self.take(id) {
            // What cannot be read is erased all the same.
            Err(ParkingError::Content { .. }) => {
                let Some(_lock) = self.try_lock(id)? else {
                    return Err(ParkingError::Busy(id.to_owned()));
                };
                self.remove(id, QUESTION)?;
                self.remove(id, LOCK)
            }
            found => self.erase_found(id, found?, known),
        }
    }

    fn erase_found(&self, id: &str, found: Option<Held>, known: bool) -> Result<(), ParkingError> {
        match found {
            Some(held) => held.erase(),
            None if known => Err(ParkingError::Busy(id.to_owned())),
            None => Err(ParkingError::Unknown(id.to_owned())),
        }
    }

    fn folder(&self) -> PrivateFolder {
        PrivateFolder::at(self.home.join(FOLDER))
    }

    fn try_lock(&self, id: &str) -> Result<Option<File>, ParkingError> {
        Ok(self.folder().try_lock(&name(id, LOCK))?)
    }

    fn read(&self, id: &str) -> Result<Option<Parked>, ParkingError> {
        let (folder, name) = (self.folder(), name(id, QUESTION));
        let Some(bytes) = folder.read(&name)? else { return Ok(None) };
        let path = folder.file(&name);
        Parked::read(&bytes, id).map(Some).map_err(|why| ParkingError::Content { path, why })
    }

    /// Of whatever file of a question is there. A UUIDv7 begins with its time.
    fn ids(&self) -> Result<BTreeSet<String>, ParkingError> {
        let names = self.folder().names()?;
        let id = |name: &String| name.split('.').next().filter(|id| is_id(id)).map(str::to_owned);
        Ok(names.iter().filter_map(id).collect())
    }

    /// What a process that was killed left of writing it: the person's number is in it. To be
    /// called by who holds the lock.
    fn remove_parts(&self, id: &str) -> Result<(), ParkingError> {
        let begin = format!("{id}.{QUESTION}.");
        let folder = self.folder();
        for name in folder.names()?.iter().filter(|name| name.starts_with(&begin)) {
            folder.remove(name)?;
        }
        Ok(())
    }

    fn remove(&self, id: &str, ending: &str) -> Result<(), ParkingError> {
        Ok(self.folder().remove(&name(id, ending))?)
    }
}

/// A file of a question.
fn name(id: &str, ending: &str) -> String {
    format!("{id}.{ending}")
}

impl Held {
    pub(super) fn save(&self) -> Result<(), ParkingError> {
        let (folder, name) = (self.parking.folder(), name(&self.parked.id, QUESTION));
        let wrong = |why| ParkingError::Content { path: folder.file(&name), why };
        let bytes = self.parked.written().map_err(wrong)?;
        Ok(folder.write(&name, &bytes)?)
    }

    /// Erases it: it has ended, and that was told.
    pub fn erase(self) -> Result<(), ParkingError> {
        self.parking.remove(&self.parked.id, QUESTION)?;
        // Last: whoever gets the lock from here on finds no question.
        self.parking.remove(&self.parked.id, LOCK)
    }
}

/// A UUID in its one spelling: no other text becomes a part of a path.
fn is_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
}
