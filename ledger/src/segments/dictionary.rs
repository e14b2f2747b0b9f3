//! The dictionary of a segment: what its bodies have in common. It outlives each of them, so
//! nothing of a person, a case or an official may be in it. It is made of bodies with every field
//! left out that is not on the list below; what is not understood is left out as well.

use std::collections::HashSet;

use prost::Message as _;
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::request::Body as Asked;
use zerotrip_proto::v1::{
    Answer, Answered, CheckBody, Claim, Decision, Denied, Envelope, ExchangeBody, FactTerms,
    Parameter, Reason, Request, ScanReceipt, Signature, SourceStatement, SuppliedColumn,
    Unavailable,
};

/// Most bytes of a dictionary.
pub(super) const DICTIONARY_BYTES: usize = 24 << 10;
/// Most bodies that one is made of.
const KINDS: usize = 12;

/// Of the first block's bodies.
pub(super) fn of<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut seen, mut parts) = (HashSet::new(), Vec::new());
    let mut bytes = 0;
    for body in bodies {
        if seen.len() >= KINDS {
            break;
        }
        let Some(common) = ExchangeBody::decode(body).ok().and_then(|body| common(&body)) else {
            continue;
        };
        if bytes + common.len() <= DICTIONARY_BYTES && seen.insert(kind(&common)) {
            bytes += common.len();
            parts.push(common);
        }
    }
    // The nearest is the cheapest to point to.
    parts.reverse();
    parts.concat()
}

/// Two bodies that differ in numbers alone are of one kind.
fn kind(common: &[u8]) -> usize {
    common.len() / 32
}

fn common(body: &ExchangeBody) -> Option<Vec<u8>> {
    let request = body.request.as_ref()?;
    let answer = body.answer.as_ref()?;
    let asked = Request::decode(request.payload.as_slice()).ok()?;
    let said = Answer::decode(answer.payload.as_slice()).ok()?;
    let mut receipts = Vec::new();
    for receipt in &body.receipts {
        let scan = ScanReceipt::decode(receipt.payload.as_slice()).ok()?;
        receipts.push(envelope(receipt, common_receipt(scan).encode_to_vec()));
    }
    let common = ExchangeBody {
        request: Some(envelope(request, common_request(asked).encode_to_vec())),
        answer: Some(envelope(answer, common_answer(said).encode_to_vec())),
        receipts,
        ..ExchangeBody::default()
    };
    Some(common.encode_to_vec())
}

/// Which kind of message, and under which key.
fn envelope(of: &Envelope, payload: Vec<u8>) -> Envelope {
    let signature =
        |one: &Signature| Signature { keyid: one.keyid.clone(), ..Signature::default() };
    Envelope {
        payload,
        payload_type: of.payload_type.clone(),
        signatures: of.signatures.iter().map(signature).collect(),
        batch: None,
    }
}

/// The system, the errand's code and the law; neither whom it is about, nor case and official.
fn common_request(request: Request) -> Request {
    let body = match request.body {
        Some(Asked::Check(check)) => {
            let named = |one: Parameter| Parameter { name: one.name, ..Parameter::default() };
            Some(Asked::Check(CheckBody {
                check: check.check,
                variant: check.variant,
                parameters: check.parameters.into_iter().map(named).collect(),
                ..CheckBody::default()
            }))
        }
        // One about many is large enough to be compressed by itself.
        Some(Asked::Issue(_) | Asked::CheckMany(_) | Asked::IssueMany(_)) | None => None,
    };
    Request {
        issuer: request.issuer,
        audience: request.audience,
        service_item: request.service_item,
        purpose: request.purpose,
        legal_basis: request.legal_basis,
        body,
        ..Request::default()
    }
}

/// What the definition, the policies and the owners' statements say of everybody.
fn common_answer(answer: Answer) -> Answer {
    let source = |one: SourceStatement| SourceStatement {
        dataset: one.dataset,
        owner: one.owner,
        coverage_en: one.coverage_en,
        coverage_zh: one.coverage_zh,
        ..SourceStatement::default()
    };
    // A definition's own code and words: no outcome has others. Field by field: one that is new is
    // thought about first.
    let reason = |one: Reason| {
        let Reason { code, text_en, text_zh } = one;
        Reason { code, text_en, text_zh }
    };
    let terms = |one: FactTerms| {
        let FactTerms { name, r#type, title_en, title_zh, optional, words } = one;
        FactTerms { name, r#type, title_en, title_zh, optional, words }
    };
    let outcome = match answer.outcome {
        Some(Outcome::Answered(answered)) => Some(Outcome::Answered(Answered {
            answer: answered.answer,
            claims: answered
                .claims
                .into_iter()
                .map(|claim| Claim { name: claim.name, ..Claim::default() })
                .collect(),
            reasons: answered.reasons.into_iter().map(reason).collect(),
            facts: answered.facts.into_iter().map(terms).collect(),
            // Of a person's values.
            fact_digests: Vec::new(),
        })),
        Some(Outcome::Unavailable(unavailable)) => {
            let Unavailable { code, dataset, text_en, text_zh, retryable } = unavailable;
            Some(Outcome::Unavailable(Unavailable { code, dataset, text_en, text_zh, retryable }))
        }
        Some(Outcome::Denied(Denied { code, reasons: _ })) => {
            Some(Outcome::Denied(Denied { code, reasons: Vec::new() }))
        }
        Some(Outcome::Recorded(_) | Outcome::Many(_)) | None => None,
    };
    Answer {
        hub: answer.hub,
        decision: answer.decision.map(|decision| Decision {
            allowed: decision.allowed,
            policy_ids: decision.policy_ids,
            policy_digest: decision.policy_digest,
            directory_version: decision.directory_version,
            authority_grant: decision.authority_grant,
            obligations: decision.obligations,
        }),
        definition_digest: answer.definition_digest,
        sources: answer.sources.into_iter().map(source).collect(),
        outcome,
        ..Answer::default()
    }
}

fn common_receipt(receipt: ScanReceipt) -> ScanReceipt {
    let column = |one: SuppliedColumn| SuppliedColumn { column: one.column, commitments: vec![] };
    ScanReceipt {
        connector: receipt.connector,
        dataset: receipt.dataset,
        template_digest: receipt.template_digest,
        supplied: receipt.supplied.into_iter().map(column).collect(),
        ..ScanReceipt::default()
    }
}
