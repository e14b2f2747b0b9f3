//! `kind = "rest"`: a collection that a system's own HTTP interface gives as JSON.
//!
//! An interface's search cannot be trusted to find every spelling, so it is never used: a thread of
//! the source's own reads the whole collection (`reading/`) into a local indexed snapshot, every
//! so often or for every look-up, and look-ups ask that. The snapshot before serves until a new one
//! is whole.

pub mod catalogue;
mod client;
pub mod json;
mod paging;
mod reading;
#[cfg(test)]
pub mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{Age, Rest, Way};
use zerotrip_proto::v1::ErrorCode;

use self::client::Client;
use self::reading::Plan;
use super::snapshot::Snapshots;
use super::table::TableSource;
use super::{
    LookUp, LookUpEnd, RestsOn, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use crate::rulings::Rulings;

/// Time after which a reading that failed is tried again.
const RETRY: Duration = Duration::from_secs(30);
/// Time that the owner's own questions may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Look-ups that may wait for a reading.
const MOST_WAITING: usize = 256;

/// A collection and its newest whole snapshot.
pub struct RestSource {
    dataset: String,
    /// Zero: a reading for every look-up.
    every: Duration,
    /// What its owner should know in any case.
    advice: Vec<String>,
    /// The thread ends when this is gone.
    orders: mpsc::Sender<Order>,
    state: Arc<RwLock<State>>,
}

/// A caller that waits for a reading that begins after its order came.
type Order = oneshot::Sender<Result<Arc<TableSource>, SourceError>>;

#[derive(Default)]
struct State {
    current: Option<Arc<TableSource>>,
    /// Why the latest reading failed, if it did.
    trouble: Option<String>,
}

impl fmt::Debug for RestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestSource").field("dataset", &self.dataset).finish_non_exhaustive()
    }
}

impl RestSource {
    /// Reads the collection for the first time, and proves that every column is there.
    pub fn open(
        dataset: &DatasetFile,
        spec: &Rest,
        base: &Path,
        state: &Path,
        rulings: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let plan = Plan::new(dataset, spec, base, Snapshots::new(dataset, state, rulings))?;
        let failed = |error: std::io::Error| {
            SourceError::new(ErrorCode::SourceFailed, format!("no thread: {error}"))
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (orders, ordered) = mpsc::channel(MOST_WAITING);
        let source = Self {
            dataset: dataset.id.clone(),
            every: spec.refresh_every,
            advice: advice(spec),
            orders,
            state: Arc::default(),
        };
        let reader = Reader {
            dataset: dataset.id.clone(),
            plan,
            runtime,
            orders: ordered,
            state: Arc::clone(&source.state),
        };
        let (opened, opening) = std::sync::mpsc::sync_channel(1);
        let every = spec.refresh_every;
        std::thread::Builder::new()
            .name("zerotrip-source".into())
            .spawn(move || reader.run(every, &opened))
            .map_err(failed)?;
        opening.recv().unwrap_or_else(|_| Err(stopped()))?;
        Ok(source)
    }

    /// The newest whole snapshot or, where every look-up has its own, one whose reading begins now.
    async fn current(&self, cancellation: &Cancellation) -> Result<Arc<TableSource>, SourceError> {
        if !self.every.is_zero() {
            return self
                .state
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .current
                .clone()
                .ok_or_else(stopped);
        }
        let (order, answer) = oneshot::channel();
        let read = async {
            self.orders.send(order).await.map_err(|_| stopped())?;
            answer.await.unwrap_or_else(|_| Err(stopped()))
        };
        tokio::select! {
            read = read => read,
            why = cancellation.cancelled() => Err(why.into()),
        }
    }
}

impl Source for RestSource {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            look_up.cancellation.check()?;
            let current = tokio::select! {
                current = self.current(&look_up.cancellation) => current?,
                () = rows.closed() => return Err(SourceError::hung_up()),
            };
            let end = current.look_up(look_up, rows).await?;
            // Where every look-up has its own snapshot, none is shared.
            Ok(if self.every.is_zero() {
                LookUpEnd { rests_on: RestsOn::Moment, ..end }
            } else {
                end
            })
        })
    }

    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd> {
        Box::pin(
            async move { self.current(&select.cancellation).await?.select(select, rows).await },
        )
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        Box::pin(async move {
            let current = self.current(&Cancellation::after(PATIENCE)).await?;
            let mut survey = current.survey().await?;
            let trouble = self.state.read().unwrap_or_else(PoisonError::into_inner).trouble.clone();
            for steps in &mut survey.steps {
                steps.insert(
                    0,
                    "-- in the connector's own snapshot of the collection; no key is sent to the \
                     department's system"
                        .to_owned(),
                );
            }
            survey.advice.extend(self.advice.iter().cloned());
            survey
                .advice
                .extend(trouble.map(|trouble| format!("the latest reading failed: {trouble}")));
            Ok(survey)
        })
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        Box::pin(async move {
            self.current(&Cancellation::after(PATIENCE)).await?.unreadable(most).await
        })
    }
}

/// What cannot be asked of an interface, and what its owner says instead.
fn advice(spec: &Rest) -> Vec<String> {
    let mut advice = vec![format!(
        "that nothing is hidden from this reader cannot be asked; its owner says: {}",
        spec.nothing_hidden
    )];
    if let Age::Live(reason) = &spec.age {
        advice
            .push(format!("that its answers are of now cannot be asked; its owner says: {reason}"));
    }
    if spec.paging.total.is_none() {
        let what = if spec.paging.way == Way::Whole {
            "an answer that is cut off"
        } else {
            "a page that is left out"
        };
        advice.push(format!(
            "`source.paging` names no `total`: {what} in silence is not noticed; have the \
             interface say how many rows it has"
        ));
    }
    advice
}

/// The reader, on a separate thread.
struct Reader {
    dataset: String,
    plan: Plan,
    runtime: Runtime,
    orders: mpsc::Receiver<Order>,
    state: Arc<RwLock<State>>,
}

impl Reader {
    fn run(
        mut self,
        every: Duration,
        opened: &std::sync::mpsc::SyncSender<Result<(), SourceError>>,
    ) {
        let first = self.read(&mut Vec::new());
        let failed = first.is_err();
        // Its opener waits for it.
        if opened.send(first.map(|_| ())).is_err() || failed {
            return;
        }
        let mut wait = every;
        while let Some(mut waiting) = self.next(every, wait) {
            let read = self.read(&mut waiting);
            wait = if read.is_ok() { every } else { every.min(RETRY) };
            for order in waiting {
                let answer = read
                    .as_ref()
                    .map(Arc::clone)
                    .map_err(|error| SourceError::new(error.code, error.detail.clone()));
                // A caller that does not wait any more needs no answer.
                drop(order.send(answer));
            }
        }
    }

    /// Waits until a reading is due, and returns the orders that it serves; `None` when the source
    /// is gone.
    fn next(&mut self, every: Duration, wait: Duration) -> Option<Vec<Order>> {
        let orders = &mut self.orders;
        let first = self.runtime.block_on(async {
            if every.is_zero() {
                orders.recv().await.map(Some)
            } else {
                tokio::time::timeout(wait, orders.recv())
                    .await
                    .ok()
                    .map_or(Some(None), |order| order.map(Some))
            }
        })?;
        let mut waiting: Vec<Order> = first.into_iter().collect();
        while let Ok(order) = self.orders.try_recv() {
            waiting.push(order);
        }
        Some(waiting)
    }

    fn read(&mut self, waiting: &mut [Order]) -> Result<Arc<TableSource>, SourceError> {
        let (runtime, orders) = (&self.runtime, &mut self.orders);
        let mut fetch = |client: &mut Client, url: &_| {
            runtime.block_on(async {
                tokio::select! {
                    answer = client.get(url) => answer,
                    () = all_gone(orders, waiting) => Err(SourceError::new(ErrorCode::SourceTimeout, "no caller waits any more")),
                }
            })
        };
        let read = self.plan.read(&mut fetch);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.trouble = read.as_ref().err().map(ToString::to_string);
        match read {
            Ok(current) => {
                let current = Arc::new(current);
                state.current = Some(Arc::clone(&current));
                Ok(current)
            }
            Err(error) => {
                tracing::warn!(dataset = %self.dataset, %error, "the collection could not be read; the snapshot before serves until it is too old");
                Err(error)
            }
        }
    }
}

/// Ends when all callers that ordered a reading are gone or, where there are none, the source is.
async fn all_gone(orders: &mut mpsc::Receiver<Order>, waiting: &mut [Order]) {
    if waiting.is_empty() {
        // A source that is refreshed by itself, or not opened yet, has no orders.
        while orders.recv().await.is_some() {}
    }
    for order in waiting {
        order.closed().await;
    }
}

fn stopped() -> SourceError {
    SourceError::new(ErrorCode::SourceFailed, "the source's reader stopped")
}
