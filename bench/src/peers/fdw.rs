//! The peer: connections to the family registers' server, its answers, and how far they agree with
//! the city's key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use tokio_postgres::{Client, Statement};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::truth::truths;
use zerotrip_tests::city::{City, Outcome, Spec, Variant};
use zerotrip_tests::deployment::Failure;

use super::registers::DATABASE;
use super::setup::{Servers, connect};
use crate::load;
use crate::measure::{Gauge, Measured};

/// Each statement of the function is planned once for a connection.
const OPTIONS: &str = "-c plan_cache_mode=force_generic_plan";
const QUESTION: &str = "select peer.has_no_home($1::text, $2::text::date)";
/// Most residents that the peer is asked about before anything is timed.
const MOST_ASKED: usize = 20_000;
/// Wrong answers that are shown.
const SHOWN: usize = 10;

/// What the city knows of one resident.
#[derive(Clone, Copy)]
struct Expected {
    id: ResidentId,
    /// Whether the key says that there is no home; none where it says unavailable.
    no_home: Option<bool>,
    /// Whether every row that concerns the resident's family is as it was before it was spoilt.
    on_clean_rows: bool,
}

impl Expected {
    /// Whether this answer differs from the key's, where the key has one.
    fn contradicts(&self, answer: bool) -> bool {
        self.no_home.is_some_and(|expected| expected != answer)
    }
}

/// What the city knows of every resident.
#[derive(Clone)]
pub struct Known(Arc<Vec<Expected>>);

impl Known {
    /// By the city's key, and by its truth.
    pub fn of(spec: &Spec, city: &City) -> Result<Self, Failure> {
        let truths = truths(spec)?;
        let expected = |id: &ResidentId| {
            let about = (*id, Variant::Family);
            Expected {
                id: *id,
                no_home: match city.key.get(&about).map(|answer| answer.outcome) {
                    Some(Outcome::True) => Some(true),
                    Some(Outcome::False) => Some(false),
                    Some(Outcome::Unavailable) | None => None,
                },
                on_clean_rows: truths.get(&about).is_some_and(|truth| truth.on_clean_rows),
            }
        };
        Ok(Self(Arc::new(city.ids.iter().map(expected).collect())))
    }
}

/// How far the peer agrees with the key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreement {
    /// Residents for whom the key has an answer.
    pub answered: usize,
    /// Of them: the peer says the opposite, and every row is clean.
    pub wrong_on_clean_rows: usize,
    /// Of them: the peer says the opposite, and a row was spoilt.
    pub wrong_on_spoilt_rows: usize,
    /// Residents for whom the key says unavailable: the peer says no home, and a home.
    pub unavailable: (usize, usize),
}

impl Agreement {
    fn count(&mut self, expected: &Expected, answer: bool) {
        if expected.no_home.is_none() {
            let (no_home, home) = &mut self.unavailable;
            *(if answer { no_home } else { home }) += 1;
            return;
        }
        self.answered += 1;
        if expected.contradicts(answer) {
            let wrong = if expected.on_clean_rows {
                &mut self.wrong_on_clean_rows
            } else {
                &mut self.wrong_on_spoilt_rows
            };
            *wrong += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.wrong_on_clean_rows += other.wrong_on_clean_rows;
        self.wrong_on_spoilt_rows += other.wrong_on_spoilt_rows;
        self.unavailable.0 += other.unavailable.0;
        self.unavailable.1 += other.unavailable.1;
    }
}

/// One connection, and the question prepared on it.
struct Connection {
    client: Client,
    question: Statement,
}

impl Connection {
    async fn has_no_home(&self, id: &ResidentId, today: &str) -> Result<bool, Failure> {
        let row = self.client.query_one(&self.question, &[&id.as_str(), &today]).await?;
        Ok(row.try_get(0)?)
    }
}

/// The peer's connections.
pub struct Peer {
    connections: Vec<Arc<Connection>>,
    today: Arc<str>,
}

impl Peer {
    /// Connects so many times, and prepares the question on each connection.
    pub async fn connect(
        servers: &Servers,
        connections: usize,
        today: NaiveDate,
    ) -> Result<Self, Failure> {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            let client = connect(&servers.family, DATABASE, OPTIONS).await?;
            let question = client.prepare(QUESTION).await?;
            open.push(Arc::new(Connection { client, question }));
        }
        Ok(Self { connections: open, today: today.to_string().into() })
    }

    /// Asks about every resident, up to [`MOST_ASKED`], by all connections at once: each has its
    /// plans and its connection to the other server afterwards.
    pub async fn ask_about_all(&self, known: &Known) -> Result<Agreement, Failure> {
        let next = Arc::new(AtomicUsize::new(0));
        let lanes: Vec<_> = self
            .connections
            .iter()
            .map(|connection| {
                let (connection, known) = (Arc::clone(connection), known.clone());
                let (next, today) = (Arc::clone(&next), Arc::clone(&self.today));
                tokio::spawn(async move {
                    let (mut agreement, mut wrong) = (Agreement::default(), Vec::new());
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(expected) = known.0.get(at).filter(|_| at < MOST_ASKED) else {
                            break;
                        };
                        let answer = connection.has_no_home(&expected.id, &today).await?;
                        agreement.count(expected, answer);
                        if expected.contradicts(answer) {
                            wrong.push((*expected, answer));
                        }
                    }
                    Ok::<_, Failure>((agreement, wrong))
                })
            })
            .collect();
        let (mut agreement, mut wrong) = (Agreement::default(), Vec::new());
        for lane in lanes {
            let (counted, differing) = lane.await??;
            agreement.add(counted);
            wrong.extend(differing);
        }
        for (expected, answer) in wrong.iter().take(SHOWN) {
            let rows = if expected.on_clean_rows { "clean" } else { "spoilt" };
            eprintln!(
                "the peer says that {} has {} home, on {rows} rows; the city's key says the \
                 opposite",
                expected.id,
                if *answer { "no" } else { "a" }
            );
        }
        Ok(agreement)
    }

    /// The family check about one resident after another, by so many lanes over so many of the
    /// connections. Wrong is an answer that differs from the key's on clean rows.
    pub async fn family(
        &self,
        known: &Known,
        (lanes, connections): (usize, usize),
        seconds: u64,
        gauge: &Gauge,
    ) -> Result<Measured, Failure> {
        let next = Arc::new(AtomicUsize::new(0));
        let before = gauge.read()?;
        let begun = Instant::now();
        let shared = self.connections.iter().take(connections).cycle().take(lanes);
        let tasks: Vec<load::Lane> = shared
            .map(|connection| {
                let (connection, known) = (Arc::clone(connection), known.clone());
                let (next, today) = (Arc::clone(&next), Arc::clone(&self.today));
                tokio::spawn(async move {
                    let (mut times, mut wrong) = (Vec::new(), 0);
                    while begun.elapsed() < Duration::from_secs(seconds) {
                        let at = next.fetch_add(1, Ordering::Relaxed) % known.0.len().max(1);
                        let Some(expected) = known.0.get(at) else { break };
                        let asked = Instant::now();
                        let answer = connection.has_no_home(&expected.id, &today).await?;
                        times.push(asked.elapsed());
                        wrong +=
                            usize::from(expected.on_clean_rows && expected.contradicts(answer));
                    }
                    Ok::<_, Failure>((times, wrong, 0))
                })
            })
            .collect();
        load::finish(tasks, begun, before, gauge).await
    }
}
