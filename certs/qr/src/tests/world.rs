//! Organs, a hub and its ledger, and certificates on the hub's answers: what a QR is made of. Tests
//! of other crates have this file too.
#![allow(dead_code, reason = "not every crate's tests need all of it")]

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_certificates::status::{
    Bits, LEAST_PLACES, StatusList, StatusReference, sign_cwt_list, sign_list,
};
use zerotrip_certificates::{
    Affirmed, CertificateContent, Fact, HolderKey, JwkSet, Moment, Serial, VerifiedCertificate,
    checkpoint_origin, fact_terms, fix, fix_facts, prove, seal,
};
use zerotrip_checks::definition::{Definition, is_part, pack};
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::request::Body as RequestBody;
use zerotrip_proto::v1::{
    Answer, Answered, CheckBody, Claim, Completion, Decision, ExchangeOutcome, ExchangeReply,
    FactTerms, HubIdentity, KeyDirectory, KeyUsage, LedgerReceipt, Member, Parameter, Request,
    SourceStatement, Status, System,
};
use zerotrip_proto::{bounds, hash_domain, payload_type, to_timestamp};
use zerotrip_text::Bilingual;
use zerotrip_trust::digest::{Digest, commit, sha256};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::merkle::{CompactRange, NodeReader, inclusion_path, leaf_hash};
use zerotrip_trust::note::{Checkpoint, sign_checkpoint};
use zerotrip_trust::x509::CertificateAuthority;
use zerotrip_trust::{dsse, entry};

const HUB: &str = "spiffe://c.example/hub/main";
pub(super) const FUND: &str = "spiffe://c.example/member/fund/system/desk";
pub(super) const TAX: &str = "spiffe://c.example/member/tax/system/desk";
pub(super) const PERSON: &str = "11010519491231002X";
pub(super) const LIST: &str = "https://status.example/fund/1.jwt";
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn claim(name: &str, value: &str) -> Claim {
    Claim { name: name.into(), value: value.into() }
}

/// Every check that ships.
pub(super) fn definitions() -> Vec<Definition> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| folder().join(name).join("check.toml").exists());
    names.sort();
    names.iter().map(|name| packed(name)).collect()
}

fn folder() -> std::path::PathBuf {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let above = own.ancestors().map(|folder| folder.join("certs/definitions"));
    above.into_iter().find(|folder| folder.is_dir()).unwrap()
}

fn packed(check: &str) -> Definition {
    let folder = folder().join(check);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if is_part(&name) {
            files.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    Definition::parse(&pack(&files, check).unwrap(), check).unwrap()
}

/// All that a page is to say, of what the certificate says.
pub(super) fn words_of(certificate: &VerifiedCertificate) -> Vec<String> {
    let both = |text: &Bilingual| [text.en.clone(), text.zh.clone()];
    let facts = certificate.disclosed.facts.iter().flat_map(|fact| {
        [[fact.terms.title_en.clone(), fact.terms.title_zh.clone()], both(&fact.in_words())]
            .concat()
    });
    let sources = certificate.sources.iter().flat_map(|source| {
        let coverage = [source.coverage_en.clone(), source.coverage_zh.clone()];
        [&coverage[..], std::slice::from_ref(&source.dataset)].concat()
    });
    let shown = certificate.disclosed.claims.values().cloned();
    let regions = certificate.scope["regions"].iter().cloned();
    let texts = [&certificate.title, &certificate.persons, &certificate.statement];
    texts
        .into_iter()
        .flat_map(both)
        .chain(facts)
        .chain(sources)
        .chain(shown)
        .chain(regions)
        .collect()
}

struct Nodes(HashMap<(u32, u64), Digest>);

impl NodeReader for Nodes {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.0.get(&(level, index)).copied()
    }
}

pub(super) struct World {
    authority: SigningKey,
    hub: SigningKey,
    checkpoint: SigningKey,
    /// The sealing key of the fund.
    pub(super) seal: SigningKey,
    /// That of the tax office.
    pub(super) tax: SigningKey,
}

impl World {
    pub(super) fn new() -> Self {
        let ed = || SigningKey::generate(Algorithm::Ed25519).unwrap();
        let es = || SigningKey::generate(Algorithm::Es256).unwrap();
        Self { authority: ed(), hub: ed(), checkpoint: ed(), seal: es(), tax: es() }
    }

    pub(super) fn directory(&self, change: impl FnOnce(&mut KeyDirectory)) -> Directory {
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
        let hub = HubIdentity {
            uri: HUB.into(),
            status: active,
            keys: vec![key(&self.hub, KeyUsage::Sign), key(&self.checkpoint, KeyUsage::Checkpoint)],
            tls_key: vec![7; 32],
        };
        let mut message = KeyDirectory {
            version: 3,
            trust_domain: "c.example".into(),
            issued_at: Some(to_timestamp(at(5))),
            expires_at: Some(to_timestamp(at(900_000_000))),
            members: vec![member("fund", FUND, &self.seal), member("tax", TAX, &self.tax)],
            hubs: vec![hub],
        };
        change(&mut message);
        let envelope = Directory::seal(&message, &self.authority).unwrap();
        Directory::open(&envelope, self.authority.public(), at(10), 0).unwrap()
    }

    /// The same as the published key set.
    pub(super) fn keys(&self, change: impl FnOnce(&mut KeyDirectory)) -> JwkSet {
        JwkSet::parse(&self.jwks(change)).unwrap()
    }

    pub(super) fn jwks(&self, change: impl FnOnce(&mut KeyDirectory)) -> String {
        self.directory(change).jwks().to_string()
    }

    /// A certificate of the fund with no place in any list.
    pub(super) fn plain(&self) -> String {
        self.certificate(("no-property", "couple"), &[], |content| content)
    }

    /// One with a number and the seventh place of the list.
    pub(super) fn numbered(&self) -> String {
        self.certificate(("no-property", "couple"), &[], in_list)
    }

    /// One that is bound to its holder's key.
    pub(super) fn bound(&self) -> String {
        let root = CertificateAuthority::generate("c.example", at(0), 900 * DAY).unwrap();
        let leaf =
            root.sign_seal_key(self.seal.public(), &FUND.parse().unwrap(), at(0), at(0) + 90 * DAY);
        let holder = SigningKey::generate(Algorithm::Es256).unwrap();
        let holder = HolderKey::read(&holder.public().to_jwk().to_string()).unwrap();
        self.certificate(("no-property", "couple"), &[], |content| {
            in_list(content).bound(&holder, leaf.unwrap())
        })
    }

    /// One that shows two values.
    pub(super) fn with_facts(&self) -> String {
        let facts = [("class", "c1"), ("valid_until", "2030-06")];
        self.certificate(("driving-licence", "licensed"), &facts, in_list)
    }

    fn certificate(
        &self,
        (check, variant): (&str, &str),
        facts: &[(&str, &str)],
        change: impl FnOnce(CertificateContent) -> CertificateContent,
    ) -> String {
        let definition = packed(check);
        let errand = Request {
            purpose: "rent-withdrawal".into(),
            case_number: "case-7".into(),
            ..Request::default()
        };
        let value = |terms: &FactTerms| {
            json!(facts.iter().find(|(known, _)| *known == terms.name).unwrap().1)
        };
        let sources = vec![source("civil.marriage", 3), source("estate.ownership", 1)];
        let asked = Asked { definition: &definition, variant, errand, regions: "330100,330200" };
        change(self.content(asked, value, sources)).seal_at(&self.seal)
    }

    /// One on a variant of a check, with a number, that says all that it can at its longest.
    pub(super) fn longest(&self, definition: &Definition, variant: &str) -> String {
        let text = "杭州市住房公积金管理中心城北分中心贷款与提取业务受理窗口".chars().cycle();
        let text: String = text.take(bounds::TEXT_CHARS).collect();
        let errand = Request {
            official: text.clone(),
            service_item: text.clone(),
            purpose: text.clone(),
            legal_basis: text.clone(),
            case_number: text,
            ..Request::default()
        };
        let regions: Vec<String> = (0..16).map(|place| (330_100 + place).to_string()).collect();
        let asked = Asked { definition, variant, errand, regions: &regions.join(",") };
        let sources = definition.datasets.iter().map(|dataset| long_source(&dataset.id)).collect();
        in_list(self.content(asked, longest_value, sources)).seal_at(&self.seal)
    }

    fn content(
        &self,
        Asked { definition, variant, errand, regions }: Asked<'_>,
        value: impl Fn(&FactTerms) -> Value,
        sources: Vec<SourceStatement>,
    ) -> CertificateContent {
        let check = definition.name.as_str();
        // Of whom is asked about, whatever it is.
        let parameters = definition.parameters.iter();
        let parameters = parameters
            .map(|one| Parameter { name: one.name.clone(), value: PERSON.into() })
            .collect();
        let body = CheckBody {
            check: check.into(),
            variant: variant.into(),
            parameters,
            ..CheckBody::default()
        };
        let request = Request {
            id: "0190-1".into(),
            issuer: FUND.into(),
            body: Some(RequestBody::Check(body)),
            ..errand
        }
        .encode_to_vec();
        let claims =
            vec![claim("check", check), claim("variant", variant), claim("regions", regions)];
        let terms = fact_terms(definition, variant);
        let facts: Vec<Fact> =
            terms.iter().map(|terms| Fact::read(terms, &value(terms)).unwrap()).collect();
        let (digests, openings) = fix_facts(&facts).unwrap();
        let fixed = fix(definition, variant, &request, &claims).unwrap().unwrap();
        let fixed = fixed.with_facts(&digests);
        let answered = Answered {
            answer: true,
            claims,
            facts: terms,
            fact_digests: digests,
            ..Answered::default()
        };
        let answer = Answer { sources, ..answer(definition, &request, &fixed.terms, answered) };
        let openings = [fixed.openings, openings].concat();
        let reply = self.reply(&answer, openings);
        let proven = prove(reply, &self.directory(|_| ()), Moment::Now(at(101))).unwrap();
        let affirmed = Affirmed::try_new(proven).unwrap();
        CertificateContent::try_new(&affirmed, &request, definition).unwrap()
    }

    fn reply(&self, answer: &Answer, openings: Vec<String>) -> ExchangeReply {
        let salt = vec![9; 32];
        let completion = Completion {
            exchange_id: answer.request_id.clone(),
            intent_index: 2,
            outcome: ExchangeOutcome::AnsweredTrue.into(),
            answer_commitment: commit(hash_domain::ANSWER, &salt, &answer.encode_to_vec()).to_vec(),
            receipt_commitments: answer
                .sources
                .iter()
                .map(|source| source.receipt_commitment.clone())
                .collect(),
            fact_commitment: vec![8; 32],
            ..Completion::default()
        };
        ExchangeReply {
            answer: Some(dsse::seal(payload_type::ANSWER, answer, &self.hub).unwrap()),
            receipt: Some(self.receipt(completion)),
            answer_salt: salt,
            request_salt: vec![6; 32],
            openings,
            ..ExchangeReply::default()
        }
    }

    fn receipt(&self, completion: Completion) -> LedgerReceipt {
        let (entry, opening) = entry::seal(Body::Completion(completion), at(100)).unwrap();
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

    /// A list in which the seventh place has this value.
    pub(super) fn list(&self, key: &SigningKey, uri: &str, value: u8) -> String {
        sign_list(key, (uri, &seventh(value)), at(2000), (DAY, DAY)).unwrap()
    }

    /// The same as a CWT.
    pub(super) fn cwt_list(&self, key: &SigningKey, uri: &str, value: u8) -> Vec<u8> {
        sign_cwt_list(key, (uri, &seventh(value)), at(2000), (DAY, DAY)).unwrap()
    }
}

/// What is asked, and for what.
struct Asked<'a> {
    definition: &'a Definition,
    variant: &'a str,
    errand: Request,
    regions: &'a str,
}

trait Sealing {
    fn seal_at(&self, key: &SigningKey) -> String;
}

impl Sealing for CertificateContent {
    fn seal_at(&self, key: &SigningKey) -> String {
        seal(self, key, at(110)).unwrap().token
    }
}

/// A value of a fact at its longest.
fn longest_value(terms: &FactTerms) -> Value {
    let longest = terms.words.iter().max_by_key(|word| word.text_en.len() + word.text_zh.len());
    match terms.r#type.as_str() {
        "date" => json!("2026-12-31"),
        "month" => json!("2026-12"),
        "months" => json!(1_200),
        "fen" => json!(99_999_999_999_u64),
        "count" => json!(1_000_000),
        "code" => json!(longest.unwrap().word),
        "region" => json!("330106"),
        "name" => {
            let name = "杭州西子湖畔新能源汽车零部件制造与国际贸易服务".chars().cycle();
            json!(name.take(64).collect::<String>())
        }
        other => panic!("{other}"),
    }
}

fn source(dataset: &str, as_of: u64) -> SourceStatement {
    SourceStatement {
        dataset: dataset.into(),
        owner: dataset.split('.').next().unwrap().into(),
        as_of: Some(to_timestamp(at(as_of))),
        coverage_en: "the city".into(),
        coverage_zh: "全市".into(),
        receipt_commitment: sha256(dataset.as_bytes()).to_vec(),
    }
}

/// With as long a coverage as an owner would state.
fn long_source(dataset: &str) -> SourceStatement {
    SourceStatement {
        coverage_en: "Every record of the eleven districts and two counties since the register \
                      began in 1994, with those of before where their holders asked for it; \
                      records of the former county registers were taken over in 2001 and 2017"
            .into(),
        coverage_zh:
            "本市所辖十一区两县自一九九四年登记工作开展以来的全部登记记录，含权利人申请补录的\
                      以往记录；原各县登记机构的记录已于二〇〇一年、二〇一七年分批并入"
                .into(),
        ..source(dataset, 1)
    }
}

fn seventh(value: u8) -> StatusList {
    let mut list = StatusList::new(Bits::Two, LEAST_PLACES).unwrap();
    list.set(7, value).unwrap();
    list
}

fn in_list(content: CertificateContent) -> CertificateContent {
    let serial = Serial::new(&FUND.parse().unwrap(), 2027, 1).unwrap();
    content.numbered(&serial, &StatusReference { uri: LIST.into(), place: 7 })
}

fn answer(
    definition: &Definition,
    request: &[u8],
    terms: &zerotrip_proto::v1::CertificateTerms,
    answered: Answered,
) -> Answer {
    Answer {
        request_id: "0190-1".into(),
        request_commitment: commit(hash_domain::REQUEST, &[6; 32], request).to_vec(),
        hub: HUB.into(),
        answered_at: Some(to_timestamp(at(100))),
        decision: Some(Decision {
            allowed: true,
            policy_ids: vec!["grant:fund".into()],
            policy_digest: vec![7; 32],
            directory_version: 3,
            ..Decision::default()
        }),
        definition_digest: definition.digest.to_vec(),
        certificate: Some(terms.clone()),
        outcome: Some(Outcome::Answered(answered)),
        ..Answer::default()
    }
}
