//! Whether a token shows that the person of a request was identified, as its check asks (OpenID
//! Connect Core 1.0, 3.1.3.7; RFC 8725, 3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_datasets::ResidentId;
use zerotrip_text::Bilingual;
use zerotrip_trust::digest::{is_same, sha256};

use crate::provider::{Provider, Providers};
use crate::token::Token;
use crate::{Basis, Fault, IdentityTerms, Level};

/// What a token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What the check asks.
    pub terms: &'a IdentityTerms,
    /// The URI of the system that asks.
    pub system: &'a str,
    /// The request's ([`crate::nonce`]).
    pub nonce: &'a str,
    /// Who must have been identified.
    pub person: &'a ResidentId,
}

/// That a person was identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// The provider's id, as the authority has it.
    pub provider: String,
    /// The provider's name.
    pub name: Bilingual,
    /// At which level.
    pub level: Level,
    /// When.
    pub at: SystemTime,
    /// By what of the provider's entry it counts.
    pub basis: Basis,
}

/// What the token shows, or why it does not count. `now` is when it came.
pub fn verify(
    token: &str,
    expected: &Expected<'_>,
    providers: &Providers,
    now: SystemTime,
) -> Result<Identification, Fault> {
    let token = Token::parse(token)?;
    let issuer = token.text("iss")?.ok_or(Fault::Claim("iss"))?;
    let provider = providers.of_issuer(issuer).ok_or(Fault::UnknownIssuer)?;
    if !provider.is_trusted_at(now) {
        return Err(Fault::NotTrustedNow);
    }
    let key = provider.key(&token.key_id).ok_or(Fault::UnknownKey)?;
    if token.algorithm != key.algorithm() {
        return Err(Fault::OtherAlgorithm);
    }
    if !token.is_signed_with(key) {
        return Err(Fault::BadSignature);
    }
    let audience = check_audience(&token, provider, expected.system)?;
    let at = check_times(&token, provider.skew, expected.terms.within, now)?;
    if token.text("nonce")? != Some(expected.nonce) {
        return Err(Fault::OtherRequest);
    }
    let acr = token.text("acr")?.ok_or(Fault::NoLevel)?;
    let level = provider.level(acr).ok_or(Fault::UnknownLevel)?;
    if level < expected.terms.level {
        return Err(Fault::TooLow);
    }
    if !is_person(token.named(&provider.subject_claim), provider, expected.person) {
        return Err(Fault::OtherPerson);
    }
    let basis = Basis {
        key: key.thumbprint(),
        issuer: issuer.to_owned(),
        acr: acr.to_owned(),
        audience,
        subject_claim: provider.subject_claim.clone(),
        is_digest: provider.is_digest,
    };
    let (id, name) = (provider.id.clone(), provider.name.clone());
    Ok(Identification { provider: id, name, level, at, basis })
}

fn check_audience(token: &Token<'_>, provider: &Provider, system: &str) -> Result<String, Fault> {
    let audience = token.audience()?;
    let party = token.text("azp")?;
    let is_ours = provider.is_for(audience, system) && party.is_none_or(|party| party == audience);
    if is_ours { Ok(audience.to_owned()) } else { Err(Fault::Audience) }
}

/// When the person was identified.
fn check_times(
    token: &Token<'_>,
    skew: Duration,
    within: Duration,
    now: SystemTime,
) -> Result<SystemTime, Fault> {
    let now = now.duration_since(UNIX_EPOCH).map_err(|_| Fault::NotYet)?.as_secs();
    let skew = skew.as_secs();
    let issued = token.seconds("iat")?.ok_or(Fault::Claim("iat"))?;
    let expires = token.seconds("exp")?.ok_or(Fault::Claim("exp"))?;
    let identified = token.seconds("auth_time")?.ok_or(Fault::NotIdentified)?;
    let begins = token.seconds("nbf")?.unwrap_or(issued);
    if [issued, begins, identified].into_iter().any(|time| time > now + skew) {
        return Err(Fault::NotYet);
    }
    // A token that ends before it was made, or was made before the person was identified, is of a
    // clock that nothing can be concluded from.
    if expires <= issued {
        return Err(Fault::Claim("exp"));
    }
    if identified > issued + skew {
        return Err(Fault::Claim("auth_time"));
    }
    if expires + skew <= now {
        return Err(Fault::Expired);
    }
    // Without the skew: how long ago at most is what the owners approved.
    if identified + within.as_secs() < now {
        return Err(Fault::TooLongAgo);
    }
    // By a clock that is ahead. Nobody was identified at a time that is to come.
    Ok(UNIX_EPOCH + Duration::from_secs(identified.min(now)))
}

/// Whether the claim names this very person. All ways in which it does not are one.
fn is_person(claim: Option<&str>, provider: &Provider, person: &ResidentId) -> bool {
    let Some(claim) = claim else { return false };
    if !provider.is_digest {
        return ResidentId::new_strict(claim).is_ok_and(|named| named == *person);
    }
    let mut digest = [0; 32];
    let is_lower = !claim.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower
        && hex::decode_to_slice(claim, &mut digest).is_ok()
        && is_same(&digest, &sha256(person.as_str().as_bytes()))
}
