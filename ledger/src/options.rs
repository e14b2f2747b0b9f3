//! How a store is opened, and with which keys.

use std::sync::Arc;

use zerotrip_trust::note::{Checkpoint, NoteError, open_checkpoint};
use zerotrip_trust::{PublicKey, SigningKey};

use crate::segments::Place;

/// How to open a store. The default is what a hub wants.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Recompute the whole tree and compare every tile, instead of the last thousand leaves: time
    /// and reading grow with the log.
    pub verify_all: bool,
    /// Most bytes of the database file; over it nothing more is recorded. Default: as large as the
    /// disk.
    pub most_bytes: Option<u64>,
    /// Where segments go that are written to no more, and where those are that went. Default:
    /// nowhere, they stay.
    pub place: Option<Arc<dyn Place>>,
    #[cfg(test)]
    pub(crate) fail_commit: Arc<std::sync::atomic::AtomicBool>,
}

/// The keys that a log's tree heads are signed with.
#[derive(Clone, Debug)]
pub struct LogKeys {
    /// Signs from now on (Ed25519): the hub's CHECKPOINT key.
    pub sign: SigningKey,
    /// Of the same hub, from before it was enrolled anew: what was published under one of them
    /// last is held against the store as well.
    pub former: Vec<PublicKey>,
}

impl From<SigningKey> for LogKeys {
    fn from(sign: SigningKey) -> Self {
        Self { sign, former: Vec::new() }
    }
}

impl LogKeys {
    /// A tree head that this log published, or that a backup is of.
    pub(crate) fn open(&self, note: &str, origin: &str) -> Result<Checkpoint, NoteError> {
        let own = open_checkpoint(note, origin, self.sign.public());
        if own != Err(NoteError::NotSigned) {
            return own;
        }
        self.former
            .iter()
            .find_map(|former| open_checkpoint(note, origin, former).ok())
            .map_or(own, Ok)
    }
}
