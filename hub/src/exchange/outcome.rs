//! What the requester gets: exactly one of four outcomes.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_certificates::{ASKED, Fact, asked, fact_terms, fix_facts};
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::{Conclusion, Proof};
use zerotrip_datasets::Argument;
use zerotrip_ledger::{Certificates, LedgerError};
use zerotrip_policies::Decision;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{
    self, Answered, Claim, Envelope, ErrorCode, ExchangeFact, ExchangeOutcome, FactTerms,
    ManyAnswered,
};
use zerotrip_trust::digest::{Digest, RandomError};

use super::leaves::Subjects;
use super::refusal::{Explained, NoAnswer};
use super::told::reasons;
use crate::engine::{RunResult, SourceRead};

/// What the requester will learn.
#[derive(Clone)]
pub struct Outcome {
    pub(super) wire: Wire,
    pub(super) kind: ExchangeOutcome,
    /// What it came to, in full: the requester gets the remedy and not the fact.
    pub(super) fact: ExchangeFact,
    pub(super) definition_digest: Vec<u8>,
    /// What each source said of itself.
    pub(super) sources: Vec<SourceRead>,
    /// The values that a true answer comes with: what is handed over is salted as it is recorded.
    facts: Vec<Fact>,
    /// Of a true answer only; of one about many, where one of them is.
    certifiable: Option<Certifiable>,
    /// Of an answer about many subjects: each one's.
    pub(super) many: Option<Arc<Subjects>>,
    /// The certificates that it records.
    pub(super) certificates: Option<Certificates>,
}

/// An outcome as it is handed over.
pub(super) struct Salted {
    pub(super) wire: Wire,
    /// Of its values.
    pub(super) digests: Vec<Vec<u8>>,
    /// What opens them.
    pub(super) openings: Vec<String>,
}

/// What a certificate on a true answer says.
#[derive(Clone)]
struct Certifiable {
    definition: Arc<Definition>,
    variant: String,
}

impl Outcome {
    /// Of a run.
    pub fn of(
        definition: &Arc<Definition>,
        variant: &str,
        (now, arguments): (SystemTime, &[Argument]),
        result: RunResult,
    ) -> Self {
        let outcome = match &result.conclusion {
            Conclusion::Proven(proof) => Self {
                certifiable: Some(Certifiable {
                    definition: Arc::clone(definition),
                    variant: variant.to_owned(),
                }),
                facts: result.facts.clone(),
                ..Self::proven(
                    proof,
                    claims(definition, variant, (now, arguments), &result),
                    fact_terms(definition, variant),
                )
            },
            Conclusion::Refuted(code) => Self::refuted(definition, code),
            Conclusion::Unavailable(reason) => Self::unavailable(reason.code, &reason.dataset),
        };
        Self { definition_digest: definition.digest.to_vec(), sources: result.sources, ..outcome }
    }

    /// A true answer: only with proof.
    fn proven(_proof: &Proof, claims: Vec<Claim>, facts: Vec<FactTerms>) -> Self {
        let answered = Answered { answer: true, claims, facts, ..Answered::default() };
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredTrue, ExchangeFact::default())
    }

    /// The same; a true answer comes with these values too.
    #[must_use]
    pub fn told_too(mut self, facts: Vec<Fact>) -> Self {
        if let Wire::Answered(answered) = &mut self.wire
            && answered.answer
        {
            answered.facts.extend(facts.iter().map(|fact| fact.terms.clone()));
            self.facts.extend(facts);
        }
        self
    }

    /// A false answer: that, not which.
    fn refuted(definition: &Definition, code: &str) -> Self {
        let reasons = reasons(definition, |known| known == code);
        let answered = Answered { answer: false, reasons, ..Answered::default() };
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredFalse, ExchangeFact::default())
    }

    /// Neither can be said.
    pub fn unavailable(fact: ErrorCode, dataset: &str) -> Self {
        NoAnswer::Unavailable { fact, dataset }.into()
    }

    /// Policy says no.
    pub fn denied(decision: &Decision) -> Self {
        NoAnswer::Denied(decision).into()
    }

    /// The same outcome, denied after all; its sources stay on record.
    pub fn withdrawn(self, decision: &Decision) -> Self {
        Self { sources: self.sources, ..Self::denied(decision) }
    }

    /// Certificates are recorded, told by this digest.
    pub fn recorded(certificates: Certificates, digest: &Digest) -> Self {
        let wire = Wire::Recorded(v1::Recorded { certificate_digest: digest.to_vec() });
        let recorded = Self::new(wire, ExchangeOutcome::Recorded, ExchangeFact::default());
        Self { certificates: Some(certificates), ..recorded }
    }

    fn new(wire: Wire, kind: ExchangeOutcome, fact: ExchangeFact) -> Self {
        Self {
            wire,
            kind,
            fact,
            definition_digest: Vec::new(),
            sources: Vec::new(),
            facts: Vec::new(),
            certifiable: None,
            many: None,
            certificates: None,
        }
    }

    /// About many subjects. What it commits to is filled in as it is recorded.
    pub(super) fn many(
        definition: &Arc<Definition>,
        variant: &str,
        many: ManyAnswered,
        subjects: Subjects,
    ) -> Self {
        let kind = ExchangeOutcome::AnsweredMany;
        let certifiable = subjects.has_a_yes().then(|| Certifiable {
            definition: Arc::clone(definition),
            variant: variant.to_owned(),
        });
        Self {
            definition_digest: definition.digest.to_vec(),
            certifiable,
            many: Some(Arc::new(subjects)),
            ..Self::new(Wire::Many(many), kind, ExchangeFact::default())
        }
    }

    /// The same as it is handed over: with its values salted, and what opens them.
    pub(super) fn salted(&self) -> Result<Salted, LedgerError> {
        let failed = |error: RandomError| LedgerError::Unavailable(error.to_string());
        let (digests, openings) = fix_facts(&self.facts).map_err(failed)?;
        let mut wire = self.wire.clone();
        if let Wire::Answered(answered) = &mut wire {
            answered.fact_digests.clone_from(&digests);
        }
        Ok(Salted { wire, digests, openings })
    }

    /// What a certificate on it will say: nothing where none may be issued.
    pub(super) fn fixed(
        &self,
        request: &Envelope,
    ) -> Result<Option<zerotrip_certificates::Fixed>, LedgerError> {
        let Some(Certifiable { definition, variant }) = &self.certifiable else { return Ok(None) };
        let claims = match &self.wire {
            Wire::Answered(answered) => &answered.claims,
            Wire::Many(many) => &many.claims,
            Wire::Unavailable(_) | Wire::Denied(_) | Wire::Recorded(_) => return Ok(None),
        };
        zerotrip_certificates::fix(definition, variant, &request.payload, claims)
            .map_err(|error| LedgerError::Unavailable(error.to_string()))
    }
}

impl From<NoAnswer<'_>> for Outcome {
    fn from(reason: NoAnswer<'_>) -> Self {
        let Explained { wire, kind, fact } = reason.explain();
        Self::new(wire, kind, fact)
    }
}

/// What a yes states.
pub(super) fn claims<'a>(
    definition: &Definition,
    variant: &str,
    (now, arguments): (SystemTime, impl IntoIterator<Item = &'a Argument>),
    result: &RunResult,
) -> Vec<Claim> {
    let claim = |name: &str, value: String| Claim { name: name.to_owned(), value };
    // What was asked about them does not: without its period a yes would say more than it does.
    let others = arguments.into_iter().filter(|argument| argument.subject().is_none());
    let asked = others.map(|argument| claim(ASKED, asked(&argument.name, argument.text())));
    // The person that it is about stays out: the answer travels inside the certificate as evidence,
    // where the holder decides what to disclose.
    let mut claims = vec![
        claim("check", definition.name.clone()),
        claim("variant", variant.to_owned()),
        claim("regions", result.regions.join(",")),
        // Whether rows under a number that was changed since are found: not unless every owner
        // says so.
        claim(
            "former_numbers",
            if result.numbers_carried_over { "carried_over" } else { "not_searched" }.to_owned(),
        ),
        claim(
            "asked_at",
            chrono::DateTime::<chrono::Utc>::from(now)
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        ),
    ];
    claims.extend(asked);
    claims
}

#[cfg(test)]
mod tests {
    use zerotrip_proto::v1::Unavailable;

    use super::*;

    fn heard(code: ErrorCode) -> (i32, String, String, bool) {
        match Outcome::unavailable(code, "estate.ownership").wire {
            Wire::Unavailable(Unavailable { code, text_en, text_zh, retryable, .. }) => {
                (code, text_en, text_zh, retryable)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatever_a_persons_records_are_the_requester_hears_the_same() {
        let of_persons = [
            ErrorCode::SourceUnreadable,
            ErrorCode::OutsideCoverage,
            ErrorCode::HandOverGap,
            ErrorCode::NoCommonMoment,
            ErrorCode::Undated,
            ErrorCode::Undetermined,
            ErrorCode::DefinitionLimit,
        ];
        for code in of_persons {
            assert_eq!(heard(code), heard(ErrorCode::Unsettled), "{}", code.name());
            assert_eq!(Outcome::unavailable(code, "").fact.code(), code, "the fact is kept");
        }
    }

    /// By code of the closed set: a text tells a requester no more than the code does that it gets.
    #[test]
    fn the_text_of_a_code_is_that_of_the_code_that_is_told() {
        for code in ErrorCode::all() {
            assert_eq!(heard(code), heard(code.as_told()), "{}", code.name());
        }
        let unsettled = heard(ErrorCode::Unsettled);
        let mut same = ErrorCode::all().filter(|code| heard(*code).1 == unsettled.1);
        assert!(same.all(|code| code.as_told() == ErrorCode::Unsettled));
        let (_, en, zh, _) = heard(ErrorCode::Unsettled);
        // What the facts are called must not be in it.
        for fact in [
            "passport",
            "cover",
            "elsewhere",
            "hand",
            "ended",
            "progress",
            "cancel",
            "contract",
            "spouse",
            "read",
        ] {
            assert!(!en.contains(fact), "`{fact}` in: {en}");
        }
        for fact in
            ["护照", "覆盖", "外地", "移交", "终止", "办理中", "注销", "合同", "配偶", "识读"]
        {
            assert!(!zh.contains(fact), "`{fact}` in: {zh}");
        }
    }
}
