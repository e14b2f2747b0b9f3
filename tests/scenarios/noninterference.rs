//! What a member may not know changes nothing that it can read. Exchanges of another member, of
//! persons drawn at random and with every outcome, are followed by every call that there is, made
//! by members without a right to them; all that comes back is the same, down to sizes and texts,
//! but for salts, hashes and signatures. A call of the protos that is not classified here fails the
//! test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use prost::Message as _;
use tower::Service as _;
use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome, dial};
use zerotrip_client::{Errand, Outcome, Session};
use zerotrip_hub::api::guard::CALLS;
use zerotrip_proto::v1::entry_content::Body as Content;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    Answer, CheckBody, CheckManyBody, CheckManyReply, CountUnavailableRequest, DatasetQuality,
    EntryOpening, ErrorDetail, ExchangeCall, ExchangeReply, GetCheckpointReply, GetEntriesReply,
    GetEntriesRequest, GetFactRequest, GetJoinRequest, Intent, IssueBody, JoinRequest, LedgerEntry,
    LedgerReceipt, ListDatasetsReply, ListUnavailableRequest, Parameter, ProveConsistencyReply,
    ProveConsistencyRequest, ProveInclusionRequest, Request, SubjectList, UnavailableFilter,
};
use zerotrip_proto::{bounds, payload_type, to_timestamp};
use zerotrip_tests::city::Variant;
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, TRANSIT};
use zerotrip_trust::subject_list::SubjectTree;
use zerotrip_trust::{dsse, entry};

use crate::support::{
    DeployedCity, Dice, deploy, described_calls, errand, expected, question, runtime,
};

mod registers;

/// A member's connection, without the SDK between: what it reads is bytes.
struct Observer {
    home: SystemHome,
    client: Http2Client,
}

/// What is heard on each call, in its normal form.
type View = BTreeMap<String, Vec<String>>;

/// What the others did before an observer looks.
struct Trial {
    /// Leaves before it.
    base: u64,
    /// Its exchange.
    id: String,
    outcome: &'static str,
}

impl Observer {
    async fn of(town: &DeployedCity, member: &str) -> Self {
        let home = town.home(member);
        let stream = dial(&home.address, home.tls(bounds::ALPN_H2).unwrap()).await.unwrap();
        let (client, connection) =
            Http2Client::handshake(stream, Http2Bounds::STANDARD).await.unwrap();
        tokio::spawn(connection);
        Self { home, client }
    }

    /// The refusal's details, or the first message of the reply.
    async fn call(&mut self, path: &str, message: &[u8]) -> Result<Vec<u8>, ErrorDetail> {
        let framed =
            [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat();
        let body: UnsyncBoxBody<bytes::Bytes, std::convert::Infallible> =
            UnsyncBoxBody::new(Full::new(framed.into()));
        let request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let request = request.body(tonic::body::Body::new(body)).unwrap();
        std::future::poll_fn(|cx| self.client.poll_ready(cx)).await.unwrap();
        let response = self.client.call(request).await.unwrap();
        let refused = |status: tonic::Status| {
            let text = status.message().to_owned();
            ErrorDetail::decode(status.details()).ok().filter(|detail| detail.code != 0).unwrap_or(
                ErrorDetail {
                    code: i32::from(status.code()),
                    message_en: text,
                    ..ErrorDetail::default()
                },
            )
        };
        if let Some(status) = tonic::Status::from_header_map(response.headers())
            .filter(|status| status.code() != tonic::Code::Ok)
        {
            return Err(refused(status));
        }
        let mut body = response.into_body();
        let mut read = Vec::new();
        let whole = |read: &[u8]| {
            let length = read
                .get(1..5)
                .map(|length| u32::from_be_bytes(length.try_into().unwrap()) as usize);
            length.is_some_and(|length| read.len() >= 5 + length)
        };
        while !whole(&read) {
            let Some(frame) = body.frame().await else { break };
            match frame.unwrap().into_data() {
                Ok(data) => read.extend_from_slice(&data),
                Err(rest) => {
                    let trailers = rest.into_trailers().unwrap();
                    let status = tonic::Status::from_header_map(&trailers).unwrap();
                    return Err(refused(status));
                }
            }
        }
        Ok(read[5..].to_vec())
    }

    fn request(&self, body: Body) -> Vec<u8> {
        self.with_list(body, None)
    }

    fn with_list(&self, body: Body, subjects: Option<SubjectList>) -> Vec<u8> {
        let now = std::time::SystemTime::now();
        let request = Request {
            id: uuid::Uuid::now_v7().to_string(),
            issuer: self.home.uri(),
            audience: self.home.hub.uri(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(60))),
            official: "0471".into(),
            service_item: "rent-withdrawal-330100".into(),
            purpose: PURPOSE.into(),
            legal_basis: BASIS.into(),
            case_number: "1".into(),
            body: Some(body),
        };
        let request = Some(dsse::seal(payload_type::REQUEST, &request, &self.home.sign).unwrap());
        ExchangeCall { request, seen_size: 1, subjects, ..ExchangeCall::default() }.encode_to_vec()
    }

    /// What this member can say on each call that has to do with what the others did. Panics on a
    /// call that nobody has thought about.
    fn messages(&self, path: &str, trial: &Trial, applicant: &str) -> Vec<Vec<u8>> {
        match path {
            "/zerotrip.v1.Exchange/Check" => {
                let parameters =
                    vec![Parameter { name: "applicant".into(), value: applicant.into() }];
                let check = CheckBody {
                    check: "no-property".into(),
                    variant: "couple".into(),
                    parameters,
                    ..CheckBody::default()
                };
                vec![self.request(Body::Check(check))]
            }
            "/zerotrip.v1.Exchange/CheckMany" => {
                let check = CheckManyBody {
                    check: "no-property".into(),
                    variant: "couple".into(),
                    parameters: Vec::new(),
                    subject_parameter: "applicant".into(),
                    subjects: 1,
                    subjects_root: SubjectTree::new(&[7; 32], [applicant]).root().to_vec(),
                };
                let list =
                    SubjectList { secret: vec![7; 32], subjects: vec![applicant.to_owned()] };
                vec![self.with_list(Body::CheckMany(check), Some(list))]
            }
            // The exchange of another system, and one that nobody knows.
            "/zerotrip.v1.Exchange/Issue" => {
                let issue = |exchange_id: String, place: Option<u32>| {
                    let valid_until =
                        Some(to_timestamp(std::time::SystemTime::now() + Duration::from_secs(60)));
                    self.request(Body::Issue(IssueBody {
                        exchange_id,
                        certificate_digest: vec![7; 32],
                        valid_until,
                        place,
                    }))
                };
                let ids = [trial.id.clone(), uuid::Uuid::now_v7().to_string()];
                ids.iter()
                    .flat_map(|id| [None, Some(0)].map(|place| issue(id.clone(), place)))
                    .collect()
            }
            "/zerotrip.v1.Ledger/GetEntries" => [1, 2, 1000]
                .map(|count| GetEntriesRequest { start: trial.base, count }.encode_to_vec())
                .into(),
            "/zerotrip.v1.Ledger/ProveInclusion" => [0, 1]
                .map(|at| ProveInclusionRequest { index: trial.base + at }.encode_to_vec())
                .into(),
            "/zerotrip.v1.Ledger/GetFact" => {
                let ids = [trial.id.clone(), uuid::Uuid::now_v7().to_string()];
                let fact = |id: &String, place: Option<u32>| {
                    GetFactRequest { exchange_id: id.clone(), place }.encode_to_vec()
                };
                ids.iter().flat_map(|id| [None, Some(0)].map(|place| fact(id, place))).collect()
            }
            // Numbers of one's own datasets, of which this member has none: also where it names
            // another's.
            "/zerotrip.v1.Ledger/CountUnavailable" => {
                let of = |dataset: &str| UnavailableFilter {
                    dataset: dataset.to_owned(),
                    ..UnavailableFilter::default()
                };
                [None, Some(of("estate.ownership")), Some(of("police.household"))]
                    .map(|filter| CountUnavailableRequest { filter }.encode_to_vec())
                    .into()
            }
            // An administrator's: refused to members.
            "/zerotrip.v1.Ledger/ListUnavailable" => {
                vec![ListUnavailableRequest { most: 10, ..Default::default() }.encode_to_vec()]
            }
            "/zerotrip.v1.Ledger/ProveConsistency" => {
                vec![
                    ProveConsistencyRequest { from_size: trial.base, to_size: trial.base + 2 }
                        .encode_to_vec(),
                ]
            }
            "/zerotrip.v1.Authority/Join" => {
                vec![JoinRequest { token: vec![1; 32], ..JoinRequest::default() }.encode_to_vec()]
            }
            "/zerotrip.v1.Authority/GetJoin" => {
                vec![GetJoinRequest { token: vec![1; 32] }.encode_to_vec()]
            }
            // Nothing is said on these.
            "/zerotrip.v1.Catalog/ListDatasets"
            | "/zerotrip.v1.Catalog/ListChecks"
            | "/zerotrip.v1.Ledger/GetCheckpoint"
            | "/zerotrip.v1.Authority/GetDirectory"
            | "/zerotrip.v1.Authority/GetGrants"
            | "/grpc.health.v1.Health/Check"
            | "/grpc.health.v1.Health/Watch"
            | "/grpc.health.v1.Health/List" => vec![vec![]],
            // An administrator's: refused to members.
            "/zerotrip.v1.Authority/Invite"
            | "/zerotrip.v1.Authority/ListJoins"
            | "/zerotrip.v1.Authority/Admit"
            | "/zerotrip.v1.Authority/PublishDirectory"
            | "/zerotrip.v1.Authority/PublishGrants"
            | "/zerotrip.v1.Authority/ListRenewals"
            | "/zerotrip.v1.Authority/AdmitRenewal" => vec![vec![]],
            // Open, for a holder's own signed request: what is none is refused.
            "/zerotrip.v1.Authority/Renew" => vec![vec![]],
            // Served by connectors to the hub alone, never by the hub.
            "/zerotrip.v1.Connector/PushDirectory"
            | "/zerotrip.v1.Connector/Describe"
            | "/zerotrip.v1.Connector/Notice"
            | "/zerotrip.v1.Connector/Scan" => vec![vec![]],
            // The protos as they were compiled in, by a stream of questions.
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
            | "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" => vec![],
            other => panic!(
                "`{other}` is not classified: say here what a member without a right may learn by \
                 it"
            ),
        }
    }

    /// Everything that this member can read after a trial, call by call, in its normal form.
    async fn view(&mut self, trial: &Trial, applicant: &str) -> View {
        let mut view = View::new();
        for path in calls() {
            let mut heard = Vec::new();
            for message in self.messages(&path, trial, applicant) {
                let reply = self.call(&path, &message).await;
                heard.push(match &reply {
                    Ok(reply) => normal(&path, reply),
                    Err(detail) => refusal(detail),
                });
            }
            view.insert(path, heard);
        }
        view
    }
}

/// Every call of the protos and of the guard's table.
fn calls() -> BTreeSet<String> {
    let mut calls = described_calls();
    calls.extend(CALLS.iter().map(|(path, _)| (*path).to_owned()));
    calls
}

/// Where the refusal is recorded, and the salt of that: one's own.
fn refusal(detail: &ErrorDetail) -> String {
    let reference: String =
        detail.reference.chars().filter(|one| !one.is_ascii_hexdigit()).collect();
    format!("refused {} {} {} {reference}", detail.code, detail.message_en, detail.message_zh)
}

/// Structure, sizes and words: without salts, hashes, signatures, times of one's own, and the place
/// in the log.
fn normal(path: &str, reply: &[u8]) -> String {
    match path {
        "/zerotrip.v1.Exchange/Check" => own(&ExchangeReply::decode(reply).unwrap()),
        "/zerotrip.v1.Exchange/CheckMany" => {
            let CheckManyReply { reply, leaves, .. } = CheckManyReply::decode(reply).unwrap();
            let sizes = leaves.iter().map(|leaf| (leaf.salt.len(), leaf.payload.len()));
            format!("{} {:?}", own(&reply.unwrap()), sizes.collect::<Vec<_>>())
        }
        "/zerotrip.v1.Catalog/ListDatasets" => ListDatasetsReply::decode(reply)
            .unwrap()
            .datasets
            .iter()
            .fold(String::new(), |mut all, one| {
                let quality = one.quality.as_ref().map(|envelope| {
                    let quality = DatasetQuality::decode(envelope.payload.as_slice()).unwrap();
                    DatasetQuality { as_of: None, looked_at: None, ..quality }
                });
                write!(all, "{:?} {} {quality:?}", one.statement, one.attached).unwrap();
                all
            }),
        "/zerotrip.v1.Ledger/GetCheckpoint" => {
            note(&GetCheckpointReply::decode(reply).unwrap().checkpoint)
        }
        "/zerotrip.v1.Ledger/GetEntries" => {
            let GetEntriesReply { entries, openings } = GetEntriesReply::decode(reply).unwrap();
            let one =
                |(leaf, opening): (&Vec<u8>, &EntryOpening)| leaf_in_words(leaf, Some(opening));
            assert_eq!(entries.len(), openings.len());
            entries.iter().zip(&openings).map(one).collect::<Vec<_>>().join(" ")
        }
        "/zerotrip.v1.Ledger/ProveInclusion" => receipt(&LedgerReceipt::decode(reply).unwrap()),
        "/zerotrip.v1.Ledger/ProveConsistency" => {
            // How many there are follows from the two sizes.
            let path = ProveConsistencyReply::decode(reply).unwrap().path;
            format!("{:?}", path.iter().map(Vec::len).collect::<BTreeSet<_>>())
        }
        _ => hex::encode(reply),
    }
}

/// A leaf: its bytes where they are in the clear, else its size; and what it says, where that is
/// opened to the reader.
fn leaf_in_words(leaf: &[u8], opening: Option<&EntryOpening>) -> String {
    let body = LedgerEntry::decode(leaf).unwrap();
    let opening = opening.filter(|opening| **opening != EntryOpening::default());
    match (body.body, opening) {
        (Some(Leaf::Bundle(_)), None) => hex::encode(leaf),
        (Some(Leaf::Sealed(_)), None) => format!("sealed({}, {:?})", leaf.len(), body.at),
        (Some(Leaf::Sealed(_)), Some(opening)) => {
            match entry::open(leaf, opening).unwrap().body.unwrap() {
                // Without its own id and time, which are the reader's, or were shown to it.
                Content::Intent(intent) => {
                    let Intent {
                        issuer,
                        action,
                        purpose,
                        legal_basis,
                        service_item,
                        policy_ids,
                        directory_version,
                        ..
                    } = intent;
                    format!(
                        "intent({issuer}, {action}, {purpose}, {legal_basis}, {service_item}, \
                         {policy_ids:?}, {directory_version})"
                    )
                }
                Content::Completion(done) => format!(
                    "completion({}, {}, {})",
                    done.outcome,
                    done.code,
                    done.fact_commitment.len()
                ),
                Content::Refusal(refusal) => format!("refusal({}, {})", refusal.peer, refusal.code),
                Content::Reconciliation(_) => "reconciliation".into(),
            }
        }
        (other, _) => panic!("a leaf of an unknown kind: {other:?}"),
    }
}

fn note(text: &str) -> String {
    let [origin, size, root, blank, signature] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("another note: {text}")
    };
    assert!(size.parse::<u64>().is_ok());
    format!("{origin} {} {blank} {} {}", root.len(), signature.len(), text.lines().count())
}

fn receipt(receipt: &LedgerReceipt) -> String {
    let widths: BTreeSet<usize> = receipt.path.iter().map(Vec::len).collect();
    format!(
        "{} {widths:?} {}",
        leaf_in_words(&receipt.entry, receipt.opening.as_ref()),
        note(&receipt.checkpoint)
    )
}

/// One's own answer.
fn own(reply: &ExchangeReply) -> String {
    let answer = Answer::decode(reply.answer.as_ref().unwrap().payload.as_slice()).unwrap();
    let answer = Answer {
        request_id: String::new(),
        request_commitment: vec![],
        answered_at: None,
        ..answer
    };
    format!("{answer:?} {} {}", receipt(reply.receipt.as_ref().unwrap()), reply.openings.len())
}

async fn size(session: &Session) -> u64 {
    let head = session
        .connection()
        .ledger()
        .get_checkpoint(zerotrip_proto::v1::GetCheckpointRequest {})
        .await
        .unwrap();
    head.into_inner().checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

/// Asks about somebody drawn at random of whom this is the outcome.
async fn trial(
    town: &DeployedCity,
    session: &mut Session,
    outcome: &'static str,
    dice: &mut Dice,
) -> Trial {
    let key = town.keys().remove(0);
    // A denial is about anybody; what is unavailable for a department's own records concerns it.
    let fits = |id: &&str| {
        let (word, _, dataset) = expected(&key, id, Variant::Couple);
        outcome == "denied" || (word == outcome && !dataset.starts_with("civil."))
    };
    let drawn: Vec<&str> = town.city.ids.iter().map(|id| id.as_str()).filter(fits).collect();
    let base = size(session).await;
    let applicant = drawn[dice.below(drawn.len())].to_owned();
    let purpose = if outcome == "denied" { "curiosity" } else { PURPOSE };
    let errand = Errand { purpose: purpose.into(), ..errand() };
    let found = session.check(&errand, &question("couple", &applicant)).await.unwrap();
    let word = match &found {
        Outcome::Affirmed(_) => "true",
        Outcome::Negative(_) => "false",
        Outcome::Unavailable(_) => "unavailable",
        Outcome::Denied(_) => "denied",
    };
    assert_eq!(word, outcome);
    assert_eq!(size(session).await, base + 2, "whatever came of it, an exchange is two leaves");
    Trial { base, id: found.proven().answer().request_id.clone(), outcome }
}

/// Hidden data at random; a stranger and a department that was asked read the same all the time.
#[test]
fn what_a_member_may_not_know_changes_nothing_that_it_reads() {
    let seed = std::env::var("ZEROTRIP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(12);
    let mut dice = Dice(seed);
    let town = deploy(200, 23);
    let applicant = town.cast("nothing_owned").0;
    runtime().block_on(async {
        let mut session = town.session().await;
        let mut stranger = Observer::of(&town, TRANSIT).await;
        let mut department = Observer::of(&town, "civil").await;
        let mut asker = Observer::of(&town, FUND).await;
        let mut views: [Vec<(&str, View)>; 3] = Default::default();
        for outcome in ["true", "false", "unavailable", "denied", "false", "unavailable", "true"] {
            let trial = trial(&town, &mut session, outcome, &mut dice).await;
            views[0].push((trial.outcome, stranger.view(&trial, &applicant).await));
            // A department learns with each scan who asks what; that it is not asked, it knows as
            // well.
            if outcome != "denied" {
                views[1].push((trial.outcome, department.view(&trial, &applicant).await));
            }
            views[2].push((trial.outcome, asker.view(&trial, &applicant).await));
        }
        let entries = "/zerotrip.v1.Ledger/GetEntries";
        for (who, seen) in [("a stranger", &views[0]), ("a department", &views[1])] {
            let (first, then) = seen.split_first().unwrap();
            for (outcome, view) in then {
                for (path, heard) in view {
                    assert_eq!(
                        heard, &first.1[path],
                        "{who} can tell {outcome} from {} by {path} (seed {seed})",
                        first.0
                    );
                }
            }
        }
        assert!(
            views[0][0].1[entries][1].starts_with("sealed(34, None) sealed(34, None)"),
            "{:?}",
            views[0][0].1[entries]
        );
        assert!(
            views[1][0].1[entries][1].starts_with("intent("),
            "a department sees who asked it: {:?}",
            views[1][0].1[entries]
        );
        assert!(
            views[1][0].1[entries][1].ends_with("sealed(34, None)"),
            "and not what came of it: {:?}",
            views[1][0].1[entries]
        );
        // The comparison sees what there is to see: the system that asked reads its outcomes.
        let told: BTreeSet<&str> =
            views[2].iter().map(|(_, view)| view[entries][1].as_str()).collect();
        assert!(told.len() >= 4, "{told:?}");
    });
    // The files, which are for anybody.
    let folder = town.deployment.folder.join("ledger/tile/entries");
    let mut sizes = BTreeSet::new();
    for bundle in files(&folder) {
        let leaves =
            zerotrip_trust::tiles::decode_entries(&std::fs::read(bundle).unwrap()).unwrap();
        let sealed = |leaf: &Vec<u8>| {
            matches!(LedgerEntry::decode(leaf.as_slice()).unwrap().body, Some(Leaf::Sealed(_)))
        };
        sizes.extend(leaves.iter().filter(|leaf| sealed(leaf)).map(Vec::len));
    }
    assert_eq!(sizes, BTreeSet::from([34]));
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    inside.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The authority reads all; a member that something is withheld from is told how much.
#[test]
fn the_authority_reads_all_and_a_member_its_own() {
    let town = deploy(60, 31);
    runtime().block_on(async {
        let mut session = town.session().await;
        let mut dice = Dice(3);
        for outcome in ["true", "denied"] {
            trial(&town, &mut session, outcome, &mut dice).await;
        }
    });
    let verified = |member: &str| {
        let path = town.deployment.path(member);
        let value = town
            .deployment
            .zerotrip(&["--json", "ledger", "verify", "--dir", &path])
            .unwrap()
            .expect(0)
            .unwrap()
            .json()
            .unwrap();
        let counts = value["report"]["counts"].clone();
        ["sealed", "intents", "answered_true", "denied"].map(|name| counts[name].as_u64().unwrap())
    };
    assert_eq!(verified("authority"), [0, 2, 1, 1]);
    assert_eq!(verified(FUND), [0, 2, 1, 1]);
    assert_eq!(verified("civil"), [3, 1, 0, 0]);
    assert_eq!(verified(TRANSIT), [4, 0, 0, 0]);
}
