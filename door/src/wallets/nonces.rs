//! Nonces for proofs of a key (OpenID4VCI 1.0, 7). Whoever asks gets one, so nothing is kept of one
//! that was given out: it has its time in it, under a key of this process. One that was used is
//! remembered until it ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_trust::digest::{RandomError, is_same, keyed, random};

use crate::bounds::{NONCE_LIFE, NONCES_USED};
use crate::jwt::seconds;

/// Bytes of the time and of what makes each another.
const TIME: usize = 8;
const RANDOM: usize = 16;

/// Gives nonces out and takes them back, each once.
#[derive(Debug)]
pub(crate) struct Nonces {
    secret: [u8; 32],
    used: Mutex<HashMap<[u8; RANDOM], u64>>,
}

/// Why a nonce is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is not of here, has ended, or was used.
    Invalid,
    /// Too many were used within their life.
    Full,
}

impl Nonces {
    pub(crate) fn new() -> Result<Self, RandomError> {
        Ok(Self { secret: random()?, used: Mutex::default() })
    }

    /// A new one.
    pub(crate) fn give(&self, now: SystemTime) -> Result<String, RandomError> {
        let mut bytes = seconds(now + NONCE_LIFE).to_be_bytes().to_vec();
        bytes.extend(random::<RANDOM>()?);
        bytes.extend(keyed(&self.secret, &bytes));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Takes one back.
    pub(crate) fn take(&self, text: &str, now: SystemTime) -> Result<(), NotTaken> {
        let (ends, random) = self.read(text).ok_or(NotTaken::Invalid)?;
        let now = seconds(now);
        if now >= ends {
            return Err(NotTaken::Invalid);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= NONCES_USED {
            used.retain(|_, ends| now < *ends);
        }
        if used.contains_key(&random) {
            return Err(NotTaken::Invalid);
        }
        if used.len() >= NONCES_USED {
            return Err(NotTaken::Full);
        }
        used.insert(random, ends);
        Ok(())
    }

    fn read(&self, text: &str) -> Option<(u64, [u8; RANDOM])> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, mac) = bytes.split_at_checked(TIME + RANDOM)?;
        if !is_same(&keyed(&self.secret, said), &mac.try_into().ok()?) {
            return None;
        }
        let (time, random) = said.split_at_checked(TIME)?;
        Some((u64::from_be_bytes(time.try_into().ok()?), random.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_nonce_is_taken_back_once_and_in_time() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (nonces, others) = (Nonces::new().unwrap(), Nonces::new().unwrap());
        let (one, other) = (nonces.give(now).unwrap(), nonces.give(now).unwrap());
        assert_ne!(one, other);
        assert_eq!(others.take(&one, now), Err(NotTaken::Invalid), "of another process");
        assert_eq!(nonces.take(&one, now), Ok(()));
        assert_eq!(nonces.take(&one, now), Err(NotTaken::Invalid), "used");
        assert_eq!(nonces.take(&other, now + NONCE_LIFE), Err(NotTaken::Invalid), "ended");
        assert_eq!(nonces.take(&other, now + NONCE_LIFE - Duration::from_secs(1)), Ok(()));
        for text in ["", "AA", &format!("{one}A"), &one.replacen('A', "B", 1)] {
            assert_eq!(nonces.take(text, now), Err(NotTaken::Invalid), "{text}");
        }
        while nonces.used.lock().unwrap().len() < NONCES_USED {
            nonces.take(&nonces.give(now).unwrap(), now).unwrap();
        }
        let next = nonces.give(now).unwrap();
        assert_eq!(nonces.take(&next, now), Err(NotTaken::Full));
        let later = now + NONCE_LIFE;
        assert_eq!(nonces.take(&nonces.give(later).unwrap(), later), Ok(()), "those ended");
    }
}
