//! A system's folder with real keys and certificates, a hub's key that answers what is asked of it,
//! and an open door. What seals is the client's own code, up to the hub's record.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use zerotrip_certificates::{
    CertificateContent, Fixed, HolderKey, Profile, Serial, checkpoint_origin, fix, seal,
};
use zerotrip_channel::SystemHome;
use zerotrip_checks::definition::{Definition, is_part, pack};
use zerotrip_client::issued::{Beside, Due, Ground, Register, Sealer};
use zerotrip_client::reply::KeptOne;
use zerotrip_proto::v1::answer::Outcome as Answered;
use zerotrip_proto::v1::entry_content::Body as EntryBody;
use zerotrip_proto::v1::request::Body as RequestBody;
use zerotrip_proto::v1::{
    self, Answer, CheckBody, Claim, Completion, Decision, ExchangeOutcome, ExchangeReply,
    HubIdentity, KeyDirectory, KeyUsage, LedgerReceipt, Member, Parameter, Request,
    SourceStatement, Status, System,
};
use zerotrip_proto::{hash_domain, payload_type, to_timestamp};
use zerotrip_trust::digest::{Digest, commit, random, sha256};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::entry;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::merkle::{CompactRange, NodeReader, inclusion_path, leaf_hash};
use zerotrip_trust::note::{Checkpoint, sign_checkpoint};
use zerotrip_trust::x509::{CertificateAuthority, TlsKey, make_csr, pem};

use crate::http::{Open, open};
use crate::issuing::{NotSealed, Sealing, Seals};
use crate::offers::{Made, Offers, configuration};
use crate::{Door, OFFER_LIFE, offer_uri};

pub(super) const FUND: &str = "spiffe://c.example/member/fund/system/desk";
pub(super) const HUB: &str = "spiffe://c.example/hub/main";
pub(super) const APPLICANT: &str = "11010519491231002X";
pub(super) const PURPOSE: &str = "loan";
const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) root: CertificateAuthority,
    pub(super) definition: Definition,
    authority: SigningKey,
    hub: SigningKey,
    checkpoint: SigningKey,
    pub(super) seals: Arc<SealsHere>,
    numbers: AtomicU64,
}

/// Seals as the client does; what the hub would record is counted.
pub(super) struct SealsHere {
    home: PathBuf,
    definition: Definition,
    /// The hub cannot be reached.
    pub(super) is_away: AtomicBool,
    pub(super) sealed: Mutex<Vec<String>>,
    /// Asked to seal.
    pub(super) is_asked: AtomicBool,
    /// Each seal passes it.
    pub(super) gate: Semaphore,
}

struct Nodes(HashMap<(u32, u64), Digest>);

impl NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

fn shipped() -> String {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(manifest.join("../certs/definitions/no-property")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if is_part(&name) {
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    pack(&files, "no-property").unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        let now = SystemTime::now();
        let key = |algorithm| SigningKey::generate(algorithm).unwrap();
        let definition = Definition::parse(&shipped(), "no-property").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let seals = SealsHere {
            home: folder.path().to_owned(),
            definition: definition.clone(),
            is_away: AtomicBool::new(false),
            sealed: Mutex::default(),
            is_asked: AtomicBool::new(false),
            gate: Semaphore::new(1),
        };
        let world = Self {
            root: CertificateAuthority::generate("c.example", now - DAY, 900 * DAY).unwrap(),
            authority: key(Algorithm::Ed25519),
            hub: key(Algorithm::Ed25519),
            checkpoint: key(Algorithm::Ed25519),
            seals: Arc::new(seals),
            numbers: AtomicU64::new(0),
            definition,
            folder,
        };
        world.join(now);
        world
    }

    /// Makes the system's folder.
    fn join(&self, now: SystemTime) {
        let (begins, ends) = (now - DAY, now + 90 * DAY);
        let fund: Identity = FUND.parse().unwrap();
        let write = |name: &str, text: &str| fs::write(self.path(name), text).unwrap();
        let identity =
            format!("system = \"{FUND}\"\nhub = \"{HUB}\"\nurl = \"https://127.0.0.1:1\"\n");
        write("identity.toml", &identity);
        write("ca.pem", &self.root.cert_pem());
        let authority = self.root.sign_authority_key(self.authority.public(), begins, ends);
        write("authority.pem", &pem::encode(pem::CERTIFICATE, &authority.unwrap()));
        let tls = TlsKey::generate().unwrap();
        let csr = make_csr(&tls, &fund, &[], &[]).unwrap();
        let certificate = self.root.sign_csr(&csr, &fund, &[], &[], begins, ends).unwrap();
        write("tls.pem", &pem::encode(pem::CERTIFICATE, &certificate));
        write("tls.key", &tls.to_pem());
        let (sign, seal) = (Algorithm::Ed25519, Algorithm::Es256);
        write("sign.key", &SigningKey::generate(sign).unwrap().to_pkcs8_pem());
        let seal = SigningKey::generate(seal).unwrap();
        write("seal.key", &seal.to_pkcs8_pem());
        let leaf = self.root.sign_seal_key(seal.public(), &fund, begins, ends).unwrap();
        write("seal.pem", &pem::encode(pem::CERTIFICATE, &leaf));
        fs::create_dir(self.path("lists")).unwrap();
        write("status.toml", "uri = \"https://status.example/fund\"\nfolder = \"lists\"\n");
        let verifier = SigningKey::generate(Algorithm::Es256).unwrap();
        write("request.key", &verifier.to_pkcs8_pem());
        let leaf = self.root.sign_seal_key(verifier.public(), &fund, begins, ends).unwrap();
        write("request.pem", &pem::encode(pem::CERTIFICATE, &leaf));
        self.home().keep_directory(&self.directory(now, seal.public())).unwrap();
    }

    fn directory(&self, now: SystemTime, seal: &zerotrip_trust::PublicKey) -> v1::Envelope {
        let key =
            |key: &zerotrip_trust::PublicKey, usage| key.to_proto(usage, now - DAY, now + 90 * DAY);
        let active = i32::from(Status::Active);
        let message = KeyDirectory {
            version: 3,
            trust_domain: "c.example".into(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + DAY)),
            members: vec![Member {
                id: "fund".into(),
                name_en: "fund".into(),
                name_zh: "公积金中心".into(),
                status: active,
                systems: vec![System {
                    uri: FUND.into(),
                    status: active,
                    keys: vec![key(seal, KeyUsage::Seal)],
                    administrator: false,
                    tls_key: vec![7; 32],
                }],
            }],
            hubs: vec![HubIdentity {
                uri: HUB.into(),
                status: active,
                keys: vec![
                    key(self.hub.public(), KeyUsage::Sign),
                    key(self.checkpoint.public(), KeyUsage::Checkpoint),
                ],
                tls_key: vec![7; 32],
            }],
        };
        Directory::seal(&message, &self.authority).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn home(&self) -> SystemHome {
        SystemHome::load(self.folder.path()).unwrap()
    }

    /// A true answer as it is kept, for this variant.
    pub(super) fn kept(&self, variant: &str) -> KeptOne {
        let (now, number) = (SystemTime::now(), self.numbers.fetch_add(1, Ordering::SeqCst));
        let id = format!("0190-{number}");
        let parameters = vec![Parameter { name: "applicant".into(), value: APPLICANT.to_owned() }];
        let body = CheckBody {
            check: "no-property".into(),
            variant: variant.to_owned(),
            parameters,
            ..CheckBody::default()
        };
        let request = Request {
            id: id.clone(),
            issuer: FUND.into(),
            audience: HUB.into(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(300))),
            official: "zhang".into(),
            service_item: "item-1".into(),
            purpose: PURPOSE.into(),
            legal_basis: "law-1".into(),
            case_number: "case-7".into(),
            body: Some(RequestBody::Check(body)),
        }
        .encode_to_vec();
        let claim = |name: &str, value: &str| Claim { name: name.into(), value: value.into() };
        let claims = vec![
            claim("check", "no-property"),
            claim("variant", variant),
            claim("regions", "330100,330200"),
        ];
        let fixed = fix(&self.definition, variant, &request, &claims).unwrap().unwrap();
        let reply = self.reply(&id, &request, (claims, &fixed), now);
        let (request, reply) = (STANDARD.encode(&request), STANDARD.encode(reply.encode_to_vec()));
        KeptOne::from_text(&format!(r#"{{"request":"{request}","reply":"{reply}"}}"#)).unwrap()
    }

    fn reply(
        &self,
        id: &str,
        request: &[u8],
        (claims, fixed): (Vec<Claim>, &Fixed),
        now: SystemTime,
    ) -> ExchangeReply {
        let source = SourceStatement {
            dataset: "estate.ownership".into(),
            owner: "estate".into(),
            as_of: Some(to_timestamp(now)),
            coverage_en: "the city".into(),
            coverage_zh: "全市".into(),
            receipt_commitment: sha256(b"receipt").to_vec(),
        };
        let answered = v1::Answered { answer: true, claims, ..v1::Answered::default() };
        let answer = Answer {
            request_id: id.to_owned(),
            request_commitment: commit(hash_domain::REQUEST, &[6; 32], request).to_vec(),
            hub: HUB.into(),
            answered_at: Some(to_timestamp(now)),
            decision: Some(Decision {
                allowed: true,
                policy_ids: vec!["grant:fund".into()],
                policy_digest: vec![7; 32],
                directory_version: 3,
                ..Decision::default()
            }),
            definition_digest: self.definition.digest.to_vec(),
            sources: vec![source],
            certificate: Some(fixed.terms.clone()),
            outcome: Some(Answered::Answered(answered)),
        };
        let salt = vec![9; 32];
        let completion = Completion {
            exchange_id: id.to_owned(),
            intent_index: 2,
            outcome: ExchangeOutcome::AnsweredTrue.into(),
            answer_commitment: commit(hash_domain::ANSWER, &salt, &answer.encode_to_vec()).to_vec(),
            receipt_commitments: vec![sha256(b"receipt").to_vec()],
            fact_commitment: vec![8; 32],
            ..Completion::default()
        };
        ExchangeReply {
            answer: Some(dsse::seal(payload_type::ANSWER, &answer, &self.hub).unwrap()),
            receipt: Some(self.receipt(EntryBody::Completion(completion), now)),
            answer_salt: salt,
            request_salt: vec![6; 32],
            openings: fixed.openings.clone(),
            ..ExchangeReply::default()
        }
    }

    fn receipt(&self, body: EntryBody, now: SystemTime) -> LedgerReceipt {
        let (entry, opening) = entry::seal(body, now).unwrap();
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
        LedgerReceipt {
            index: 5,
            entry,
            path: path.iter().map(|digest| digest.to_vec()).collect(),
            checkpoint: sign_checkpoint(&head, &self.checkpoint).unwrap(),
            opening: Some(opening),
        }
    }

    /// Opens the door; it asks for `loan`, and for `named`, which wants the applicant too.
    pub(super) async fn open(&self) -> (Open, String) {
        self.open_with("http", "").await
    }

    /// The same with more settings, before all tables; wallets are told the authority, too.
    pub(super) async fn open_so(&self, first: &str) -> (Open, String) {
        self.open_as("http", first, "").await
    }

    /// The same with more settings, behind those of a verifier.
    pub(super) async fn open_with(&self, scheme: &str, more: &str) -> (Open, String) {
        self.open_as(scheme, "", more).await
    }

    async fn open_as(&self, scheme: &str, first: &str, more: &str) -> (Open, String) {
        // The address is in the settings, so that the port is chosen first: below those that the
        // system gives to outgoing connections.
        let port = || 10_000 + u16::from_be_bytes(random().unwrap()) % 20_000;
        let is_free = |at: &SocketAddr| std::net::TcpListener::bind(at).is_ok();
        let mut all = std::iter::repeat_with(|| SocketAddr::from(([127, 0, 0, 1], port())));
        let at = all.find(is_free).unwrap();
        let kind = |name: &str, claims: &str| {
            format!(
                "[[request]]\nname = \"{name}\"\nvct = \"{}\"\nvariants = [\"couple\"]\npurpose = \
                 \"{PURPOSE}\"\nclaims = [{claims}]\nauthority = {}\n",
                self.definition.certificate.vct,
                !first.is_empty()
            )
        };
        let settings = format!(
            "uri = \"{scheme}://{at}\"\nname = {{ en = \"Fund\", zh = \"公积金中心\" }}\n\
             {first}[verifier]\nkey = \"request.key\"\ncertificate = \"request.pem\"\n\
             lists = \"lists\"\n{more}{}{}",
            kind("loan", ""),
            kind("named", "\"applicant\"")
        );
        fs::write(self.path("door.toml"), settings).unwrap();
        let seals: Arc<dyn Seals> = self.seals.clone();
        let door = Arc::new(Door::new(self.folder.path(), seals).unwrap());
        (open(door, at).await.unwrap(), format!("{scheme}://{at}"))
    }

    pub(super) fn offers(&self) -> Offers {
        Offers::of(self.folder.path())
    }

    /// An offer of a certificate on this variant.
    pub(super) fn offer(&self, variant: &str) -> Made {
        let (id, value) = configuration(&self.definition);
        let (kept, now) = (self.kept(variant), SystemTime::now());
        let until = now + Duration::from_secs(3600);
        self.offers().make((&id, &value), (&kept, until), (now, OFFER_LIFE)).unwrap()
    }

    pub(super) fn offer_uri(&self, door: &str, made: &Made) -> String {
        offer_uri(door, &self.definition.certificate.vct, &made.code)
    }

    /// Publishes the status lists anew.
    pub(super) fn publish(&self) {
        let (home, now) = (self.home(), SystemTime::now());
        let sealer = Sealer::load(&home).unwrap();
        Register::open(&home).unwrap().unwrap().publish(&sealer, now, Due::All).unwrap();
    }
}

impl SealsHere {
    fn seal_now(&self, kept: KeptOne, holders: &[HolderKey]) -> Result<Vec<String>, String> {
        let (home, now) = (SystemHome::load(&self.home).unwrap(), SystemTime::now());
        let directory = home.directory(now).map_err(|error| error.to_string())?;
        let kept = kept.verify((&home.system, &home.hub), &directory, now);
        let kept = kept.map_err(|error| error.to_string())?;
        let content = CertificateContent::try_new(&kept.affirmed, &kept.payload, &self.definition);
        let content = content.map_err(|error| error.to_string())?;
        let mut register = Register::open(&home).unwrap().unwrap();
        let exchange = kept.affirmed.proven().answer().request_id.clone();
        let question = format!("{}/{}", kept.question.check, kept.question.variant);
        let ground = Ground { exchange: &exchange, subject: None, question: &question };
        let entry = register.reserve(ground, Profile::Haip, 2026).unwrap();
        let copies = register.copies(&entry.serial).unwrap();
        if entry.token.is_some() {
            return Ok(copies.into_iter().filter_map(|copy| copy.token).collect());
        }
        let sealer = Sealer::load(&home).unwrap();
        let serial = Serial::read(&entry.serial, &home.uri()).unwrap();
        let leaf = sealer.certificate(&home.folder).unwrap();
        let (mut tokens, mut ends) = (Vec::new(), now);
        let places = register.places(&entry.serial, holders.len()).unwrap();
        for (holder, place) in holders.iter().zip(&places) {
            let content = content.clone().numbered(&serial, place).bound(holder, leaf.clone());
            let sealed = seal(&content, &sealer.key, now).map_err(|error| error.to_string())?;
            (tokens, ends) = ([tokens, vec![sealed.token]].concat(), sealed.valid_until);
        }
        let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
        register.sealed_copies(&entry.serial, &texts, (now, ends), Beside::None).unwrap();
        register.publish(&sealer, now, Due::Needed).unwrap();
        register.recorded(&entry.serial, 7).unwrap();
        Ok(tokens)
    }
}

impl Seals for SealsHere {
    fn seal<'a>(&'a self, kept: KeptOne, holders: &'a [HolderKey]) -> Sealing<'a> {
        Box::pin(async move {
            self.is_asked.store(true, Ordering::SeqCst);
            let _passed = self.gate.acquire().await.unwrap();
            if self.is_away.load(Ordering::SeqCst) {
                return Err(NotSealed::Later("away".to_owned()));
            }
            let tokens = self.seal_now(kept, holders).map_err(NotSealed::Never)?;
            self.sealed.lock().unwrap().extend(tokens.clone());
            Ok(tokens)
        })
    }
}

/// A value of JSON in a text.
pub(super) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}
