//! An offer as it is kept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zerotrip_client::reply::KeptOne;
use zerotrip_trust::digest::{Digest, RandomError, is_same};
use zerotrip_trust::vault;

use crate::jwt::seconds;
use crate::secrets::Secret;

/// Of the file's form.
const VERSION: u32 = 1;

/// An offer. Times are in seconds since 1970, digests and keys hexadecimal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    version: u32,
    /// Which type of certificate.
    pub(super) configuration: String,
    ends: u64,
    /// Of the digits, under the code.
    digits: String,
    /// Wrong digits so far.
    pub(super) attempts: u32,
    /// The kept answer, encrypted; base64.
    answer: String,
    /// Its key, under the code, or under the token once there is one.
    key: String,
    pub(super) token: Option<Token>,
}

/// What an offer's code was turned into.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    digest: String,
    ends: u64,
    /// The thumbprint of the key that it is bound to.
    pub(super) bound_to: String,
    /// The wallet that it was given to, where wallets must be attested.
    pub(super) client: Option<String>,
    /// The thumbprints of the holder's keys, once they were brought.
    pub(super) holder: Option<String>,
}

impl Offer {
    pub(super) fn new(
        configuration: &str,
        kept: &KeptOne,
        ends: SystemTime,
        (code, digits): (&Secret, &str),
    ) -> Result<Self, RandomError> {
        let (key, answer) = vault::seal(&place(code), kept.to_text().into_bytes())?;
        Ok(Self {
            version: VERSION,
            configuration: configuration.to_owned(),
            ends: seconds(ends),
            digits: hex::encode(code.of_digits(digits)),
            attempts: 0,
            answer: STANDARD.encode(answer),
            key: hex::encode(code.wrap(key.to_bytes())),
            token: None,
        })
    }

    /// As a file: what is in another form than this program's is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let offer: Self = serde_json::from_slice(bytes).ok()?;
        let is_digest = |text: &str| digest(text).is_some();
        let token_reads = offer.token.as_ref().is_none_or(|token| is_digest(&token.digest));
        let reads = is_digest(&offer.digits) && is_digest(&offer.key) && token_reads;
        (offer.version == VERSION && reads).then_some(offer)
    }

    pub(super) fn has_ended(&self, now: SystemTime) -> bool {
        let ends = self.token.as_ref().map_or(self.ends, |token| token.ends);
        seconds(now) >= ends
    }

    pub(super) fn ends(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.ends)
    }

    pub(super) fn are_digits(&self, code: &Secret, text: &str) -> bool {
        digest(&self.digits).is_some_and(|digits| is_same(&digits, &code.of_digits(text)))
    }

    pub(super) fn is_token(&self, secret: &Secret) -> bool {
        let digest = self.token.as_ref().and_then(|token| digest(&token.digest));
        digest.is_some_and(|digest| secret.is(&digest))
    }

    /// Turns the code into a token that is bound to a key.
    pub(super) fn redeem(
        &mut self,
        code: &Secret,
        token: &Secret,
        (bound_to, client): (&str, Option<String>),
        ends: SystemTime,
    ) -> Option<()> {
        let key = code.wrap(digest(&self.key)?);
        self.key = hex::encode(token.wrap(key));
        self.token = Some(Token {
            digest: hex::encode(token.digest()),
            ends: seconds(ends.min(self.ends())),
            bound_to: bound_to.to_owned(),
            client,
            holder: None,
        });
        Some(())
    }

    /// The answer, with the token that opens it.
    pub(super) fn answer(&self, id: &Digest, token: &Secret) -> Option<KeptOne> {
        let key = vault::Key::from_bytes(token.wrap(digest(&self.key)?));
        let opened = key.open(id, STANDARD.decode(&self.answer).ok()?).ok()?;
        KeptOne::from_text(&String::from_utf8(opened).ok()?).ok()
    }

    pub(super) fn written(&self) -> Option<Vec<u8>> {
        serde_json::to_vec_pretty(self).ok()
    }
}

/// What an answer is encrypted for: its own offer.
fn place(code: &Secret) -> Digest {
    code.digest()
}

fn digest(text: &str) -> Option<Digest> {
    hex::decode(text).ok()?.try_into().ok()
}
