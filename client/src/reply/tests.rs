#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;
use prost::Message as _;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{
    Answer, Answered, Completion, Decision, Denied, ExchangeOutcome, HubIdentity, KeyDirectory,
    KeyUsage, LedgerReceipt, Recorded, SourceStatement, Status, Unavailable,
};
use zerotrip_proto::{hash_domain, payload_type, to_timestamp};
use zerotrip_trust::digest::commit;
use zerotrip_trust::dsse;
use zerotrip_trust::entry;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::merkle::{leaf_hash, node_hash};
use zerotrip_trust::note::{Checkpoint, sign_checkpoint};

use super::*;
use crate::request::{CheckQuestion, Errand, sign_check};

struct World {
    now: SystemTime,
    hub: Identity,
    system: Identity,
    hub_key: SigningKey,
    ledger_key: SigningKey,
    own_key: SigningKey,
    directory: Directory,
}

impl World {
    fn new() -> Self {
        let now = SystemTime::now();
        let day = Duration::from_secs(86_400);
        let key = || SigningKey::generate(Algorithm::Ed25519).unwrap();
        let (hub_key, ledger_key, own_key, authority) = (key(), key(), key(), key());
        let hub = Identity::hub("c.example", "main").unwrap();
        let entry = |key: &SigningKey, usage| key.public().to_proto(usage, now - day, now + day);
        let message = KeyDirectory {
            version: 1,
            trust_domain: "c.example".into(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + day)),
            members: vec![],
            hubs: vec![HubIdentity {
                uri: hub.uri(),
                status: Status::Active.into(),
                keys: vec![
                    entry(&hub_key, KeyUsage::Sign),
                    entry(&ledger_key, KeyUsage::Checkpoint),
                ],
                tls_key: vec![7; 32],
            }],
        };
        let directory = Directory::open(
            &Directory::seal(&message, &authority).unwrap(),
            authority.public(),
            now,
            0,
        )
        .unwrap();
        Self {
            now,
            hub,
            system: Identity::system("c.example", "fund", "desk").unwrap(),
            hub_key,
            ledger_key,
            own_key,
            directory,
        }
    }

    fn request(&self) -> SignedRequest {
        let text = |text: &str| text.to_owned();
        let errand = Errand {
            official: text("1"),
            service_item: text("s"),
            purpose: text("p"),
            legal_basis: text("b"),
            case_number: text("c"),
        };
        let question = CheckQuestion {
            check: text("no-property"),
            variant: text("couple"),
            parameters: vec![],
        };
        sign_check((&self.system, &self.own_key), &self.hub, &errand, &question, self.now).unwrap()
    }

    fn answer(&self, request: &SignedRequest, outcome: Wire) -> Answer {
        Answer {
            request_id: request.id.clone(),
            request_commitment: commit(hash_domain::REQUEST, &[6; 32], &request.envelope.payload)
                .to_vec(),
            hub: self.hub.uri(),
            answered_at: Some(to_timestamp(self.now)),
            decision: Some(Decision {
                allowed: !matches!(outcome, Wire::Denied(_)),
                policy_ids: vec!["p".into()],
                policy_digest: vec![1; 32],
                directory_version: 1,
                ..Decision::default()
            }),
            definition_digest: vec![1; 32],
            sources: vec![SourceStatement {
                receipt_commitment: vec![3; 32],
                ..SourceStatement::default()
            }],
            outcome: Some(outcome),
            ..Answer::default()
        }
    }

    /// An honest hub's reply, whatever the answer says.
    fn reply(&self, answer: &Answer) -> ExchangeReply {
        let salt = vec![4; 32];
        let outcome = match answer.outcome.as_ref().unwrap() {
            Wire::Answered(answered) if answered.answer => ExchangeOutcome::AnsweredTrue,
            Wire::Answered(_) => ExchangeOutcome::AnsweredFalse,
            Wire::Unavailable(_) => ExchangeOutcome::Unavailable,
            Wire::Denied(_) => ExchangeOutcome::Denied,
            Wire::Recorded(_) => ExchangeOutcome::Recorded,
            Wire::Many(_) => ExchangeOutcome::AnsweredMany,
        };
        let completion = Completion {
            exchange_id: answer.request_id.clone(),
            outcome: outcome.into(),
            answer_commitment: commit(hash_domain::ANSWER, &salt, &answer.encode_to_vec()).to_vec(),
            receipt_commitments: vec![vec![3; 32]],
            ..Completion::default()
        };
        let (entry, opening) = entry::seal(Body::Completion(completion), self.now).unwrap();
        let (intent, leaf) = (leaf_hash(b"intent"), leaf_hash(&entry));
        let head = Checkpoint {
            origin: "c.example/hub/main".into(),
            size: 2,
            root: node_hash(&intent, &leaf),
        };
        let checkpoint = sign_checkpoint(&head, &self.ledger_key).unwrap();
        ExchangeReply {
            answer: Some(dsse::seal(payload_type::ANSWER, answer, &self.hub_key).unwrap()),
            receipt: Some(LedgerReceipt {
                index: 1,
                entry,
                path: vec![intent.to_vec()],
                checkpoint,
                opening: Some(opening),
            }),
            answer_salt: salt,
            request_salt: vec![6; 32],
            ..ExchangeReply::default()
        }
    }

    fn verify(&self, request: &SignedRequest, reply: ExchangeReply) -> Result<Outcome, ReplyError> {
        verify_check(reply, request, &self.hub, &self.directory, self.now)
    }
}

fn yes() -> Wire {
    Wire::Answered(Answered { answer: true, ..Answered::default() })
}

#[test]
fn four_outcomes_are_four_variants() {
    let world = World::new();
    let request = world.request();
    let outcome =
        |wire| world.verify(&request, world.reply(&world.answer(&request, wire))).unwrap();
    assert!(matches!(outcome(yes()), Outcome::Affirmed(_)));
    assert!(matches!(outcome(Wire::Answered(Answered::default())), Outcome::Negative(_)));
    let gone = Unavailable {
        code: ErrorCode::SourceUnreachable.into(),
        dataset: "estate.ownership".into(),
        retryable: true,
        ..Unavailable::default()
    };
    match outcome(Wire::Unavailable(gone)) {
        Outcome::Unavailable(none) => {
            assert_eq!(
                (none.code, none.dataset.as_str(), none.retryable),
                (ErrorCode::SourceUnreachable, "estate.ownership", true)
            );
        }
        other => panic!("{other:?}"),
    }
    let denied = Denied { code: ErrorCode::PolicyDenied.into(), reasons: vec![] };
    assert!(matches!(outcome(Wire::Denied(denied)), Outcome::Denied(_)));
}

#[test]
fn an_answer_to_something_else_is_refused_by_name() {
    let world = World::new();
    let (request, other) = (world.request(), world.request());
    let error = world.verify(&request, world.reply(&world.answer(&other, yes()))).unwrap_err();
    assert_eq!(
        error,
        ReplyError::OtherRequest { expected: request.id.clone(), found: other.id.clone() }
    );
    let refused = |change: &dyn Fn(&mut Answer)| {
        let mut answer = world.answer(&request, yes());
        change(&mut answer);
        world.verify(&request, world.reply(&answer)).unwrap_err()
    };
    assert_eq!(
        refused(&|answer| answer.request_commitment = vec![0; 32]),
        ReplyError::OtherRequestText
    );
    assert_eq!(
        refused(&|answer| answer.decision = None),
        EvidenceError::Missing("decision").into()
    );
    assert_eq!(
        refused(&|answer| answer.decision = Some(Decision::default())),
        EvidenceError::Inconsistent.into()
    );
    assert_eq!(
        refused(&|answer| answer.outcome = Some(Wire::Recorded(Recorded::default()))),
        ReplyError::WrongKind
    );
    let hour = Duration::from_secs(3600);
    assert_eq!(
        refused(&|answer| answer.answered_at = Some(to_timestamp(world.now + hour))),
        ReplyError::BadTime
    );
    assert_eq!(
        refused(&|answer| answer.answered_at = Some(to_timestamp(world.now - hour))),
        ReplyError::BadTime
    );
    let elsewhere = Identity::hub("c.example", "second").unwrap();
    let reply = world.reply(&world.answer(&request, yes()));
    let error = verify_check(reply, &request, &elsewhere, &world.directory, world.now).unwrap_err();
    assert_eq!(error, ReplyError::OtherHub { expected: elsewhere.uri(), found: world.hub.uri() });
}

#[test]
fn parts_of_other_replies_do_not_fit() {
    let world = World::new();
    let (request, other) = (world.request(), world.request());
    let good = world.reply(&world.answer(&request, yes()));
    let no = world.reply(&world.answer(&request, Wire::Answered(Answered::default())));
    let others = world.reply(&world.answer(&other, yes()));
    let swapped_answer = ExchangeReply { answer: no.answer.clone(), ..good.clone() };
    assert_eq!(
        world.verify(&request, swapped_answer).unwrap_err(),
        ReplyError::Evidence(EvidenceError::NotCommitted)
    );
    let other_receipt = ExchangeReply { receipt: others.receipt, ..good.clone() };
    assert!(matches!(
        world.verify(&request, other_receipt).unwrap_err(),
        ReplyError::Evidence(EvidenceError::OtherExchange { .. })
    ));
    let other_salt = ExchangeReply { request_salt: vec![5; 32], ..good.clone() };
    assert_eq!(world.verify(&request, other_salt).unwrap_err(), ReplyError::OtherRequestText);
    let wrong_salt = ExchangeReply { answer_salt: vec![5; 32], ..good.clone() };
    assert_eq!(
        world.verify(&request, wrong_salt).unwrap_err(),
        ReplyError::Evidence(EvidenceError::NotCommitted)
    );
    let no_receipt = ExchangeReply { receipt: None, ..good };
    assert_eq!(
        world.verify(&request, no_receipt).unwrap_err(),
        ReplyError::Evidence(EvidenceError::Missing("ledger receipt"))
    );
}

#[test]
fn only_this_certificates_record_counts() {
    let world = World::new();
    let request = world.request();
    let verify = |wire| {
        let reply = world.reply(&world.answer(&request, wire));
        verify_recorded(reply, &request, &[8; 32], &world.hub, &world.directory, world.now)
    };
    assert!(matches!(
        verify(Wire::Recorded(Recorded { certificate_digest: vec![8; 32] })),
        Ok(Announced::Recorded(_))
    ));
    let error = verify(Wire::Recorded(Recorded { certificate_digest: vec![9; 32] })).unwrap_err();
    assert_eq!(error, ReplyError::OtherCertificate);
    assert_eq!(verify(yes()).unwrap_err(), ReplyError::WrongKind);
    assert!(matches!(
        verify(Wire::Denied(Denied::default())),
        Ok(Announced::Not(Outcome::Denied(_)))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_altered_answer_becomes_affirmed(place in any::<prop::sample::Index>(), flip in 1u8..=255, resigned in any::<bool>()) {
        let world = World::new();
        let request = world.request();
        let mut reply = world.reply(&world.answer(&request, Wire::Answered(Answered::default())));
        let envelope = reply.answer.as_mut().unwrap();
        let place = place.index(envelope.payload.len());
        envelope.payload[place] ^= flip;
        if resigned {
            // Even a hub that signs another answer afterwards cannot make its ledger say so.
            *envelope = dsse::sign(payload_type::ANSWER, envelope.payload.clone(), &world.hub_key).unwrap();
        }
        prop_assert!(world.verify(&request, reply).is_err());
    }
}
