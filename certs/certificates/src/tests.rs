#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::request::Body as RequestBody;
use zerotrip_proto::v1::{
    Answer, Answered, CheckBody, Claim, Completion, Decision, ExchangeOutcome, ExchangeReply,
    HubIdentity, KeyDirectory, KeyUsage, LedgerReceipt, Member, Parameter, Refusal, Request,
    SourceStatement, Status, System, Unavailable,
};
use zerotrip_proto::{hash_domain, payload_type, to_timestamp};
use zerotrip_trust::digest::{Digest, commit, sha256};
use zerotrip_trust::directory::{Directory, Why};
use zerotrip_trust::dsse;
use zerotrip_trust::entry::{self, EntryError};
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::merkle::{CompactRange, NodeReader, ProofError, inclusion_path, leaf_hash};
use zerotrip_trust::note::{Checkpoint, NoteError, sign_checkpoint};

use super::*;

mod asked;
mod attacks;
mod bound;
mod judged;
mod many;
use crate::sdjwt::{SdJwt, SdJwtError};
use zerotrip_checks::definition::{Definition, is_part, pack};

const HUB: &str = "spiffe://c.example/hub/main";
const OTHER_HUB: &str = "spiffe://c.example/hub/other";
const FUND: &str = "spiffe://c.example/member/fund/system/desk";
const TAX: &str = "spiffe://c.example/member/tax/system/desk";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn claim(name: &str, value: &str) -> Claim {
    Claim { name: name.into(), value: value.into() }
}

fn claims() -> Vec<Claim> {
    vec![
        claim("check", "no-property"),
        claim("variant", "couple"),
        claim("regions", "330100,330200"),
    ]
}

fn request() -> Vec<u8> {
    let parameters =
        vec![Parameter { name: "applicant".into(), value: "11010519491231002X".into() }];
    let check = CheckBody {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters,
        ..CheckBody::default()
    };
    Request {
        id: "0190-1".into(),
        issuer: FUND.into(),
        purpose: "rent-withdrawal".into(),
        case_number: "case-7".into(),
        body: Some(RequestBody::Check(check)),
        ..Request::default()
    }
    .encode_to_vec()
}

struct World {
    authority: SigningKey,
    hub: SigningKey,
    checkpoint: SigningKey,
    other_hub: SigningKey,
    seal: SigningKey,
    tax: SigningKey,
    definition: Definition,
    fixed: Fixed,
}

/// The text of the shipped definition.
fn shipped() -> String {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions/no-property");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if is_part(&name) {
            files.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    pack(&files, "no-property").unwrap()
}

struct Nodes(HashMap<(u32, u64), Digest>);

impl NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

impl World {
    fn new() -> Self {
        let ed = || SigningKey::generate(Algorithm::Ed25519).unwrap();
        let es = || SigningKey::generate(Algorithm::Es256).unwrap();
        let definition = Definition::parse(&shipped(), "no-property").unwrap();
        let fixed = fix(&definition, "couple", &request(), &claims()).unwrap().unwrap();
        Self {
            authority: ed(),
            hub: ed(),
            checkpoint: ed(),
            other_hub: ed(),
            seal: es(),
            tax: es(),
            definition,
            fixed,
        }
    }

    fn directory(&self, change: impl FnOnce(&mut KeyDirectory)) -> Directory {
        let key = |key: &SigningKey, usage| key.public().to_proto(usage, at(0), at(1_000_000_000));
        let active = i32::from(Status::Active);
        let member = |id: &str, uri: &str, seal| Member {
            id: id.into(),
            name_en: id.into(),
            name_zh: "公积金中心".into(),
            status: active,
            systems: vec![System {
                uri: uri.into(),
                status: active,
                keys: vec![key(seal, KeyUsage::Seal)],
                administrator: false,
                tls_key: vec![7; 32],
            }],
        };
        let hub = |uri: &str, keys| HubIdentity {
            uri: uri.into(),
            status: active,
            keys,
            tls_key: vec![7; 32],
        };
        let mut message = KeyDirectory {
            version: 3,
            trust_domain: "c.example".into(),
            issued_at: Some(to_timestamp(at(5))),
            expires_at: Some(to_timestamp(at(900_000_000))),
            members: vec![member("fund", FUND, &self.seal), member("tax", TAX, &self.tax)],
            hubs: vec![
                hub(
                    HUB,
                    vec![
                        key(&self.hub, KeyUsage::Sign),
                        key(&self.checkpoint, KeyUsage::Checkpoint),
                    ],
                ),
                hub(OTHER_HUB, vec![key(&self.other_hub, KeyUsage::Sign)]),
            ],
        };
        change(&mut message);
        Directory::open(
            &Directory::seal(&message, &self.authority).unwrap(),
            self.authority.public(),
            at(10),
            0,
        )
        .unwrap()
    }

    fn request(&self) -> Vec<u8> {
        request()
    }

    fn answer(&self) -> Answer {
        let source = |dataset: &str| SourceStatement {
            dataset: dataset.into(),
            owner: dataset.split('.').next().unwrap().into(),
            as_of: Some(to_timestamp(at(1))),
            coverage_en: "the city".into(),
            coverage_zh: "全市".into(),
            receipt_commitment: sha256(dataset.as_bytes()).to_vec(),
        };
        Answer {
            request_id: "0190-1".into(),
            request_commitment: commit(hash_domain::REQUEST, &[6; 32], &self.request()).to_vec(),
            hub: HUB.into(),
            answered_at: Some(to_timestamp(at(100))),
            decision: Some(Decision {
                allowed: true,
                policy_ids: vec!["grant:fund".into()],
                policy_digest: vec![7; 32],
                directory_version: 3,
                ..Decision::default()
            }),
            definition_digest: self.definition.digest.to_vec(),
            sources: vec![source("civil.marriage"), source("estate.ownership")],
            certificate: Some(self.fixed.terms.clone()),
            outcome: Some(Outcome::Answered(Answered {
                answer: true,
                claims: claims(),
                ..Answered::default()
            })),
        }
    }

    fn completion(answer: &Answer, salt: &[u8]) -> Completion {
        let outcome = match &answer.outcome {
            Some(Outcome::Answered(answered)) if answered.answer => ExchangeOutcome::AnsweredTrue,
            Some(Outcome::Answered(_)) => ExchangeOutcome::AnsweredFalse,
            _ => ExchangeOutcome::Unavailable,
        };
        Completion {
            exchange_id: answer.request_id.clone(),
            intent_index: 2,
            outcome: outcome.into(),
            code: 0,
            answer_commitment: commit(hash_domain::ANSWER, salt, &answer.encode_to_vec()).to_vec(),
            receipt_commitments: answer
                .sources
                .iter()
                .map(|source| source.receipt_commitment.clone())
                .collect(),
            fact_commitment: vec![8; 32],
            ..Completion::default()
        }
    }

    fn receipt(&self, body: Body) -> LedgerReceipt {
        let (entry, opening) = entry::seal(body, at(100)).unwrap();
        let (mut range, mut nodes) = (CompactRange::new(), HashMap::new());
        for index in 0..9u8 {
            let leaf = if index == 5 { leaf_hash(&entry) } else { leaf_hash(&[index]) };
            range.append_with(leaf, |level, index, digest| {
                nodes.insert((level, index), digest);
            });
        }
        let path = inclusion_path(&Nodes(nodes), 5, 9).unwrap();
        let head =
            Checkpoint { origin: checkpoint_origin(HUB).into(), size: 9, root: range.root() };
        let checkpoint = sign_checkpoint(&head, &self.checkpoint).unwrap();
        LedgerReceipt {
            index: 5,
            entry,
            path: path.iter().map(|digest| digest.to_vec()).collect(),
            checkpoint,
            opening: Some(opening),
        }
    }

    fn reply_to(&self, answer: &Answer) -> ExchangeReply {
        let salt = vec![9; 32];
        ExchangeReply {
            answer: Some(dsse::seal(payload_type::ANSWER, answer, &self.hub).unwrap()),
            receipt: Some(self.receipt(Body::Completion(Self::completion(answer, &salt)))),
            answer_salt: salt,
            request_salt: vec![6; 32],
            openings: self.fixed.openings.clone(),
            ..ExchangeReply::default()
        }
    }

    fn prove(&self, reply: ExchangeReply) -> Result<ProvenAnswer, EvidenceError> {
        prove(reply, &self.directory(|_| ()), Moment::Now(at(101)))
    }

    fn affirmed(&self, answer: &Answer) -> Affirmed {
        Affirmed::try_new(self.prove(self.reply_to(answer)).unwrap()).unwrap()
    }

    fn sealed(&self) -> Sealed {
        let content = CertificateContent::try_new(
            &self.affirmed(&self.answer()),
            &self.request(),
            &self.definition,
        )
        .unwrap();
        seal(&content, &self.seal, at(110)).unwrap()
    }

    /// The signed claims of a real certificate, and its disclosures.
    fn parts(&self) -> (serde_json::Map<String, Value>, Vec<String>) {
        let token = self.sealed().token;
        let payload = token.split('.').nth(1).unwrap();
        let mut claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let plain = claims.as_object_mut().unwrap();
        plain.remove("_sd");
        plain.remove("_sd_alg");
        let disclosures = SdJwt::parse(&token)
            .unwrap()
            .disclosures()
            .map(|(_, encoded)| encoded.to_owned())
            .collect();
        (plain.clone(), disclosures)
    }

    /// A certificate whose plain claims were changed before sealing: what a dishonest issuer could
    /// make.
    fn sealed_with(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
        let (mut plain, disclosures) = self.parts();
        change(&mut plain);
        crate::sdjwt::issue_encoded(&self.seal, plain, &disclosures).unwrap().to_string()
    }
}

#[test]
fn a_sealed_certificate_shows_everything_to_a_stranger() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let sealed = world.sealed();
    let shown = verify(&sealed.token, TrustRoot::Directory(&directory), at(200)).unwrap();
    assert_eq!((shown.issuer.uri.as_str(), shown.issuer.active), (FUND, Some(true)));
    assert_eq!((shown.issued_at, shown.valid_until), (at(110), at(100 + 30 * 86_400)));
    assert_eq!(
        (shown.check.as_str(), shown.variant.as_str(), shown.persons.zh.as_str()),
        ("no-property", "couple", "本人及配偶")
    );
    assert_eq!(shown.scope["regions"], ["330100", "330200"]);
    assert_eq!(
        shown.sources.iter().map(|source| source.dataset.as_str()).collect::<Vec<_>>(),
        ["civil.marriage", "estate.ownership"]
    );
    assert_eq!(shown.disclosed.claims["applicant"], "11010519491231002X");
    assert!(shown.disclosed.request);
    assert_eq!(
        (shown.evidence.index, shown.evidence.tree_size, shown.evidence.directory_issued_at),
        (5, 9, Some(at(5)))
    );
    let token = SdJwt::parse(&sealed.token).unwrap();
    assert_eq!(sealed.digest, token.digest());
    assert_eq!(sealed.digest, sha256(sealed.token.split('~').next().unwrap().as_bytes()));
    let bare =
        verify(&token.present(&[]).unwrap().to_string(), TrustRoot::Directory(&directory), at(200))
            .unwrap();
    let withheld = ["case_number", "purpose", "request"].map(str::to_owned).to_vec();
    assert_eq!(
        bare.disclosed,
        Disclosed { withheld, withheld_parameters: 1, ..Disclosed::default() }
    );
    assert!(shown.disclosed.names_subject() && !bare.disclosed.names_subject());
    assert!(shown.disclosed.withheld.is_empty() && shown.disclosed.withheld_parameters == 0);
    let of = |keep: &[&str]| {
        let shown = token.present(keep).unwrap().to_string();
        verify(&shown, TrustRoot::Directory(&directory), at(200)).unwrap().disclosed
    };
    let purpose = of(&["purpose", "case_number"]);
    assert!(!purpose.names_subject(), "an errand is nobody");
    assert_eq!((purpose.withheld, purpose.withheld_parameters), (vec!["request".to_owned()], 1));
    let request = of(&["request"]);
    assert_eq!(
        request.claims.get("applicant").map(String::as_str),
        Some("11010519491231002X"),
        "the request holds it"
    );
    assert!(
        request.names_subject() && request.withheld_parameters == 0 && request.withheld.is_empty(),
        "{:?}",
        request.withheld
    );
    assert!(of(&["applicant"]).names_subject());
    assert!(
        !token.present(&[]).unwrap().to_string().contains("MTEwMTA1"),
        "the id is not in what is left"
    );
}

#[test]
fn the_published_key_set_is_enough_for_seal_and_evidence() {
    let world = World::new();
    let text = world.directory(|_| ()).jwks().to_string();
    let keys = JwkSet::parse(&text).unwrap();
    let shown = verify(&world.sealed().token, TrustRoot::Keys(&keys), at(200)).unwrap();
    assert_eq!(
        (shown.evidence.index, shown.evidence.directory_issued_at, shown.issuer.name),
        (5, None, None)
    );
    // Without the hub's keys the seal alone is anybody's word who can seal.
    let mut seals: Value = serde_json::from_str(&text).unwrap();
    seals["keys"].as_array_mut().unwrap().retain(|key| key["kty"] == "EC");
    let error = verify(
        &world.sealed().token,
        TrustRoot::Keys(&JwkSet::parse(&seals.to_string()).unwrap()),
        at(200),
    )
    .unwrap_err();
    assert_eq!(
        error,
        CertificateError::Evidence(EvidenceError::HubKey {
            keyid: world.hub.id().into(),
            why: Why::Unknown
        })
    );
    let revoked = world
        .directory(|message| {
            message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(110)))
        })
        .jwks()
        .to_string();
    let error =
        verify(&world.sealed().token, TrustRoot::Keys(&JwkSet::parse(&revoked).unwrap()), at(200))
            .unwrap_err();
    assert_eq!(error, CertificateError::Keys(JwkSetError::NotValidThen(world.seal.id().into())));
    let none = JwkSet::parse(r#"{"keys":[{"kty":"OKP","crv":"Ed25519"}]}"#).unwrap();
    let error = verify(&world.sealed().token, TrustRoot::Keys(&none), at(200)).unwrap_err();
    assert_eq!(error, CertificateError::Keys(JwkSetError::Unknown(world.seal.id().into())));
    let wrong = |from: &str, to: &str| JwkSet::parse(&text.replacen(from, to, 1)).unwrap_err();
    assert!(matches!(wrong("ES256", "HS256"), JwkSetError::Member { member: "alg", .. }));
    assert!(matches!(wrong(world.seal.id(), "x"), JwkSetError::Member { member: "kid", .. }));
    assert!(matches!(wrong("{", "["), JwkSetError::Malformed(_)));
    let stolen = text.replace(FUND, TAX);
    let error =
        verify(&world.sealed().token, TrustRoot::Keys(&JwkSet::parse(&stolen).unwrap()), at(200))
            .unwrap_err();
    assert_eq!(error, CertificateError::WrongIssuer { stated: FUND.into(), holder: TAX.into() });
}

#[test]
fn nothing_but_a_true_answer_to_this_request_is_sealed() {
    let world = World::new();
    for outcome in
        [Outcome::Answered(Answered::default()), Outcome::Unavailable(Unavailable::default())]
    {
        let answer = Answer { outcome: Some(outcome), ..world.answer() };
        assert_eq!(
            Affirmed::try_new(world.prove(world.reply_to(&answer)).unwrap()).unwrap_err(),
            NotAffirmed
        );
    }
    let good = world.affirmed(&world.answer());
    let other =
        Request { id: "0190-2".into(), ..Request::decode(world.request().as_slice()).unwrap() }
            .encode_to_vec();
    assert_eq!(
        CertificateContent::try_new(&good, &other, &world.definition).unwrap_err(),
        SealError::OtherRequest
    );
    let text = format!("{}\n# another text\n", world.definition.text);
    let changed = Definition::parse(&text, "x").unwrap();
    assert_eq!(
        CertificateContent::try_new(&good, &world.request(), &changed).unwrap_err(),
        SealError::OtherDefinition
    );
    let renamed = Definition { name: "other".into(), ..world.definition.clone() };
    assert!(matches!(
        CertificateContent::try_new(&good, &world.request(), &renamed),
        Err(SealError::OtherCheck { .. })
    ));
    let none = Answer { sources: vec![], ..world.answer() };
    assert_eq!(
        CertificateContent::try_new(&world.affirmed(&none), &world.request(), &world.definition)
            .unwrap_err(),
        SealError::NoSources
    );
    let sealing = |claim: Claim| {
        let answered = Answered { answer: true, claims: vec![claim], ..Answered::default() };
        let answer = Answer { outcome: Some(Outcome::Answered(answered)), ..world.answer() };
        CertificateContent::try_new(&world.affirmed(&answer), &world.request(), &world.definition)
            .unwrap_err()
    };
    assert_eq!(sealing(claim("applicant", "x")), SealError::ParameterInAnswer("applicant".into()));
    assert_eq!(
        sealing(claim("id", "11010519491231002X")),
        SealError::ParameterInAnswer("applicant".into())
    );
    assert_eq!(sealing(claim("variant", "family")), SealError::OtherAnswer("variant"));
    let content = CertificateContent::try_new(&good, &world.request(), &world.definition).unwrap();
    assert_eq!(seal(&content, &world.seal, at(100 + 30 * 86_400)).unwrap_err(), SealError::TooOld);
    assert!(matches!(
        seal(&content, &world.hub, at(110)).unwrap_err(),
        SealError::Token(SdJwtError::WrongKeyKind(_))
    ));
    // A clock behind the hub's dates the certificate at the answer, not before it.
    let behind = seal(&content, &world.seal, at(98)).unwrap();
    assert!(verify(&behind.token, TrustRoot::Directory(&world.directory(|_| ())), at(100)).is_ok());
}

#[test]
fn a_reply_that_was_tampered_with_is_refused_by_name() {
    let world = World::new();
    let good = world.reply_to(&world.answer());
    assert!(world.prove(good.clone()).is_ok());
    let refused = |change: &dyn Fn(&mut ExchangeReply)| {
        let mut reply = good.clone();
        change(&mut reply);
        world.prove(reply).unwrap_err()
    };
    assert_eq!(refused(&|reply| reply.answer = None), EvidenceError::Missing("answer"));
    assert_eq!(refused(&|reply| reply.receipt = None), EvidenceError::Missing("ledger receipt"));
    assert!(matches!(
        refused(&|reply| reply.answer.as_mut().unwrap().payload[0] ^= 1),
        EvidenceError::Envelope(_)
    ));
    assert_eq!(refused(&|reply| reply.answer_salt[0] ^= 1), EvidenceError::NotCommitted);
    assert_eq!(refused(&|reply| reply.answer_salt.truncate(31)), EvidenceError::NotCommitted);
    let swapped = Answer { sources: vec![], ..world.answer() };
    assert_eq!(
        refused(&|reply| reply.answer = world.reply_to(&swapped).answer),
        EvidenceError::NotCommitted
    );
    let other = Answer { request_id: "0190-2".into(), ..world.answer() };
    let expected =
        EvidenceError::OtherExchange { expected: "0190-1".into(), found: "0190-2".into() };
    assert_eq!(refused(&|reply| reply.receipt = world.reply_to(&other).receipt), expected);
    let refusal = world.receipt(Body::Refusal(Refusal::default()));
    assert_eq!(
        refused(&|reply| reply.receipt = Some(refusal.clone())),
        EvidenceError::NotACompletion
    );
    assert_eq!(
        refused(&|reply| reply.receipt.as_mut().unwrap().opening = None),
        EvidenceError::Missing("opening of its ledger entry")
    );
    assert_eq!(
        refused(&|reply| reply.receipt.as_mut().unwrap().opening = refusal.opening.clone()),
        EvidenceError::Entry(EntryError::NotCommitted)
    );
    assert_eq!(
        refused(&|reply| reply.receipt.as_mut().unwrap().index = 4),
        EvidenceError::Inclusion(ProofError::WrongRoot)
    );
    assert_eq!(
        refused(&|reply| reply.receipt.as_mut().unwrap().index = 9),
        EvidenceError::Inclusion(ProofError::OutOfRange)
    );
    let short = |reply: &mut ExchangeReply| drop(reply.receipt.as_mut().unwrap().path.pop());
    assert_eq!(refused(&short), EvidenceError::Inclusion(ProofError::WrongLength));
    let unsigned = |reply: &mut ExchangeReply| {
        let note = &mut reply.receipt.as_mut().unwrap().checkpoint;
        *note = note.replacen("\n9\n", "\n8\n", 1);
    };
    assert_eq!(refused(&unsigned), EvidenceError::Checkpoint(NoteError::BadSignature));
}

#[test]
fn an_answer_that_its_decision_does_not_bear_proves_nothing() {
    let world = World::new();
    let proven = |change: &dyn Fn(&mut Answer)| {
        let mut answer = world.answer();
        change(&mut answer);
        world.prove(world.reply_to(&answer))
    };
    assert!(proven(&|_| {}).is_ok());
    fn decision(answer: &mut Answer) -> &mut Decision {
        answer.decision.as_mut().unwrap()
    }
    let changes: [&dyn Fn(&mut Answer); 6] = [
        &|answer| decision(answer).allowed = false,
        &|answer| decision(answer).policy_ids.clear(),
        &|answer| decision(answer).policy_digest.clear(),
        &|answer| decision(answer).directory_version = 0,
        &|answer| answer.definition_digest.clear(),
        &|answer| {
            let Some(Outcome::Answered(answered)) = &mut answer.outcome else { panic!() };
            answered.reasons = vec![zerotrip_proto::v1::Reason::default()];
        },
    ];
    for (at, change) in changes.iter().enumerate() {
        assert_eq!(proven(change).unwrap_err(), EvidenceError::Inconsistent, "{at}");
    }
    let missing = proven(&|answer| answer.decision = None).unwrap_err();
    assert_eq!(missing, EvidenceError::Missing("decision"));
    for name in ["erase-after-use", ""] {
        let demanding = proven(&|answer| decision(answer).obligations = vec![name.into()]);
        assert!(matches!(demanding, Err(EvidenceError::Obligation(_))), "{demanding:?}");
    }
    let mut reply = world.reply_to(&world.answer());
    let mut completion = World::completion(&world.answer(), &reply.answer_salt);
    completion.code = zerotrip_proto::v1::ErrorCode::SourceStale.into();
    reply.receipt = Some(world.receipt(Body::Completion(completion)));
    assert_eq!(world.prove(reply).unwrap_err(), EvidenceError::OtherOutcome);
}

#[test]
fn whoever_signs_must_be_the_hub_that_the_answer_names() {
    let world = World::new();
    let signed_by = |key: &SigningKey| {
        let mut reply = world.reply_to(&world.answer());
        reply.answer = Some(dsse::seal(payload_type::ANSWER, &world.answer(), key).unwrap());
        world.prove(reply).unwrap_err()
    };
    assert_eq!(
        signed_by(&world.other_hub),
        EvidenceError::WrongHub { stated: HUB.into(), signer: OTHER_HUB.into() }
    );
    assert_eq!(
        signed_by(&world.seal),
        EvidenceError::HubKey { keyid: world.seal.id().into(), why: Why::Unknown }
    );
    assert_eq!(
        signed_by(&world.checkpoint),
        EvidenceError::HubKey { keyid: world.checkpoint.id().into(), why: Why::WrongUsage }
    );
    let stranger = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert_eq!(
        signed_by(&stranger),
        EvidenceError::HubKey { keyid: stranger.id().into(), why: Why::Unknown }
    );
    let no_ledger_key = world.directory(|message| drop(message.hubs[0].keys.pop()));
    let error =
        prove(world.reply_to(&world.answer()), &no_ledger_key, Moment::Now(at(101))).unwrap_err();
    assert_eq!(error, EvidenceError::NoCheckpointKey(HUB.into()));
    // An honest ledger that recorded something else.
    let reply_with = |change: &dyn Fn(&mut Completion)| {
        let mut reply = world.reply_to(&world.answer());
        let mut completion = World::completion(&world.answer(), &reply.answer_salt);
        change(&mut completion);
        reply.receipt = Some(world.receipt(Body::Completion(completion)));
        world.prove(reply).unwrap_err()
    };
    assert_eq!(
        reply_with(&|completion| completion.outcome = ExchangeOutcome::AnsweredFalse.into()),
        EvidenceError::OtherOutcome
    );
    assert_eq!(
        reply_with(&|completion| completion.receipt_commitments.reverse()),
        EvidenceError::OtherSources
    );
}

#[test]
fn a_rotated_key_still_proves_what_it_signed_before() {
    let world = World::new();
    let token = world.sealed().token;
    let revoked_at = |seconds: u64| {
        world.directory(move |message| {
            for holder in [&mut message.hubs[0].keys[0], &mut message.members[0].systems[0].keys[0]]
            {
                holder.revoked_at = Some(to_timestamp(at(seconds)));
            }
        })
    };
    assert!(verify(&token, TrustRoot::Directory(&revoked_at(150)), at(200)).is_ok());
    let error = verify(&token, TrustRoot::Directory(&revoked_at(110)), at(200)).unwrap_err();
    assert_eq!(
        error,
        CertificateError::SealKey { key_id: world.seal.id().into(), why: Why::Revoked }
    );
    let hub_only =
        world.directory(|message| message.hubs[0].keys[0].revoked_at = Some(to_timestamp(at(100))));
    let error = verify(&token, TrustRoot::Directory(&hub_only), at(200)).unwrap_err();
    assert_eq!(
        error,
        CertificateError::Evidence(EvidenceError::HubKey {
            keyid: world.hub.id().into(),
            why: Why::Revoked
        })
    );
    // A hub that was enrolled anew, with other keys of both kinds: as of the answer, by the
    // directory as by the published set. What comes now is not taken so near a revocation.
    for after in [0, 1, 20, 299, 301] {
        let anew = world.directory(|message| {
            message.hubs[0]
                .keys
                .iter_mut()
                .for_each(|key| key.revoked_at = Some(to_timestamp(at(100 + after))));
        });
        let keys = JwkSet::parse(&anew.jwks().to_string()).unwrap();
        for root in [TrustRoot::Directory(&anew), TrustRoot::Keys(&keys)] {
            assert_eq!(verify(&token, root, at(200)).is_ok(), after > 0, "{after}");
        }
        let reply = world.reply_to(&world.answer());
        assert_eq!(prove(reply.clone(), &anew, Moment::WhenAnswered).is_ok(), after > 0, "{after}");
        assert_eq!(prove(reply, &anew, Moment::Now(at(100))).is_ok(), after > 300, "{after}");
    }
    let suspended = world.directory(|message| message.members[0].status = Status::Suspended.into());
    assert_eq!(
        verify(&token, TrustRoot::Directory(&suspended), at(200)).unwrap().issuer.active,
        Some(false)
    );
}

#[test]
fn a_dishonest_issuer_cannot_say_more_than_the_hub_answered() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let refused = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        verify(&world.sealed_with(change), TrustRoot::Directory(&directory), at(200)).unwrap_err()
    };
    assert!(verify(&world.sealed_with(|_| ()), TrustRoot::Directory(&directory), at(200)).is_ok());
    assert_eq!(
        refused(&|plain| plain["sources"][0]["as_of"] = "2099-01-01T00:00:00Z".into()),
        CertificateError::Contradiction("sources")
    );
    assert_eq!(
        refused(&|plain| plain["scope"]["regions"] = json!(["000000"])),
        CertificateError::Contradiction("scope")
    );
    assert_eq!(
        refused(&|plain| plain["variant"] = "family".into()),
        CertificateError::Contradiction("variant")
    );
    assert_eq!(
        refused(&|plain| plain["policy"]["ids"] = json!([])),
        CertificateError::Contradiction("policy")
    );
    assert_eq!(
        refused(&|plain| plain["definition_digest"] = "00".into()),
        CertificateError::Contradiction("definition_digest")
    );
    assert_eq!(
        refused(&|plain| plain["iss"] = TAX.into()),
        CertificateError::WrongIssuer { stated: TAX.into(), holder: FUND.into() }
    );
    assert_eq!(
        refused(&|plain| drop(plain.remove("statement"))),
        CertificateError::Contradiction("statement")
    );
    assert_eq!(
        refused(&|plain| drop(plain.remove("evidence"))),
        CertificateError::Claim("evidence")
    );
    assert_eq!(
        refused(&|plain| plain["vct"] = "urn:other".into()),
        CertificateError::Token(SdJwtError::WrongVct("urn:other".into()))
    );
    assert!(matches!(
        refused(&|plain| plain["check"] = "marriage".into()),
        CertificateError::TypeMismatch { .. }
    ));
    assert_eq!(
        refused(&|plain| plain["iat"] = (1_800_000_000 + 90).into()),
        CertificateError::IssuedBeforeAnswer
    );
    let no = Answer { outcome: Some(Outcome::Answered(Answered::default())), ..world.answer() };
    let envelope = dsse::seal(payload_type::ANSWER, &no, &world.hub).unwrap().encode_to_vec();
    let swap = |plain: &mut serde_json::Map<String, Value>| {
        plain["evidence"]["answer"] = URL_SAFE_NO_PAD.encode(&envelope).into()
    };
    assert_eq!(refused(&swap), CertificateError::NotAffirmed);
}

#[test]
fn types_name_their_check() {
    assert!(is_vct_of("urn:zerotrip:certificate:no-property:1", "no-property"));
    for wrong in [
        "urn:zerotrip:certificate:no-property",
        "urn:zerotrip:certificate:no-property:",
        "urn:zerotrip:certificate:no-property:1x",
        "urn:zerotrip:certificate:no:property:1",
        "x",
    ] {
        assert!(!is_vct_of(wrong, "no-property"), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_changed_byte_of_the_evidence_passes(which in 0usize..6, place in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let world = World::new();
        let mut reply = world.reply_to(&world.answer());
        let flipped = |bytes: &mut Vec<u8>| { let place = place.index(bytes.len()); bytes[place] ^= flip; };
        match which {
            0 => flipped(&mut reply.answer.as_mut().unwrap().payload),
            1 => flipped(&mut reply.answer_salt),
            2 => flipped(&mut reply.receipt.as_mut().unwrap().entry),
            3 => flipped(&mut reply.receipt.as_mut().unwrap().opening.as_mut().unwrap().salt),
            4 => flipped(&mut reply.receipt.as_mut().unwrap().opening.as_mut().unwrap().content),
            _ => { let path = &mut reply.receipt.as_mut().unwrap().path; let at = place.index(path.len()); flipped(&mut path[at]); }
        }
        prop_assert!(world.prove(reply).is_err());
    }
}
