//! Verifying a certificate: from its text, a trust root and the time, to what a screen may show.
//! Asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde::Serialize;
use serde_json::{Map, Value};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    Answer, EntryOpening, Envelope, ExchangeReply, KeyUsage, LedgerReceipt, Request,
};
use zerotrip_trust::Signed;
use zerotrip_trust::directory::{Directory, Why};

use super::evidence::{EvidenceError, Moment, prove, prove_by};
use super::jwks::{JwkSet, JwkSetError};
use super::seal::{claims_agree, policy, sources};
use super::terms::scope;
use super::terms::{ERRAND, SEAL_WITHIN, SHOWN, TermsError, VALIDITY, open_shown};
use super::{VCT_PREFIX, is_vct_of, written};
use crate::sdjwt::{self, Claims, SdJwt, SdJwtError};
use zerotrip_text::Bilingual;

/// Whose word on keys is taken.
#[derive(Clone, Copy, Debug)]
pub enum TrustRoot<'a> {
    /// The authority's directory, opened and fresh: seal, hub signature and ledger are all
    /// verified.
    Directory(&'a Directory),
    /// The authority's published JWK set: the same, with the keys of that file's day.
    Keys(&'a JwkSet),
}

/// Everything that a screen shows of a certificate that verified.
#[derive(Clone, Debug)]
pub struct VerifiedCertificate {
    /// Who sealed it.
    pub issuer: Issuer,
    /// When.
    pub issued_at: SystemTime,
    /// From when it is valid.
    pub valid_from: SystemTime,
    /// Until when, exclusive.
    pub valid_until: SystemTime,
    /// Its type.
    pub vct: String,
    /// The check's name.
    pub check: String,
    /// The variant's name.
    pub variant: String,
    /// What people call it.
    pub title: Bilingual,
    /// About whom the check asked.
    pub persons: Bilingual,
    /// What it states.
    pub statement: Bilingual,
    /// Within which bounds, by kind: `regions` (division codes, GB/T 2260).
    pub scope: BTreeMap<String, Vec<String>>,
    /// Who was asked.
    pub sources: Vec<Source>,
    /// SHA-256 of the definition that was run, hexadecimal.
    pub definition_digest: String,
    /// Policies that allowed it.
    pub policies: Vec<String>,
    /// What the holder chose to show.
    pub disclosed: Disclosed,
    /// What the hub's evidence proves.
    pub evidence: Finding,
}

/// Who sealed a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The system's URI.
    pub uri: String,
    /// The member's names, where a directory is at hand.
    pub name: Option<Bilingual>,
    /// Whether it may still act, where a directory is at hand. A later suspension undoes no
    /// certificate; the reader should know.
    pub active: Option<bool>,
    /// Which key.
    pub key_id: String,
}

/// A register that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The dataset.
    pub dataset: String,
    /// Its owner.
    pub owner: String,
    /// The state of the register that was read: RFC 3339.
    pub as_of: String,
    /// English.
    pub coverage_en: String,
    /// Chinese.
    pub coverage_zh: String,
}

/// What the holder chose to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// Parameters, case number and purpose, by name; of a request that is shown, its parameters
    /// too.
    pub claims: BTreeMap<String, String>,
    /// Whether the request itself is shown: the hub's answer is then shown to be about exactly
    /// these parameters.
    pub request: bool,
    /// What every certificate can show and this presentation does not: `case_number`, `purpose`,
    /// `request`.
    pub withheld: Vec<String>,
    /// How many others are withheld: parameters of the question, such as the applicant, whose
    /// names are withheld with them.
    pub withheld_parameters: usize,
}

/// Longest validity that any definition can give.
const MOST_VALIDITY: Duration = Duration::from_secs(366 * 86_400);

impl Disclosed {
    /// Whether it is shown whom the certificate is about. One that shows it of nobody proves
    /// something of somebody unnamed.
    pub fn names_subject(&self) -> bool {
        self.claims.keys().any(|name| !ERRAND.contains(&name.as_str()))
    }

    /// `hidden` is the number of disclosures that the seal refers to and this presentation leaves
    /// out.
    fn without(mut self, hidden: usize) -> Self {
        let shown = |name: &str| {
            if name == "request" { self.request } else { self.claims.contains_key(name) }
        };
        self.withheld =
            ERRAND.iter().filter(|name| !shown(name)).map(|name| (*name).to_owned()).collect();
        // The request holds them all.
        self.withheld_parameters =
            if self.request { 0 } else { hidden.saturating_sub(self.withheld.len()) };
        self
    }
}

/// What the hub's evidence proves: it signed a true answer to exactly this, and its ledger holds
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The hub.
    pub hub: String,
    /// The exchange.
    pub request_id: String,
    /// When it answered.
    pub answered_at: SystemTime,
    /// Where in the ledger.
    pub index: u64,
    /// The size of the tree whose signed head holds it.
    pub tree_size: u64,
    /// The directory's own time: this verification is as of then. `None` with a key set, which has
    /// none.
    pub directory_issued_at: Option<SystemTime>,
}

/// Why a certificate counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The token or its seal.
    #[error(transparent)]
    Token(#[from] SdJwtError),
    /// The key set.
    #[error(transparent)]
    Keys(#[from] JwkSetError),
    /// The directory does not vouch for the key.
    #[error("the sealing key `{key_id}` is no good: {why}")]
    SealKey {
        /// The key named.
        key_id: String,
        /// Why.
        why: Why,
    },
    /// The key is somebody else's.
    #[error("the certificate says it is `{stated}`'s, but the key belongs to `{holder}`")]
    WrongIssuer {
        /// In the certificate.
        stated: String,
        /// By the trust root.
        holder: String,
    },
    /// A claim is missing or of another shape.
    #[error("the certificate's `{0}` is missing or not of the shape it must have")]
    Claim(&'static str),
    /// Certificate type and check do not fit.
    #[error("a certificate of type `{vct}` cannot be on the check `{check}`")]
    TypeMismatch {
        /// The type.
        vct: String,
        /// The check.
        check: String,
    },
    /// The evidence does not verify.
    #[error("the hub's evidence does not verify: {0}")]
    Evidence(#[from] EvidenceError),
    /// The answer inside is not a true one.
    #[error("the hub's answer inside is not `true`")]
    NotAffirmed,
    /// The answer inside says something else than the certificate.
    #[error("the certificate's `{0}` is not what the hub answered")]
    Contradiction(&'static str),
    /// Issued before it was answered.
    #[error("the certificate was issued before the hub answered")]
    IssuedBeforeAnswer,
    /// Issued too long after it was answered.
    #[error("the certificate was issued more than an hour after the hub answered")]
    IssuedTooLate,
    /// Valid for longer than the hub fixed.
    #[error("the certificate is valid for longer than the hub's answer allows")]
    ValidTooLong,
    /// A claim that certificates do not have.
    #[error("the certificate states `{0}`, which the hub answered nothing of")]
    Surplus(String),
    /// The answer is no ground for any certificate.
    #[error(
        "the hub's answer allows no certificate: the system that asked has no grant to issue one"
    )]
    NotAllowed,
    /// The openings are not those of the answer.
    #[error("the certificate does not open what the hub fixed: {0}")]
    Terms(#[from] TermsError),
    /// What is disclosed is not what was asked.
    #[error("the certificate shows another `{0}` than the hub answered about")]
    OtherDisclosure(String),
    /// What is withheld is not what was asked.
    #[error(
        "the certificate withholds something else than what the hub answered about, more, or less"
    )]
    OtherWithheld,
}

/// What a certificate's signed part says, and nothing else.
const PLAIN: [&str; 15] = [
    "iss",
    "vct",
    "check",
    "variant",
    "title",
    "persons",
    "statement",
    "scope",
    "sources",
    "policy",
    "definition_digest",
    "evidence",
    "iat",
    "nbf",
    "exp",
];
const EVIDENCE: [&str; 5] = ["answered_at", "terms", "answer", "answer_salt", "receipt"];
const RECEIPT: [&str; 6] = ["index", "entry", "salt", "content", "path", "checkpoint"];

/// Verifies a certificate at `now`.
pub fn verify(
    token: &str,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<VerifiedCertificate, CertificateError> {
    let token = SdJwt::parse(token)?;
    let (issuer, claims) = verify_seal(&token, root, now)?;
    let plain = &claims.plain;
    only(plain, &PLAIN)?;
    let (vct, check, variant) =
        (text(plain, "vct")?, text(plain, "check")?, text(plain, "variant")?);
    if !is_vct_of(&vct, &check) {
        return Err(CertificateError::TypeMismatch { vct, check });
    }
    let times =
        (sdjwt::time(plain, "iat")?, sdjwt::time(plain, "nbf")?, sdjwt::time(plain, "exp")?);
    let (reply, openings) = evidence(plain)?;
    let answer = agreeing_answer(plain, &reply, &check, &variant)?;
    let validity = as_fixed(plain, &answer, &openings)?;
    disclosed_as_fixed(&token, &claims, &answer)?;
    let disclosed =
        disclosed(&claims, &answer, (&issuer.uri, &check, &variant))?.without(claims.withheld);
    let evidence = verify_evidence(reply, root)?;
    in_time(times, evidence.answered_at, validity)?;
    if plain.get("evidence").and_then(|evidence| evidence.get("answered_at"))
        != Some(&written(evidence.answered_at).into())
    {
        return Err(CertificateError::Contradiction("evidence.answered_at"));
    }
    Ok(VerifiedCertificate {
        issuer,
        issued_at: times.0,
        valid_from: times.1,
        valid_until: times.2,
        vct,
        check,
        variant,
        title: bilingual(plain, "title")?,
        persons: bilingual(plain, "persons")?,
        statement: bilingual(plain, "statement")?,
        scope: read_scope(plain)?,
        sources: read_sources(plain)?,
        definition_digest: text(plain, "definition_digest")?,
        policies: answer.decision.map(|decision| decision.policy_ids).unwrap_or_default(),
        disclosed,
        evidence,
    })
}

/// No member but these.
fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), CertificateError> {
    let surplus = members.keys().find(|name| !known.contains(&name.as_str()));
    surplus.map_or(Ok(()), |name| Err(CertificateError::Surplus(name.chars().take(64).collect())))
}

/// What is shown is what the hub fixed, word for word; the longest validity.
fn as_fixed(
    plain: &Map<String, Value>,
    answer: &Answer,
    openings: &[String],
) -> Result<Duration, CertificateError> {
    let terms = answer.certificate.as_ref().ok_or(CertificateError::NotAllowed)?;
    let opened = open_shown(terms, openings.iter().map(String::as_str))?;
    for name in SHOWN.into_iter().filter(|name| *name != VALIDITY) {
        if plain.get(name) != opened.values.get(name) {
            return Err(CertificateError::Contradiction(name));
        }
    }
    let seconds = opened
        .values
        .get(VALIDITY)
        .and_then(Value::as_u64)
        .filter(|seconds| *seconds <= MOST_VALIDITY.as_secs());
    seconds.map(Duration::from_secs).ok_or(CertificateError::Claim("validity"))
}

/// Every disclosure, shown or withheld, is one that the hub salted for this answer; and all of
/// those are there.
fn disclosed_as_fixed(
    token: &SdJwt,
    claims: &Claims,
    answer: &Answer,
) -> Result<(), CertificateError> {
    let terms = answer.certificate.as_ref().ok_or(CertificateError::NotAllowed)?;
    let fixed: BTreeSet<&[u8]> = terms.withholdable.iter().map(Vec::as_slice).collect();
    if fixed.len() != terms.withholdable.len() {
        return Err(TermsError::Malformed.into());
    }
    let other = token
        .disclosures()
        .find(|(_, encoded)| !fixed.contains(sdjwt::digest_of(encoded).as_slice()));
    if let Some((name, _)) = other {
        return Err(CertificateError::OtherDisclosure(name.chars().take(64).collect()));
    }
    let referred: BTreeSet<&[u8]> = claims.digests.iter().map(<[u8; 32]>::as_slice).collect();
    if referred == fixed { Ok(()) } else { Err(CertificateError::OtherWithheld) }
}

/// Sealed within the hour, and valid from then on for no longer than the hub fixed.
fn in_time(
    times: (SystemTime, SystemTime, SystemTime),
    answered_at: SystemTime,
    validity: Duration,
) -> Result<(), CertificateError> {
    let (issued, begins, ends) = times;
    // Certificates count in whole seconds, and are sealed as of the answer at the earliest,
    // whatever the sealing machine's clock says.
    if answered_at > issued + Duration::from_secs(1) {
        return Err(CertificateError::IssuedBeforeAnswer);
    }
    if issued > answered_at + SEAL_WITHIN + CLOCK_SKEW {
        return Err(CertificateError::IssuedTooLate);
    }
    if begins != issued {
        return Err(CertificateError::Contradiction("nbf"));
    }
    if ends > answered_at + validity { Err(CertificateError::ValidTooLong) } else { Ok(()) }
}

fn verify_seal(
    token: &SdJwt,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<(Issuer, Claims), CertificateError> {
    let (id, stated, issued_at) = (token.key_id(), token.claimed_issuer()?, token.claimed_issue()?);
    let refuse = |holder: &str| CertificateError::WrongIssuer {
        stated: stated.chars().take(200).collect(),
        holder: holder.to_owned(),
    };
    let accepts = |vct: &str| vct.starts_with(VCT_PREFIX);
    let issuer =
        |name, active| Issuer { uri: stated.to_owned(), name, active, key_id: id.to_owned() };
    match root {
        TrustRoot::Keys(set) => {
            let (holder, key) = set.key_as_of(id, issued_at)?;
            if holder != stated {
                return Err(refuse(holder));
            }
            Ok((issuer(None, None), token.verify(key, now, accepts)?))
        }
        TrustRoot::Directory(directory) => {
            let found = directory.key_as_of(id, KeyUsage::Seal, issued_at);
            let holder = found.map_err(|why| CertificateError::SealKey {
                key_id: id.chars().take(64).collect(),
                why,
            })?;
            if holder.uri != stated {
                return Err(refuse(&holder.uri));
            }
            let member = holder.member.as_deref().and_then(|member| directory.member(member));
            let name = member
                .map(|member| Bilingual { en: member.name_en.clone(), zh: member.name_zh.clone() });
            let active = directory.is_active(&holder.identity);
            Ok((issuer(name, Some(active)), token.verify(&holder.key, now, accepts)?))
        }
    }
}

/// The hub's answer inside, which must say what the certificate says. Its signature is
/// [`verify_evidence`]'s business.
fn agreeing_answer(
    plain: &Map<String, Value>,
    reply: &ExchangeReply,
    check: &str,
    variant: &str,
) -> Result<Answer, CertificateError> {
    let envelope = reply.answer.as_ref().ok_or(CertificateError::Claim("evidence"))?;
    let answer = Signed::<Answer>::new(envelope)
        .and_then(|signed| signed.unverified())
        .map_err(EvidenceError::from)?;
    let Some(Outcome::Answered(answered)) = &answer.outcome else {
        return Err(CertificateError::NotAffirmed);
    };
    if !answered.answer {
        return Err(CertificateError::NotAffirmed);
    }
    let same = |name: &'static str, expected: Option<Value>| {
        if expected.is_some() && plain.get(name) == expected.as_ref() {
            Ok(())
        } else {
            Err(CertificateError::Contradiction(name))
        }
    };
    same("sources", sources(&answer.sources).ok())?;
    same("scope", Some(scope(&answered.claims)))?;
    claims_agree(&answered.claims, check, variant).map_err(CertificateError::Contradiction)?;
    same("policy", Some(policy(&answer)))?;
    same("definition_digest", Some(hex::encode(&answer.definition_digest).into()))?;
    Ok(answer)
}

fn verify_evidence(reply: ExchangeReply, root: TrustRoot<'_>) -> Result<Finding, CertificateError> {
    let (proven, directory_issued_at) = match root {
        TrustRoot::Directory(directory) => {
            (prove(reply, directory, Moment::WhenAnswered)?, Some(directory.issued_at()))
        }
        TrustRoot::Keys(set) => (prove_by(reply, set, Moment::WhenAnswered)?, None),
    };
    Ok(Finding {
        hub: proven.answer().hub.clone(),
        request_id: proven.answer().request_id.clone(),
        answered_at: proven.answered_at(),
        index: proven.index(),
        tree_size: proven.checkpoint().size,
        directory_issued_at,
    })
}

/// What is shown. Where the request is among it, which the hub fixed as it fixed the rest, all of
/// it must be what was asked.
fn disclosed(
    claims: &Claims,
    answer: &Answer,
    stated: (&str, &str, &str),
) -> Result<Disclosed, CertificateError> {
    let mut shown = Disclosed::default();
    for (name, value) in claims.disclosed.iter().filter(|(name, _)| *name != "request") {
        let value = value.as_str().ok_or(CertificateError::Claim("disclosures"))?;
        shown.claims.insert(name.clone(), value.to_owned());
    }
    let Some(request) = claims.disclosed.get("request") else { return Ok(shown) };
    let payload = bytes(Some(request)).ok_or(CertificateError::Claim("request"))?;
    let request =
        Request::decode(payload.as_slice()).map_err(|_| CertificateError::Claim("request"))?;
    let Some(Body::Check(check)) = &request.body else {
        return Err(CertificateError::Contradiction("request"));
    };
    if request.id != answer.request_id
        || (request.issuer.as_str(), check.check.as_str(), check.variant.as_str()) != stated
    {
        return Err(CertificateError::Contradiction("request"));
    }
    for (name, value) in &shown.claims {
        let asked = match name.as_str() {
            "case_number" => Some(&request.case_number),
            "purpose" => Some(&request.purpose),
            _ => check
                .parameters
                .iter()
                .find(|parameter| parameter.name == *name)
                .map(|parameter| &parameter.value),
        };
        if asked != Some(value) {
            return Err(CertificateError::Contradiction("disclosures"));
        }
    }
    // Whoever shows the request shows what is in it.
    let within = [("case_number", &request.case_number), ("purpose", &request.purpose)]
        .map(|(name, value)| (name.to_owned(), value));
    for (name, value) in within
        .into_iter()
        .chain(check.parameters.iter().map(|parameter| (parameter.name.clone(), &parameter.value)))
    {
        shown.claims.entry(name).or_insert_with(|| value.clone());
    }
    shown.request = true;
    Ok(shown)
}

/// The reply that travels inside, and what opens the terms of what is shown.
fn evidence(plain: &Map<String, Value>) -> Result<(ExchangeReply, Vec<String>), CertificateError> {
    let place = || {
        let evidence = plain.get("evidence")?.as_object()?;
        Some((evidence, evidence.get("receipt")?.as_object()?))
    };
    let (evidence, receipt) = place().ok_or(CertificateError::Claim("evidence"))?;
    only(evidence, &EVIDENCE)?;
    only(receipt, &RECEIPT)?;
    let read = || {
        let terms = evidence
            .get("terms")?
            .as_array()?
            .iter()
            .map(|one| Some(one.as_str()?.to_owned()))
            .collect::<Option<Vec<_>>>()?;
        let path: Option<Vec<Vec<u8>>> =
            receipt.get("path")?.as_array()?.iter().map(|digest| bytes(Some(digest))).collect();
        let reply = ExchangeReply {
            answer: Some(Envelope::decode(bytes(evidence.get("answer"))?.as_slice()).ok()?),
            answer_salt: bytes(evidence.get("answer_salt"))?,
            receipt: Some(LedgerReceipt {
                index: receipt.get("index")?.as_u64()?,
                entry: bytes(receipt.get("entry"))?,
                path: path?,
                checkpoint: receipt.get("checkpoint")?.as_str()?.to_owned(),
                opening: Some(EntryOpening {
                    salt: bytes(receipt.get("salt"))?,
                    content: bytes(receipt.get("content"))?,
                }),
            }),
            ..ExchangeReply::default()
        };
        Some((reply, terms))
    };
    read().ok_or(CertificateError::Claim("evidence"))
}

fn read_scope(
    plain: &Map<String, Value>,
) -> Result<BTreeMap<String, Vec<String>>, CertificateError> {
    let value = plain.get("scope").cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| CertificateError::Claim("scope"))
}

fn read_sources(plain: &Map<String, Value>) -> Result<Vec<Source>, CertificateError> {
    const NAME: &str = "sources";
    let list = plain.get(NAME).and_then(Value::as_array).ok_or(CertificateError::Claim(NAME))?;
    let one = |value: &Value| {
        let source = value.as_object()?;
        let coverage = source.get("coverage")?.as_object()?;
        let text =
            |from: &Map<String, Value>, name: &str| Some(from.get(name)?.as_str()?.to_owned());
        Some(Source {
            dataset: text(source, "dataset")?,
            owner: text(source, "owner")?,
            as_of: text(source, "as_of")?,
            coverage_en: text(coverage, "en")?,
            coverage_zh: text(coverage, "zh")?,
        })
    };
    list.iter().map(one).collect::<Option<Vec<_>>>().ok_or(CertificateError::Claim(NAME))
}

fn text(plain: &Map<String, Value>, name: &'static str) -> Result<String, CertificateError> {
    plain.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(CertificateError::Claim(name))
}

fn bilingual(
    plain: &Map<String, Value>,
    name: &'static str,
) -> Result<Bilingual, CertificateError> {
    let read = |language: &str| plain.get(name)?.get(language)?.as_str().map(str::to_owned);
    match (read("en"), read("zh")) {
        (Some(en), Some(zh)) => Ok(Bilingual { en, zh }),
        _ => Err(CertificateError::Claim(name)),
    }
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(value?.as_str()?).ok()
}
