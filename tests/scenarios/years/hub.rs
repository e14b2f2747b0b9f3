//! The hub's own keys in those years: its certificate is renewed, and it is enrolled anew over its
//! store, with other keys. Whoever has its former machine goes on with a copy of store and keys,
//! and asks, answers and signs as before.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_authority::Authority;
use zerotrip_certificates::{
    Affirmed, CertificateContent, Fixed, JwkSet, Moment, TrustRoot, fix, open_checkpoint, prove,
    seal, verify,
};
use zerotrip_channel::files;
use zerotrip_checks::definition::Definition;
use zerotrip_ledger::LogKeys;
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    Answer, Answered, CheckBody, Claim, Completion, Decision, Envelope, ExchangeOutcome,
    ExchangeReply, KeyUsage, Parameter, Request, SourceStatement,
};
use zerotrip_proto::{hash_domain, payload_type, to_timestamp};
use zerotrip_trust::digest::{Digest, commit, sha256};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{self, CertificateDer, TlsKey, pem};
use zerotrip_trust::{dsse, renewal};

use super::log::Log;
use super::{DAY, at};

pub const HUB: &str = "spiffe://city.example/hub/main";

/// What lies in a hub's folder.
pub struct Installation {
    folder: PathBuf,
    tls: TlsKey,
    pub sign: SigningKey,
    pub certificate: CertificateDer<'static>,
    /// The directory that `enrol-hub` wrote there: what is in force until the store has a newer
    /// one.
    pub enrolled: Envelope,
}

/// A former one, with its store as it was, going on by itself.
pub struct Former {
    pub home: Installation,
    pub log: Log,
}

/// A certificate that was sealed on an answer of a hub's former keys.
pub struct Past {
    reply: ExchangeReply,
    token: String,
    /// When it was answered.
    second: u64,
}

impl Installation {
    /// `zerotrip-hub init`, and the authority's `enrol-hub`. `between` is what happens before the
    /// authority has its papers.
    pub fn enrol(
        folder: &Path,
        authority: impl FnOnce() -> Authority,
        second: u64,
    ) -> (Self, Authority) {
        std::fs::create_dir_all(folder).unwrap();
        zerotrip_hub::init::init(folder, "city.example", "main").unwrap();
        let mut authority = authority();
        authority.enrol_hub(folder, &["localhost".into()], &[], at(second)).unwrap();
        let text = |name: &str| files::read_text(&folder.join(name)).unwrap();
        let home = Self {
            tls: TlsKey::from_pem(&text("tls.key")).unwrap(),
            sign: SigningKey::from_pkcs8_pem(&text("sign.key")).unwrap(),
            certificate: pem::certificate(&text("tls.pem")).unwrap(),
            enrolled: Envelope::decode(
                files::read(&folder.join("directory.dsse")).unwrap().as_slice(),
            )
            .unwrap(),
            folder: folder.to_owned(),
        };
        (home, authority)
    }

    /// As the hub reads them when it starts.
    pub fn log_keys(&self) -> LogKeys {
        zerotrip_hub::state::log_keys(&self.folder).unwrap().1
    }

    /// The request for its certificate's renewal.
    pub fn asks(&self) -> Envelope {
        renewal::request(&self.certificate, &self.tls, &self.sign).unwrap()
    }

    pub fn take(
        &mut self,
        leaf: CertificateDer<'static>,
        ca: &CertificateDer<'_>,
        now: SystemTime,
    ) {
        renewal::accept(&leaf, &self.certificate, &self.tls, ca, now).unwrap();
        self.certificate = leaf;
    }

    pub fn tls_key(&self) -> Digest {
        x509::key_digest(&self.certificate).unwrap()
    }

    pub fn validity(&self) -> (SystemTime, SystemTime) {
        x509::validity_of(&self.certificate).unwrap()
    }

    /// Answers a check of this system's, as of `second`, and records it.
    fn answers(
        &self,
        log: &mut Log,
        issuer: &str,
        directory_version: u64,
        second: u64,
    ) -> (ExchangeReply, Vec<u8>) {
        let claim = |name: &str, value: &str| Claim { name: name.into(), value: value.into() };
        let claims = vec![
            claim("check", "no-property"),
            claim("variant", "couple"),
            claim("regions", "330100"),
        ];
        let parameters =
            vec![Parameter { name: "applicant".into(), value: "11010519491231002X".into() }];
        let check = CheckBody {
            check: "no-property".into(),
            variant: "couple".into(),
            parameters,
            ..CheckBody::default()
        };
        let (id, index) = log.intend(issuer, second);
        let request = Request {
            id: id.clone(),
            issuer: issuer.into(),
            purpose: super::PURPOSE.into(),
            case_number: "HZ-1".into(),
            body: Some(Body::Check(check)),
            ..Request::default()
        };
        let payload = request.encode_to_vec();
        let Fixed { terms, openings } =
            fix(&definition(), "couple", &payload, &claims).unwrap().unwrap();
        let source = SourceStatement {
            dataset: "estate.ownership".into(),
            owner: "estate".into(),
            as_of: Some(to_timestamp(at(second))),
            coverage_en: "the city".into(),
            coverage_zh: "全市".into(),
            receipt_commitment: sha256(id.as_bytes()).to_vec(),
        };
        let answer = Answer {
            request_id: id.clone(),
            request_commitment: commit(hash_domain::REQUEST, &[6; 32], &payload).to_vec(),
            hub: HUB.into(),
            answered_at: Some(to_timestamp(at(second))),
            decision: Some(Decision {
                allowed: true,
                policy_ids: vec!["grant".into()],
                policy_digest: vec![7; 32],
                directory_version,
                ..Decision::default()
            }),
            definition_digest: definition().digest.to_vec(),
            sources: vec![source],
            certificate: Some(terms),
            outcome: Some(Outcome::Answered(Answered {
                answer: true,
                claims,
                ..Answered::default()
            })),
        };
        let completion = Completion {
            exchange_id: id,
            intent_index: index,
            outcome: ExchangeOutcome::AnsweredTrue.into(),
            answer_commitment: commit(hash_domain::ANSWER, &[9; 32], &answer.encode_to_vec())
                .to_vec(),
            receipt_commitments: answer
                .sources
                .iter()
                .map(|source| source.receipt_commitment.clone())
                .collect(),
            fact_commitment: vec![8; 32],
            ..Completion::default()
        };
        let reply = ExchangeReply {
            answer: Some(dsse::seal(payload_type::ANSWER, &answer, &self.sign).unwrap()),
            receipt: Some(log.answer(completion, second)),
            answer_salt: vec![9; 32],
            request_salt: vec![6; 32],
            openings,
            ..ExchangeReply::default()
        };
        (reply, payload)
    }
}

fn definition() -> Definition {
    let text = zerotrip_tests::deployment::no_property().unwrap();
    Definition::parse(&text, "no-property").unwrap()
}

impl Former {
    /// It goes on; nothing of it counts now, by the newest directory. Its own is left to those who
    /// never heard of a newer one.
    pub fn counts_for_nothing(
        &mut self,
        newest: &Directory,
        issuer: &str,
        second: u64,
        told: &str,
    ) {
        let (reply, _) = self.home.answers(&mut self.log, issuer, newest.version(), second);
        let now = at(second);
        for moment in [Moment::Now(now), Moment::WhenAnswered] {
            assert!(
                prove(reply.clone(), newest, moment).is_err(),
                "{told}: a former hub's answer counts"
            );
        }
        assert!(
            newest.hub_key(self.home.sign.id(), KeyUsage::Sign, now).is_err(),
            "{told}: a former hub's key counts"
        );
        assert!(
            open_checkpoint(&self.log.note(), newest, HUB, now).is_err(),
            "{told}: a former hub's tree head counts"
        );
        let tls = newest.hub_tls(&HUB.parse().unwrap()).unwrap();
        assert!(
            tls.supersedes(&self.home.tls_key(), self.home.validity().0),
            "{told}: a former hub's certificate counts"
        );
    }

    /// The authority neither renews it nor enrols it once more.
    pub fn is_not_taken_back(&self, authority: &mut Authority, second: u64) {
        assert!(authority.asked(&self.home.asks(), at(second)).is_err());
        let refused = authority
            .enrol_hub(&self.home.folder, &["localhost".into()], &[], at(second))
            .unwrap_err();
        assert!(refused.to_string().contains("its keys were revoked"), "{refused}");
    }
}

impl Past {
    /// What a hub answers in the last days, and in the last seconds, before it is enrolled anew at
    /// `second`; with a certificate of each.
    pub fn before(
        home: &Installation,
        log: &mut Log,
        directory: &Directory,
        sealing: (&str, &SigningKey),
        second: u64,
    ) -> Vec<Self> {
        let (issuer, key) = sealing;
        let of = |ago: u64| {
            let second = second - ago;
            let (reply, payload) = home.answers(log, issuer, directory.version(), second);
            let proven = prove(reply.clone(), directory, Moment::Now(at(second))).unwrap();
            let content = CertificateContent::try_new(
                &Affirmed::try_new(proven).unwrap(),
                &payload,
                &definition(),
            )
            .unwrap();
            let token = seal(&content, key, at(second)).unwrap().token;
            Self { reply, token, second }
        };
        [2 * DAY, 301, 299, 20, 1].map(of).into()
    }

    /// By the directory and by the published key set: as of its time, whatever became of the keys
    /// since.
    pub fn verifies(&self, directory: &Directory, second: u64, told: &str) {
        let proven = prove(self.reply.clone(), directory, Moment::WhenAnswered);
        assert!(proven.is_ok(), "{told}: answered on second {}: {proven:?}", self.second);
        if second > self.second + 29 * DAY {
            return;
        }
        let keys = JwkSet::parse(&directory.jwks().to_string()).unwrap();
        for root in [TrustRoot::Directory(directory), TrustRoot::Keys(&keys)] {
            let verified = verify(&self.token, root, at(second));
            assert!(
                verified.is_ok(),
                "{told}: answered on second {}: {:?}",
                self.second,
                verified.err()
            );
        }
    }
}
