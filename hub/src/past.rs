//! What a running hub does with the past: it moves what is finished, erases what is over its age,
//! and carries out what its operator orders.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use zerotrip_ledger::{LedgerError, Order};

use crate::hub::Hub;
use crate::orders;

/// Time between two looks for an operator's orders.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks for what is old enough to move.
const MOVE_EVERY: Duration = Duration::from_secs(10);
/// Blocks that move at one look: far more than a full hub makes meanwhile, and other work gets its
/// turn.
const BLOCKS: usize = 256;
/// Time between two runs of the rule that erases.
const ERASE_EVERY: Duration = Duration::from_secs(3600);

/// Moves, erases, and carries out orders; never ends.
pub async fn keep(hub: Arc<Hub>) {
    let folder = hub.store.clone();
    let (mut moved, mut erased): (Option<Instant>, Option<Instant>) = (None, None);
    // Once, not every ten seconds: what is wrong stays wrong for a while.
    let mut failing = None::<String>;
    loop {
        carry_out(&hub, &folder).await;
        let is_due = |last: Option<Instant>, every| last.is_none_or(|at| at.elapsed() >= every);
        if is_due(moved, MOVE_EVERY) {
            let done = move_finished(&hub).await;
            moved = Some(Instant::now());
            let why = done.err().map(|error| error.to_string());
            if why != failing {
                if let Some(why) = &why {
                    tracing::error!(why, "what is finished cannot move into segments");
                }
                failing = why;
            }
        }
        if is_due(erased, ERASE_EVERY) {
            if let Err(error) = erase_old(&hub).await {
                tracing::error!(%error, "what is over its age cannot be erased");
            }
            erased = Some(Instant::now());
        }
        tokio::time::sleep(LOOK_EVERY).await;
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
    hub.ledger.sweep().await
}

async fn erase_old(hub: &Hub) -> Result<(), LedgerError> {
    let Some(keep) = hub.config.keep_bodies else { return Ok(()) };
    let now = SystemTime::now();
    let before = now.checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
    let days = keep.as_secs() / 86_400;
    let order =
        Order { by: hub.identity.uri.clone(), why: format!("keep_bodies_days = {days}"), at: now };
    let erased = hub.ledger.erase_before(before, order).await?;
    if erased.bodies > 0 || erased.held > 0 {
        let (bodies, held) = (erased.bodies, erased.held);
        tracing::info!(bodies, held, days, "bodies over their age are erased; holds keep the rest");
    }
    Ok(())
}

async fn carry_out(hub: &Hub, folder: &Path) {
    let waiting = match orders::waiting(folder) {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, "the folder of orders cannot be read");
            return;
        }
    };
    for place in waiting {
        let reply = match orders::read(&place) {
            Ok(order) => order.carry_out(&hub.ledger).await,
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = orders::reply(&place, reply) {
            tracing::error!(%error, "an order's reply cannot be written");
        }
    }
}
