//! Invariant 2 under fire: killed, stalled, truncated, stale, shrunken, drifting and lying sources.
//! Whatever happens to a source, the check is unavailable and names it; never a false certificate.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::utils::batches_to_flight_data;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use futures::{Stream, StreamExt, stream};
use prost::Message as _;
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Runtime;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use zerotrip_channel::{Http2Bounds, SystemHome, dial, serve};
use zerotrip_client::{Outcome, Session};
use zerotrip_proto::v1::connector_server::{Connector, ConnectorServer};
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{
    AnswerPart, DescribeReply, DescribeRequest, Envelope, ErrorCode, NoticeReply, NoticeRequest,
    PushDirectoryReply, PushDirectoryRequest, ScanCall, ScanCalls, ScanFacts, ScanReceipt,
    ScanReplies, ScanReply, ScanTicket, ScanTrailer, SmallAnswer,
};
use zerotrip_proto::{bounds, hash_domain, payload_type, to_timestamp};
use zerotrip_tests::deployment::{FUND, Running, run, wait_until};
use zerotrip_tests::rows::Rows;
use zerotrip_trust::digest::{Hasher, sha256_parts};
use zerotrip_trust::{dsse, receipt};

use crate::support::{DeployedCity, deploy, errand, in_words, question, runtime};

pub(crate) async fn ask(
    session: &mut Session,
    town: &DeployedCity,
    role: &str,
) -> (&'static str, String, String) {
    let (applicant, variant) = town.cast(role);
    in_words(&session.check(&errand(), &question(variant, &applicant)).await.unwrap())
}

pub(crate) fn unavailable(code: ErrorCode, dataset: &str) -> (&'static str, String, String) {
    ("unavailable", code.as_told().name().to_owned(), dataset.to_owned())
}

pub(crate) fn database(town: &DeployedCity, name: &str) -> Connection {
    Connection::open(town.deployment.folder.join("city").join(name)).unwrap()
}

/// The town, while one fault after another befalls its sources.
struct Faulty {
    town: DeployedCity,
    session: Session,
    runtime: Runtime,
    /// When the extract of the title register began, as it says itself.
    began_at: String,
    /// The presale register's dataset file, and its drop.
    description: String,
    drop: Vec<u8>,
}

/// What is answered under a fault.
enum Answered {
    True,
    False,
    /// Unavailable, with this code and dataset.
    Unavailable(ErrorCode, &'static str),
    /// Unavailable with any code, for this dataset.
    UnavailableFrom(&'static str),
}

/// A fault, what is answered to whom meanwhile, and its end: then all is as before.
struct Fault {
    name: &'static str,
    befalls: fn(&mut Faulty),
    answers: &'static [(&'static str, Answered)],
    /// In which the answers must come.
    within: Duration,
    ends: fn(&mut Faulty),
}

const ANY_TIME: Duration = Duration::from_secs(600);

impl Faulty {
    fn new() -> Self {
        let (town, runtime) = (deploy(400, 13), runtime());
        let session = runtime.block_on(town.session());
        let began_at = database(&town, "estate/ownership.db")
            .query_row("select max(began_at) from extract_info", [], |row| row.get(0))
            .unwrap();
        let city = town.deployment.folder.join("city");
        let description = fs::read_to_string(city.join("housing/presale.toml")).unwrap();
        let drop = fs::read(city.join("housing/presale.csv")).unwrap();
        Self { town, session, runtime, began_at, description, drop }
    }

    fn ask(&mut self, role: &str) -> (&'static str, String, String) {
        self.runtime.block_on(ask(&mut self.session, &self.town, role))
    }

    fn is_whole(&mut self) -> bool {
        self.ask("nothing_owned") == ("true", String::new(), String::new())
    }

    fn expect(&mut self, role: &str, expected: &Answered) {
        let answer = self.ask(role);
        match expected {
            Answered::True => {
                assert_eq!(answer, ("true", String::new(), String::new()), "{role}");
            }
            Answered::False => assert_eq!(answer.0, "false", "{role}: {answer:?}"),
            Answered::Unavailable(code, dataset) => {
                assert_eq!(answer, unavailable(*code, dataset), "{role}");
            }
            Answered::UnavailableFrom(dataset) => {
                assert_eq!((answer.0, answer.2.as_str()), ("unavailable", *dataset), "{answer:?}");
            }
        }
    }

    /// The fault from beginning to end, whatever is answered meanwhile.
    fn run(&mut self, fault: &Fault) {
        let answered = catch_unwind(AssertUnwindSafe(|| {
            (fault.befalls)(self);
            let begun = Instant::now();
            for (role, expected) in fault.answers {
                self.expect(role, expected);
            }
            assert!(begun.elapsed() < fault.within, "answered in {:?}", begun.elapsed());
        }));
        (fault.ends)(self);
        if let Err(panic) = answered {
            resume_unwind(panic);
        }
        self.expect("nothing_owned", &Answered::True);
    }

    fn sql(&self, file: &str, sql: &str) {
        database(&self.town, file).execute_batch(sql).unwrap();
    }

    /// Keeps the table's rows, and gives them back.
    fn keep(&self, file: &str, table: &str) {
        self.sql(file, &format!("create table kept as select * from {table}"));
    }

    fn put_back(&self, file: &str, table: &str) {
        let sql =
            format!("delete from {table}; insert into {table} select * from kept; drop table kept");
        self.sql(file, &sql);
    }

    /// Under which the owner of `old_id_home` is in the title register.
    fn owner(&self) -> String {
        let id = self.town.cast("old_id_home").0;
        format!("{}{}", &id[..6], &id[8..17])
    }

    /// Changes the rows of that owner.
    fn spoil(&self, value: impl FnOnce(&str, &str) -> String) {
        let estate = database(&self.town, ESTATE);
        let owner = self.owner();
        let (key, status) = (key_column(&estate, &owner), status_column(&estate));
        let set = value(&key, &status);
        let sql = format!("update T_FDCQ set {set} where {key} = ?1");
        assert!(estate.execute(&sql, [&owner]).unwrap() > 0);
    }

    fn extracted(&self, began_at: &str) {
        let sql = "update extract_info set began_at = ?1";
        database(&self.town, ESTATE).execute(sql, [began_at]).unwrap();
    }

    /// The presale register's connector, over this dataset file.
    fn restart_housing(&mut self, text: &str) {
        let town = &mut self.town.deployment;
        let file = town.folder.join("city/housing/presale.toml");
        fs::write(&file, text).unwrap();
        let (dir, file) = (town.path("housing"), file.display().to_string());
        run("zerotrip-connector", &["sign", "--dir", &dir, &file], &town.folder)
            .unwrap()
            .expect(0)
            .unwrap();
        town.stop_connector("housing").unwrap();
        town.wait_detached("housing.presale").unwrap();
        town.start_connector("housing").unwrap();
        town.wait_attached(&["housing.presale"]).unwrap();
    }

    fn redescribe(&mut self, from: &str, to: &str) {
        let text = self.description.replace(from, to);
        assert_ne!(text, self.description);
        self.restart_housing(&text);
    }

    fn describe(&mut self) {
        self.restart_housing(&self.description.clone());
    }

    fn write_drop(&self, length: usize) {
        let path = self.town.deployment.folder.join("city/housing/presale.csv");
        fs::write(path, &self.drop[..length]).unwrap();
    }
}

const ESTATE: &str = "estate/ownership.db";
const POLICE: &str = "police/household.db";

const FAULTS: &[Fault] = &[
    // Gone at once, and back within moments of its restart.
    Fault {
        name: "killed",
        befalls: |faulty| {
            faulty.town.deployment.connector("civil").unwrap().signal("KILL").unwrap();
            faulty.town.deployment.wait_detached("civil.marriage").unwrap();
        },
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::SourceUnreachable, "civil.marriage"),
        )],
        within: ANY_TIME,
        ends: |faulty| {
            faulty.town.deployment.start_connector("civil").unwrap();
            faulty.town.deployment.wait_attached(&["civil.marriage"]).unwrap();
        },
    },
    // With its socket open: noticed by its silence.
    Fault {
        name: "stalled",
        befalls: |faulty| {
            faulty.town.deployment.connector("estate").unwrap().signal("STOP").unwrap()
        },
        answers: &[("nothing_owned", Answered::UnavailableFrom("estate.ownership"))],
        within: Duration::from_secs(9),
        ends: |faulty| {
            faulty.town.deployment.connector("estate").unwrap().signal("CONT").unwrap();
            faulty.town.deployment.wait_attached(&["estate.ownership"]).unwrap();
            wait_until(Duration::from_secs(10), "the estate registry answers again", || {
                Ok(faulty.is_whole())
            })
            .unwrap();
        },
    },
    Fault {
        name: "stale: the last extract is of another night",
        befalls: |faulty| faulty.extracted("2026-01-01T00:30:00+08:00"),
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::SourceStale, "estate.ownership"),
        )],
        within: ANY_TIME,
        ends: |faulty| faulty.extracted(&faulty.began_at),
    },
    Fault {
        name: "stale: the extract does not say when it began",
        befalls: |faulty| faulty.extracted("yesterday"),
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::SourceStale, "estate.ownership"),
        )],
        within: ANY_TIME,
        ends: |faulty| faulty.extracted(&faulty.began_at),
    },
    Fault {
        name: "an unknown status code on the row of an owner",
        befalls: |faulty| {
            faulty.expect("old_id_home", &Answered::False);
            faulty.keep(ESTATE, "T_FDCQ");
            faulty.spoil(|_, status| format!("{status} = '??'"));
        },
        answers: &[(
            "old_id_home",
            Answered::Unavailable(ErrorCode::SourceUnreadable, "estate.ownership"),
        )],
        within: ANY_TIME,
        ends: |faulty| faulty.put_back(ESTATE, "T_FDCQ"),
    },
    Fault {
        name: "a masked id, which could be the owner's",
        befalls: |faulty| {
            faulty.keep(ESTATE, "T_FDCQ");
            let owner = faulty.owner();
            let torn = format!("{}*********{}", &owner[..4], &owner[13..]);
            faulty.spoil(|key, status| format!("{status} = '1', {key} = '{torn}'"));
        },
        answers: &[(
            "old_id_home",
            Answered::Unavailable(ErrorCode::SourceUnreadable, "estate.ownership"),
        )],
        within: ANY_TIME,
        ends: |faulty| faulty.put_back(ESTATE, "T_FDCQ"),
    },
    Fault {
        name: "shrunken: half of the rows went overnight",
        befalls: |faulty| {
            faulty.keep(POLICE, "T_RKXX");
            faulty.sql(POLICE, "delete from T_RKXX where rowid % 2 = 0");
        },
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::SourceImplausible, "police.household"),
        )],
        within: ANY_TIME,
        ends: |faulty| faulty.put_back(POLICE, "T_RKXX"),
    },
    Fault {
        name: "drift: the table goes away under the running connector",
        befalls: |faulty| faulty.sql(POLICE, "alter table T_RKXX rename to T_RKXX_OLD"),
        answers: &[("nothing_owned", Answered::UnavailableFrom("police.household"))],
        within: ANY_TIME,
        ends: |faulty| faulty.sql(POLICE, "alter table T_RKXX_OLD rename to T_RKXX"),
    },
    Fault {
        name: "left alone for its nightly job, which takes all day",
        befalls: |faulty| {
            let hours = "[limits]\nquiet_hours = [\"00:00-12:00\", \"12:00-00:00\"]";
            faulty.restart_housing(&format!("{}\n{hours}\n", faulty.description));
        },
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::SourceLimit, "housing.presale"),
        )],
        within: ANY_TIME,
        ends: Faulty::describe,
    },
    // What was removed since the night of the title register's extract is not known.
    Fault {
        name: "forgetful: it removes what has ended",
        befalls: |faulty| faulty.redescribe("ended = \"kept\"", "ended = \"removed\""),
        answers: &[(
            "nothing_owned",
            Answered::Unavailable(ErrorCode::NoCommonMoment, "housing.presale"),
        )],
        within: ANY_TIME,
        ends: Faulty::describe,
    },
    // Text would compare as text: then no source is asked.
    Fault {
        name: "dates that are stated as text",
        befalls: |faulty| faulty.redescribe("type = \"date\"", "type = \"text\""),
        answers: &[("nothing_owned", Answered::Unavailable(ErrorCode::Misconfigured, ""))],
        within: ANY_TIME,
        ends: Faulty::describe,
    },
    // The whole one before it still serves, with its own as-of: half a file would hide a contract.
    Fault {
        name: "a half-written drop",
        befalls: |faulty| faulty.write_drop(faulty.drop.len() / 2),
        answers: &[("spouse_presale", Answered::False), ("nothing_owned", Answered::True)],
        within: ANY_TIME,
        ends: |faulty| faulty.write_drop(faulty.drop.len()),
    },
];

#[test]
fn a_source_that_fails_is_named_and_never_reads_as_absence() {
    let mut faulty = Faulty::new();
    faulty.expect("nothing_owned", &Answered::True);
    let mut rows = Rows::new();
    for fault in FAULTS {
        rows.row(fault.name, || faulty.run(fault));
    }
    rows.end();
    faulty.town.deployment.stop().unwrap();
}

#[test]
fn a_copy_of_a_connector_does_not_push_it_aside() {
    let town = deploy(400, 13);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let right = runtime.block_on(ask(&mut session, &town, "old_id_home"));
    assert_eq!(right.0, "false", "{right:?}");
    // Its folder, keys and all.
    let (folder, copy) =
        (town.deployment.folder.join("estate"), town.deployment.folder.join("estate-copy"));
    assert!(
        std::process::Command::new("cp")
            .arg("-r")
            .args([&folder, &copy])
            .status()
            .unwrap()
            .success()
    );
    let log = town.deployment.folder.join("logs/estate-copy.log");
    let copied =
        Running::start("zerotrip-connector", &["serve", "--dir", copy.to_str().unwrap()], &log)
            .unwrap();
    wait_until(Duration::from_secs(20), "the hub refuses the copy", || {
        Ok(fs::read_to_string(town.deployment.folder.join("logs/hub.log"))
            .unwrap_or_default()
            .contains("was its folder copied?"))
    })
    .unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "old_id_home")), right);
    wait_until(Duration::from_secs(20), "the copy is told", || {
        Ok(fs::read_to_string(&log).unwrap_or_default().contains("with a copy of this folder"))
    })
    .unwrap();
    copied.stop().unwrap();
    town.deployment.stop().unwrap();
}

fn columns(estate: &Connection) -> Vec<String> {
    let mut statement = estate.prepare("select name from pragma_table_info('T_FDCQ')").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn key_column(estate: &Connection, value: &str) -> String {
    let holds = |column: &String| {
        let sql = format!("select count(*) from T_FDCQ where {column} = ?1");
        estate.query_row(&sql, [value], |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    columns(estate).into_iter().find(holds).expect("the owner's short id is in the register")
}

fn status_column(estate: &Connection) -> String {
    let few = |column: &String| {
        let sql = format!("select count(distinct {column}) between 3 and 9 from T_FDCQ");
        let dates =
            format!("select count(*) from T_FDCQ where {column} like '20%' or {column} like '19%'");
        estate.query_row(&sql, [], |row| row.get::<_, bool>(0)).unwrap()
            && estate.query_row(&dates, [], |row| row.get::<_, i64>(0)).unwrap() == 0
    };
    columns(estate).into_iter().rev().find(few).expect("a status column")
}

/// How a lying connector answers, and what the hub makes of it.
const LIES: [(&str, ErrorCode); 14] = [
    ("no trailer", ErrorCode::SourceTruncated),
    ("no receipt", ErrorCode::SourceTruncated),
    ("another grant", ErrorCode::SourceTruncated),
    ("another exchange", ErrorCode::SourceTruncated),
    ("wrong rows", ErrorCode::SourceTruncated),
    ("wrong stream", ErrorCode::SourceTruncated),
    ("wrong facts", ErrorCode::SourceTruncated),
    ("other columns", ErrorCode::SourceDrift),
    ("somebody else", ErrorCode::SourceDrift),
    ("goes on after its trailer", ErrorCode::SourceTruncated),
    ("unsigned receipt", ErrorCode::SourceTruncated),
    ("an empty batch", ErrorCode::SourceTruncated),
    ("a compressed batch", ErrorCode::SourceTruncated),
    ("stalls", ErrorCode::SourceTimeout),
];

/// The civil-affairs connector's own keys, in the hands of a program that lies.
#[derive(Clone)]
struct Liar {
    home: SystemHome,
    statement: Envelope,
    /// The lie by its number. From `LIES.len()` on the same lies are not told on the lane: the hub
    /// fetches each as a stream.
    turn: Arc<AtomicUsize>,
    /// How many were asked for on the lane.
    on_lane: Arc<AtomicUsize>,
    /// Answers that the hub is to fetch.
    handles: Arc<Mutex<HashMap<Vec<u8>, ScanTicket>>>,
    /// The hub's store, and whether each asked-for exchange stood in it, still open, when its
    /// grant arrived.
    store: PathBuf,
    intended: Arc<Mutex<Vec<bool>>>,
    /// What it says of its data's quality.
    told: Arc<Mutex<Vec<Envelope>>>,
}

impl Liar {
    /// What the hub's store holds of an exchange at this moment, seen from another process.
    fn is_intended(&self, exchange: &str) -> bool {
        let store =
            Connection::open_with_flags(&self.store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql = "select count(*) from exchange join leaf on idx = intent_index where id = ?1 \
                   and outcome is null";
        store.query_row(sql, [exchange], |row| row.get::<_, i64>(0)).unwrap() == 1
    }

    /// Which lie it tells now.
    fn lie(&self) -> &'static str {
        LIES[self.turn.load(Ordering::SeqCst) % LIES.len()].0
    }

    /// Reads a ticket, and looks whether its exchange is in the hub's store.
    fn admit(&self, ticket: &Envelope) -> ScanTicket {
        let grant = ScanTicket::decode(ticket.payload.as_slice()).unwrap();
        let intended = self.is_intended(&grant.exchange_id);
        self.intended.lock().unwrap().push(intended);
        grant
    }

    /// The reply on the lane; `None` if it stalls.
    fn reply(&self, call: ScanCall) -> Option<ScanReply> {
        let ScanCall { number, ticket } = call;
        let grant = self.admit(&ticket.unwrap());
        self.on_lane.fetch_add(1, Ordering::SeqCst);
        let answer = if self.turn.load(Ordering::SeqCst) >= LIES.len() {
            let handle: Vec<u8> = zerotrip_trust::digest::random::<32>().unwrap().into();
            self.handles.lock().unwrap().insert(handle.clone(), grant);
            Answer::Streamed(handle)
        } else if self.lie() == "stalls" {
            return None;
        } else {
            let mut answer = SmallAnswer::default();
            for message in self.answer(&grant) {
                if !message.app_metadata.is_empty() {
                    answer.trailer = Some(ScanTrailer::decode(message.app_metadata).unwrap());
                }
                answer.parts.push(AnswerPart {
                    data_header: message.data_header.into(),
                    data_body: message.data_body.into(),
                });
            }
            Answer::Small(answer)
        };
        Some(ScanReply { number, answer: Some(answer) })
    }

    fn answer(&self, grant: &ScanTicket) -> Vec<FlightData> {
        let lie = self.lie();
        let person = if lie == "somebody else" {
            "330106199001011234"
        } else {
            grant.keys[0].value.as_str()
        };
        let mut fields = vec![
            Field::new("party", DataType::Utf8, true),
            Field::new("man_id", DataType::Utf8, true),
            Field::new("woman_id", DataType::Utf8, true),
            Field::new("event", DataType::Utf8, true),
            Field::new("event_date", DataType::Date32, true),
        ];
        if lie == "other columns" {
            fields.swap(1, 2);
        }
        let schema = Schema::new(fields);
        let text = |value: &str| Arc::new(StringArray::from(vec![value.to_owned()])) as ArrayRef;
        let dates = Arc::new(Date32Array::from(vec![9000])) as ArrayRef;
        let columns = vec![text(person), text(person), text(person), text("divorced"), dates];
        let batch = RecordBatch::try_new(Arc::new(schema.clone()), columns).unwrap();
        let batch = if lie == "an empty batch" { batch.slice(0, 0) } else { batch };
        let mut messages = batches_to_flight_data(&schema, vec![batch.clone()]).unwrap();
        if lie == "a compressed batch" {
            let options = IpcWriteOptions::default()
                .try_with_compression(Some(CompressionType::LZ4_FRAME))
                .unwrap();
            let mut dictionaries = DictionaryTracker::new(false);
            let encoded = IpcDataGenerator::default().encode(
                &batch,
                &mut dictionaries,
                &options,
                &mut Default::default(),
            );
            messages[1] = encoded.unwrap().1.into();
        }
        let mut stream = Hasher::with_domain(hash_domain::SCAN_STREAM);
        for message in &messages {
            stream.update_framed(&message.data_header);
            stream.update_framed(&message.data_body);
        }
        let digest = if lie == "wrong stream" { [9; 32] } else { stream.finish() };
        let keys: Vec<&[u8]> = grant.keys.iter().map(|key| key.value.as_bytes()).collect();
        let mut facts = ScanFacts {
            salt: vec![1; 32],
            rows: if lie == "wrong rows" { 2 } else { 1 },
            stream_digest: digest.to_vec(),
            keys_digest: sha256_parts(hash_domain::SCAN_KEYS, &keys).to_vec(),
            findings: Vec::new(),
            supply_secret: vec![2; 32],
            statement_digest: dsse::payload_digest(&self.statement).to_vec(),
            adjudications_digest: Vec::new(),
        };
        let template = grant.template.clone().unwrap();
        let supply = |column: &str| {
            receipt::supply(&[2; 32], column, &BTreeSet::from([person.to_string()])).unwrap()
        };
        let message = ScanReceipt {
            grant_id: if lie == "another grant" {
                uuid::Uuid::new_v4().to_string()
            } else {
                grant.id.clone()
            },
            exchange_id: if lie == "another exchange" {
                uuid::Uuid::new_v4().to_string()
            } else {
                grant.exchange_id.clone()
            },
            connector: self.home.uri(),
            dataset: template.dataset.clone(),
            template_digest: receipt::template_digest(&template).to_vec(),
            completed_at: Some(to_timestamp(std::time::SystemTime::now())),
            as_of: Some(to_timestamp(std::time::SystemTime::now())),
            facts_commitment: receipt::facts_commitment(&facts).to_vec(),
            supplied: vec![supply("man_id"), supply("woman_id")],
        };
        if lie == "wrong facts" {
            facts.findings.clear();
            facts.salt = vec![3; 32];
        }
        let mut signed = dsse::seal(payload_type::SCAN_RECEIPT, &message, &self.home.sign).unwrap();
        if lie == "unsigned receipt" {
            signed.signatures[0].sig[0] ^= 1;
        }
        let trailer =
            ScanTrailer { receipt: (lie != "no receipt").then_some(signed), facts: Some(facts) };
        let again = messages[1].clone();
        if lie != "no trailer" {
            messages[1].app_metadata = trailer.encode_to_vec().into();
        }
        if lie == "goes on after its trailer" {
            messages.push(again);
        }
        messages
    }
}

#[tonic::async_trait]
impl Connector for Liar {
    type ScanStream = Streamed<ScanReplies>;

    async fn scan(
        &self,
        request: Request<Streaming<ScanCalls>>,
    ) -> Result<Response<Self::ScanStream>, Status> {
        let liar = self.clone();
        let replies = request.into_inner().map(move |message| {
            let replies = message?.calls.into_iter().filter_map(|call| liar.reply(call));
            Ok(ScanReplies { replies: replies.collect(), closing: false })
        });
        Ok(Response::new(Box::pin(replies)))
    }

    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeReply>, Status> {
        let quality = self.told.lock().unwrap().clone();
        Ok(Response::new(DescribeReply {
            datasets: vec![self.statement.clone()],
            directory_version: 1000,
            quality,
            answered_at: None,
            seen_size: 0,
        }))
    }

    async fn push_directory(
        &self,
        _: Request<PushDirectoryRequest>,
    ) -> Result<Response<PushDirectoryReply>, Status> {
        Ok(Response::new(PushDirectoryReply { directory_version: 1000 }))
    }

    async fn notice(&self, _: Request<NoticeRequest>) -> Result<Response<NoticeReply>, Status> {
        Ok(Response::new(NoticeReply {}))
    }
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl FlightService for Liar {
    type HandshakeStream = Streamed<HandshakeResponse>;
    type ListFlightsStream = Streamed<FlightInfo>;
    type DoGetStream = Streamed<FlightData>;
    type DoPutStream = Streamed<PutResult>;
    type DoActionStream = Streamed<arrow_flight::Result>;
    type ListActionsStream = Streamed<ActionType>;
    type DoExchangeStream = Streamed<FlightData>;

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let ticket = request.into_inner().ticket;
        let fetched = self.handles.lock().unwrap().remove(ticket.as_ref());
        let grant =
            fetched.unwrap_or_else(|| self.admit(&Envelope::decode(ticket.clone()).unwrap()));
        let messages = stream::iter(self.answer(&grant).into_iter().map(Ok));
        if self.lie() == "stalls" {
            return Ok(Response::new(Box::pin(messages.take(1).chain(stream::pending()))));
        }
        Ok(Response::new(Box::pin(messages)))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn do_put(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn do_action(
        &self,
        _: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// The town with a liar in the civil-affairs connector's place.
pub struct DeployedWithLiar {
    pub town: DeployedCity,
    /// Its lie by number.
    turn: Arc<AtomicUsize>,
    on_lane: Arc<AtomicUsize>,
    /// What it saw of the hub's store.
    intended: Arc<Mutex<Vec<bool>>>,
    /// What it says of its data's quality.
    pub told: Arc<Mutex<Vec<Envelope>>>,
}

pub fn deploy_with_liar(runtime: &tokio::runtime::Runtime) -> DeployedWithLiar {
    let mut town = deploy(200, 17);
    town.deployment.stop_connector("civil").unwrap();
    town.deployment.wait_detached("civil.marriage").unwrap();
    let (turn, intended) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (on_lane, handles) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let home = town.home("civil");
    let signed = fs::read(town.deployment.folder.join("civil/signed/civil.marriage.dsse")).unwrap();
    let liar = Liar {
        home: home.clone(),
        statement: Envelope::decode(signed.as_slice()).unwrap(),
        turn: Arc::clone(&turn),
        on_lane: Arc::clone(&on_lane),
        handles,
        store: town.deployment.folder.join("store.sqlite"),
        intended: Arc::clone(&intended),
        told: Arc::clone(&told),
    };
    runtime.block_on(async {
        let stream = dial(&home.address, home.tls(bounds::ALPN_CHANNEL).unwrap()).await.unwrap();
        let routes = Routes::new(ConnectorServer::new(liar.clone()))
            .add_service(FlightServiceServer::new(liar));
        tokio::spawn(serve(stream, None, routes, Http2Bounds::STANDARD, std::future::pending()));
    });
    town.deployment.wait_attached(&["civil.marriage"]).unwrap();
    DeployedWithLiar { town, turn, on_lane, intended, told }
}

#[test]
fn a_lying_connector_never_yields_an_absence() {
    let runtime = runtime();
    let DeployedWithLiar { town, turn, on_lane, intended, .. } = deploy_with_liar(&runtime);
    let mut session = runtime.block_on(town.session());
    let (applicant, variant) = town.cast("nothing_owned");
    let mut ask = || {
        let question = question(variant, &applicant);
        runtime.block_on(session.check(&errand(), &question)).unwrap()
    };
    wait_until(Duration::from_secs(10), "the liar is asked on the lane", || {
        ask();
        Ok(on_lane.load(Ordering::SeqCst) > 0)
    })
    .unwrap();
    intended.lock().unwrap().clear();
    on_lane.store(0, Ordering::SeqCst);
    let mut rows = Rows::new();
    for (round, how) in ["on the lane", "in a stream"].into_iter().enumerate() {
        for (at, (lie, code)) in LIES.iter().enumerate() {
            turn.store(round * LIES.len() + at, Ordering::SeqCst);
            rows.row(&format!("{lie}, {how}"), || {
                let outcome = ask();
                let Outcome::Unavailable(why) = &outcome else {
                    panic!("{:?}", in_words(&outcome))
                };
                assert_eq!((why.code, why.dataset.as_str()), (*code, "civil.marriage"));
            });
        }
    }
    rows.end();
    assert_eq!(on_lane.load(Ordering::SeqCst), 2 * LIES.len(), "each was asked on the lane");
    // The register is asked first, so each of these was the exchange's first grant.
    assert_eq!(
        *intended.lock().unwrap(),
        [true; 2 * LIES.len()],
        "a grant left before its intent was durable"
    );
    town.deployment.stop().unwrap();
}

#[test]
fn a_suspension_ends_an_exchange_under_way() {
    let runtime = runtime();
    let DeployedWithLiar { town, turn, intended: asked, .. } = deploy_with_liar(&runtime);
    turn.store(LIES.iter().position(|(lie, _)| *lie == "stalls").unwrap(), Ordering::SeqCst);
    let mut session = runtime.block_on(town.session());
    let (applicant, variant) = town.cast("nothing_owned");
    let under_way = runtime
        .spawn(async move { session.check(&errand(), &question(variant, &applicant)).await });
    wait_until(Duration::from_secs(10), "the stalling register is asked", || {
        Ok(!asked.lock().unwrap().is_empty())
    })
    .unwrap();
    let begun = Instant::now();
    town.deployment
        .authority(&["member", "suspend"], &["--member", FUND])
        .unwrap()
        .expect(0)
        .unwrap();
    let outcome = runtime.block_on(under_way).unwrap().unwrap();
    // The source would have stalled until the check's deadline of ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let Outcome::Denied(denied) = &outcome else { panic!("{:?}", in_words(&outcome)) };
    assert_eq!(denied.code, ErrorCode::PolicyDenied);
    town.deployment.stop().unwrap();
}
