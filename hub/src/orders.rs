//! Orders of the operator's about the past. A store has one writer: the command carries an order
//! out itself where the hub is stopped, and else leaves it in a folder of the store's, where the
//! running hub finds it. Whoever can write there can as well delete the store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_ledger::{Held, Ledger, LedgerError, LogKeys, OpenError, Order};
use zerotrip_trust::ending::utc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// In the store's folder.
const FOLDER: &str = "orders";
/// Most orders that are read at once.
const MOST: usize = 100;
/// How long a command waits for the hub: it looks every second, and a large order takes a while.
const WAIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// What is ordered, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ordered {
    what: What,
    by: String,
    why: String,
}

/// What is ordered; times in whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum What {
    /// One exchange's body.
    Erase { exchange: String },
    /// The bodies of those that ended before.
    EraseBefore { time: u64 },
    /// The bodies of a segment.
    DropSegment { number: u64 },
    /// Keep one exchange's body.
    HoldExchange { exchange: String },
    /// Keep the bodies of those that ended in between.
    HoldBetween { from: u64, to: u64 },
    /// Keep them no longer.
    Release { number: u64 },
}

impl Ordered {
    pub fn new(what: What, by: String, why: String) -> Self {
        Self { what, by, why }
    }

    /// What came of it, or why nothing did.
    pub async fn carry_out(self, ledger: &Ledger) -> Result<Value, String> {
        let order = Order { by: self.by, why: self.why, at: SystemTime::now() };
        let done = match self.what {
            What::Erase { exchange } => ledger.erase(&exchange, order).await.map(erased),
            What::EraseBefore { time } => ledger.erase_before(at(time), order).await.map(erased),
            What::DropSegment { number } => ledger.drop_segment(number, order).await.map(erased),
            What::HoldExchange { exchange } => {
                hold(ledger.place_hold(Held::Exchange(exchange), order).await)
            }
            What::HoldBetween { from, to } => {
                hold(ledger.place_hold(Held::Between(at(from), at(to)), order).await)
            }
            What::Release { number } => {
                let released = ledger.release_hold(number, order).await;
                released.map(|number| json!({ "released": number }))
            }
        };
        done.map_err(|error| error.to_string())
    }
}

fn erased(erased: zerotrip_ledger::Erased) -> Value {
    json!({ "erased": erased.bodies, "held": erased.held })
}

fn hold(placed: Result<u64, LedgerError>) -> Result<Value, LedgerError> {
    placed.map(|number| json!({ "hold": number }))
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Of a moment, as [`What`] has it.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Carries it out here where no hub runs, and else has the running one do it.
pub async fn give(
    ordered: Ordered,
    store: &Path,
    origin: &str,
    keys: LogKeys,
) -> Result<Value, Failure> {
    // A store is made by the hub, and by no order.
    zerotrip_ledger::inspect(store, origin)?;
    match Ledger::open(store, origin, keys) {
        Ok((ledger, _)) => {
            let done = ordered.carry_out(&ledger).await;
            ledger.close().await?;
            Ok(done?)
        }
        Err(OpenError::InUse(_)) => leave(&ordered, store).await,
        Err(error) => Err(error.into()),
    }
}

async fn leave(ordered: &Ordered, store: &Path) -> Result<Value, Failure> {
    let folder = store.join(FOLDER);
    files::private_folder(&folder)?;
    let place = folder.join(format!("{}.order", uuid::Uuid::now_v7()));
    let answer = place.with_extension("reply");
    files::write(&place, &serde_json::to_vec(ordered)?, Secrecy::Private)?;
    let begun = Instant::now();
    while begun.elapsed() < WAIT {
        if files::is_there(&answer) {
            let reply: Result<Value, String> = serde_json::from_slice(&files::read(&answer)?)?;
            fs::remove_file(&answer)?;
            return Ok(reply?);
        }
        tokio::time::sleep(POLL).await;
    }
    let taken = fs::remove_file(&place).is_err();
    let seconds = WAIT.as_secs();
    Err(if taken {
        format!(
            "the hub has taken the order and is not done after {seconds} s; its reply will be in \
             `{}`",
            answer.display()
        )
    } else {
        format!(
            "the hub that has the store open does not take the order within {seconds} s; it is \
             withdrawn. Is it of an older release?"
        )
    }
    .into())
}

/// Orders that wait, oldest first.
pub fn waiting(store: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(store.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries.take(MOST) {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "order") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// An order that was left.
pub fn read(place: &Path) -> Result<Ordered, Failure> {
    Ok(serde_json::from_slice(&files::read(place)?)?)
}

/// Says what came of it. The order goes first: one that cannot be removed must not be carried out
/// again and again, and one that was carried out twice does nothing the second time.
pub fn reply(place: &Path, done: Result<Value, String>) -> Result<(), FileErrorOrIo> {
    fs::remove_file(place)?;
    let bytes = serde_json::to_vec(&done).map_err(io::Error::other)?;
    files::write(&place.with_extension("reply"), &bytes, Secrecy::Private)?;
    Ok(())
}

/// Why a reply cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileErrorOrIo {
    /// The order cannot be removed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The reply cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A moment as people write it: a day, which begins at midnight UTC, or RFC 3339.
pub fn moment(text: &str) -> Result<SystemTime, String> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|midnight| midnight.and_utc());
    let moment = day
        .or_else(|| chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc()));
    moment.map(SystemTime::from).ok_or_else(|| {
        format!("`{text}` is no day such as 2026-11-29, and no time such as 2026-11-29T08:00:00Z")
    })
}

/// As it is shown.
pub fn shown(time: SystemTime) -> String {
    utc(time)
}
