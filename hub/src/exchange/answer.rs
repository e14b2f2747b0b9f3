//! What leaves, and what is recorded first. The answer has exactly one of four outcomes; a completion is durable before a byte leaves.

use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_certs::certificate;
use zerotrip_certs::definition::Definition;
use zerotrip_certs::soundness::{Absence, Conclusion};
use zerotrip_ledger::{Completed, LedgerError};
use zerotrip_policies::Decision;
use zerotrip_proto::v1::answer::Outcome as Wire;
use zerotrip_proto::v1::{
    self, Answer, Answered, Claim, Completion, Denied, Envelope, ErrorCode, ExchangeBody, ExchangeOutcome, ExchangeReply, Reason,
    SourceStatement, Unavailable,
};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_trust::digest::{self, Digest, commit, domain};
use zerotrip_trust::dsse;

use super::dispatch::{Asked, Received};
use super::{Decided, Identified};
use crate::check::{RunResult, SourceRead};
use crate::hub::Hub;

/// An exchange whose intent is recorded: from here on, it ends in a completion or in a reconciliation.
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
    code: ErrorCode,
    definition_digest: Vec<u8>,
    /// What each source said of itself.
    sources: Vec<SourceRead>,
    /// Of a true answer: the definition and variant that a certificate on it says.
    certifiable: Option<(Arc<Definition>, String)>,
}

impl Outcome {
    /// Of a run.
    pub fn of(definition: &Arc<Definition>, variant: &str, now: SystemTime, result: RunResult) -> Self {
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
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredTrue, ErrorCode::Unspecified)
    }

    /// A false answer: that, not which.
    fn present(definition: &Definition, code: &str) -> Self {
        let reasons = definition.reasons.iter().filter(|reason| reason.code == code).map(|reason| Reason {
            code: reason.requester_code.clone().unwrap_or_else(|| reason.code.clone()),
            text_en: reason.requester.en.clone(),
            text_zh: reason.requester.zh.clone(),
        });
        let answered = Answered { answer: false, claims: Vec::new(), reasons: reasons.collect() };
        Self::new(Wire::Answered(answered), ExchangeOutcome::AnsweredFalse, ErrorCode::Unspecified)
    }

    /// Neither can be said.
    pub fn unavailable(code: ErrorCode, dataset: &str) -> Self {
        let (text_en, text_zh, retryable) = unavailable_words(code);
        let unavailable = Unavailable {
            code: code.into(),
            dataset: dataset.to_owned(),
            text_en: text_en.to_owned(),
            text_zh: text_zh.to_owned(),
            retryable,
        };
        Self::new(Wire::Unavailable(unavailable), ExchangeOutcome::Unavailable, code)
    }

    /// Policy says no.
    pub fn denied(decision: &Decision) -> Self {
        let denied = Denied { code: ErrorCode::PolicyDenied.into(), reasons: decision.reasons.clone() };
        Self::new(Wire::Denied(denied), ExchangeOutcome::Denied, ErrorCode::PolicyDenied)
    }

    /// The same outcome, denied after all; its sources stay on record.
    pub fn withdrawn(self, decision: &Decision) -> Self {
        Self { sources: self.sources, ..Self::denied(decision) }
    }

    /// A certificate was recorded.
    pub fn recorded(certificate_digest: Vec<u8>) -> Self {
        Self::new(Wire::Recorded(v1::Recorded { certificate_digest }), ExchangeOutcome::Recorded, ErrorCode::Unspecified)
    }

    fn new(wire: Wire, kind: ExchangeOutcome, code: ErrorCode) -> Self {
        Self { wire, kind, code, definition_digest: Vec::new(), sources: Vec::new(), certifiable: None }
    }

    /// What a certificate on it will say: nothing where none may be issued.
    fn fixed(&self, request: &Envelope) -> Result<Option<certificate::Fixed>, LedgerError> {
        let (Some((definition, variant)), Wire::Answered(answered)) = (&self.certifiable, &self.wire) else { return Ok(None) };
        certificate::fix(definition, variant, &request.payload, &answered.claims)
            .map_err(|error| LedgerError::Unavailable(error.to_string()))
    }
}

/// Why a check is unavailable, in words for a clerk. A source's own words never come here: they could carry what it holds.
fn unavailable_words(code: ErrorCode) -> (&'static str, &'static str, bool) {
    match code {
        ErrorCode::SourceUnreachable => ("the source cannot be reached now", "数据源暂时无法连接", true),
        ErrorCode::SourceTimeout => ("the source did not answer in time", "数据源未在时限内应答", true),
        ErrorCode::SourceTruncated => ("the source's answer was not whole", "数据源应答不完整", true),
        ErrorCode::SourceStale => ("the source's data are older than this check allows", "数据源数据超过允许的时效", true),
        ErrorCode::SourceImplausible => {
            ("the source does not look whole; its owner must look at it", "数据源数据量异常，需数据提供部门核实", true)
        }
        ErrorCode::SourceUnreadable => (
            "a record that could concern these persons cannot be read; its owner must look at it",
            "存在可能涉及当事人但无法识读的记录，需数据提供部门核实",
            false,
        ),
        ErrorCode::OutsideCoverage => (
            "the source does not know about everyone concerned (registered elsewhere); their registers must be asked too",
            "当事人不在该数据源覆盖范围内（如户籍在外地），需向其登记地核实",
            false,
        ),
        ErrorCode::HandOverGap => (
            "since the time of this source's data a record ended or was handed over elsewhere, and what became of it may not show yet; ask \
             again tomorrow, or after its next update",
            "在该数据源的数据时点之后，有登记记录终止或移交，其去向可能尚未体现，请于次日或该数据源下次更新后重试",
            true,
        ),
        ErrorCode::NoCommonMoment => (
            "the source does not keep what has ended, and so proves nothing beside the others; its owner must look at it",
            "该数据源不保留已终止的记录，无法与其他登记共同证明“无记录”，需数据提供部门处理",
            false,
        ),
        ErrorCode::Undated => (
            "a record ended there on a day that the source does not say; its owner must look at it",
            "该数据源存在未注明终止日期的已终止记录，需数据提供部门核实",
            false,
        ),
        ErrorCode::Undetermined => (
            "a record there settles nothing: something is in progress, or records contradict one another; if it stays so, its owner must look at it",
            "该数据源存在状态未定（如办理中）或相互矛盾的记录；如持续存在，需数据提供部门核实",
            true,
        ),
        ErrorCode::Misconfigured => (
            "the check does not fit a register as its owner states it now, and is not asked; the hub's operator finds which in the log",
            "该核验事项与某数据源现行说明不符，暂不提供；枢纽运维人员可在日志中查明",
            false,
        ),
        ErrorCode::DefinitionLimit => (
            "the question concerns more persons or records than this check allows for; it cannot be answered until the check is revised",
            "涉及的人员或记录超过该核验事项的上限；在核验事项修订前无法答复",
            false,
        ),
        ErrorCode::SourceDrift => ("the source answers in another shape than its owner stated", "数据源结构与目录不一致", false),
        ErrorCode::SourceLimit => ("the source refused because of a limit", "超过数据源限额", true),
        ErrorCode::GateRefused => ("the department does not serve this scan", "数据提供部门未批准此项查询", false),
        ErrorCode::NotYetValid => (
            "the clock of the department's connector and the hub's differ; their operators must compare the two",
            "数据提供部门前置机与枢纽的时钟不一致，需双方运维人员核对时钟",
            true,
        ),
        ErrorCode::Expired => (
            "the department's connector has just started, or its clock and the hub's differ; ask again, and if it stays so their operators \
             must compare the clocks",
            "数据提供部门前置机刚刚启动，或其时钟与枢纽不一致；请重试，如持续出现，需双方运维人员核对时钟",
            true,
        ),
        _ => ("the source could not answer", "数据源未能应答", true),
    }
}

fn claims(definition: &Definition, variant: &str, now: SystemTime, result: &RunResult) -> Vec<Claim> {
    let claim = |name: &str, value: String| Claim { name: name.to_owned(), value };
    // Whom it is about stays out: the answer travels inside the certificate as evidence, where the holder decides what to disclose.
    vec![
        claim("check", definition.name.clone()),
        claim("variant", variant.to_owned()),
        claim("regions", result.regions.join(",")),
        // Whether what stood under a number that was changed since is found: not unless every owner says so.
        claim("former_numbers", if result.numbers_carried_over { "carried_over" } else { "not_searched" }.to_owned()),
        claim("asked_at", chrono::DateTime::<chrono::Utc>::from(now).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
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

    /// Builds the answer, records its completion, and only then hands it over, signed.
    pub async fn answer(
        &self,
        hub: &Hub,
        decided: &Decided,
        outcome: &Outcome,
        asked: &Asked,
    ) -> Result<ExchangeReply, LedgerError> {
        let (kind, code) = (outcome.kind, outcome.code);
        let under = decided.decision.allowed.then(|| decided.in_force.versions());
        let fixed = if decided.may_issue { outcome.fixed(&self.request)? } else { None };
        let prepared = self.prepare(hub, &decided.decision, outcome, fixed, &asked.receipts)?;
        let completion = Completion {
            exchange_id: prepared.request_id.clone(),
            intent_index: prepared.intent_index,
            outcome: kind.into(),
            code: code.into(),
            answer_commitment: commit(domain::ANSWER, &prepared.answer_salt, &prepared.answer.payload).to_vec(),
            receipt_commitments: prepared.commitments,
        };
        let completed = Completed { completion, answer: prepared.body, asked: asked.members.clone() };
        let recorded = match &prepared.certificate {
            Some((exchange, certificate)) => {
                hub.ledger.record_certificate(completed, SystemTime::now(), under, exchange, *certificate).await
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
        fixed: Option<certificate::Fixed>,
        receipts: &[Received],
    ) -> Result<Prepared, LedgerError> {
        let (terms, openings) = fixed.map(|fixed| (fixed.terms, fixed.openings)).unzip();
        let random = || digest::random::<32>().map_err(|error| LedgerError::Unavailable(error.to_string()));
        let answer_salt = random()?;
        let (mut statements, mut commitments, mut kept, mut salts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for SourceRead { dataset, as_of, statement } in &outcome.sources {
            let Some(received) = receipts.iter().find(|one| one.dataset == *dataset) else { continue };
            let salt = random()?;
            let commitment = commit(domain::RECEIPT, &salt, &received.receipt.payload).to_vec();
            let coverage = statement.coverage.clone().unwrap_or_default();
            // Whoever is denied hears nothing of the sources; that they were asked stays on record all the same.
            if !matches!(outcome.wire, Wire::Denied(_)) {
                statements.push(SourceStatement {
                    dataset: dataset.clone(),
                    owner: dataset.split_once('.').map_or_else(String::new, |(member, _)| member.to_owned()),
                    as_of: Some(to_timestamp(*as_of)),
                    coverage_en: coverage.text_en,
                    coverage_zh: coverage.text_zh,
                    receipt_commitment: commitment.clone(),
                });
            }
            commitments.push(commitment);
            kept.push(received.receipt.clone());
            salts.push(salt.to_vec());
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
            request_commitment: commit(domain::REQUEST, &self.request_salt, &self.request.payload).to_vec(),
            hub: hub.identity.uri.clone(),
            answered_at: Some(to_timestamp(SystemTime::now())),
            decision: Some(v1::Decision {
                allowed: decision.allowed,
                policy_ids: decision.policy_ids.clone(),
                policy_digest: decision.policy_digest.to_vec(),
                directory_version: decision.directory_version,
            }),
            definition_digest: outcome.definition_digest.clone(),
            sources: statements,
            certificate: terms,
            outcome: Some(outcome.wire.clone()),
        };
        let answer = dsse::seal(payload_type::ANSWER, &answer, &hub.identity.sign).map_err(|error| {
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
