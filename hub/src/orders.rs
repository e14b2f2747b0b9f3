//! Orders of the operator's about the past. A store has one writer: the command carries an order
//! out itself where the hub is stopped, and else leaves it in a folder of the store's, where the
//! running hub finds it. Whoever can write there can as well delete the store.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_ledger::{
    Erased, Held, Ledger, LedgerError, LogKeys, OpenError, Options, Order, Place,
};
use zerotrip_trust::ending::utc;

use crate::signals::signalled;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// In the store's folder.
const FOLDER: &str = "orders";
/// Most orders that are taken at once.
const MOST: usize = 100;
/// Most names of the folder that are looked at for them.
const NAMES: usize = 10_000;
/// An order that a command left, and one that a hub took.
const LEFT: &str = "order";
const TAKEN: &str = "taken";
/// What came of one.
const REPLY: &str = "reply";
/// 9999-12-31T23:59:59Z, the last that RFC 3339 has.
const LAST_SECOND: u64 = 253_402_300_799;
/// How long a reply is kept for a command that was gone when it came.
const REPLIES_KEPT: Duration = Duration::from_secs(86_400);
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

/// An order as a command leaves it, in a file that it keeps locked while it waits. It is carried
/// out only while the person who gave it can know of it: what was stopped is not done later, by
/// another hub, over another store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    /// Until when the command waits, in whole seconds since 1970.
    until: u64,
    order: Ordered,
}

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The command that left it no longer waits.
    #[error(
        "the command that gave this order ({what}, by {by}) waited until {until}, and that is \
         over: it is removed, and not carried out by this hub. Give it again if it still holds; \
         what a hub that was killed had done of it stays done"
    )]
    Late {
        /// What was ordered.
        what: String,
        /// By whom.
        by: String,
        /// Until when it waited.
        until: String,
    },
    /// The command that left it was killed.
    #[error(
        "the command that gave this order ({what}, by {by}) has ended without its reply: it is \
         removed, and not carried out by this hub. Give it again if it still holds; what a hub \
         that was killed had done of it stays done"
    )]
    Abandoned {
        /// What was ordered.
        what: String,
        /// By whom.
        by: String,
    },
    /// A command waits for two minutes at most.
    #[error(
        "this order says that its command waits until {0}, which no command does; compare the \
         clocks of hub and command"
    )]
    Ahead(String),
    /// It cannot be read.
    #[error("this is no order: {0}")]
    Unreadable(String),
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
    /// Bring what of a segment is elsewhere back.
    FetchSegment { number: u64 },
    /// Keep them no longer.
    Release { number: u64 },
    /// No hold is missing from a store that was put back.
    ConfirmHolds,
}

impl Ordered {
    pub fn new(what: What, by: String, why: String) -> Self {
        Self { what, by, why }
    }

    /// Whether it brings a segment back.
    pub fn is_fetch(&self) -> bool {
        matches!(self.what, What::FetchSegment { .. })
    }

    /// What came of it, or why nothing did.
    pub async fn carry_out(self, ledger: &Ledger) -> Result<Value, String> {
        let order = Order { by: self.by, why: self.why, at: SystemTime::now() };
        let done = match self.what {
            What::Erase { exchange } => ledger.erase(&exchange, order).await.map(erased),
            What::EraseBefore { time } => ledger.erase_before(at(time), order).await.map(erased),
            What::DropSegment { number } => ledger.drop_segment(number, order).await.map(erased),
            What::FetchSegment { number } => {
                let fetched = ledger.fetch_segment(number).await;
                fetched.map(|files| json!({ "fetched": files }))
            }
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
            What::ConfirmHolds => {
                let confirmed = ledger.confirm_holds(order).await;
                confirmed.map(|copies| json!({ "confirmed": copies }))
            }
        };
        done.map_err(|error| error.to_string())
    }
}

fn erased(erased: Erased) -> Value {
    let Erased { bodies, held, left_in_wal } = erased;
    json!({ "erased": bodies, "held": held, "left_in_wal": left_in_wal })
}

/// Whether what an order erased is still in the store's WAL.
pub fn is_left_in_wal(done: &Value) -> bool {
    done.get("left_in_wal").and_then(Value::as_bool).unwrap_or_default()
}

fn hold(placed: Result<u64, LedgerError>) -> Result<Value, LedgerError> {
    placed.map(|number| json!({ "hold": number }))
}

/// What is later than any date that is written counts as the last of these.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND))
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
    place: Option<Arc<dyn Place>>,
) -> Result<Value, Failure> {
    // A store is made by the hub, and by no order.
    zerotrip_ledger::inspect(store, origin)?;
    let options = Options { place, ..Options::default() };
    match Ledger::open_with(store, origin, keys, &options) {
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
    let place = folder.join(format!("{}.{LEFT}", uuid::Uuid::now_v7()));
    let answer = place.with_extension(REPLY);
    let until = seconds(SystemTime::now() + WAIT);
    let left = Left { until, order: ordered.clone() };
    let _waits = write_locked(&place, &serde_json::to_vec(&left)?)?;
    let begun = Instant::now();
    let stopped = signalled();
    tokio::pin!(stopped);
    let mut is_stopped = false;
    while begun.elapsed() < WAIT && !is_stopped {
        if files::is_there(&answer) {
            let reply: Result<Value, String> = serde_json::from_slice(&files::read(&answer)?)?;
            fs::remove_file(&answer)?;
            return Ok(reply?);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            signal = &mut stopped => {
                signal?;
                is_stopped = true;
            }
        }
    }
    // Either this or the hub has it now.
    let withdrawn = fs::remove_file(&place).is_ok();
    let seconds = begun.elapsed().as_secs();
    Err(match (withdrawn, is_stopped) {
        (true, true) => "the order is withdrawn; nothing of it was carried out".to_owned(),
        (true, false) => format!(
            "the hub that has the store open does not take the order within {seconds} s; it is \
             withdrawn. Is it of an older release?"
        ),
        (false, _) => format!(
            "the hub has taken the order, and has not replied after {seconds} s; its reply will \
             be in `{}`, and its log says if it refuses",
            answer.display()
        ),
    }
    .into())
}

/// Writes an order whole, and locked before it has its name. The lock ends with the process.
fn write_locked(place: &Path, bytes: &[u8]) -> io::Result<File> {
    let part = place.with_extension("part");
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&part)?;
    file.lock()?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, place)?;
    Ok(file)
}

/// Orders that wait, oldest first.
pub fn waiting(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = named(store, |ending| ending == LEFT || ending == TAKEN)?;
    found.sort();
    found.truncate(MOST);
    Ok(found)
}

/// Files of the folder with such an ending.
fn named(store: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(store.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries.take(NAMES) {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_file()
            && path.extension().and_then(|ending| ending.to_str()).is_some_and(&is_wanted)
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Takes an order, so that its command can no longer withdraw it; `None` where it has. One that a
/// killed hub took is taken again.
pub fn take(place: &Path) -> io::Result<Option<PathBuf>> {
    let taken = place.with_extension(TAKEN);
    match fs::rename(place, &taken) {
        Ok(()) => Ok(Some(taken)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// An order that was taken, if its command waits for it now.
pub fn read(taken: &Path, now: SystemTime) -> Result<Ordered, Unfit> {
    let unreadable = |error: &dyn std::fmt::Display| Unfit::Unreadable(error.to_string());
    let bytes = files::read(taken).map_err(|error| unreadable(&error))?;
    let left: Left = serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))?;
    let (what, by) = (format!("{:?}", left.order.what), zerotrip_text::shown(&left.order.by));
    if left.until < seconds(now) {
        return Err(Unfit::Late { what, by, until: utc(at(left.until)) });
    }
    if left.until > seconds(now + WAIT) {
        return Err(Unfit::Ahead(utc(at(left.until))));
    }
    match File::open(taken).map_err(|error| unreadable(&error))?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(left.order),
        Ok(()) => Err(Unfit::Abandoned { what, by }),
        Err(TryLockError::Error(error)) => Err(unreadable(&error)),
    }
}

/// Removes an order for which no command waits.
pub fn remove(taken: &Path) -> io::Result<()> {
    fs::remove_file(taken)
}

/// Removes all orders: a store that was put back must not be given those of the one before.
pub fn remove_all(store: &Path) -> io::Result<()> {
    waiting(store)?.iter().try_for_each(|place| remove(place))
}

/// Removes replies to commands that were gone when they came.
pub fn forget_replies(store: &Path, now: SystemTime) -> io::Result<()> {
    for reply in named(store, |ending| ending == REPLY)? {
        let written = fs::metadata(&reply)?.modified()?;
        if now.duration_since(written).unwrap_or_default() > REPLIES_KEPT {
            fs::remove_file(&reply)?;
        }
    }
    Ok(())
}

/// Says what came of it. The order goes first: one that cannot be removed must not be carried out
/// again and again, and one that was carried out twice does nothing the second time.
pub fn reply(place: &Path, done: Result<Value, String>) -> Result<(), FileErrorOrIo> {
    fs::remove_file(place)?;
    let bytes = serde_json::to_vec(&done).map_err(io::Error::other)?;
    files::write(&place.with_extension(REPLY), &bytes, Secrecy::Private)?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn place(store: &Path, name: &str) -> PathBuf {
        store.join(FOLDER).join(name)
    }

    fn written(store: &Path, name: &str, text: &str) -> PathBuf {
        files::private_folder(&store.join(FOLDER)).unwrap();
        fs::write(place(store, name), text).unwrap();
        place(store, name)
    }

    fn order() -> Ordered {
        Ordered::new(What::Erase { exchange: "x".into() }, "a\u{1b}[2J".into(), "b".into())
    }

    #[test]
    fn an_order_counts_while_its_command_waits_and_never_else() {
        let store = tempfile::tempdir().unwrap();
        let now = at(1_800_000_000);
        let read_at = |until: u64| {
            let left = Left { until: seconds(now) + until - 1000, order: order() };
            let place = store.path().join("1.taken");
            let _waits = write_locked(&place, &serde_json::to_vec(&left).unwrap()).unwrap();
            read(&place, now)
        };
        for until in [1000, 1001, 1000 + WAIT.as_secs()] {
            assert_eq!(read_at(until).unwrap(), order());
        }
        for until in [0, 999] {
            let late = read_at(until).unwrap_err();
            let text = late.to_string();
            assert!(matches!(late, Unfit::Late { .. }) && !text.contains('\u{1b}'), "{text}");
        }
        for until in [1001 + WAIT.as_secs(), u64::MAX - seconds(now)] {
            assert!(matches!(read_at(until), Err(Unfit::Ahead(_))));
        }
        // In time, and nobody waits.
        let left = Left { until: seconds(now) + 60, order: order() };
        let text = serde_json::to_string(&left).unwrap();
        let abandoned = read(&written(store.path(), "1.taken", &text), now);
        assert!(matches!(abandoned, Err(Unfit::Abandoned { .. })), "{abandoned:?}");
        // As an earlier build left it, and what is no order.
        for text in [&serde_json::to_string(&order()).unwrap(), "{}", "", "null"] {
            let found = read(&written(store.path(), "1.taken", text), now);
            assert!(matches!(found, Err(Unfit::Unreadable(_))), "{text}: {found:?}");
        }
    }

    #[test]
    fn an_order_is_either_taken_or_withdrawn() {
        let store = tempfile::tempdir().unwrap();
        let left = written(store.path(), "1.order", "{}");
        let taken = take(&left).unwrap().unwrap();
        assert!(fs::remove_file(&left).is_err(), "its command cannot withdraw it");
        assert_eq!(waiting(store.path()).unwrap(), std::slice::from_ref(&taken), "after a kill");
        assert_eq!(take(&taken).unwrap(), Some(taken));
        let withdrawn = written(store.path(), "2.order", "{}");
        fs::remove_file(&withdrawn).unwrap();
        assert_eq!(take(&withdrawn).unwrap(), None);
        remove_all(store.path()).unwrap();
        assert_eq!(waiting(store.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn replies_that_nobody_fetched_hide_no_order_and_are_removed_after_a_day() {
        let store = tempfile::tempdir().unwrap();
        for number in 0..3 * MOST {
            written(store.path(), &format!("{number:04}.reply"), "{}");
        }
        let left = written(store.path(), "9.order", "{}");
        fs::create_dir(place(store.path(), "8.order")).unwrap();
        assert_eq!(waiting(store.path()).unwrap(), [left]);
        let count = || fs::read_dir(store.path().join(FOLDER)).unwrap().count();
        forget_replies(store.path(), SystemTime::now()).unwrap();
        assert_eq!(count(), 3 * MOST + 2);
        let later = SystemTime::now() + REPLIES_KEPT + Duration::from_secs(60);
        forget_replies(store.path(), later).unwrap();
        assert_eq!(count(), 2);
    }
}
