//! More questions than the hub can answer, at a rate that does not wait for answers: what is still
//! answered, how long that takes, and how soon the rest is refused.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use zerotrip_channel::{Http2Client, SystemHome};
use zerotrip_client::Session;
use zerotrip_client::request::{SignedRequest, sign_check};
use zerotrip_proto::v1::exchange_client::ExchangeClient;
use zerotrip_proto::v1::{Answer, ErrorCode, ExchangeCall, ExchangeReply, answer};
use zerotrip_proto::{Refusal, payload_type};
use zerotrip_tests::city::{self, City, Outcome, Variant};
use zerotrip_tests::deployment::{FUND, Failure, Plan, TestDeployment, fail};
use zerotrip_trust::dsse;

use crate::load::{HUB_SETTINGS, errand, question};
use crate::measure::{self, percentile};

/// Connections that the questions take in turn.
const CONNECTIONS: usize = 128;
/// Most questions that wait at once. What would be more is not asked, and counted.
const MOST_WAITING: usize = 16_384;
/// Answers that are waited for at once while the peak is measured.
const AT_PEAK: usize = 128;
/// How often the open load is topped up.
const TICK: Duration = Duration::from_millis(2);

/// Measure the hub under more than it can answer.
#[derive(Args)]
pub struct Overload {
    /// How many times its peak it is asked.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    times: u32,
}

/// What became of the questions of one load.
#[derive(Default)]
struct Tally {
    answered: Vec<Duration>,
    refused: Vec<Duration>,
    wrong: usize,
    not_asked: usize,
    elapsed: Duration,
}

impl Tally {
    fn add(&mut self, (fate, took): (Fate, Duration)) {
        match fate {
            Fate::Right => self.answered.push(took),
            Fate::Wrong => {
                self.wrong += 1;
                self.answered.push(took);
            }
            Fate::Refused => self.refused.push(took),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    fn rate(&self, times: &[Duration]) -> f64 {
        times.len() as f64 / self.elapsed.as_secs_f64()
    }

    fn row(&self, what: &str) -> String {
        format!(
            "| {what} | {:.0} | {:.1} | {:.1} | {:.0} | {:.2} | {:.2} | {} | {} |",
            self.rate(&self.answered),
            percentile(&self.answered, 50),
            percentile(&self.answered, 99),
            self.rate(&self.refused),
            percentile(&self.refused, 50),
            percentile(&self.refused, 99),
            self.wrong,
            self.not_asked
        )
    }
}

enum Fate {
    Right,
    Wrong,
    /// `OVERLOADED`. Every other refusal ends the bench.
    Refused,
}

/// A question about the resident of that number.
type Question = (usize, SignedRequest);

/// One system, with its connections. Its questions are signed before they are timed, and the
/// signatures of answers are not verified: what is measured is the hub, on the asker's machine.
struct Asker {
    clients: Vec<ExchangeClient<Http2Client>>,
    city: Arc<City>,
    home: SystemHome,
    next: AtomicUsize,
}

impl Asker {
    async fn connect(town: &TestDeployment, city: Arc<City>) -> Result<Self, Failure> {
        let home = SystemHome::load(&town.folder.join(FUND))?;
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(Session::connect(&home).await?.connection().exchange());
        }
        Ok(Self { clients, city, home, next: AtomicUsize::new(0) })
    }

    fn sign(&self, number: usize) -> Result<Vec<Question>, Failure> {
        let count = self.city.ids.len().max(1);
        let mut signed = Vec::with_capacity(number);
        for _ in 0..number {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % count;
            let Some(id) = self.city.ids.get(at) else { return fail("the city is empty") };
            let from = (&self.home.system, &self.home.sign);
            let question = question(id.as_str());
            let now = SystemTime::now();
            signed.push((at, sign_check(from, &self.home.hub, &errand(), &question, now)?));
        }
        Ok(signed)
    }

    async fn ask(&self, (at, request): Question) -> Result<(Fate, Duration), Failure> {
        let Some(client) = self.clients.get(at % CONNECTIONS) else {
            return fail("there is no connection");
        };
        let call = ExchangeCall { request: Some(request.envelope), ..ExchangeCall::default() };
        let asked = Instant::now();
        let reply = client.clone().check(call).await;
        let took = asked.elapsed();
        let fate = match reply {
            Ok(reply) if self.is_right(at, reply.get_ref())? => Fate::Right,
            Ok(_) => Fate::Wrong,
            Err(status) => match Refusal::from_status(&status) {
                refusal if refusal.code == ErrorCode::Overloaded => Fate::Refused,
                refusal => return fail(format!("refused, and not for overload: {refusal}")),
            },
        };
        Ok((fate, took))
    }

    fn is_right(&self, at: usize, reply: &ExchangeReply) -> Result<bool, Failure> {
        let Some(answer) = &reply.answer else { return Ok(false) };
        let (payload, _) = dsse::peek(answer, payload_type::ANSWER)?;
        let said: Answer = prost::Message::decode(payload)?;
        let id = self.city.ids.get(at);
        let key = id.and_then(|id| self.city.key.get(&(*id, Variant::Family)));
        Ok(match (said.outcome, key.map(|key| key.outcome)) {
            (Some(answer::Outcome::Answered(said)), Some(Outcome::True)) => said.answer,
            (Some(answer::Outcome::Answered(said)), Some(Outcome::False)) => !said.answer,
            (Some(answer::Outcome::Unavailable(_)), Some(Outcome::Unavailable)) => true,
            _ => false,
        })
    }
}

/// As many questions as are answered, by lanes that wait for their answers.
async fn closed(asker: &Arc<Asker>, seconds: u64) -> Result<Tally, Failure> {
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for _ in 0..AT_PEAK {
        let asker = Arc::clone(asker);
        tasks.spawn(async move {
            let mut fates = Vec::new();
            while begun.elapsed() < Duration::from_secs(seconds) {
                for question in asker.sign(16)? {
                    fates.push(asker.ask(question).await?);
                }
            }
            Ok::<_, Failure>(fates)
        });
    }
    let mut tally = Tally::default();
    while let Some(fates) = tasks.join_next().await {
        fates??.into_iter().for_each(|fate| tally.add(fate));
    }
    tally.elapsed = begun.elapsed();
    Ok(tally)
}

/// So many questions a second, whatever becomes of them.
async fn open(asker: &Arc<Asker>, rate: usize, seconds: u64) -> Result<Tally, Failure> {
    let questions = asker.sign(rate * usize::try_from(seconds)?)?;
    let (all, mut tally, mut tasks) = (questions.len(), Tally::default(), JoinSet::new());
    let mut questions = questions.into_iter();
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    while questions.len() > 0 {
        ticks.tick().await;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of a bench"
        )]
        let due = ((begun.elapsed().as_secs_f64() * rate as f64) as usize).min(all);
        let behind = due.saturating_sub(all - questions.len());
        for question in questions.by_ref().take(behind) {
            if tasks.len() >= MOST_WAITING {
                tally.not_asked += 1;
                continue;
            }
            let asker = Arc::clone(asker);
            tasks.spawn(async move { asker.ask(question).await });
        }
        while let Some(fate) = tasks.try_join_next() {
            tally.add(fate??);
        }
    }
    tally.elapsed = begun.elapsed();
    while let Some(fate) = tasks.join_next().await {
        tally.add(fate??);
    }
    Ok(tally)
}

/// Measures, and prints.
pub fn measure(
    arguments: &Overload,
    (folder, residents, seconds): (&Path, usize, u64),
    runtime: &Runtime,
) -> Result<(), Failure> {
    let plan = Plan { hub_settings: HUB_SETTINGS.into(), ..Plan::now(residents, 7) };
    let town = TestDeployment::start(folder, &plan, &mut |line| eprintln!("· {line}"))?;
    let city = Arc::new(city::imagine(&plan.spec)?);
    println!("machine: {}", measure::machine()?);
    println!("city: {} persons; {seconds} s a measurement\n", city.ids.len());
    let asker = Arc::new(runtime.block_on(Asker::connect(&town, city))?);
    runtime.block_on(closed(&asker, 2))?;
    println!(
        "| load | answers/s | p50 ms | p99 ms | refusals/s | p50 ms | p99 ms | wrong | not asked \
         |\n|---|---|---|---|---|---|---|---|---|"
    );
    let before = runtime.block_on(closed(&asker, seconds))?;
    println!("{}", before.row(&format!("{AT_PEAK} at once")));
    let peak = before.rate(&before.answered);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a bench"
    )]
    let rate = (peak * f64::from(arguments.times)) as usize;
    let over = runtime.block_on(open(&asker, rate, seconds))?;
    println!("{}", over.row(&format!("{rate} a second, {} × the peak", arguments.times)));
    let after = runtime.block_on(closed(&asker, seconds))?;
    println!("{}", after.row(&format!("{AT_PEAK} at once, after it")));
    println!("\nanswers/s of the peak: {:.2}", over.rate(&over.answered) / peak);
    drop(asker);
    town.stop()
}
