//! The folder of a system's offers, and the lock on each.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use zerotrip_channel::private_folder::PrivateFolder;
use zerotrip_client::reply::KeptOne;
use zerotrip_trust::digest::Digest;

use super::file::Offer;
use super::types;
use crate::bounds::{ATTEMPTS, OFFERS, PART_LIFE, TOKEN_LIFE};
use crate::error::DoorError;
use crate::secrets::{Secret, digits};

/// In the system's folder.
const FOLDER: &str = "offers";
const OFFER: &str = "json";
const LOCK: &str = "lock";
/// Between an offer's name and the secret in an access token.
const JOINT: char = '.';

/// A system's offers.
#[derive(Clone, Debug)]
pub struct Offers {
    folder: PrivateFolder,
}

/// A new offer, and what claims it.
pub struct Made {
    /// The code, for the wallet.
    pub code: String,
    /// The digits, for the holder, by another way.
    pub digits: String,
    /// Until when.
    pub ends: SystemTime,
}

/// Why an offer is not claimed.
#[derive(Debug)]
pub(crate) enum NotClaimed {
    /// There is none, or none any more: nothing tells these apart.
    Unknown,
    /// The digits are wrong.
    WrongDigits,
    /// It is being claimed at this very moment.
    Busy,
    /// The door's own trouble.
    Door(DoorError),
}

impl<E: Into<DoorError>> From<E> for NotClaimed {
    fn from(error: E) -> Self {
        Self::Door(error.into())
    }
}

/// An offer whose token was shown, and that this process has to itself.
#[derive(Debug)]
pub(crate) struct Held {
    offers: Offers,
    id: Digest,
    offer: Offer,
    token: Secret,
    _lock: File,
}

impl Offers {
    /// Of the system in this folder.
    pub fn of(home: &Path) -> Self {
        Self { folder: PrivateFolder::at(home.join(FOLDER)) }
    }

    /// Keeps an answer, on which nothing is sealed after `until`, for a wallet that comes within
    /// `life`. `configuration`: the certificate's type, as wallets are told of it.
    pub fn make(
        &self,
        (id, configuration): (&str, &Value),
        (kept, until): (&KeptOne, SystemTime),
        (now, life): (SystemTime, Duration),
    ) -> Result<Made, DoorError> {
        if now + life > until {
            return Err(DoorError::TooLate);
        }
        self.folder.make()?;
        let _others = self.folder.lock(LOCK)?;
        self.sweep(now)?;
        if self.folder.names()?.iter().filter(|name| id_of(name).is_some()).count() >= OFFERS {
            return Err(DoorError::TooManyOffers);
        }
        types::keep(self.folder.path(), id, configuration)?;
        let (code, digits, ends) = (Secret::generate()?, digits()?, now + life);
        let offer = Offer::new(id, kept, ends, (&code, &digits))?;
        self.save(&code.digest(), &offer)?;
        Ok(Made { code: code.to_text(), digits, ends })
    }

    /// Turns a code and its digits into an access token that is bound to a key, and to an attested
    /// wallet where there is one: once. Whoever comes
    /// with both a second time shows that somebody else had them: the offer is erased.
    pub(crate) fn redeem(
        &self,
        code: &Secret,
        digits: &str,
        bound_to: (&str, Option<String>),
        now: SystemTime,
    ) -> Result<(String, Duration), NotClaimed> {
        let id = code.digest();
        let (mut offer, _lock) = self.take(&id)?;
        if offer.has_ended(now) {
            self.erase(&id)?;
            return Err(NotClaimed::Unknown);
        }
        if !offer.are_digits(code, digits) {
            if offer.token.is_some() {
                return Err(NotClaimed::Unknown);
            }
            offer.attempts += 1;
            if offer.attempts >= ATTEMPTS {
                self.erase(&id)?;
            } else {
                self.save(&id, &offer)?;
            }
            return Err(NotClaimed::WrongDigits);
        }
        if offer.token.is_some() {
            self.erase(&id)?;
            return Err(NotClaimed::Unknown);
        }
        let token = Secret::generate()?;
        let ends = offer.ends().min(now + TOKEN_LIFE);
        offer.redeem(code, &token, bound_to, ends).ok_or_else(|| self.damaged(&id))?;
        self.save(&id, &offer)?;
        let text = format!("{}{JOINT}{}", hex::encode(id), token.to_text());
        Ok((text, ends.duration_since(now).unwrap_or_default()))
    }

    /// The offer that an access token is for.
    pub(crate) fn hold(&self, token: &str, now: SystemTime) -> Result<Held, NotClaimed> {
        let read = || {
            let (id, secret) = token.split_once(JOINT)?;
            Some((id_of(&format!("{id}.{OFFER}"))?, Secret::read(secret)?))
        };
        let (id, token) = read().ok_or(NotClaimed::Unknown)?;
        let (offer, lock) = self.take(&id)?;
        if !offer.is_token(&token) {
            return Err(NotClaimed::Unknown);
        }
        if offer.has_ended(now) {
            self.erase(&id)?;
            return Err(NotClaimed::Unknown);
        }
        Ok(Held { offers: self.clone(), id, offer, token, _lock: lock })
    }

    /// Erases what has ended, and what is damaged.
    pub fn sweep(&self, now: SystemTime) -> Result<(), DoorError> {
        self.folder.sweep_parts(now, PART_LIFE)?;
        for id in self.folder.names()?.iter().filter_map(|name| id_of(name)) {
            // One that is held is being claimed.
            let Some(_lock) = self.folder.try_lock(&name(&id, LOCK))? else { continue };
            match self.read(&id)? {
                Some(offer) if !offer.has_ended(now) => {}
                _ => self.erase(&id)?,
            }
        }
        Ok(())
    }

    /// The types of certificates that were offered here, by name.
    pub fn types(&self) -> Result<serde_json::Map<String, Value>, DoorError> {
        types::all(self.folder.path())
    }

    fn take(&self, id: &Digest) -> Result<(Offer, File), NotClaimed> {
        // A guess makes no file.
        if !self.folder.has(&name(id, OFFER)) {
            return Err(NotClaimed::Unknown);
        }
        let lock = self.folder.try_lock(&name(id, LOCK))?.ok_or(NotClaimed::Busy)?;
        match self.read(id)? {
            Some(offer) => Ok((offer, lock)),
            None => {
                self.erase(id)?;
                Err(NotClaimed::Unknown)
            }
        }
    }

    /// `None` where it is gone or damaged.
    fn read(&self, id: &Digest) -> Result<Option<Offer>, DoorError> {
        Ok(self.folder.read(&name(id, OFFER))?.and_then(|bytes| Offer::read(&bytes)))
    }

    fn save(&self, id: &Digest, offer: &Offer) -> Result<(), DoorError> {
        let bytes = offer.written().ok_or_else(|| self.damaged(id))?;
        Ok(self.folder.write(&name(id, OFFER), &bytes)?)
    }

    fn erase(&self, id: &Digest) -> Result<(), DoorError> {
        // The lock last: who gets it from here on finds no offer.
        self.folder.remove(&name(id, OFFER))?;
        Ok(self.folder.remove(&name(id, LOCK))?)
    }

    fn damaged(&self, id: &Digest) -> DoorError {
        DoorError::Content { path: self.folder.file(&name(id, OFFER)), why: "it is not an offer" }
    }
}

impl Held {
    /// Which type of certificate.
    pub(crate) fn configuration(&self) -> &str {
        &self.offer.configuration
    }

    /// The thumbprint of the key that its token is bound to.
    pub(crate) fn bound_to(&self) -> &str {
        self.offer.token.as_ref().map_or("", |token| token.bound_to.as_str())
    }

    /// The wallet that its token was given to, where it was authenticated.
    pub(crate) fn client(&self) -> Option<&str> {
        self.offer.token.as_ref()?.client.as_deref()
    }

    /// Notes whose keys the certificate is for, durably, before it is sealed. False where it is
    /// another's already.
    pub(crate) fn is_for(&mut self, holder: &str) -> Result<bool, DoorError> {
        let Some(token) = &mut self.offer.token else { return Ok(false) };
        match &token.holder {
            Some(known) => Ok(known == holder),
            None => {
                token.holder = Some(holder.to_owned());
                self.offers.save(&self.id, &self.offer)?;
                Ok(true)
            }
        }
    }

    /// The answer.
    pub(crate) fn answer(&self) -> Result<KeptOne, DoorError> {
        let answer = self.offer.answer(&self.id, &self.token);
        answer.ok_or_else(|| self.offers.damaged(&self.id))
    }

    /// Erases it: its certificate is handed out, or there will be none.
    pub(crate) fn erase(self) -> Result<(), DoorError> {
        self.offers.erase(&self.id)
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made(..)")
    }
}

/// A file of an offer.
fn name(id: &Digest, ending: &str) -> String {
    format!("{}.{ending}", hex::encode(id))
}

/// Which offer a file is.
fn id_of(name: &str) -> Option<Digest> {
    let id = name.strip_suffix(OFFER)?.strip_suffix('.')?;
    let bytes: Digest = hex::decode(id).ok()?.try_into().ok()?;
    (hex::encode(bytes) == id).then_some(bytes)
}
