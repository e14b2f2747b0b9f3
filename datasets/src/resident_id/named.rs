//! The persons whose whole ids are in a text, or in the cells of a row.

use std::collections::VecDeque;

use chrono::Datelike as _;

use super::characters::MOST_PERSONS;
use super::plausible::has_province;
use super::{ResidentId, of_folded};
use crate::{date, fold};

/// Other characters between two digits of an id in a text.
const MOST_BETWEEN: usize = 3;
/// Characters that an id has at least, however its day is written.
const FEWEST: usize = 13;
/// Characters of a day.
const SHORTEST_DAY: usize = 8;
/// Cells of a row that can be pieces.
const MOST_PIECES: usize = 32;
/// Characters of a whole id.
const WHOLE: usize = 18;
/// Whether a person's whole id is in a cell, whatever is beside it.
pub fn names_somebody(raw: &str) -> bool {
    !persons_in(raw).is_empty()
}

/// The persons whose whole ids are in a text, each once, in its order: at most 64.
///
/// Digits of something else may be glued to an id, and other characters may be between its digits:
/// a day's marks, dots, blanks. Of 15 digits, which have no check, only those count that are not.
pub fn persons_in(raw: &str) -> Vec<ResidentId> {
    let mut persons = Vec::new();
    // Nearly nothing is as long as an id.
    let could_be = |byte: &u8| byte.is_ascii_digit() || b"XxOoIl|&%=\\".contains(byte);
    if raw.len() < FEWEST || raw.is_ascii() && raw.bytes().filter(could_be).count() < FEWEST {
        return persons;
    }
    for text in fold::readings(raw) {
        for person in persons_in_reading(&text) {
            if persons.len() < MOST_PERSONS && !persons.contains(&person) {
                persons.push(person);
            }
        }
    }
    persons
}

/// The same of one way to read the text.
fn persons_in_reading(text: &str) -> Vec<ResidentId> {
    let mut persons = Vec::new();
    // Each digit, and how many other characters are before it.
    let (mut digits, mut gap) = (Vec::new(), 0_usize);
    for c in text.chars() {
        match fold::digit(c) {
            Some(digit) => {
                digits.push((digit, gap));
                gap = 0;
            }
            None => gap += 1,
        }
    }
    if digits.len() < 15 {
        return persons;
    }
    let mut add = |found: Option<ResidentId>| {
        if let Some(found) =
            found.filter(|found| persons.len() < MOST_PERSONS && !persons.contains(found))
        {
            persons.push(found);
        }
    };
    let read = |digits: &[(u8, usize)]| {
        let mut text = [0; WHOLE];
        text.iter_mut().zip(digits).for_each(|(to, (digit, _))| *to = *digit);
        text.get(..digits.len()).and_then(of_folded)
    };
    for window in digits
        .windows(WHOLE)
        .filter(|window| window.iter().skip(1).all(|(_, gap)| *gap <= MOST_BETWEEN))
    {
        add(read(window));
    }
    // In one piece, or in groups with one mark between them.
    for most in [0, 1] {
        let runs = digits.chunk_by(|_, (_, gap)| *gap <= most);
        runs.filter(|run| run.len() == 15).for_each(|run| add(read(run)));
    }
    persons
}

/// The persons that the cells of a row name, each with the cell's place: in one cell
/// ([`persons_in`]), or in pieces, each of which is all of a cell, in cells that follow one another
/// but for blank ones: where the id begins.
pub fn persons_among<'a>(
    cells: impl IntoIterator<Item = Option<&'a str>>,
) -> Vec<(usize, ResidentId)> {
    let mut persons = Vec::new();
    // Where each piece of the present run begins in its digits, and its cell.
    let (mut digits, mut begins) = (String::new(), VecDeque::new());
    for (place, cell) in cells.into_iter().enumerate() {
        let Some(cell) = cell.filter(|cell| !fold::trimmed(cell).is_empty()) else { continue };
        persons.extend(persons_in(cell).into_iter().map(|person| (place, person)));
        let Some(piece) = piece(cell) else {
            digits.clear();
            begins.clear();
            continue;
        };
        begins.push_back((digits.len(), place));
        digits.push_str(&piece);
        while let Some((begin, place)) =
            begins.front().copied().filter(|(begin, _)| digits.len() - begin >= WHOLE)
        {
            if digits.len() - begin == WHOLE && begins.len() > 1 {
                persons.extend(
                    digits
                        .get(begin..)
                        .and_then(|text| of_folded(text.as_bytes()))
                        .map(|person| (place, person)),
                );
            }
            begins.pop_front();
        }
    }
    persons
}

/// Ids that the cells of a row would make, put together from two to four pieces in any order, with
/// anything between them, or from a day in three cells: the cells' places, and whether the check
/// character is right, as it is of one in eleven by chance.
pub fn pieces_among<'a>(
    cells: impl IntoIterator<Item = Option<&'a str>>,
) -> Vec<(Vec<usize>, bool)> {
    let pieces =
        cells.into_iter().enumerate().filter_map(|(place, cell)| Some((place, piece(cell?)?)));
    let pieces: Vec<(usize, String)> = pieces.take(MOST_PIECES).collect();
    let mut found = Vec::new();
    let mut whole = |parts: &[usize], text: &str| {
        if looks_whole(text) {
            let places = parts.iter().filter_map(|part| pieces.get(*part).map(|(place, _)| *place));
            found.push((places.collect(), of_folded(text.as_bytes()).is_some()));
        }
    };
    for (first, (_, begin)) in
        pieces.iter().enumerate().filter(|(_, (_, begin))| has_province(begin.as_bytes()))
    {
        together(&pieces, &[first], begin, &mut whole);
        // Year, month and day, each in a separate cell, the last two perhaps in one digit.
        for (year, parts) in pieces.windows(3).enumerate().filter(|_| begin.len() == 6) {
            let [(_, y), (_, m), (_, d)] = parts else { continue };
            if y.len() == 4
                && (1..=2).contains(&m.len())
                && (1..=2).contains(&d.len())
                && (m.len() < 2 || d.len() < 2)
            {
                for (last, (_, tail)) in
                    pieces.iter().enumerate().filter(|(_, (_, tail))| tail.len() == 4)
                {
                    if last != first && !(year..year + 3).contains(&last) {
                        whole(&[first, year, last], &format!("{begin}{y}{m:0>2}{d:0>2}{tail}"));
                    }
                }
            }
        }
    }
    found
}

/// Every way in which pieces go on from these to the length of an id: three of them in any order,
/// four as written.
fn together(
    pieces: &[(usize, String)],
    parts: &[usize],
    begin: &str,
    whole: &mut impl FnMut(&[usize], &str),
) {
    let is_in_order = parts.is_sorted();
    for (next, (_, piece)) in pieces.iter().enumerate() {
        let length = begin.len() + piece.len();
        let follows = parts.last().is_none_or(|last| *last < next);
        if length > WHOLE
            || parts.contains(&next)
            || (parts.len() == 3 && !(is_in_order && follows))
        {
            continue;
        }
        let (parts, text) = ([parts, &[next]].concat(), format!("{begin}{piece}"));
        if length == WHOLE {
            whole(&parts, &text);
        } else if parts.len() < 4 {
            together(pieces, &parts, &text, whole);
        }
    }
}

/// Whether 18 characters have a province, a day of birth and a number of their own, as an id has;
/// its check character is not looked at.
fn looks_whole(text: &str) -> bool {
    let is_day = |day: &str| {
        chrono::NaiveDate::parse_from_str(day, "%Y%m%d")
            .is_ok_and(|day| (1870..2100).contains(&day.year()))
    };
    has_province(text.as_bytes())
        && text.get(6..14).is_some_and(is_day)
        && text.get(14..17).is_some_and(|number| number != "000")
}

/// What a cell holds if that can be part of an id and nothing else: fewer than 18 digits, with a
/// day's marks or blanks between them, and an `X` or midnight behind them.
fn piece(cell: &str) -> Option<String> {
    if cell.len() > 4 * WHOLE {
        return None;
    }
    let text = fold::narrowed(cell);
    // A day in words, or without its zeros.
    let is_written = text.contains(['年', '月', '日', '-', '/', '.']);
    if let Some(day) = is_written.then(|| date::parse(without_midnight(&text))).flatten() {
        return Some(day.format("%Y%m%d").to_string());
    }
    let mut piece = String::with_capacity(WHOLE);
    for c in without_midnight(&text).chars() {
        match fold::digit(c) {
            Some(_) if piece.ends_with('X') => return None,
            Some(digit) => piece.push(char::from(digit)),
            None if matches!(c, '-' | '/' | '.' | ' ') => {}
            None => return None,
        }
    }
    (1..WHOLE).contains(&piece.len()).then_some(piece)
}

/// A day that a system shows as a moment, without its hour: `1987-05-12 00:00:00.000+08`.
fn without_midnight(text: &str) -> &str {
    let Some((day, time)) =
        text.split_once([' ', 'T']).filter(|(day, _)| day.len() >= SHORTEST_DAY)
    else {
        return text;
    };
    let (hours, zone) = time.split_once(['+', 'Z']).unwrap_or((time, ""));
    let is_midnight =
        hours.starts_with("00:00") && hours.chars().all(|c| matches!(c, '0' | ':' | '.'));
    let is_zone = zone.chars().all(|c| c.is_ascii_digit() || c == ':');
    if is_midnight && is_zone { day } else { text }
}
