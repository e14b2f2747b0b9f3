//! Which scans processes before this one served, by their own lines: a line is written before the
//! first byte leaves, so that what has none was not served.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::SCAN;

/// A scan that was served, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The ticket.
    pub ticket: String,
    /// The exchange.
    pub exchange: String,
    /// The scan of it.
    pub scan: String,
    /// Of a request about many: which part of the scan, and about how many persons it asked.
    pub part: Option<(u32, u64)>,
}

/// What a line says of it; other lines have less, and lines can say more.
#[derive(Deserialize)]
struct Line {
    at: String,
    event: String,
    grant: Option<String>,
    exchange: Option<String>,
    scan: Option<String>,
    part: Option<u32>,
    persons: Option<Vec<IgnoredAny>>,
}

/// The scans of which the journal in this folder says that they were served since, by whatever
/// file: the owner may have put older ones away. A line that a crash cut off is of no scan that was
/// served. One that a whole line does not name is an error: what it was is not known.
pub fn served_since(folder: &Path, since: SystemTime) -> io::Result<Vec<Served>> {
    let mut served = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let is_journal = file.path().extension().is_some_and(|ending| ending == "jsonl");
        if !is_journal || file.metadata()?.modified()? < since {
            continue;
        }
        for line in BufReader::new(fs::File::open(file.path())?).split(b'\n') {
            let Ok(line) = serde_json::from_slice::<Line>(&line?) else { continue };
            let at = DateTime::parse_from_rfc3339(&line.at).map(|at| at.with_timezone(&Utc));
            if line.event != SCAN || at.is_ok_and(|at| SystemTime::from(at) < since) {
                continue;
            }
            let of = line.of().ok_or_else(|| {
                let path = file.path();
                io::Error::other(format!("`{}` has a scan of no name", path.display()))
            })?;
            served.push(of);
        }
    }
    Ok(served)
}

impl Line {
    fn of(self) -> Option<Served> {
        let part = match self.part {
            None => None,
            Some(part) => Some((part, self.persons?.len() as u64)),
        };
        Some(Served { ticket: self.grant?, exchange: self.exchange?, scan: self.scan?, part })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write as _;
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::{Journal, append, file_name};
    use super::*;

    fn line(ticket: &str) -> Value {
        json!({ "exchange": "e1", "grant": ticket, "scan": "owner", "persons": ["1", "2"] })
    }

    fn tickets(folder: &Path, since: SystemTime) -> Vec<String> {
        let served = served_since(folder, since).unwrap();
        let mut tickets: Vec<String> = served.into_iter().map(|one| one.ticket).collect();
        tickets.sort();
        tickets
    }

    fn set(line: &mut Value, name: &str, value: Value) {
        line.as_object_mut().unwrap().insert(name.to_owned(), value);
    }

    #[test]
    fn what_was_served_is_read_back_from_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let before = SystemTime::now() - Duration::from_secs(1);
        let journal = Journal::open(folder.path()).unwrap();
        journal.record(SCAN, &line("g1")).unwrap();
        journal.record("answered", &json!({ "grant": "g1", "rows": 1 })).unwrap();
        journal.record("refused", &json!({ "code": "EXPIRED", "why": "late" })).unwrap();
        let mut part = line("g2");
        set(&mut part, "part", 7.into());
        journal.record(SCAN, &part).unwrap();
        drop(journal);
        // A process that was killed in the midst of a line served nothing of it.
        append(&file_name(folder.path(), 1)).unwrap().write_all(b"{\"at\":\"2026-11-2").unwrap();
        let mut other = append(&file_name(folder.path(), 9)).unwrap();
        let mut old = line("g0");
        set(&mut old, "at", "2020-01-01T00:00:00.000Z".into());
        set(&mut old, "event", SCAN.into());
        // Of a time that does not read it is not known that it was before.
        let mut undated = line("g3");
        set(&mut undated, "at", "yesterday".into());
        set(&mut undated, "event", SCAN.into());
        other.write_all(format!("{old}\n{undated}\n").as_bytes()).unwrap();
        assert_eq!(tickets(folder.path(), before), ["g1", "g2", "g3"]);
        let served = served_since(folder.path(), before).unwrap();
        let part = served.iter().find(|one| one.ticket == "g2").unwrap();
        let (exchange, scan) = ("e1".to_owned(), "owner".to_owned());
        assert_eq!(*part, Served { ticket: "g2".into(), exchange, scan, part: Some((7, 2)) });
        assert!(tickets(folder.path(), SystemTime::now() + Duration::from_secs(60)).is_empty());
        // A scan that its line does not name could be any.
        let journal = Journal::open(folder.path()).unwrap();
        journal.record(SCAN, &json!({ "exchange": "e1" })).unwrap();
        assert!(served_since(folder.path(), before).is_err());
    }
}
