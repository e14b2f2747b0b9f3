//! What leaves, and what is recorded first. The answer has exactly one of four outcomes; a
//! completion is durable before a byte leaves.

use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_checks::definition::{Definition, MOST_SCANS};
use zerotrip_checks::soundness::{Absence, Conclusion};
use zerotrip_ledger::{Completed, Fact, LedgerError};
use zerotrip_policies::Decision;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{
    self, Answer, Answered, Claim, Completion, Denied, Envelope, ErrorCode, ExchangeBody,
    ExchangeFact, ExchangeOutcome, ExchangeReply, Reason, SourceStatement, Unavailable,
};
use zerotrip_proto::{Obligation, hash_domain, to_timestamp};
use zerotrip_trust::digest::{self, Digest, commit, sha256_parts};
use zerotrip_trust::signed;

use super::authorize::Decided;
use super::dispatch::{Asked, Received};
use super::identify::Identified;
use crate::engine::{RunResult, SourceRead};
use crate::hub::Hub;

/// An exchange whose intent is recorded: from here on, it ends in a completion or in a
/// reconciliation.
pub struct Record {
    request_id: String,
    request: Envelope,
    request_salt: [u8; 32],
    intent_index: u64,
}

/// What the requester will learn.
#[derive(Clone)]
pub struct Outcome {
    wire: Wire,
    kind: ExchangeOutcome,
    /// What it came to, in full: the requester is told the remedy and not the fact.
    fact: ExchangeFact,
    definition_digest: Vec<u8>,
    /// What each source said of itself.
    sources: Vec<SourceRead>,
    /// Of a true answer: the definition and variant that a certificate on it says.
    certifiable: Option<(Arc<Definition>, String)>,
}

impl Outcome {
    /// Of a run.
    pub fn of(
        definition: &Arc<Definition>,
        variant: &str,
        now: SystemTime,
        result: RunResult,
    ) -> Self {
        let outcome = match &result.conclusion {
            Conclusion::Absent(proof) => Self {
                certifiable: Some((Arc::clone(definition), variant.to_owned())),
                ..Self::absent(proof, claims(definition, variant, now, &result))
            },
            Conclusion::Present(code) => Self::present(definition, code),
            Conclusion::Unavailable(reason) => Self::unavailable(reason.code, &reason.dataset),
        };
        Self { definition_digest: definition.digest.to_vec(), sources: result.sources, ..outcome }
    }

    /// A true answer: only with proof that nothing was there.
    fn absent(_proof: &Absence, claims: Vec<Claim>) -> Self {
        let answered = Answered { answer: true, claims, reasons: Vec::new() };
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredTrue, ExchangeFact::default())
    }

    /// A false answer: that, not which.
    fn present(definition: &Definition, code: &str) -> Self {
        let reasons =
            definition.reasons.iter().filter(|reason| reason.code == code).map(|reason| Reason {
                code: reason.requester_code.clone().unwrap_or_else(|| reason.code.clone()),
                text_en: reason.requester.en.clone(),
                text_zh: reason.requester.zh.clone(),
            });
        let answered = Answered { answer: false, claims: Vec::new(), reasons: reasons.collect() };
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredFalse, ExchangeFact::default())
    }

    /// Neither can be said.
    pub fn unavailable(fact: ErrorCode, dataset: &str) -> Self {
        let code = fact.as_told();
        let (text_en, text_zh, retryable) = remedy(code);
        let unavailable = Unavailable {
            code: code.into(),
            dataset: dataset.to_owned(),
            text_en: text_en.to_owned(),
            text_zh: text_zh.to_owned(),
            retryable,
        };
        Self::new(
            Wire::Unavailable(unavailable),
            ExchangeOutcome::Unavailable,
            ExchangeFact { code: fact.into(), dataset: dataset.to_owned() },
        )
    }

    /// Policy says no.
    pub fn denied(decision: &Decision) -> Self {
        let denied =
            Denied { code: ErrorCode::PolicyDenied.into(), reasons: decision.reasons.clone() };
        let fact = ExchangeFact { code: ErrorCode::PolicyDenied.into(), dataset: String::new() };
        Self::new(Wire::Denied(denied), ExchangeOutcome::Denied, fact)
    }

    /// The same outcome, denied after all; its sources stay on record.
    pub fn withdrawn(self, decision: &Decision) -> Self {
        Self { sources: self.sources, ..Self::denied(decision) }
    }

    /// A certificate was recorded.
    pub fn recorded(certificate_digest: Vec<u8>) -> Self {
        Self::new(
            Wire::Recorded(v1::Recorded { certificate_digest }),
            ExchangeOutcome::Recorded,
            ExchangeFact::default(),
        )
    }

    fn new(wire: Wire, kind: ExchangeOutcome, fact: ExchangeFact) -> Self {
        Self {
            wire,
            kind,
            fact,
            definition_digest: Vec::new(),
            sources: Vec::new(),
            certifiable: None,
        }
    }

    /// What a certificate on it will say: nothing where none may be issued.
    fn fixed(
        &self,
        request: &Envelope,
    ) -> Result<Option<zerotrip_certificates::Fixed>, LedgerError> {
        let (Some((definition, variant)), Wire::Answered(answered)) =
            (&self.certifiable, &self.wire)
        else {
            return Ok(None);
        };
        zerotrip_certificates::fix(definition, variant, &request.payload, &answered.claims)
            .map_err(|error| LedgerError::Unavailable(error.to_string()))
    }
}

/// What the requester can do about an unavailable check, and whether asking again can help: one
/// text for each remedy, whatever the fact. A source's own words never come here: they could carry
/// what it holds.
fn remedy(code: ErrorCode) -> (&'static str, &'static str, bool) {
    match code {
        ErrorCode::Unsettled => (
            "what this register holds of the persons concerned does not settle the question; ask \
             again after its next update, and if it stays so, its department tells the person \
             concerned why, by the number of this exchange",
            "该登记现有记录不足以就此问题作出结论；请在其下次更新后重试，如仍如此，\
             请当事人凭本次交换编号向该数据源的主管部门查询原因",
            true,
        ),
        ErrorCode::SourceStale
        | ErrorCode::SourceImplausible
        | ErrorCode::SourceDrift
        | ErrorCode::GateRefused
        | ErrorCode::Misconfigured => (
            "the source cannot serve this check as it is, whoever is asked about; its department \
             must look at it",
            "该数据源目前无法支持此项核验（与当事人无关），需数据提供部门处理",
            false,
        ),
        _ => (
            "the source cannot answer now; ask again in a few minutes, and tell the hub's \
             operator if it stays so",
            "该数据源暂时无法应答；请数分钟后重试，如持续出现请联系枢纽运维人员",
            true,
        ),
    }
}

fn claims(
    definition: &Definition,
    variant: &str,
    now: SystemTime,
    result: &RunResult,
) -> Vec<Claim> {
    let claim = |name: &str, value: String| Claim { name: name.to_owned(), value };
    // Whom it is about stays out: the answer travels inside the certificate as evidence, where the
    // holder decides what to disclose.
    vec![
        claim("check", definition.name.clone()),
        claim("variant", variant.to_owned()),
        claim("regions", result.regions.join(",")),
        // Whether what stood under a number that was changed since is found: not unless every
        // owner says so.
        claim(
            "former_numbers",
            if result.numbers_carried_over { "carried_over" } else { "not_searched" }.to_owned(),
        ),
        claim(
            "asked_at",
            chrono::DateTime::<chrono::Utc>::from(now)
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        ),
    ]
}

impl Record {
    /// Of a request whose intent stands at `intent_index`.
    pub fn new(identified: &Identified, intent_index: u64, request_salt: [u8; 32]) -> Self {
        Self {
            request_id: identified.request.id.clone(),
            request: identified.envelope.clone(),
            request_salt,
            intent_index,
        }
    }

    /// Where its intent stands in the log.
    pub fn intent_index(&self) -> u64 {
        self.intent_index
    }

    /// Builds the answer, records its completion, and only then hands it over, signed.
    pub async fn answer(
        &self,
        hub: &Hub,
        decided: &Decided,
        outcome: &Outcome,
        asked: &Asked,
    ) -> Result<ExchangeReply, LedgerError> {
        let kind = outcome.kind;
        // Denied after all, what had been found is nobody's.
        let fact = seal_fact(&outcome.fact)?;
        let under = decided.decision.allowed.then(|| decided.in_force.versions());
        let fixed = if decided.may_issue { outcome.fixed(&self.request)? } else { None };
        let prepared = self.prepare(hub, &decided.decision, outcome, fixed, &asked.receipts)?;
        let completion = Completion {
            exchange_id: prepared.request_id.clone(),
            intent_index: prepared.intent_index,
            outcome: kind.into(),
            code: outcome.fact.code().as_told().into(),
            answer_commitment: commit(
                hash_domain::ANSWER,
                &prepared.answer_salt,
                &prepared.answer.payload,
            )
            .to_vec(),
            receipt_commitments: prepared.commitments,
            fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
        };
        let completed =
            Completed { completion, answer: prepared.body, asked: asked.members.clone(), fact };
        let recorded = match &prepared.certificate {
            Some((exchange, certificate)) => {
                hub.ledger
                    .record_certificate(completed, SystemTime::now(), under, exchange, *certificate)
                    .await
            }
            None => hub.ledger.complete(completed, SystemTime::now(), under).await,
        };
        let receipt = recorded?;
        Ok(ExchangeReply {
            answer: Some(prepared.answer),
            receipt: Some(receipt),
            answer_salt: prepared.answer_salt.to_vec(),
            openings: prepared.openings,
            request_salt: self.request_salt.to_vec(),
            ..ExchangeReply::default()
        })
    }

    fn prepare(
        &self,
        hub: &Hub,
        decision: &Decision,
        outcome: &Outcome,
        fixed: Option<zerotrip_certificates::Fixed>,
        receipts: &[Received],
    ) -> Result<Prepared, LedgerError> {
        let (terms, openings) = fixed.map(|fixed| (fixed.terms, fixed.openings)).unzip();
        let random =
            || digest::random::<32>().map_err(|error| LedgerError::Unavailable(error.to_string()));
        let answer_salt = random()?;
        let (mut statements, mut commitments, mut kept, mut salts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let is_yes = outcome.kind == ExchangeOutcome::AnsweredTrue;
        for SourceRead { dataset, as_of, statement } in &outcome.sources {
            let received: Vec<&Envelope> = receipts
                .iter()
                .filter(|one| one.dataset == *dataset)
                .map(|one| &one.receipt)
                .collect();
            if received.is_empty() {
                continue;
            }
            let salt: [u8; 32] = random()?;
            let payloads = received.iter().map(|receipt| receipt.payload.as_slice());
            let parts: Vec<&[u8]> = std::iter::once(salt.as_slice()).chain(payloads).collect();
            let commitment = sha256_parts(hash_domain::RECEIPT, &parts).to_vec();
            let coverage = statement.coverage.clone().unwrap_or_default();
            // Only a yes rests on all that was read. Of any other outcome, which registers could be
            // read would tell why; that they were asked stays on record all the same.
            if is_yes {
                statements.push(SourceStatement {
                    dataset: dataset.clone(),
                    owner: dataset
                        .split_once('.')
                        .map_or_else(String::new, |(member, _)| member.to_owned()),
                    as_of: Some(to_timestamp(*as_of)),
                    coverage_en: coverage.text_en,
                    coverage_zh: coverage.text_zh,
                    receipt_commitment: commitment.clone(),
                });
            }
            commitments.push(commitment);
            kept.extend(received.into_iter().cloned());
            salts.push(salt.to_vec());
        }
        // Nor does their number tell.
        while !is_yes && commitments.len() < MOST_SCANS {
            commitments.push(random()?.to_vec());
        }
        let certificate = match &outcome.wire {
            Wire::Recorded(recorded) => {
                let digest = Digest::try_from(recorded.certificate_digest.as_slice()).ok();
                issued_on(&self.request).zip(digest)
            }
            _ => None,
        };
        let answer = Answer {
            request_id: self.request_id.clone(),
            request_commitment: commit(
                hash_domain::REQUEST,
                &self.request_salt,
                &self.request.payload,
            )
            .to_vec(),
            hub: hub.identity.uri.clone(),
            answered_at: Some(to_timestamp(SystemTime::now())),
            decision: Some(v1::Decision {
                allowed: decision.allowed,
                policy_ids: decision.policy_ids.clone(),
                policy_digest: decision.policy_digest.to_vec(),
                directory_version: decision.directory_version,
                authority_grant: decision.grant.clone().unwrap_or_default(),
                obligations: Obligation::names(&decision.obligations),
            }),
            definition_digest: outcome.definition_digest.clone(),
            sources: statements,
            certificate: terms,
            outcome: Some(outcome.wire.clone()),
        };
        let answer = signed::seal(&answer, &hub.identity.sign).map_err(|error| {
            tracing::error!(%error, "an answer cannot be signed");
            LedgerError::Unavailable("the answer cannot be signed".to_owned())
        })?;
        let body = ExchangeBody {
            request: Some(self.request.clone()),
            request_salt: self.request_salt.to_vec(),
            answer: Some(answer.clone()),
            answer_salt: answer_salt.to_vec(),
            receipts: kept,
            receipt_salts: salts,
        };
        Ok(Prepared {
            request_id: self.request_id.clone(),
            intent_index: self.intent_index,
            body: body.encode_to_vec(),
            answer,
            answer_salt,
            commitments,
            certificate,
            openings: openings.unwrap_or_default(),
        })
    }
}

/// Of every outcome: that there is one tells nothing.
fn seal_fact(fact: &ExchangeFact) -> Result<Fact, LedgerError> {
    let salt: [u8; 32] =
        digest::random().map_err(|error| LedgerError::Unavailable(error.to_string()))?;
    let owner =
        fact.dataset.split_once('.').map_or_else(String::new, |(member, _)| member.to_owned());
    Ok(Fact { salt: salt.to_vec(), fact: fact.encode_to_vec(), owner })
}

struct Prepared {
    request_id: String,
    intent_index: u64,
    answer: Envelope,
    answer_salt: [u8; 32],
    commitments: Vec<Vec<u8>>,
    body: Vec<u8>,
    /// The exchange that a certificate rests on, and the certificate's digest.
    certificate: Option<(String, Digest)>,
    /// Of the answer's certificate terms.
    openings: Vec<String>,
}

fn issued_on(request: &Envelope) -> Option<String> {
    let request = v1::Request::decode(request.payload.as_slice()).ok()?;
    match request.body? {
        v1::request::Body::Issue(issue) => Some(issue.exchange_id),
        v1::request::Body::Check(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn told(code: ErrorCode) -> (i32, String, String, bool) {
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
            assert_eq!(told(code), told(ErrorCode::Unsettled), "{}", code.name());
            assert_eq!(Outcome::unavailable(code, "").fact.code(), code, "the fact is kept");
        }
    }

    /// By code of the closed set: a new one gets one of the texts, or another remedy on purpose.
    #[test]
    fn there_is_one_text_for_each_remedy() {
        let mut remedies: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for code in (0..600).filter_map(|code| ErrorCode::try_from(code).ok()) {
            remedies.entry(told(code).1).or_default().push(code.as_told().name());
        }
        assert_eq!(remedies.len(), 3, "{remedies:?}");
        let unsettled =
            remedies.values().filter(|codes| codes.contains(&"UNSETTLED")).collect::<Vec<_>>();
        assert!(
            unsettled.len() == 1
                && unsettled.iter().all(|codes| codes.iter().all(|code| *code == "UNSETTLED")),
            "{remedies:?}"
        );
        let (_, en, zh, _) = told(ErrorCode::Unsettled);
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
