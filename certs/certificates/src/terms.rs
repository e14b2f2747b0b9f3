//! What a certificate on an answer says, fixed by the hub when it answers: the person it is about,
//! who may seal it, its words, its scope and its longest validity, as salted digests inside the
//! signed answer. A certificate opens them, and says nothing else. So a copied answer is good for
//! no other certificate, and none can be made of an answer to a system that may not issue one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CertificateTerms, Claim, Request};
use zerotrip_trust::digest::RandomError;

use crate::sdjwt;
use zerotrip_checks::definition::Definition;

/// How long after the answer a certificate may still be sealed on it.
pub const SEAL_WITHIN: Duration = Duration::from_secs(3600);

/// The longest validity, in whole seconds from the answer: no claim of a certificate, but what
/// bounds its `exp`.
pub(super) const VALIDITY: &str = "validity";
/// What every certificate shows and the hub has fixed.
pub(super) const SHOWN: [&str; 9] =
    ["iss", "vct", "check", "variant", "title", "persons", "statement", "scope", VALIDITY];
/// The claim of an answer that names a parameter of its question and what it said. The person asked
/// about is in none.
pub const ASKED: &str = "asked";
/// What was signed.
pub(super) const REQUEST: &str = "request";
/// What every certificate can show, beside the person that its question was about.
pub(super) const ERRAND: [&str; 3] = ["case_number", "purpose", REQUEST];

/// The terms of an answer, and what opens them: that goes to the requester alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fixed {
    /// Into the answer.
    pub terms: CertificateTerms,
    /// Into the reply.
    pub openings: Vec<String>,
}

/// Why terms and openings do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// The answer's own list.
    #[error("the hub's answer does not fix what a certificate says in the form that it must have")]
    Malformed,
    /// An opening that is none.
    #[error("what opens the hub's terms is not of the form [salt, name, value]")]
    Opening,
    /// Nothing in the answer is opened by it.
    #[error(
        "`{0}` does not open anything that the hub answered: it was altered, or is of another \
         answer"
    )]
    Foreign(String),
    /// A name twice.
    #[error("`{0}` is opened twice")]
    Twice(String),
    /// Not all are opened.
    #[error("not everything that the hub fixed is opened")]
    Incomplete,
    /// A fact's value.
    #[error("the value of `{0}` is not of the type that the hub's answer says it is")]
    Fact(String),
    /// The hub fixed something else than certificates have.
    #[error("the hub fixed other things than a certificate of this kind says")]
    OtherNames,
}

impl Fixed {
    /// Lets a certificate show or withhold the answer's facts too.
    #[must_use]
    pub fn with_facts(mut self, digests: &[Vec<u8>]) -> Self {
        self.terms.withholdable.extend_from_slice(digests);
        self.terms.withholdable.sort();
        self
    }
}

/// Fixes what a certificate on a true answer to `request` (the payload that was signed) will say;
/// of a request about many, what is the same of all: each subject's leaf fixes its own.
/// `None` where that is not a check of this definition.
pub fn fix(
    definition: &Definition,
    variant: &str,
    request: &[u8],
    claims: &[Claim],
) -> Result<Option<Fixed>, RandomError> {
    let Ok(asked) = Request::decode(request) else { return Ok(None) };
    let Some((shown, hidden)) = stated(definition, variant, &asked.issuer, claims)
        .zip(withholdable(definition, &asked, request))
    else {
        return Ok(None);
    };
    let mut fixed = Fixed::default();
    for (name, value) in &shown {
        let opening = sdjwt::disclosure(name, value)?;
        fixed.terms.shown.push(sdjwt::digest_of(&opening).to_vec());
        fixed.openings.push(opening);
    }
    for (name, value) in &hidden {
        let opening = sdjwt::disclosure(name, value)?;
        fixed.terms.withholdable.push(sdjwt::digest_of(&opening).to_vec());
        fixed.openings.push(opening);
    }
    // The order of digests tells nothing.
    fixed.terms.shown.sort();
    fixed.terms.withholdable.sort();
    Ok(Some(fixed))
}

/// What a certificate of this definition shows, by name.
pub(super) fn stated(
    definition: &Definition,
    variant: &str,
    issuer: &str,
    claims: &[Claim],
) -> Option<Vec<(&'static str, Value)>> {
    let variant = definition.variant(variant)?;
    let terms = &definition.certificate;
    let both = |en: &str, zh: &str| json!({ "en": en, "zh": zh });
    let value = |name: &str| match name {
        "iss" => issuer.into(),
        "vct" => terms.vct.clone().into(),
        "check" => definition.name.clone().into(),
        "variant" => variant.name.clone().into(),
        "title" => both(&definition.title.en, &definition.title.zh),
        "persons" => both(&variant.title.en, &variant.title.zh),
        "statement" => both(&terms.statement.en, &terms.statement.zh),
        "scope" => scope(claims),
        _ => terms.validity.as_secs().into(),
    };
    Some(SHOWN.into_iter().map(|name| (name, value(name))).collect())
}

/// What its holder may withhold, by name.
fn withholdable(
    definition: &Definition,
    asked: &Request,
    request: &[u8],
) -> Option<Vec<(String, Value)>> {
    let mut hidden = vec![
        ("case_number".to_owned(), Value::from(asked.case_number.clone())),
        ("purpose".to_owned(), Value::from(asked.purpose.clone())),
    ];
    match &asked.body {
        Some(Body::Check(check)) => {
            // Opens the answer's request digest: it shows the whole errand.
            hidden.push((REQUEST.to_owned(), URL_SAFE_NO_PAD.encode(request).into()));
            let subjects = check.parameters.iter();
            let subjects = subjects.filter(|one| definition.subject(&one.name).is_some());
            hidden.extend(subjects.map(|one| (one.name.clone(), one.value.clone().into())));
        }
        // Each subject's leaf has who it is, and the request.
        Some(Body::CheckMany(_)) => {}
        Some(Body::Issue(_) | Body::IssueMany(_)) | None => return None,
    }
    Some(hidden)
}

/// What is opened: exactly what was fixed.
#[derive(Debug)]
pub(crate) struct Opened {
    /// By name.
    pub(crate) values: BTreeMap<String, Value>,
    /// As they came, in the order of their names.
    pub(super) encoded: Vec<String>,
}

/// Opens these digests with these openings: each digest by one, each opening of one, each name
/// once.
pub(crate) fn open<'a>(
    digests: &[Vec<u8>],
    openings: impl IntoIterator<Item = &'a str>,
) -> Result<Opened, TermsError> {
    let mut left: BTreeSet<&[u8]> = digests.iter().map(Vec::as_slice).collect();
    if left.len() != digests.len()
        || digests.is_empty()
        || digests.len() > sdjwt::DISCLOSURES
        || left.iter().any(|one| one.len() != 32)
    {
        return Err(TermsError::Malformed);
    }
    let mut found = BTreeMap::new();
    for opening in openings {
        let (name, value) = sdjwt::opened(opening).map_err(|_| TermsError::Opening)?;
        let short = || name.chars().take(64).collect::<String>();
        if found.contains_key(&name) {
            return Err(TermsError::Twice(short()));
        }
        if !left.remove(sdjwt::digest_of(opening).as_slice()) {
            return Err(TermsError::Foreign(short()));
        }
        found.insert(name, (value, opening.to_owned()));
    }
    if !left.is_empty() {
        return Err(TermsError::Incomplete);
    }
    let mut opened = Opened { values: BTreeMap::new(), encoded: Vec::new() };
    for (name, (value, encoded)) in found {
        opened.values.insert(name, value);
        opened.encoded.push(encoded);
    }
    Ok(opened)
}

/// The same of what every certificate shows: all of its names, and no other.
pub(super) fn open_shown<'a>(
    terms: &CertificateTerms,
    openings: impl IntoIterator<Item = &'a str>,
) -> Result<Opened, TermsError> {
    let opened = open(&terms.shown, openings)?;
    let names: BTreeSet<&str> = opened.values.keys().map(String::as_str).collect();
    if names == SHOWN.into_iter().collect() { Ok(opened) } else { Err(TermsError::OtherNames) }
}

/// What a certificate's `_sd` is: the digests of the answer's terms, and those that are one
/// subject's own.
pub(super) fn withholdable_digests(terms: &CertificateTerms, own: &[Vec<u8>]) -> Vec<Vec<u8>> {
    [&terms.withholdable, own].concat()
}

/// What openings open: what is shown, and what may be withheld.
pub(super) fn open_all(
    terms: &CertificateTerms,
    own: &[Vec<u8>],
    openings: &[&String],
) -> Result<(Opened, Opened), TermsError> {
    let is_shown =
        |opening: &&String| terms.shown.iter().any(|digest| *digest == sdjwt::digest_of(opening));
    let (shown, hidden): (Vec<&String>, Vec<&String>) =
        openings.iter().copied().partition(is_shown);
    Ok((
        open_shown(terms, shown.into_iter().map(String::as_str))?,
        open(&withholdable_digests(terms, own), hidden.into_iter().map(String::as_str))?,
    ))
}

/// How a claim, and a certificate's scope, write what a parameter said.
pub fn asked(name: &str, text: &str) -> String {
    format!("{name}={text}")
}

/// What an answer's claims say was asked.
pub(super) fn asked_of(claims: &[Claim]) -> impl Iterator<Item = &str> {
    claims.iter().filter(|claim| claim.name == ASKED).map(|claim| claim.value.as_str())
}

/// Within which bounds the answer holds: the regions that the hub claims, separated by commas or
/// one to a claim, and what the question named beside the person. No holder can withhold that: a
/// yes about one month must not read as one about all.
pub(super) fn scope(claims: &[Claim]) -> Value {
    let named = claims.iter().filter(|claim| claim.name == "regions" || claim.name == "region");
    let regions =
        named.flat_map(|claim| claim.value.split(',')).filter(|region| !region.is_empty());
    let mut scope = json!({ "regions": regions.collect::<Vec<_>>() });
    let asked: Vec<&str> = asked_of(claims).collect();
    if let Some(members) = scope.as_object_mut().filter(|_| !asked.is_empty()) {
        members.insert(ASKED.to_owned(), asked.into());
    }
    scope
}
