//! What a verifier has: its requests, and those that wallets have fetched and not answered.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use zerotrip_channel::SystemHome;
use zerotrip_trust::x509::subject_key_id;

use super::RequestSigner;
use super::folder::Requests;
use super::request::{Pending, request_object};
use crate::error::DoorError;
use crate::http::{Refused, Reply};
use crate::settings::{Kind, VerifierSettings};

/// What a verifier has.
#[derive(Debug)]
pub(crate) struct Verifying {
    /// Of the system.
    pub(crate) home: PathBuf,
    pub(crate) lists: PathBuf,
    pub(crate) requests: Requests,
    settings: VerifierSettings,
    /// Requests that were fetched and not answered.
    pending: Mutex<HashMap<String, Pending>>,
}

impl Verifying {
    pub(crate) fn of(home: &Path, settings: &VerifierSettings) -> Self {
        Self {
            home: home.to_owned(),
            lists: settings.lists.clone(),
            requests: Requests::of(home),
            settings: settings.clone(),
            pending: Mutex::default(),
        }
    }

    /// Forgets what was fetched and has ended.
    pub(crate) fn forget_ended(&self, now: SystemTime) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, pending| now < pending.ends);
    }

    /// The signed request with this id: made when it is fetched first.
    pub(crate) fn request(&self, door: &str, id: &str) -> Result<Reply, Refused> {
        let now = SystemTime::now();
        let waiting = self.requests.waiting(id, now).map_err(|error| Refused::ours(&error))?;
        let kept = waiting.ok_or_else(no_request)?;
        let mut kinds = self.settings.kinds.iter();
        let kind = kinds.find(|kind| kind.name == kept.kind).ok_or_else(no_request)?;
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = pending.get(id) {
            return Ok(Reply::request_object(made.text.clone()));
        }
        let made = self.authority(kind).and_then(|authority| {
            let signer = RequestSigner::load(&self.settings, now)?;
            request_object(&signer, door, (id, kind, authority.as_deref()), (now, kept.ends()))
        });
        let made = made.map_err(|error| Refused::ours(&error))?;
        let reply = Reply::request_object(made.text.clone());
        pending.insert(id.to_owned(), made);
        Ok(reply)
    }

    /// The identifier of this system's authority's key, where wallets are told it.
    fn authority(&self, kind: &Kind) -> Result<Option<Vec<u8>>, DoorError> {
        if !kind.authority {
            return Ok(None);
        }
        let home = SystemHome::load(&self.home)?;
        let id = subject_key_id(home.ca()).map_err(|_| DoorError::Certificate {
            path: self.home.join("ca.pem"),
            why: "it has no identifier of its key",
        })?;
        Ok(Some(id))
    }

    /// A request that was fetched and waits for its answer, once.
    pub(crate) fn take(
        &self,
        id: &str,
        now: SystemTime,
    ) -> Result<Option<(Kind, Pending)>, DoorError> {
        let Some(kept) = self.requests.waiting(id, now)? else { return Ok(None) };
        let mut kinds = self.settings.kinds.iter();
        let kind = kinds.find(|kind| kind.name == kept.kind).cloned();
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(kind.zip(pending))
    }
}

pub(crate) fn no_request() -> Refused {
    Refused::bad("invalid_request", "there is no such request, or it has ended")
}
