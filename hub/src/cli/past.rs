//! The commands about what has moved, what is erased and what is held.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zerotrip_ledger::{Held, Hold, LogKeys, Order, SegmentRow};

use super::{Failure, Place, say};
use crate::orders::{Ordered, What, give, moment, seconds, shown};
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
    /// List the holds, those in force first: what, by whom, why, since when. Also while the hub
    /// serves.
    List {
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

impl Place {
    fn open(self) -> Result<(PathBuf, String, LogKeys), Failure> {
        let (origin, keys) = log_keys(&self.dir)?;
        Ok((self.store.unwrap_or(self.dir), origin, keys))
    }

    async fn order(self, what: What, word: Word) -> Result<Value, Failure> {
        let (store, origin, keys) = self.open()?;
        give(Ordered::new(what, word.by, word.why), &store, &origin, keys).await
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
            });
            let text = format!(
                "{} of {} leaves have moved; the database has {} KiB and {} KiB to be used again, \
                 the segments {} KiB of entries and {} KiB of bodies",
                figures.moved,
                figures.size,
                figures.database_bytes >> 10,
                figures.free_bytes >> 10,
                figures.entries_bytes >> 10,
                figures.bodies_bytes >> 10
            );
            say(json, &text, &total)
        }
        Segments::Verify { place } => {
            let (store, origin, _) = place.open()?;
            let checked = zerotrip_ledger::verify_segments(&store, &origin)?;
            for fault in &checked.faults {
                say(json, fault, &json!({ "fault": fault }))?;
            }
            let value = json!({
                "segments": checked.segments, "blocks": checked.blocks,
                "bodies": checked.bodies, "erased": checked.erased,
                "faults": checked.faults.len(),
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
            for hold in &found.holds {
                say(json, &hold_line(hold), &hold_row(hold))?;
            }
            if found.holds.is_empty() && !json {
                say(json, "there are no holds", &Value::Null)?;
            }
            Ok(())
        }
        Holds::Release { number, word, place } => {
            let done = place.order(What::Release { number }, word).await?;
            say(json, &format!("hold {} is released", figure(&done, "released")), &done)
        }
    }
}

fn erased(done: Value, json: bool) -> Result<(), Failure> {
    let (erased, held) = (figure(&done, "erased"), figure(&done, "held"));
    let text = format!("{erased} bodies are erased; holds keep {held}");
    say(json, &text, &done)
}

fn figure(done: &Value, name: &str) -> u64 {
    done.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn line(segment: &SegmentRow) -> String {
    let bodies = if segment.dropped {
        "all bodies erased".to_owned()
    } else {
        format!("{} bodies in {} KiB", segment.bodies, segment.bodies_bytes >> 10)
    };
    format!(
        "{:>6}  {}  leaves {} to {}, {} KiB; {bodies}",
        segment.number,
        segment.day,
        segment.first,
        segment.end.saturating_sub(1),
        segment.entries_bytes >> 10
    )
}

fn row(segment: &SegmentRow) -> Value {
    json!({
        "segment": segment.number, "day": segment.day, "first": segment.first,
        "end": segment.end, "entries_bytes": segment.entries_bytes,
        "bodies_bytes": segment.bodies_bytes, "bodies": segment.bodies,
        "dropped": segment.dropped,
    })
}

fn hold_line(hold: &Hold) -> String {
    let what = match &hold.held {
        Held::Exchange(id) => format!("exchange {id}"),
        Held::Between(from, to) => {
            format!("exchanges that ended from {} to {}", shown(*from), shown(*to))
        }
    };
    let said = |order: &Order| {
        let (by, why) = (zerotrip_text::shown(&order.by), zerotrip_text::shown(&order.why));
        format!("{} by {by}: {why}", shown(order.at))
    };
    let released = match &hold.released {
        Some(order) => format!("; released {}", said(order)),
        None => String::new(),
    };
    format!("{:>4}  {what}; placed {}{released}", hold.number, said(&hold.placed))
}

fn hold_row(hold: &Hold) -> Value {
    let said = |order: &Order| json!({ "at": seconds(order.at), "by": order.by, "why": order.why });
    let (exchange, range) = match &hold.held {
        Held::Exchange(id) => (Some(id), None),
        Held::Between(from, to) => (None, Some([seconds(*from), seconds(*to)])),
    };
    json!({
        "hold": hold.number, "exchange": exchange, "between": range,
        "placed": said(&hold.placed), "released": hold.released.as_ref().map(said),
    })
}
