//! The two loads: the real check, and its floor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome, dial};
use zerotrip_client::{CheckQuestion, Errand, Outcome, Session};
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

/// The family check about one resident after another. A lane that is refused for overload asks
/// again after [`AGAIN`].
pub async fn family(
    town: &TestDeployment,
    city: &Arc<City>,
    lanes: usize,
    seconds: u64,
    gauge: &Gauge,
) -> Result<Measured, Failure> {
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
            let (next, city) = (Arc::clone(&next), Arc::clone(city));
            tokio::spawn(async move {
                let (mut times, mut wrong, mut refused) = (Vec::new(), 0, 0);
                while begun.elapsed() < Duration::from_secs(seconds) {
                    let Some(id) =
                        city.ids.get(next.fetch_add(1, Ordering::Relaxed) % city.ids.len())
                    else {
                        break;
                    };
                    let asked = Instant::now();
                    let outcome = match session.check(&errand(), &question(id.as_str())).await {
                        Err(error) if error.code() == Some(ErrorCode::Overloaded) => {
                            refused += 1;
                            tokio::time::sleep(AGAIN).await;
                            continue;
                        }
                        other => other?,
                    };
                    times.push(asked.elapsed());
                    let right = city.key.get(&(*id, Variant::Family)).map(|answer| answer.outcome);
                    let same = matches!(
                        (&outcome, right),
                        (Outcome::Affirmed(_), Some(Expected::True))
                            | (Outcome::Negative(_), Some(Expected::False))
                            | (Outcome::Unavailable(_), Some(Expected::Unavailable))
                    );
                    if !same {
                        eprintln!(
                            "wrong about {id}: {}, and the city's key says {right:?}",
                            said(&outcome)
                        );
                    }
                    wrong += usize::from(!same);
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
