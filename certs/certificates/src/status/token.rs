//! The signed list: a JWT of the type `statuslist+jwt` (draft, 5.1). It has an end, a day away at
//! most, so that a host that keeps an old one back gains no more than that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_text::cut;
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::x509::CertificateDer;

use super::bounds::{MOST_LIFE, TOKEN_BYTES};
use super::error::StatusError;
use super::list::{Bits, StatusList};
use crate::sdjwt::{Jws, time};

/// Media type of the header.
const TYP: &str = "statuslist+jwt";

/// What a place's value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusValue {
    /// Nothing has happened.
    Valid,
    /// For ever.
    Revoked,
    /// Until it is lifted.
    Suspended,
    /// Another certificate, or what was registered later, has taken its place.
    Superseded,
}

impl StatusValue {
    /// Its word for programs, and in English.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Valid => "有效",
            Self::Revoked => "已撤销",
            Self::Suspended => "已暂停",
            Self::Superseded => "已被替代",
        }
    }

    /// The number in the list (draft, 7.1; 3 is the application's).
    pub fn number(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Revoked => 1,
            Self::Suspended => 2,
            Self::Superseded => 3,
        }
    }

    /// By the number in a list.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Valid, Self::Revoked, Self::Suspended, Self::Superseded]
            .into_iter()
            .find(|value| value.number() == number)
    }
}

/// What a list says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownStatus {
    /// What it says.
    pub value: StatusValue,
    /// As of when.
    pub as_of: SystemTime,
    /// Until when that counts, exclusive.
    pub until: SystemTime,
}

/// A list that was read. **Nothing in it is verified** before [`StatusToken::open`].
#[derive(Clone, Debug)]
pub struct StatusToken(Jws);

/// A list that its issuer signed.
#[derive(Clone, Debug)]
pub struct OpenList {
    pub(super) list: StatusList,
    pub(super) issued: SystemTime,
    pub(super) ends: SystemTime,
}

impl StatusToken {
    /// Reads a token and checks all that needs neither key nor clock.
    pub fn parse(text: &str) -> Result<Self, StatusError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.len() > TOKEN_BYTES {
            return Err(StatusError::TooLarge(text.len()));
        }
        let jws = Jws::parse(text, TYP)?;
        only(jws.payload(), &["sub", "iat", "exp", "ttl", "status_list"])?;
        only(part(jws.payload())?, &["bits", "lst"])?;
        Ok(Self(jws))
    }

    /// The key that the header names: to look it up with.
    pub fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// When it says that it was signed: to look the key up with.
    pub fn claimed_issue(&self) -> Result<SystemTime, StatusError> {
        Ok(time(self.0.payload(), "iat")?)
    }

    /// Whether the key's certificate travels along.
    pub fn is_certified(&self) -> bool {
        self.0.leaf.is_some()
    }

    /// The list, once it is signed with this key and is the one at this address. It is unpacked
    /// only then.
    pub fn open(&self, key: &PublicKey, uri: &str) -> Result<OpenList, StatusError> {
        self.0.verify(key)?;
        let payload = self.0.payload();
        let found = payload.get("sub").and_then(Value::as_str).ok_or(StatusError::Claim("sub"))?;
        if found != uri {
            return Err(StatusError::OtherList { expected: uri.to_owned(), found: cut(found) });
        }
        let ttl = payload.get("ttl").and_then(Value::as_u64);
        ttl.filter(|seconds| *seconds > 0).ok_or(StatusError::Claim("ttl"))?;
        let (issued, ends) = (time(payload, "iat")?, time(payload, "exp")?);
        lives(issued, ends)?;
        Ok(OpenList { list: self.claimed_list()?, issued, ends })
    }

    /// The address that it says it is the list of, **whoever signed it**.
    pub fn claimed_address(&self) -> Option<&str> {
        self.0.payload().get("sub").and_then(Value::as_str)
    }

    /// What it says, **whoever signed it**: for an issuer that looks at what it published itself.
    pub fn claimed_list(&self) -> Result<StatusList, StatusError> {
        let part = part(self.0.payload())?;
        let bits = part.get("bits").and_then(Value::as_u64).and_then(Bits::new);
        let bits = bits.ok_or(StatusError::Claim("status_list.bits"))?;
        let lst = part.get("lst").and_then(Value::as_str);
        StatusList::decode(bits, lst.ok_or(StatusError::Claim("status_list.lst"))?)
    }
}

impl OpenList {
    /// What the list says at a time of the certificate in this place.
    pub fn status(&self, place: u64, at: SystemTime) -> Result<KnownStatus, StatusError> {
        if self.issued > at + CLOCK_SKEW {
            return Err(StatusError::NotYet { from: self.issued });
        }
        if at >= self.ends {
            return Err(StatusError::Ended { at: self.ends });
        }
        let places = self.list.places();
        let found = self.list.get(place).ok_or(StatusError::OutOfRange { place, places })?;
        let value = StatusValue::of(found).ok_or(StatusError::Unknown(found))?;
        Ok(KnownStatus { value, as_of: self.issued, until: self.ends })
    }

    /// The list.
    pub fn list(&self) -> &StatusList {
        &self.list
    }

    /// From when until when it counts.
    pub fn times(&self) -> (SystemTime, SystemTime) {
        (self.issued, self.ends)
    }
}

/// Signs a list that will be at this address, good for `life` from `now` on; whoever fetches it
/// need not do so again for `ttl`.
pub fn sign_list(
    key: &SigningKey,
    list: (&str, &StatusList),
    now: SystemTime,
    times: (Duration, Duration),
) -> Result<String, StatusError> {
    sign_certified_list((key, None), list, now, times)
}

/// The same with the key's certificate, as HAIP 1.0 (6.1) wants it.
pub fn sign_certified_list(
    (key, leaf): (&SigningKey, Option<&CertificateDer<'_>>),
    (uri, list): (&str, &StatusList),
    now: SystemTime,
    (life, ttl): (Duration, Duration),
) -> Result<String, StatusError> {
    let issued = now.duration_since(UNIX_EPOCH).map_err(|_| StatusError::Times)?.as_secs();
    let claims = json!({
        "sub": uri,
        "iat": issued,
        "exp": issued + life.as_secs(),
        "ttl": ttl.as_secs(),
        "status_list": { "bits": list.bits().number(), "lst": list.encode()? },
    });
    let Value::Object(payload) = claims else { return Err(StatusError::Damaged) };
    let token = Jws::sign((key, leaf), TYP, payload)?;
    // What a verifier would refuse is refused here, before anybody relies on it.
    StatusToken::parse(&token)?.open(key.public(), uri)?;
    Ok(token)
}

/// A list has an end, a day after it begins at most.
pub(super) fn lives(issued: SystemTime, ends: SystemTime) -> Result<(), StatusError> {
    match ends.duration_since(issued) {
        Ok(life) if life > MOST_LIFE => Err(StatusError::LivesTooLong),
        Ok(life) if !life.is_zero() => Ok(()),
        _ => Err(StatusError::Times),
    }
}

fn part(payload: &Map<String, Value>) -> Result<&Map<String, Value>, StatusError> {
    payload.get("status_list").and_then(Value::as_object).ok_or(StatusError::Claim("status_list"))
}

/// No member but these.
fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), StatusError> {
    let surplus = members.keys().find(|name| !known.contains(&name.as_str()));
    surplus.map_or(Ok(()), |name| Err(StatusError::Surplus(cut(name))))
}
