//! The commands about what has moved, what is erased and what is held.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zerotrip_ledger::{Copied, Held, Hold, LogKeys, Order, Unconfirmed};

use super::segment_row::{line, row};
use super::{Failure, Place, say};
use crate::config::Config;
use crate::orders::{Ordered, What, give, is_left_in_wal, moment, seconds, shown};
use crate::state::log_keys;

/// By whose word, and why: it stays on record in the store.
#[derive(Args)]
pub struct Word {
    /// Who orders it, such as a name and an office: 1 to 256 bytes.
    #[arg(long)]
    by: String,
    /// Why, such as the rule or the number of the file: 1 to 256 bytes.
    #[arg(long)]
    why: String,
}

#[derive(Subcommand)]
pub enum Segments {
    /// List the segments: days, leaves, bytes, and how many bodies are not erased. Also while the
    /// hub serves.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Verify every segment against the log: each file, each leaf, each body. What is missing, cut,
    /// swapped or altered is named, and the exit code is 2. Also while the hub serves.
    Verify {
        #[command(flatten)]
        place: Place,
    },
    /// Bring what of a segment is in the object store back into the store's folder, compared block
    /// by block. It stays there; the objects are removed.
    Fetch {
        /// Its number, as `list` shows it.
        number: u64,
        #[command(flatten)]
        place: Place,
    },
    /// Erase the bodies of one segment, without those that a hold keeps, and remove their file once
    /// none is left.
    Drop {
        /// Its number, as `list` shows it.
        number: u64,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["exchange", "before"])))]
pub struct Erase {
    /// One exchange, by its request's id; refused where a hold keeps it.
    exchange: Option<String>,
    /// All that ended before this moment, without those that a hold keeps: `2026-11-29`, which
    /// begins at midnight UTC, or `2026-11-29T08:00:00Z`.
    #[arg(long, value_parser = moment)]
    before: Option<SystemTime>,
    #[command(flatten)]
    word: Word,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
pub enum Holds {
    /// Keep the body of one exchange, or of all that ended in a range of time.
    Add {
        /// One exchange, by its request's id.
        #[arg(long, conflicts_with_all = ["from", "to"], required_unless_present = "from")]
        exchange: Option<String>,
        /// From this moment on: a day or a time, as with `erase --before`.
        #[arg(long, value_parser = moment, requires = "to")]
        from: Option<SystemTime>,
        /// And before this one.
        #[arg(long, value_parser = moment, requires = "from")]
        to: Option<SystemTime>,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        place: Place,
    },
    /// List the holds, those in force first: what, by whom, why, since when; and, of a store that
    /// was put back from a backup, since when holds may be missing. Also while the hub serves.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Say of a store that was put back from a backup that no hold is missing: those that were
    /// placed since are placed again. Until then nothing is erased, by rule or by order.
    Confirm {
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        place: Place,
    },
    /// Release a hold; it stays on record. What it kept can be erased from now on.
    Release {
        /// Its number, as `list` shows it.
        number: u64,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        place: Place,
    },
}

/// Where segments are that are elsewhere, by `hub.toml` in the hub's folder.
pub fn place_of(dir: &Path) -> Result<Option<Arc<dyn zerotrip_ledger::Place>>, Failure> {
    Ok(Config::read(dir, PathBuf::new(), None)?.place()?)
}

impl Place {
    fn open(self) -> Result<(PathBuf, String, LogKeys), Failure> {
        let (origin, keys) = log_keys(&self.dir)?;
        Ok((self.store.unwrap_or(self.dir), origin, keys))
    }

    async fn order(self, what: What, word: Word) -> Result<Value, Failure> {
        let place = place_of(&self.dir)?;
        let (store, origin, keys) = self.open()?;
        give(Ordered::new(what, word.by, word.why), &store, &origin, keys, place).await
    }
}

pub async fn segments(command: Segments, json: bool) -> Result<(), Failure> {
    match command {
        Segments::List { place } => {
            let (store, origin, _) = place.open()?;
            let found = zerotrip_ledger::inspect(&store, &origin)?;
            let figures = found.figures;
            for segment in &found.segments {
                say(json, &line(segment), &row(segment))?;
            }
            let total = json!({
                "leaves": figures.size, "moved": figures.moved,
                "database_bytes": figures.database_bytes, "free_bytes": figures.free_bytes,
                "entries_bytes": figures.entries_bytes, "bodies_bytes": figures.bodies_bytes,
                "elsewhere_bytes": figures.elsewhere_bytes,
                "to_be_removed": figures.to_be_removed,
            });
            let mut text = format!(
                "{} of {} leaves have moved; the database has {} KiB and {} KiB to be used again, \
                 the segments {} KiB of entries and {} KiB of bodies",
                figures.moved,
                figures.size,
                figures.database_bytes >> 10,
                figures.free_bytes >> 10,
                figures.entries_bytes >> 10,
                figures.bodies_bytes >> 10
            );
            if figures.elsewhere_bytes > 0 {
                text += &format!("; {} KiB of them are elsewhere", figures.elsewhere_bytes >> 10);
            }
            if figures.to_be_removed > 0 {
                text += &format!("; {} objects are still to be removed", figures.to_be_removed);
            }
            say(json, &text, &total)
        }
        Segments::Verify { place } => {
            let elsewhere = place_of(&place.dir)?;
            let (store, origin, _) = place.open()?;
            let checked = zerotrip_ledger::verify_segments(&store, &origin, elsewhere)?;
            for stranger in &checked.strangers {
                let text = format!(
                    "`{stranger}` is no object of this store: it is of one that was set aside, or \
                     of before a backup was put back; nothing here needs it, delete it by hand"
                );
                say(json, &text, &json!({ "stranger": stranger }))?;
            }
            for fault in &checked.faults {
                say(json, fault, &json!({ "fault": fault }))?;
            }
            let value = json!({
                "segments": checked.segments, "blocks": checked.blocks,
                "bodies": checked.bodies, "erased": checked.erased,
                "faults": checked.faults.len(), "strangers": checked.strangers.len(),
            });
            let text = format!(
                "{} segments: {} blocks of leaves and {} bodies are what the log commits to; {} \
                 bodies are erased; {} faults",
                checked.segments,
                checked.blocks,
                checked.bodies,
                checked.erased,
                checked.faults.len()
            );
            say(json, &text, &value)?;
            if checked.faults.is_empty() {
                Ok(())
            } else {
                Err("the segments are not whole; put back from a backup what is named above".into())
            }
        }
        Segments::Fetch { number, place } => {
            let word = Word { by: "operator".to_owned(), why: "segments fetch".to_owned() };
            let done = place.order(What::FetchSegment { number }, word).await?;
            say(json, &format!("{} files are back", figure(&done, "fetched")), &done)
        }
        Segments::Drop { number, word, place } => {
            erased(place.order(What::DropSegment { number }, word).await?, json)
        }
    }
}

pub async fn erase(command: Erase, json: bool) -> Result<(), Failure> {
    let what = match (command.exchange, command.before) {
        (Some(exchange), _) => What::Erase { exchange },
        (None, Some(before)) => What::EraseBefore { time: seconds(before) },
        (None, None) => return Err("name an exchange, or a moment with --before".into()),
    };
    erased(command.place.order(what, command.word).await?, json)
}

pub async fn hold(command: Holds, json: bool) -> Result<(), Failure> {
    match command {
        Holds::Add { exchange, from, to, word, place } => {
            let what = match (exchange, from, to) {
                (Some(exchange), ..) => What::HoldExchange { exchange },
                (None, Some(from), Some(to)) => {
                    What::HoldBetween { from: seconds(from), to: seconds(to) }
                }
                _ => return Err("name an exchange, or a range with --from and --to".into()),
            };
            let done = place.order(what, word).await?;
            say(json, &format!("hold {} is in force", figure(&done, "hold")), &done)
        }
        Holds::List { place } => {
            let (store, origin, _) = place.open()?;
            let found = zerotrip_ledger::inspect(&store, &origin)?;
            if let Some(holds) = &found.unconfirmed {
                say(json, &unconfirmed_lines(holds), &unconfirmed_row(holds))?;
            }
            for hold in &found.holds {
                say(json, &hold_line(hold), &hold_row(hold))?;
            }
            if found.holds.is_empty() && !json {
                let none = match &found.unconfirmed {
                    Some(_) => "no holds are on record here",
                    None => "there are no holds",
                };
                say(json, none, &Value::Null)?;
            }
            for copy in &found.copies {
                if let Some(order) = &copy.confirmed {
                    say(json, &copy_line(copy, order), &copy_row(copy, order))?;
                }
            }
            Ok(())
        }
        Holds::Confirm { word, place } => {
            let done = place.order(What::ConfirmHolds, word).await?;
            let text = "it is on record that no hold is missing; erasing goes on\n\
                        已记录：没有遗漏的保全；擦除恢复进行";
            say(json, text, &done)
        }
        Holds::Release { number, word, place } => {
            let done = place.order(What::Release { number }, word).await?;
            say(json, &format!("hold {} is released", figure(&done, "released")), &done)
        }
    }
}

fn erased(done: Value, json: bool) -> Result<(), Failure> {
    let (erased, held) = (figure(&done, "erased"), figure(&done, "held"));
    let mut text = format!("{erased} bodies are erased; holds keep {held}");
    if is_left_in_wal(&done) {
        text += "\nanother program reads the store: until it ends, what is erased can still be \
                 read from the store's WAL and database file. End that program; a running hub goes \
                 on trying and logs when it is gone, else give the order again\n\
                 另有程序正在读取存储：在其结束之前，已擦除的内容仍可从存储的 WAL \
                 及数据库文件中读出。请结束该程序；运行中的枢纽会继续清除，\
                 清除后写入日志；枢纽未运行时请重新执行本命令";
    }
    say(json, &text, &done)
}

fn unconfirmed_lines(holds: &Unconfirmed) -> String {
    let zh = match holds.since {
        Some(since) => {
            format!("自 {}（备份时间）起设定的保全，本存储中可能没有", shown(since))
        }
        None => "备份之后设定的保全，本存储中可能没有；备份时间未知".to_owned(),
    };
    format!(
        "{holds}. Nothing is erased until they are placed again (`hold add`) and confirmed (`hold \
         confirm`)\n{zh}。重新设定（`hold add`）并确认（`hold confirm`）之前，不擦除任何内容"
    )
}

fn unconfirmed_row(holds: &Unconfirmed) -> Value {
    json!({
        "unconfirmed": true, "since": holds.since.map(seconds), "next": "zerotrip-hub hold confirm",
    })
}

fn copy_line(copy: &Copied, order: &Order) -> String {
    let made =
        copy.copied_at.map_or("of an unknown time".to_owned(), |at| format!("of {}", shown(at)));
    format!("      no hold is missing since the backup {made}; confirmed {}", said(order))
}

fn copy_row(copy: &Copied, order: &Order) -> Value {
    json!({
        "backup_of": copy.copied_at.map(seconds), "put_back": copy.restored_at.map(seconds),
        "confirmed": said_row(order),
    })
}

/// When, by whom and why.
fn said(order: &Order) -> String {
    let (by, why) = (zerotrip_text::shown(&order.by), zerotrip_text::shown(&order.why));
    format!("{} by {by}: {why}", shown(order.at))
}

fn said_row(order: &Order) -> Value {
    json!({ "at": seconds(order.at), "by": order.by, "why": order.why })
}

fn figure(done: &Value, name: &str) -> u64 {
    done.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn hold_line(hold: &Hold) -> String {
    let what = match &hold.held {
        Held::Exchange(id) => format!("exchange {id}"),
        Held::Between(from, to) => {
            format!("exchanges that ended from {} to {}", shown(*from), shown(*to))
        }
    };
    let released = match &hold.released {
        Some(order) => format!("; released {}", said(order)),
        None => String::new(),
    };
    format!("{:>4}  {what}; placed {}{released}", hold.number, said(&hold.placed))
}

fn hold_row(hold: &Hold) -> Value {
    let (exchange, range) = match &hold.held {
        Held::Exchange(id) => (Some(id), None),
        Held::Between(from, to) => (None, Some([seconds(*from), seconds(*to)])),
    };
    json!({
        "hold": hold.number, "exchange": exchange, "between": range,
        "placed": said_row(&hold.placed), "released": hold.released.as_ref().map(said_row),
    })
}
