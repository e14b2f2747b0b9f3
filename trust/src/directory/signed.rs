//! Opening what systems and hubs sign.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_proto::v1::{Envelope, ErrorCode, KeyUsage};
use zerotrip_proto::{HolderSigned, Signer};

use super::holders::{KeyHolder, Why};
use super::index::Directory;
use crate::dsse::DsseError;
use crate::signed::Signed;

/// Why a signed message is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// The envelope, its signature or its payload.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// The directory does not accept the key.
    #[error(transparent)]
    Key(#[from] Why),
}

impl SignedError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Key(why) => why.code(),
        }
    }
}

impl Directory {
    /// The message in an envelope, and the holder of the key that signed it. The holder is active,
    /// is of the kind that signs such messages, and its key is registered for that and live at
    /// `now`, the verifier's own clock.
    ///
    /// The caller checks that the message names this holder: each message names its signer
    /// differently.
    pub fn open_signed<M: HolderSigned>(
        &self,
        envelope: &Envelope,
        now: SystemTime,
    ) -> Result<(M, Arc<KeyHolder>), SignedError> {
        let signed = Signed::<M>::new(envelope)?;
        let holder = self.signer(signed.keyid(), M::SIGNER, M::USAGE, now)?;
        Ok((signed.open_among(&holder.key, &self.verified_roots)?, holder))
    }

    fn signer(
        &self,
        keyid: &str,
        signer: Signer,
        usage: KeyUsage,
        now: SystemTime,
    ) -> Result<Arc<KeyHolder>, Why> {
        match signer {
            Signer::System => self.signing_key(keyid, usage, now),
            Signer::Hub => self.hub_key(keyid, usage, now),
            Signer::SystemOrHub => match self.signing_key(keyid, usage, now) {
                Err(Why::Unknown) => self.hub_key(keyid, usage, now),
                found => found,
            },
        }
    }
}
