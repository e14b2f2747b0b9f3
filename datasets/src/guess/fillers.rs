//! Words that fill a cell that has no value, or an unknown one.
//! Which of the two it is, only the column's owner can say: `无` for a father names no person,
//! `不详` for an owner could be any person.
//!
//! A closed list, and runs of one character: nothing that could be a person's is in it, so that it
//! may be shown.

use std::collections::BTreeMap;

use crate::{date, fold};

/// What a filler most likely says. A hint for its owner, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// That there is nothing, or no person.
    Nothing,
    /// That it is not known.
    Unknown,
    /// One or the other.
    Either,
}

/// A filler of a column, with the number of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filler {
    /// As written, without blanks around it.
    pub word: String,
    /// Rows that hold it.
    pub rows: u64,
    /// What it most likely says.
    pub says: Says,
}

const NOTHING: &[&str] = &[
    "无",
    "無",
    "空",
    "没有",
    "暂无",
    "NULL",
    "(NULL)",
    "<NULL>",
    "[NULL]",
    "\\N",
    "NIL",
    "NONE",
    "N/A",
    "NA",
    "-",
    "--",
    "---",
    "—",
    "——",
    "/",
    "//",
    "\\",
    ".",
    "*",
    "0000-00-00",
    "0000-00-00 00:00:00",
    "0000/00/00",
    "0000.00.00",
    "00000000",
];
const UNKNOWN: &[&str] = &[
    "不详",
    "不詳",
    "未知",
    "不明",
    "待查",
    "待核",
    "待补",
    "待定",
    "未登记",
    "查无",
    "缺失",
    "遗失",
    "UNKNOWN",
    "?",
    "??",
    "???",
    "????",
];
/// Days that programs write where there is none.
const EMPTY_DAYS: &[&str] = &[
    "1800-01-01",
    "1899-12-30",
    "1899-12-31",
    "1900-01-01",
    "1970-01-01",
    "2099-12-31",
    "9999-12-31",
];
/// From this length on, one character again and again is not a number of anything.
const RUN: usize = 8;
/// Longest filler, in bytes.
const MOST_BYTES: usize = 48;
/// Different spellings that are distinguished in one column.
const MOST: usize = 24;
/// A day this frequent, by number and by share of the rows, means that there is no date.
const OFTEN: u64 = 3;
const ONCE_IN: u64 = 500;

/// How often each filler occurs in a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Fillers {
    words: BTreeMap<String, u64>,
    days: BTreeMap<String, u64>,
}

impl Fillers {
    /// Counts the value if it is a filler, and says whether it is one. A day that means none
    /// is a date all the same.
    pub(super) fn note(&mut self, text: &str) -> bool {
        let is_filler = says(text).is_some();
        if is_filler {
            count(&mut self.words, text);
        } else if is_empty_day(text) {
            count(&mut self.days, text);
        }
        is_filler
    }

    /// By what they say, the commonest first; days only of a column of dates, and only if they
    /// occur more often than a day does by chance.
    pub(super) fn found(&self, of_dates: bool, values: u64) -> Vec<Filler> {
        let word = |(word, rows): (&String, &u64)| {
            Some(Filler { word: word.clone(), rows: *rows, says: says(word)? })
        };
        let often = (values / ONCE_IN).max(OFTEN);
        let days = self.days.iter().filter(|(_, rows)| of_dates && **rows >= often);
        let day = |(word, rows): (&String, &u64)| Filler {
            word: word.clone(),
            rows: *rows,
            says: Says::Either,
        };
        let mut found: Vec<Filler> =
            self.words.iter().filter_map(word).chain(days.map(day)).collect();
        found.sort_by(|a, b| (a.says, b.rows, &a.word).cmp(&(b.says, a.rows, &b.word)));
        found
    }
}

fn count(counts: &mut BTreeMap<String, u64>, text: &str) {
    if let Some(rows) = counts.get_mut(text) {
        *rows += 1;
    } else if counts.len() < MOST {
        counts.insert(text.to_owned(), 1);
    }
}

fn is_empty_day(text: &str) -> bool {
    // Most values are none, and reading a date takes longer than looking at its year.
    let year = text.get(..4).unwrap_or_default();
    EMPTY_DAYS.iter().any(|day| day.starts_with(year))
        && date::parse(text).is_some_and(|day| EMPTY_DAYS.contains(&day.to_string().as_str()))
}

/// What a value says if it is a filler.
pub(crate) fn says(text: &str) -> Option<Says> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let plain: String =
        fold::unguarded(text).chars().map(fold::narrow).map(|c| c.to_ascii_uppercase()).collect();
    if NOTHING.contains(&plain.as_str()) {
        return Some(Says::Nothing);
    }
    if UNKNOWN.contains(&plain.as_str()) {
        return Some(Says::Unknown);
    }
    is_placeholder(&plain).then_some(Says::Either)
}

/// One digit, cross or star again and again, or the digits in their order.
fn is_placeholder(plain: &str) -> bool {
    let first = plain.chars().next().unwrap_or_default();
    let runs = plain.len() >= RUN
        && matches!(first, '0'..='9' | 'X' | '*')
        && plain.chars().all(|c| c == first);
    let counts = plain.len() >= RUN && "123456789012345678901234567890".starts_with(plain);
    runs || counts
}
