//! The signed list as a CWT of the type `application/statuslist+cwt` (draft, 5.2): the same list at
//! the same address as the JWT, for verifiers that read CBOR.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_cose::{Members, Sign1, Value};
use zerotrip_text::cut;
use zerotrip_trust::keys::{PublicKey, SigningKey};

use super::bounds::TOKEN_BYTES;
use super::error::StatusError;
use super::list::{Bits, StatusList};
use super::token::{OpenList, lives};

/// Media type of the protected header.
const TYP: &str = "application/statuslist+cwt";

/// Claims (RFC 8392, 4; draft, 5.2).
const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
const LIST: i64 = 65_533;
const TTL: i64 = 65_534;

/// A list that was read. **Nothing in it is verified** before [`StatusCwt::open`].
#[derive(Clone, Debug)]
pub struct StatusCwt {
    token: Sign1,
    address: String,
    issued: SystemTime,
    ends: SystemTime,
    bits: Bits,
    packed: Vec<u8>,
}

impl StatusCwt {
    /// Reads a token and checks all that needs neither key nor clock.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusError> {
        let token = Sign1::parse(bytes, TYP, TOKEN_BYTES)?;
        let mut claims =
            Members::of(token.claimed()?, "claims").ok_or(StatusError::Claim("claims"))?;
        let address = claims.required(SUB, |value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })?;
        let (issued, ends) = (claims.required(IAT, time)?, claims.required(EXP, time)?);
        claims.required(TTL, |value| number(value).filter(|seconds| *seconds > 0))?;
        let (bits, packed) = claims.required(LIST, part)?;
        claims.end()?;
        Ok(Self { token, address, issued, ends, bits, packed })
    }

    /// The key that the header names: to look it up with.
    pub fn key_id(&self) -> &str {
        self.token.key_id()
    }

    /// When it says that it was signed: to look the key up with.
    pub fn claimed_issue(&self) -> SystemTime {
        self.issued
    }

    /// The address that it says it is the list of, **whoever signed it**.
    pub fn claimed_address(&self) -> &str {
        &self.address
    }

    /// The list, once it is signed with this key and is the one at this address. It is unpacked
    /// only then.
    pub fn open(&self, key: &PublicKey, uri: &str) -> Result<OpenList, StatusError> {
        self.token.verify(key)?;
        if self.address != uri {
            let found = cut(&self.address);
            return Err(StatusError::OtherList { expected: uri.to_owned(), found });
        }
        lives(self.issued, self.ends)?;
        let list = StatusList::unpack(self.bits, &self.packed)?;
        Ok(OpenList { list, issued: self.issued, ends: self.ends })
    }
}

/// Signs a list that is at this address as a CWT, good for `life` from `now` on; who fetches it
/// need not do so again for `ttl`.
pub fn sign_cwt_list(
    key: &SigningKey,
    (uri, list): (&str, &StatusList),
    now: SystemTime,
    (life, ttl): (Duration, Duration),
) -> Result<Vec<u8>, StatusError> {
    let issued = now.duration_since(UNIX_EPOCH).map_err(|_| StatusError::Times)?.as_secs();
    let part = Value::Map(vec![
        (Value::text("bits"), Value::Unsigned(list.bits().number().into())),
        (Value::text("lst"), Value::Bytes(list.pack()?)),
    ]);
    let claims = Value::numbered([
        (SUB, Value::text(uri)),
        (EXP, Value::Unsigned(issued + life.as_secs())),
        (IAT, Value::Unsigned(issued)),
        (LIST, part),
        (TTL, Value::Unsigned(ttl.as_secs())),
    ]);
    let token = Sign1::sign(key, TYP, &claims)?;
    // What a verifier would refuse is refused here, before anybody relies on it.
    StatusCwt::parse(&token)?.open(key.public(), uri)?;
    Ok(token)
}

/// `bits` and `lst`, and nothing else.
fn part(value: Value) -> Option<(Bits, Vec<u8>)> {
    let mut list = Members::of(value, "status list")?;
    let bits = number(list.take(&Value::text("bits"))?).and_then(Bits::new)?;
    let Value::Bytes(packed) = list.take(&Value::text("lst"))? else { return None };
    list.end().is_ok().then_some((bits, packed))
}

fn number(value: Value) -> Option<u64> {
    match value {
        Value::Unsigned(number) => Some(number),
        _ => None,
    }
}

fn time(value: Value) -> Option<SystemTime> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = number(value).filter(|seconds| *seconds < YEAR_10000)?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}
