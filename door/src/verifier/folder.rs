//! The requests of a verifier, in its system's folder: what was asked, and what came of it. The
//! command at the counter makes and reads them, the door serves them, and they share this folder
//! and nothing else. What has ended is erased.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zerotrip_channel::private_folder::PrivateFolder;

use super::outcome::Outcome;
use crate::bounds::{PART_LIFE, REQUEST_LIFE, REQUESTS};
use crate::error::DoorError;
use crate::jwt::seconds;
use crate::secrets::Secret;

const FOLDER: &str = "presentations";
const LOCK: &str = "lock";
const VERSION: u32 = 1;

/// A verifier's requests.
#[derive(Clone, Debug)]
pub struct Requests {
    folder: PrivateFolder,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Its id: whoever has it can answer, so that it is told to nobody but the wallet.
    pub id: String,
    /// Until when it can be answered.
    pub ends: SystemTime,
}

/// As it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    version: u32,
    pub(crate) kind: String,
    ends: u64,
    pub(crate) outcome: Option<Outcome>,
}

impl Requests {
    /// Of the system in this folder.
    pub fn of(home: &Path) -> Self {
        Self { folder: PrivateFolder::at(home.join(FOLDER)) }
    }

    /// Makes one of this kind.
    pub fn make(&self, kind: &str, now: SystemTime) -> Result<NewRequest, DoorError> {
        self.folder.make()?;
        let _others = self.folder.lock(LOCK)?;
        self.sweep(now)?;
        if self.ids()?.len() >= REQUESTS {
            return Err(DoorError::TooManyRequests);
        }
        let (id, ends) = (Secret::generate()?.to_text(), now + REQUEST_LIFE);
        let (kind, ends_at) = (kind.to_owned(), seconds(ends));
        self.save(&id, &Kept { version: VERSION, kind, ends: ends_at, outcome: None })?;
        Ok(NewRequest { id, ends })
    }

    /// What came of one; `None` as long as nothing has.
    pub fn outcome(&self, id: &str, now: SystemTime) -> Result<Option<Outcome>, DoorError> {
        let kept = self.read(id)?.filter(|kept| seconds(now) < kept.ends);
        Ok(kept.ok_or_else(|| DoorError::NoRequest(id.chars().take(8).collect()))?.outcome)
    }

    /// Erases one: its outcome was read.
    pub fn erase(&self, id: &str) -> Result<(), DoorError> {
        let Some(name) = name(id) else { return Ok(()) };
        Ok(self.folder.remove(&name)?)
    }

    /// Erases what has ended.
    pub fn sweep(&self, now: SystemTime) -> Result<(), DoorError> {
        self.folder.sweep_parts(now, PART_LIFE)?;
        for id in self.ids()? {
            if self.read(&id)?.is_none_or(|kept| seconds(now) >= kept.ends) {
                self.erase(&id)?;
            }
        }
        Ok(())
    }

    /// One that can be answered still.
    pub(crate) fn waiting(&self, id: &str, now: SystemTime) -> Result<Option<Kept>, DoorError> {
        let kept = self.read(id)?;
        Ok(kept.filter(|kept| seconds(now) < kept.ends && kept.outcome.is_none()))
    }

    /// Keeps what came of one.
    pub(crate) fn answer(&self, id: &str, outcome: &Outcome) -> Result<(), DoorError> {
        let Some(kept) = self.read(id)? else { return Ok(()) };
        self.save(id, &Kept { outcome: Some(outcome.clone()), ..kept })
    }

    /// `None` where there is none, or where what is there is not one.
    fn read(&self, id: &str) -> Result<Option<Kept>, DoorError> {
        let Some(name) = name(id) else { return Ok(None) };
        let Some(bytes) = self.folder.read(&name)? else { return Ok(None) };
        let kept: Option<Kept> = serde_json::from_slice(&bytes).ok();
        Ok(kept.filter(|kept| kept.version == VERSION))
    }

    fn save(&self, id: &str, kept: &Kept) -> Result<(), DoorError> {
        let name = name(id).ok_or_else(|| DoorError::NoRequest(String::new()))?;
        let path = self.folder.file(&name);
        let wrong = |_| DoorError::Content { path, why: "it is not a request" };
        let bytes = serde_json::to_vec_pretty(kept).map_err(wrong)?;
        Ok(self.folder.write(&name, &bytes)?)
    }

    fn ids(&self) -> Result<Vec<String>, DoorError> {
        let names = self.folder.names()?;
        let ids = names.iter().filter_map(|name| name.strip_suffix(".json"));
        Ok(ids.map(str::to_owned).collect())
    }
}

/// The file of a request: no other text becomes a part of a path.
fn name(id: &str) -> Option<String> {
    let is_id = Secret::read(id).is_some_and(|secret| secret.to_text() == id);
    is_id.then(|| format!("{id}.json"))
}

impl Kept {
    pub(crate) fn ends(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.ends)
    }
}
