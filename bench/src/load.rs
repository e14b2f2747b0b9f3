//! The two loads: the real check, and its floor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome, dial};
use zerotrip_client::{CheckQuestion, Errand, Outcome, Session, SessionError};
use zerotrip_proto::v1::exchange_client::ExchangeClient;
use zerotrip_proto::v1::{Answer, ErrorCode, ExchangeCall};
use zerotrip_proto::{bounds, payload_type};
use zerotrip_tests::city::{City, Outcome as Expected, Variant};
use zerotrip_tests::deployment::{BASIS, FUND, Failure, PURPOSE, TestDeployment, fail};
use zerotrip_trust::dsse;

use crate::floor::{Floor, Signatures};
use crate::measure::{Gauge, Measured};

/// Settings of a hub that is asked as much as a bench asks.
pub const HUB_SETTINGS: &str = "subject_per_hour = 1000000\nmember_per_minute = 10000000\n";

/// What every question here is asked for.
pub fn errand() -> Errand {
    Errand {
        official: "0471".into(),
        service_item: "rent-withdrawal-330100".into(),
        purpose: PURPOSE.into(),
        legal_basis: BASIS.into(),
        case_number: "HZ-2026-000417".into(),
    }
}

/// The family check about this resident.
pub fn question(applicant: &str) -> CheckQuestion {
    CheckQuestion {
        check: "no-property".into(),
        variant: "family".into(),
        parameters: vec![("applicant".into(), applicant.into())],
    }
}

/// Connections that all lanes share: one system may have 256.
const CONNECTIONS: usize = 128;
/// Time after which the hub asks a refused client to come back.
const AGAIN: Duration = Duration::from_secs(1);

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Affirmed(_) => "yes".into(),
        Outcome::Negative(_) => "no".into(),
        Outcome::Unavailable(why) => format!("unavailable, {} {}", why.code.name(), why.dataset),
        Outcome::Denied(why) => format!("denied, {}", why.code.name()),
    }
}

/// The family check about one resident after another.
pub async fn family(
    town: &TestDeployment,
    city: &Arc<City>,
    lanes: usize,
    seconds: u64,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
    let city = Arc::clone(city);
    let load = Load { lanes, seconds, rate: None };
    asking(town, load, gauge, move |mut session, turn| {
        let city = Arc::clone(&city);
        async move {
            let Some(id) = city.ids.get(turn % city.ids.len()) else {
                return (session, fail("a city of nobody"));
            };
            let outcome = match session.check(&errand(), &question(id.as_str())).await {
                Ok(outcome) => outcome,
                Err(error) => return (session, asked_again(error)),
            };
            let right = city.key.get(&(*id, Variant::Family)).map(|answer| answer.outcome);
            let same = matches!(
                (&outcome, right),
                (Outcome::Affirmed(_), Some(Expected::True))
                    | (Outcome::Negative(_), Some(Expected::False))
                    | (Outcome::Unavailable(_), Some(Expected::Unavailable))
            );
            if !same {
                let said = said(&outcome);
                eprintln!("wrong about {id}: {said}, and the city's key says {right:?}");
            }
            (session, Ok(if same { Turn::Right } else { Turn::Wrong }))
        }
    })
    .await
}

/// What came of one turn of a lane.
pub enum Turn {
    /// The answer is the key's.
    Right,
    /// It is another.
    Wrong,
    /// It was refused for overload.
    Refused,
}

/// A refusal for overload is no failure.
pub fn asked_again(error: SessionError) -> Result<Turn, Failure> {
    if error.code() == Some(ErrorCode::Overloaded) { Ok(Turn::Refused) } else { Err(error.into()) }
}

/// How much is asked.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many ask at once.
    pub lanes: usize,
    /// For how long.
    pub seconds: u64,
    /// Turns a second of all lanes, where they do not ask as fast as they can. A turn's time then
    /// counts from when it was due.
    pub rate: Option<f64>,
}

/// `turn` over and over, in so many lanes at once; it gets the number of its turn among all. A lane
/// that is refused for overload asks again after [`AGAIN`].
#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
pub async fn asking<Asked>(
    town: &TestDeployment,
    Load { lanes, seconds, rate }: Load,
    gauge: &Gauge,
    turn: impl Fn(Session, usize) -> Asked + Clone + Send + 'static,
) -> Result<Measured, Failure>
where
    Asked: Future<Output = (Session, Result<Turn, Failure>)> + Send,
{
    let home = SystemHome::load(&town.folder.join(FUND))?;
    let mut sessions = Vec::new();
    for _ in 0..lanes.min(CONNECTIONS) {
        sessions.push(Session::connect(&home).await?);
    }
    let sessions: Vec<Session> = sessions.iter().cycle().take(lanes).cloned().collect();
    let next = Arc::new(AtomicUsize::new(0));
    let before = gauge.read()?;
    let begun = Instant::now();
    let tasks: Vec<_> = sessions
        .into_iter()
        .map(|mut session| {
            let (next, turn) = (Arc::clone(&next), turn.clone());
            tokio::spawn(async move {
                let (mut times, mut wrong, mut refused) = (Vec::new(), 0, 0);
                while begun.elapsed() < Duration::from_secs(seconds) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let asked = match rate {
                        None => Instant::now(),
                        Some(rate) => {
                            let due = begun + Duration::from_secs_f64(number as f64 / rate);
                            tokio::time::sleep_until(due.into()).await;
                            due
                        }
                    };
                    let came = turn(session, number).await;
                    session = came.0;
                    match came.1? {
                        Turn::Refused => {
                            refused += 1;
                            tokio::time::sleep(AGAIN).await;
                            continue;
                        }
                        Turn::Right => {}
                        Turn::Wrong => wrong += 1,
                    }
                    times.push(asked.elapsed());
                }
                Ok::<_, Failure>((times, wrong, refused))
            })
        })
        .collect();
    finish(tasks, begun, before, gauge).await
}

/// The floor: one signed call to a hub that makes the four signed calls in the same order and
/// answers signed.
pub async fn floor(
    town: &TestDeployment,
    (floor, signatures): &(Floor, Signatures),
    lanes: usize,
    seconds: u64,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
    let verified = signatures.client;
    let home = SystemHome::load(&town.folder.join(FUND))?;
    let directory = home.directory(SystemTime::now())?;
    let mut clients = Vec::new();
    for _ in 0..lanes {
        let stream = dial(&floor.address, home.tls(bounds::ALPN_H2)?).await?;
        let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
        tokio::spawn(connection);
        clients.push(ExchangeClient::new(client));
    }
    let signer = (home.system.clone(), home.sign.clone());
    let before = gauge.read()?;
    let begun = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let (signer, hub) = (signer.clone(), home.hub.clone());
            let directory = directory.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while begun.elapsed() < Duration::from_secs(seconds) {
                    let asked = Instant::now();
                    let now = SystemTime::now();
                    let question = question("330106199001011232");
                    let signed = zerotrip_client::request::sign_check(
                        (&signer.0, &signer.1),
                        &hub,
                        &errand(),
                        &question,
                        now,
                    )?;
                    let reply = client
                        .check(ExchangeCall {
                            request: Some(signed.envelope),
                            ..ExchangeCall::default()
                        })
                        .await?
                        .into_inner();
                    let answer = reply.answer.unwrap_or_default();
                    let (_, keyid) = dsse::peek(&answer, payload_type::ANSWER)?;
                    let holder =
                        directory.hub_key(keyid, zerotrip_proto::v1::KeyUsage::Sign, now)?;
                    for _ in 1..verified {
                        dsse::verify(&answer, payload_type::ANSWER, &holder.key)?;
                    }
                    let answer: Answer = dsse::open(&answer, payload_type::ANSWER, &holder.key)?;
                    if answer.request_id != signed.id {
                        return fail("the floor answered another request");
                    }
                    times.push(asked.elapsed());
                }
                Ok::<_, Failure>((times, 0, 0))
            })
        })
        .collect();
    finish(tasks, begun, before, gauge).await
}

/// One lane at work: it ends with the times of its answers, how many of them were wrong, and how
/// often it was refused with a hint to ask again.
pub type Lane = tokio::task::JoinHandle<Result<(Vec<Duration>, usize, usize), Failure>>;

/// Waits for all lanes, and adds up.
pub async fn finish(
    tasks: Vec<Lane>,
    begun: Instant,
    before: crate::measure::Spent,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
    let (mut times, mut wrong, mut refused) = (Vec::new(), 0, 0);
    for task in tasks {
        let (lane_times, lane_wrong, lane_refused) = task.await??;
        times.extend(lane_times);
        wrong += lane_wrong;
        refused += lane_refused;
    }
    Ok(Measured { times, elapsed: begun.elapsed(), wrong, refused, cpu: (before, gauge.read()?) })
}
