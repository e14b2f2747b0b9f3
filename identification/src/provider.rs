//! Whom the authority trusts to say that a person was identified.

use std::time::{Duration, SystemTime};

use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1;
use zerotrip_proto::v1::SubjectForm;
use zerotrip_text::Bilingual;
use zerotrip_trust::Identity;
use zerotrip_trust::identity::{is_name, is_term};
use zerotrip_trust::jose::{JoseKey, JoseKeys};

use crate::Level;

/// Most providers that are trusted at one time.
pub const MOST_PROVIDERS: usize = 16;
/// Most `acr` values of a provider.
const MOST_LEVELS: usize = 16;
/// Most audiences of a provider.
const MOST_AUDIENCES: usize = 64;
/// Longest text of a claim that is compared, in bytes (OpenID Connect Core 1.0, 2, on `sub`).
const MOST_TEXT: usize = 255;
/// Most difference of clocks.
const MOST_SKEW: Duration = Duration::from_secs(300);
/// Claims that mean something else (OpenID Connect Core 1.0, 2; RFC 7519, 4.1).
const OTHER_CLAIMS: [&str; 12] =
    ["iss", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "name"];

/// One of them, without a fault.
#[derive(Clone, Debug)]
pub struct Provider {
    pub(crate) id: String,
    pub(crate) name: Bilingual,
    pub(crate) issuer: String,
    keys: JoseKeys,
    levels: Vec<(String, Level)>,
    audiences: Vec<(String, String)>,
    pub(crate) subject_claim: String,
    pub(crate) is_digest: bool,
    pub(crate) skew: Duration,
    not_before: SystemTime,
    not_after: SystemTime,
}

/// What is wrong with one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    /// One of its fields.
    #[error("{0}")]
    Field(&'static str),
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] zerotrip_trust::jose::JwkError),
}

impl Provider {
    /// Of the authority's message.
    pub fn read(message: &v1::IdentityProvider) -> Result<Self, ProviderFault> {
        let field =
            |holds: bool, what| if holds { Ok(()) } else { Err(ProviderFault::Field(what)) };
        field(
            is_name(&message.id),
            "its id is not 1 to 32 lower-case letters, digits and hyphens",
        )?;
        field(
            is_issuer(&message.issuer),
            "its issuer is not an https URL without query, fragment and blanks",
        )?;
        field(
            is_term(&message.name_en) && is_term(&message.name_zh),
            "it needs a name in English and one in Chinese, 1 to 64 characters each",
        )?;
        let keys = JoseKeys::parse(&message.jwks)?;
        let mut levels: Vec<(String, Level)> = Vec::new();
        for one in &message.levels {
            let level = Level::from_wire(one.level);
            let level = level.filter(|_| {
                is_compared(&one.acr) && !levels.iter().any(|(acr, _)| *acr == one.acr)
            });
            let what = "an `acr` is empty, too long or given twice, or has no level";
            levels.push((one.acr.clone(), level.ok_or(ProviderFault::Field(what))?));
        }
        let what = "give 1 to 16 `acr` values, each with its level";
        field((1..=MOST_LEVELS).contains(&levels.len()), what)?;
        let mut audiences: Vec<(String, String)> = Vec::new();
        for one in &message.audiences {
            let is_system = |system: &str| {
                system.parse::<Identity>().is_ok_and(|identity| identity.member().is_some())
            };
            // One audience is one system: whose token it is must not be a matter of reading.
            let is_new = !audiences.iter().any(|(audience, _)| *audience == one.audience);
            field(
                is_compared(&one.audience) && is_new && is_system(&one.system),
                "an audience is empty, too long or given twice, or its system is no system's URI",
            )?;
            audiences.push((one.audience.clone(), one.system.clone()));
        }
        let what = "give 1 to 64 audiences, each with its system";
        field((1..=MOST_AUDIENCES).contains(&audiences.len()), what)?;
        field(
            is_compared(&message.subject_claim)
                && !OTHER_CLAIMS.contains(&message.subject_claim.as_str()),
            "the claim of the resident id is empty, too long, or one that means something else",
        )?;
        let is_digest = match message.subject_form() {
            SubjectForm::ResidentId => false,
            SubjectForm::ResidentIdSha256 => true,
            SubjectForm::Unspecified => {
                return Err(ProviderFault::Field("the form of the resident id is not said"));
            }
        };
        let skew = Duration::from_secs(message.clock_skew_seconds.into());
        field(skew <= MOST_SKEW, "its clock skew is over 300 seconds")?;
        let times = from_timestamp(message.not_before.as_ref())
            .zip(from_timestamp(message.not_after.as_ref()))
            .filter(|(begins, ends)| begins < ends);
        let what = "it has no times, or ends before it begins";
        let (not_before, not_after) = times.ok_or(ProviderFault::Field(what))?;
        Ok(Self {
            id: message.id.clone(),
            name: Bilingual::new(message.name_en.clone(), message.name_zh.clone()),
            issuer: message.issuer.clone(),
            keys,
            levels,
            audiences,
            subject_claim: message.subject_claim.clone(),
            is_digest,
            skew,
            not_before,
            not_after,
        })
    }

    pub(crate) fn key(&self, id: &str) -> Option<&JoseKey> {
        self.keys.get(id)
    }

    /// Whether it has the key of this thumbprint, by whatever id.
    pub(crate) fn has_key(&self, thumbprint: &[u8]) -> bool {
        self.keys.iter().any(|key| key.thumbprint() == thumbprint)
    }

    pub(crate) fn level(&self, acr: &str) -> Option<Level> {
        self.levels.iter().find(|(known, _)| known == acr).map(|(_, level)| *level)
    }

    /// Whether tokens with this `aud` are made for that system.
    pub(crate) fn is_for(&self, audience: &str, system: &str) -> bool {
        self.audiences.iter().any(|(known, of)| known == audience && of == system)
    }

    pub(crate) fn is_trusted_at(&self, now: SystemTime) -> bool {
        self.not_before <= now && now < self.not_after
    }
}

/// All that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Providers(Vec<Provider>);

impl Providers {
    /// Of the authority's messages; or every fault, with the id of its provider.
    pub fn read(messages: &[v1::IdentityProvider]) -> Result<Self, Vec<(String, ProviderFault)>> {
        let (mut read, mut faults): (Vec<Provider>, Vec<(String, ProviderFault)>) =
            (Vec::new(), Vec::new());
        let mut fault = |id: &str, what| faults.push((id.to_owned(), what));
        if messages.len() > MOST_PROVIDERS {
            fault("", ProviderFault::Field("more than 16 providers are trusted"));
        }
        for message in messages.iter().take(MOST_PROVIDERS) {
            match Provider::read(message) {
                Ok(one) if read.iter().any(|other| other.id == one.id) => {
                    fault(&one.id, ProviderFault::Field("its id is given twice"));
                }
                // Whose keys count for a token follows from its `iss` alone.
                Ok(one) if read.iter().any(|other| other.issuer == one.issuer) => {
                    fault(&one.id, ProviderFault::Field("another provider has its issuer"));
                }
                // A certificate tells who identified the person by name.
                Ok(one) if read.iter().any(|other| is_named_alike(&other.name, &one.name)) => {
                    fault(&one.id, ProviderFault::Field("another provider has its name"));
                }
                Ok(one) => read.push(one),
                Err(what) => fault(&message.id, what),
            }
        }
        if faults.is_empty() { Ok(Self(read)) } else { Err(faults) }
    }

    pub(crate) fn of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.issuer == issuer)
    }

    /// Id and name of each.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Bilingual)> {
        self.0.iter().map(|provider| (provider.id.as_str(), &provider.name))
    }
}

/// Whether a reader could take one for the other, in either language.
fn is_named_alike(one: &Bilingual, other: &Bilingual) -> bool {
    let read = |name: &str| name.split_whitespace().collect::<String>().to_lowercase();
    read(&one.en) == read(&other.en) || read(&one.zh) == read(&other.zh)
}

/// OpenID Connect Core 1.0, 2: `iss` is an https URL without query and fragment.
fn is_issuer(text: &str) -> bool {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    (1..=2 * MOST_TEXT).contains(&rest.len())
        && !rest.starts_with('/')
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"\\".contains(&byte))
}

/// Whether a claim can be compared with it.
fn is_compared(text: &str) -> bool {
    (1..=MOST_TEXT).contains(&text.len())
        && !text.chars().any(|one| one.is_control() || zerotrip_text::is_invisible(one))
}
