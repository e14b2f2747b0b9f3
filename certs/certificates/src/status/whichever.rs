//! A list as a verifier gets it: a JWT, or a CWT.

use std::time::SystemTime;

use zerotrip_trust::keys::PublicKey;

use super::cwt::StatusCwt;
use super::error::StatusError;
use super::token::{OpenList, StatusToken};

/// The first byte of a CWT: the tag of COSE_Sign1. No JWT begins so.
const CWT: u8 = 0xd2;

/// A list in either form. **Nothing in it is verified** before [`Whichever::open`].
pub(crate) enum Whichever {
    Jwt(StatusToken),
    Cwt(StatusCwt),
}

impl Whichever {
    /// Reads one.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StatusError> {
        if bytes.first() == Some(&CWT) {
            return StatusCwt::parse(bytes).map(Self::Cwt);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| StatusError::Damaged)?;
        StatusToken::parse(text).map(Self::Jwt)
    }

    pub(crate) fn key_id(&self) -> &str {
        match self {
            Self::Jwt(token) => token.key_id(),
            Self::Cwt(token) => token.key_id(),
        }
    }

    pub(crate) fn claimed_issue(&self) -> Result<SystemTime, StatusError> {
        match self {
            Self::Jwt(token) => token.claimed_issue(),
            Self::Cwt(token) => Ok(token.claimed_issue()),
        }
    }

    /// Whether the key's certificate travels along. It never does with a CWT here.
    pub(crate) fn is_certified(&self) -> bool {
        matches!(self, Self::Jwt(token) if token.is_certified())
    }

    pub(crate) fn open(&self, key: &PublicKey, uri: &str) -> Result<OpenList, StatusError> {
        match self {
            Self::Jwt(token) => token.open(key, uri),
            Self::Cwt(token) => token.open(key, uri),
        }
    }
}
