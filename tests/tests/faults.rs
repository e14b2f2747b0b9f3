//! Invariant 2 under fire: killed, stalled, truncated, stale, shrunken, drifting and lying sources.
//! Whatever happens to a source, the check is unavailable and names it; never a false certificate.

use std::collections::BTreeSet;
use std::fs;
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
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use zerotrip_channel::{Http2Bounds, SystemHome, dial, serve};
use zerotrip_client::{Outcome, Session};
use zerotrip_proto::v1::connector_server::{Connector, ConnectorServer};
use zerotrip_proto::v1::{
    DescribeReply, DescribeRequest, Envelope, ErrorCode, NoticeReply, NoticeRequest,
    PushDirectoryReply, PushDirectoryRequest, ScanFacts, ScanReceipt, ScanTicket, ScanTrailer,
};
use zerotrip_proto::{bounds, hash_domain, payload_type, to_timestamp};
use zerotrip_tests::town::{FUND, Running, run, wait_until};
use zerotrip_trust::digest::{Hasher, sha256_parts};
use zerotrip_trust::{dsse, receipt};

use crate::support::{TestTown, errand, in_words, question, runtime, town};

pub(crate) async fn ask(
    session: &mut Session,
    town: &TestTown,
    role: &str,
) -> (&'static str, String, String) {
    let (applicant, variant) = town.cast(role);
    in_words(&session.check(&errand(), &question(variant, &applicant)).await.unwrap())
}

pub(crate) fn unavailable(code: ErrorCode, dataset: &str) -> (&'static str, String, String) {
    ("unavailable", code.as_told().name().to_owned(), dataset.to_owned())
}

pub(crate) fn database(town: &TestTown, name: &str) -> Connection {
    Connection::open(town.town.folder.join("city").join(name)).unwrap()
}

#[test]
fn a_source_that_fails_is_named_and_never_reads_as_absence() {
    let mut town = town(400, 13);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let yes = ("true", String::new(), String::new());
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // Killed: gone at once, and back within moments of its restart.
    town.town.connector("civil").unwrap().signal("KILL").unwrap();
    town.town.wait_detached("civil.marriage").unwrap();
    let answer = runtime.block_on(ask(&mut session, &town, "nothing_owned"));
    assert_eq!(answer, unavailable(ErrorCode::SourceUnreachable, "civil.marriage"));
    town.town.start_connector("civil").unwrap();
    town.town.wait_attached(&["civil.marriage"]).unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // Stalled, socket open: noticed by its silence.
    town.town.connector("estate").unwrap().signal("STOP").unwrap();
    let begun = Instant::now();
    let answer = runtime.block_on(ask(&mut session, &town, "nothing_owned"));
    assert_eq!((answer.0, answer.2.as_str()), ("unavailable", "estate.ownership"), "{answer:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "a stalled source held the answer for {:?}",
        begun.elapsed()
    );
    town.town.connector("estate").unwrap().signal("CONT").unwrap();
    town.town.wait_attached(&["estate.ownership"]).unwrap();
    wait_until(Duration::from_secs(10), "the estate registry answers again", || {
        Ok(runtime.block_on(ask(&mut session, &town, "nothing_owned")) == yes)
    })
    .unwrap();

    // Stale: last night's extract is three nights old.
    let estate = database(&town, "estate/ownership.db");
    let fresh: String =
        estate.query_row("select max(began_at) from extract_info", [], |row| row.get(0)).unwrap();
    estate.execute("update extract_info set began_at = '2026-01-01T00:30:00+08:00'", []).unwrap();
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "nothing_owned")),
        unavailable(ErrorCode::SourceStale, "estate.ownership")
    );
    estate.execute("update extract_info set began_at = 'yesterday'", []).unwrap();
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "nothing_owned")),
        unavailable(ErrorCode::SourceStale, "estate.ownership")
    );
    estate.execute("update extract_info set began_at = ?1", [&fresh]).unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // An unknown status code on the row of an owner; then an owner's id made unreadable; both while
    // the connector runs.
    let (owner, variant) = town.cast("old_id_home");
    assert_eq!(runtime.block_on(ask(&mut session, &town, "old_id_home")).0, "false");
    let short = format!("{}{}", &owner[..6], &owner[8..17]);
    let owner_column = key_column(&estate, &short);
    let status_column = status_column(&estate);
    let touched = estate
        .execute(
            &format!("update T_FDCQ set {status_column} = '??' where {owner_column} = ?1"),
            [&short],
        )
        .unwrap();
    assert!(touched > 0);
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "old_id_home")),
        unavailable(ErrorCode::SourceUnreadable, "estate.ownership")
    );
    let torn = format!("{}*********{}", &short[..4], &short[13..]);
    estate
        .execute(
            &format!(
                "update T_FDCQ set {status_column} = '1', {owner_column} = ?2 where \
                 {owner_column} = ?1"
            ),
            [&short, &torn],
        )
        .unwrap();
    let answer =
        in_words(&runtime.block_on(session.check(&errand(), &question(variant, &owner))).unwrap());
    assert_eq!(
        answer,
        unavailable(ErrorCode::SourceUnreadable, "estate.ownership"),
        "a masked row could be the owner's"
    );

    // Shrunken: a register that lost half of its rows overnight.
    let police = database(&town, "police/household.db");
    police.execute("create table kept as select * from T_RKXX", []).unwrap();
    police.execute("delete from T_RKXX where rowid % 2 = 0", []).unwrap();
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "nothing_owned")),
        unavailable(ErrorCode::SourceImplausible, "police.household")
    );
    police
        .execute_batch(
            "delete from T_RKXX; insert into T_RKXX select * from kept; drop table kept;",
        )
        .unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // Drift: the table goes away under the running connector.
    police.execute_batch("alter table T_RKXX rename to T_RKXX_OLD").unwrap();
    let answer = runtime.block_on(ask(&mut session, &town, "nothing_owned"));
    assert_eq!((answer.0, answer.2.as_str()), ("unavailable", "police.household"), "{answer:?}");
    police.execute_batch("alter table T_RKXX_OLD rename to T_RKXX").unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // Left alone for its nightly job, which here takes all day.
    let description = town.town.folder.join("city/housing/presale.toml");
    let text = fs::read_to_string(&description).unwrap();
    let (dir, described) = (town.town.path("housing"), description.display().to_string());
    let sign = |town: &TestTown, text: &str| {
        fs::write(&description, text).unwrap();
        run("zerotrip-connector", &["sign", "--dir", &dir, &described], &town.town.folder)
            .unwrap()
            .expect(0)
            .unwrap();
    };
    let restart = |town: &mut TestTown, text: &str| {
        sign(town, text);
        town.town.stop_connector("housing").unwrap();
        town.town.wait_detached("housing.presale").unwrap();
        town.town.start_connector("housing").unwrap();
        town.town.wait_attached(&["housing.presale"]).unwrap();
    };
    restart(
        &mut town,
        &format!("{text}\n[limits]\nquiet_hours = [\"00:00-12:00\", \"12:00-00:00\"]\n"),
    );
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "nothing_owned")),
        unavailable(ErrorCode::SourceLimit, "housing.presale")
    );
    restart(&mut town, &text);
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);

    // Forgetful: what it has removed since the night of the title register's extract, nobody can
    // say. And dates that are stated as text would compare as text: then nobody is asked.
    for (text, answer) in [
        (
            text.replace("ended = \"kept\"", "ended = \"removed\""),
            unavailable(ErrorCode::NoCommonMoment, "housing.presale"),
        ),
        (
            text.replace("type = \"date\"", "type = \"text\""),
            unavailable(ErrorCode::Misconfigured, ""),
        ),
        (text, yes.clone()),
    ] {
        restart(&mut town, &text);
        assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), answer);
    }

    // A half-written drop: the whole one before it still serves, with its own as-of.
    let drop = town.town.folder.join("city/housing/presale.csv");
    let whole = fs::read(&drop).unwrap();
    fs::write(&drop, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "spouse_presale")).0,
        "false",
        "half a file hides a contract"
    );
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);
    town.town.stop().unwrap();
}

#[test]
fn a_copy_of_a_connector_does_not_push_it_aside() {
    let town = town(400, 13);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let right = runtime.block_on(ask(&mut session, &town, "old_id_home"));
    assert_eq!(right.0, "false", "{right:?}");
    // Its folder, keys and all.
    let (folder, copy) = (town.town.folder.join("estate"), town.town.folder.join("estate-copy"));
    assert!(
        std::process::Command::new("cp")
            .arg("-r")
            .args([&folder, &copy])
            .status()
            .unwrap()
            .success()
    );
    let log = town.town.folder.join("logs/estate-copy.log");
    let copied =
        Running::start("zerotrip-connector", &["serve", "--dir", copy.to_str().unwrap()], &log)
            .unwrap();
    wait_until(Duration::from_secs(20), "the hub refuses the copy", || {
        Ok(fs::read_to_string(town.town.folder.join("logs/hub.log"))
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
    town.town.stop().unwrap();
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

/// How a lying connector answers.
const LIES: [&str; 14] = [
    "no trailer",
    "no receipt",
    "another grant",
    "another exchange",
    "wrong rows",
    "wrong stream",
    "wrong facts",
    "other columns",
    "somebody else",
    "goes on after its trailer",
    "unsigned receipt",
    "an empty batch",
    "a compressed batch",
    "stalls",
];

/// The civil-affairs connector's own keys, in the hands of a program that lies.
struct Liar {
    home: SystemHome,
    statement: Envelope,
    turn: Arc<AtomicUsize>,
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

    fn answer(&self, grant: &ScanTicket) -> Vec<FlightData> {
        let lie = LIES[self.turn.load(Ordering::SeqCst)];
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
        let envelope = Envelope::decode(request.into_inner().ticket).unwrap();
        let grant = ScanTicket::decode(envelope.payload.as_slice()).unwrap();
        let intended = self.is_intended(&grant.exchange_id);
        self.intended.lock().unwrap().push(intended);
        let messages = stream::iter(self.answer(&grant).into_iter().map(Ok));
        if LIES[self.turn.load(Ordering::SeqCst)] == "stalls" {
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

/// The town with a liar in the civil-affairs connector's place: its lie by number, what it saw of
/// the hub's store, and what it says of its data's quality.
pub type LyingTown = (TestTown, Arc<AtomicUsize>, Arc<Mutex<Vec<bool>>>, Arc<Mutex<Vec<Envelope>>>);

pub fn lying_town(runtime: &tokio::runtime::Runtime) -> LyingTown {
    let mut town = town(200, 17);
    town.town.stop_connector("civil").unwrap();
    town.town.wait_detached("civil.marriage").unwrap();
    let (turn, intended) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::new(Mutex::new(Vec::new()));
    let home = town.home("civil");
    let signed = fs::read(town.town.folder.join("civil/signed/civil.marriage.dsse")).unwrap();
    let liar = || Liar {
        home: home.clone(),
        statement: Envelope::decode(signed.as_slice()).unwrap(),
        turn: Arc::clone(&turn),
        store: town.town.folder.join("store.sqlite"),
        intended: Arc::clone(&intended),
        told: Arc::clone(&told),
    };
    runtime.block_on(async {
        let stream = dial(&home.address, home.tls(bounds::ALPN_CHANNEL).unwrap()).await.unwrap();
        let routes =
            Routes::new(ConnectorServer::new(liar())).add_service(FlightServiceServer::new(liar()));
        tokio::spawn(serve(stream, None, routes, Http2Bounds::STANDARD, std::future::pending()));
    });
    town.town.wait_attached(&["civil.marriage"]).unwrap();
    (town, turn, intended, told)
}

#[test]
fn a_lying_connector_never_yields_an_absence() {
    let runtime = runtime();
    let (town, turn, intended, _) = lying_town(&runtime);
    let mut session = runtime.block_on(town.session());
    let (applicant, variant) = town.cast("nothing_owned");
    for (at, lie) in LIES.iter().enumerate() {
        turn.store(at, Ordering::SeqCst);
        let outcome =
            runtime.block_on(session.check(&errand(), &question(variant, &applicant))).unwrap();
        let Outcome::Unavailable(why) = &outcome else { panic!("{lie}: {:?}", in_words(&outcome)) };
        assert_eq!(why.dataset, "civil.marriage", "{lie}");
        let expected = match *lie {
            "other columns" | "somebody else" => ErrorCode::SourceDrift,
            "stalls" => ErrorCode::SourceTimeout,
            _ => ErrorCode::SourceTruncated,
        };
        assert_eq!(why.code, expected, "{lie}");
    }
    // The register is asked first, so each of these was the exchange's first grant.
    assert_eq!(
        *intended.lock().unwrap(),
        [true; LIES.len()],
        "a grant left before its intent was durable"
    );
    town.town.stop().unwrap();
}

#[test]
fn a_suspension_ends_an_exchange_under_way() {
    let runtime = runtime();
    let (town, turn, asked, _) = lying_town(&runtime);
    turn.store(LIES.iter().position(|lie| *lie == "stalls").unwrap(), Ordering::SeqCst);
    let mut session = runtime.block_on(town.session());
    let (applicant, variant) = town.cast("nothing_owned");
    let under_way = runtime
        .spawn(async move { session.check(&errand(), &question(variant, &applicant)).await });
    wait_until(Duration::from_secs(10), "the stalling register is asked", || {
        Ok(!asked.lock().unwrap().is_empty())
    })
    .unwrap();
    let authority = town.town.path("authority");
    let begun = Instant::now();
    town.town
        .zerotrip(&["member", "suspend", "--dir", &authority, "--member", FUND])
        .unwrap()
        .expect(0)
        .unwrap();
    let outcome = runtime.block_on(under_way).unwrap().unwrap();
    // The source would have stalled until the check's deadline of ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let Outcome::Denied(denied) = &outcome else { panic!("{:?}", in_words(&outcome)) };
    assert_eq!(denied.code, ErrorCode::PolicyDenied);
    town.town.stop().unwrap();
}
