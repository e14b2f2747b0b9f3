//! What a running hub does with the past: it moves what is finished, erases what is over its age,
//! deletes what counts no more, and carries out what its operator orders.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use zerotrip_ledger::{LedgerError, Order};

use crate::hub::Hub;
use crate::orders::{self, Unfit};

/// Time between two looks for an operator's orders.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks for what is old enough to move.
const MOVE_EVERY: Duration = Duration::from_secs(10);
/// Blocks that move at one look: far more than a full hub makes meanwhile, and other work gets its
/// turn.
const BLOCKS: usize = 256;
/// Time between two runs of the rule that erases, and of what else has its time.
const ERASE_EVERY: Duration = Duration::from_secs(3600);

/// Time until a segment that could not be sent is tried again; it doubles.
const SEND_AGAIN: Duration = Duration::from_secs(1);
/// The longest such time.
const SEND_AT_LEAST: Duration = Duration::from_secs(60);
/// The health service's name for whether segments move to where the settings say.
const SEGMENTS: &str = "segments";

/// Moves, erases, and carries out orders; never ends.
pub async fn keep(hub: Arc<Hub>) {
    say_unconfirmed(&hub);
    let mut keeper = Keeper::default();
    loop {
        keeper.look(&hub).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Moves full segments to where the settings say, and removes there what is erased; never ends.
pub async fn send(hub: Arc<Hub>, health: HealthReporter) {
    let (mut failing, mut pause): (Option<String>, _) = (None, SEND_AGAIN);
    loop {
        let sent = hub.ledger.send_segment().await;
        // What moved on was erased meanwhile.
        let status = match &sent {
            Ok(_) | Err(LedgerError::MovedOn) => ServingStatus::Serving,
            Err(_) => ServingStatus::NotServing,
        };
        if hub.config.segments.is_some() {
            health.set_service_status(SEGMENTS, status).await;
        }
        match sent {
            Ok(done) => {
                if failing.take().is_some() {
                    tracing::info!("segments move to the object store again");
                }
                pause = SEND_AGAIN;
                match done {
                    Some(done) => tracing::info!("{done}"),
                    None => tokio::time::sleep(MOVE_EVERY).await,
                }
            }
            Err(LedgerError::MovedOn) => tokio::time::sleep(SEND_AGAIN).await,
            Err(error) => {
                let why = error.to_string();
                if failing.as_ref() != Some(&why) {
                    tracing::error!(why, "a segment cannot be moved; it is tried again");
                    failing = Some(why);
                }
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(SEND_AT_LEAST);
            }
        }
    }
}

/// What it did when, and what it has said: once, not at every look, as what is wrong stays wrong
/// for a while.
#[derive(Default)]
struct Keeper {
    moved: Option<Instant>,
    erased: Option<Instant>,
    failing: Option<String>,
    /// Something that is erased is still in the WAL.
    left_in_wal: bool,
}

impl Keeper {
    async fn look(&mut self, hub: &Hub) {
        let left = carry_out(hub).await;
        self.note(left || self.left_in_wal);
        let is_due = |last: Option<Instant>, every| last.is_none_or(|at| at.elapsed() >= every);
        if is_due(self.erased, ERASE_EVERY) {
            match erase_old(hub).await {
                Ok(left) => self.note(left || self.left_in_wal),
                Err(error) => tracing::error!(%error, "what is over its age cannot be erased"),
            }
            if let Err(error) = hub.ledger.lapse_variants(SystemTime::now()).await {
                tracing::error!(%error, "which variants were asked long ago cannot be deleted");
            }
            if let Err(error) = orders::forget_replies(&hub.store, SystemTime::now()) {
                tracing::error!(%error, "old replies to orders cannot be removed");
            }
            self.erased = Some(Instant::now());
        }
        if is_due(self.moved, MOVE_EVERY) || self.left_in_wal {
            let done = match move_finished(hub).await {
                Ok(()) => hub.ledger.sweep().await,
                Err(error) => Err(error),
            };
            self.moved = Some(Instant::now());
            let why = done.map(|left| self.note(left)).err().map(|error| error.to_string());
            if why != self.failing {
                if let Some(why) = &why {
                    tracing::error!(why, "what is finished cannot move into segments");
                }
                self.failing = why;
            }
        }
    }

    /// Whether something that is erased is in the WAL, now: said where it changes.
    fn note(&mut self, left_in_wal: bool) {
        if left_in_wal && !self.left_in_wal {
            tracing::warn!(
                "another program reads the store: what was erased may still be in its WAL, until \
                 that program ends; the hub goes on trying"
            );
        } else if !left_in_wal && self.left_in_wal {
            tracing::info!("what was erased is gone from the store's WAL too");
        }
        self.left_in_wal = left_in_wal;
    }
}

/// Once, as the hub starts: it says what to do, and the rule waits for it.
fn say_unconfirmed(hub: &Hub) {
    match hub.ledger.unconfirmed_holds() {
        Ok(None) => {}
        Ok(Some(holds)) => tracing::warn!(
            "{holds}; nothing is erased, by rule or by order, until they are placed again \
             (`zerotrip-hub hold add`) and confirmed (`zerotrip-hub hold confirm`)"
        ),
        Err(error) => tracing::error!(%error, "whether holds are missing is not known"),
    }
}

async fn move_finished(hub: &Hub) -> Result<(), LedgerError> {
    let now = SystemTime::now();
    let before = now.checked_sub(hub.config.move_after).unwrap_or(SystemTime::UNIX_EPOCH);
    for _ in 0..BLOCKS {
        if !hub.ledger.move_block(before, now).await? {
            break;
        }
    }
    Ok(())
}

/// Whether something of it is in the WAL still.
async fn erase_old(hub: &Hub) -> Result<bool, LedgerError> {
    let Some(keep) = hub.config.keep_bodies else { return Ok(false) };
    let now = SystemTime::now();
    let before = now.checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
    let days = keep.as_secs() / 86_400;
    let order =
        Order { by: hub.identity.uri.clone(), why: format!("keep_bodies_days = {days}"), at: now };
    let erased = match hub.ledger.erase_before(before, order).await {
        // It was said as the hub started.
        Err(LedgerError::Unconfirmed(_)) => return Ok(false),
        erased => erased?,
    };
    if erased.bodies > 0 || erased.held > 0 {
        let (bodies, held) = (erased.bodies, erased.held);
        tracing::info!(bodies, held, days, "bodies over their age are erased; holds keep the rest");
    }
    Ok(erased.left_in_wal)
}

/// Whether something that an order erased is in the WAL still.
async fn carry_out(hub: &Hub) -> bool {
    let mut left_in_wal = false;
    let waiting = match orders::waiting(&hub.store) {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, "the folder of orders cannot be read");
            return false;
        }
    };
    for place in waiting {
        let taken = match orders::take(&place) {
            Ok(Some(taken)) => taken,
            // Its command has withdrawn it.
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(%error, "an order cannot be taken");
                continue;
            }
        };
        let reply = match orders::read(&taken, SystemTime::now()) {
            // It waits for the object store, and nothing else waits for it.
            Ok(order) if order.is_fetch() => {
                let ledger = hub.ledger.clone();
                tokio::spawn(async move { reply(&taken, order.carry_out(&ledger).await) });
                continue;
            }
            Ok(order) => order.carry_out(&hub.ledger).await,
            Err(late @ (Unfit::Late { .. } | Unfit::Abandoned { .. })) => {
                tracing::warn!("{late}");
                if let Err(error) = orders::remove(&taken) {
                    tracing::error!(%error, "an order that is late cannot be removed");
                }
                continue;
            }
            Err(unfit) => {
                tracing::warn!("{unfit}");
                Err(unfit.to_string())
            }
        };
        left_in_wal |= reply.as_ref().is_ok_and(orders::is_left_in_wal);
        self::reply(&taken, reply);
    }
    left_in_wal
}

fn reply(taken: &Path, reply: Result<Value, String>) {
    if let Err(error) = orders::reply(taken, reply) {
        tracing::error!(%error, "an order's reply cannot be written");
    }
}
