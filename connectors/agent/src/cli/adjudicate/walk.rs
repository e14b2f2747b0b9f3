//! Shows a clerk each unreadable row, asks which persons it can concern, and saves every answer at
//! once. Or rules on all rows of one form at a time.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

use serde::Serialize;
use zerotrip_channel::SystemHome;
use zerotrip_datasets::predicate::{Predicate, Truth, place};
use zerotrip_datasets::{Column, DatasetFile, cell, mask};

use crate::cli::output::Failure;
use crate::cli::progress::with_progress;
use crate::owner_store::adjudications::{MOST_RULED, RuledRow, Ruling, Worksheet};
use zerotrip_sources::rulings::Concerns;
use zerotrip_sources::{Source, UnreadableRow};
use zerotrip_text::shown;

/// Rows that are shown of a form.
const MOST_SHOWN: usize = 3;

/// How far the rulings have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Rows that are still undecided.
    pub open: usize,
    /// Rows decided now.
    pub decided: usize,
    /// Different rows decided in all, rows included that are gone since.
    pub ruled: usize,
}

/// What rows of one form have in common, which persons they can concern, and why.
#[derive(Clone, Debug)]
pub struct Form {
    /// Columns, by place, and the text in them, trimmed; empty for a blank.
    cells: Vec<(usize, String)>,
    /// What else holds of their other cells.
    only: Predicate,
    /// The same in words.
    said: String,
    concerns: Concerns,
    grounds: String,
}

impl Form {
    /// From the command line: `COLUMN=TEXT` for cells as the source has them, conditions on
    /// meanings as `count --where` has them, and the persons that such rows can concern.
    pub fn parse(
        cells: &[String],
        only: &[String],
        concerns: &str,
        grounds: &str,
        columns: &[Column],
    ) -> Result<Self, String> {
        let cell = |text: &String| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| format!("`--cell {}`: write COLUMN=TEXT", shown(text)))?;
            Ok((place(name.trim(), columns)?, value.trim().to_owned()))
        };
        if cells.is_empty() {
            return Err("name what their unreadable cells hold, with `--cell COLUMN=TEXT` \
                        (`COLUMN=` for a blank one)"
                .into());
        }
        if grounds.trim().is_empty() {
            return Err("give the grounds, such as a file number, with `--grounds`".into());
        }
        let said = cells.iter().chain(only).cloned().collect::<Vec<_>>().join(", ");
        Ok(Self {
            cells: cells.iter().map(cell).collect::<Result<_, String>>()?,
            only: Predicate::All(
                only.iter()
                    .map(|text| Predicate::parse(text, columns))
                    .collect::<Result<_, _>>()?,
            ),
            said,
            concerns: Concerns::parse(concerns)?,
            grounds: grounds.trim().to_owned(),
        })
    }

    fn fits(&self, columns: &[Column], row: &UnreadableRow) -> bool {
        let raw = |place: usize| row.cells.get(place).and_then(Option::as_deref);
        let holds =
            |(place, text): &(usize, String)| raw(*place).unwrap_or_default().trim() == text;
        let read = |place: usize| {
            columns
                .get(place)
                .map_or(cell::CellReading::Unreadable, |column| cell::read(column, raw(place)))
        };
        row.cells.len() == columns.len()
            && self.cells.iter().all(holds)
            && self.only.truth(&read) == Truth::True
    }
}

/// Asks about every undecided row, until the answers end or the clerk stops.
pub async fn walk(
    folder: &Path,
    dataset: &DatasetFile,
    source: &dyn Source,
    answers: &mut dyn BufRead,
    screen: &mut dyn Write,
) -> Result<Progress, Failure> {
    let mut sheet = Worksheet::read(folder, &dataset.id)?;
    let rows = with_progress("looking for rows that cannot be read", source.unreadable(MOST_RULED))
        .await?;
    let undecided = undecided(&sheet, &rows);
    let mut progress = progress(&sheet, &undecided);
    writeln!(
        screen,
        "{}: {} rows cannot be read, {} of them undecided. While a row is undecided, no person \
         that it could concern gets an answer. For many rows of one form: `--cell COLUMN=TEXT \
         --concerns … --grounds …` rules on all of them.",
        dataset.id,
        rows.len(),
        progress.open
    )?;
    let total = undecided.len();
    for (number, (row, count)) in undecided.into_iter().enumerate() {
        show(dataset, row, count, number + 1, total, screen)?;
        let Some(concerns) = ask_whom(answers, screen)? else { break };
        let Some(concerns) = concerns else { continue };
        write!(screen, "  grounds (a file number, a source): ")?;
        screen.flush()?;
        let grounds = line(answers)?.unwrap_or_default();
        let rows = vec![ruled(row, count)];
        sheet.decide(Ruling {
            rows,
            locator: row.locator.clone(),
            form: String::new(),
            concerns,
            grounds,
        });
        sheet.write(folder, &dataset.id)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        progress = Progress {
            open: progress.open.saturating_sub(count),
            decided: progress.decided + count,
            ruled: sheet.ruled(),
        };
    }
    Ok(progress)
}

/// Rules on every undecided row of a form. Rows that are entered later are not covered.
pub async fn by_form(
    folder: &Path,
    dataset: &DatasetFile,
    source: &dyn Source,
    form: &Form,
    screen: &mut dyn Write,
) -> Result<Progress, Failure> {
    let mut sheet = Worksheet::read(folder, &dataset.id)?;
    let rows = with_progress("looking for rows that cannot be read", source.unreadable(MOST_RULED))
        .await?;
    let undecided = undecided(&sheet, &rows);
    let before = progress(&sheet, &undecided);
    let fitting: Vec<(&UnreadableRow, u64)> =
        undecided.into_iter().filter(|(row, _)| form.fits(&dataset.columns, row)).collect();
    let Some((first, _)) = fitting.first() else {
        return Err(format!(
            "no undecided row of {} fits: {}. `adjudicate` shows each",
            dataset.id,
            shown(&form.said)
        )
        .into());
    };
    let count: usize =
        fitting.iter().map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum();
    writeln!(screen, "{}: {count} rows fit: {}", dataset.id, shown(&form.said))?;
    for (row, _) in fitting.iter().take(MOST_SHOWN) {
        let masked = |cell: &Option<String>| {
            cell.as_deref().map_or("(NULL)".to_owned(), |text| shown(&mask::masked(text)))
        };
        let cells: Vec<String> = row.cells.iter().map(masked).collect();
        writeln!(screen, "  {}: {}", row.locator, cells.join(" | "))?;
    }
    let rows = fitting.iter().map(|(row, count)| ruled(row, *count)).collect();
    let locator = first.locator.clone();
    sheet.decide(Ruling {
        rows,
        locator,
        form: form.said.clone(),
        concerns: form.concerns.clone(),
        grounds: form.grounds.clone(),
    });
    sheet.write(folder, &dataset.id)?;
    Ok(Progress { open: before.open.saturating_sub(count), decided: count, ruled: sheet.ruled() })
}

/// Signs what is on the worksheet.
pub fn sign(home: &SystemHome, dataset: &str) -> Result<usize, Failure> {
    Ok(Worksheet::read(&home.folder, dataset)?.sign(home, dataset)?)
}

/// Undecided rows in their order: equal ones once, with their number.
fn undecided<'a>(sheet: &Worksheet, rows: &'a [UnreadableRow]) -> Vec<(&'a UnreadableRow, u64)> {
    let mut counts: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    for row in rows {
        *counts.entry(row.digest).or_default() += 1;
    }
    let mut each = Vec::new();
    for row in rows {
        if let Some(count) = counts.remove(&row.digest)
            && sheet.decided(&hex::encode(row.digest)) < count
        {
            each.push((row, count));
        }
    }
    each
}

fn progress(sheet: &Worksheet, undecided: &[(&UnreadableRow, u64)]) -> Progress {
    let open =
        undecided.iter().map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum();
    Progress { open, decided: 0, ruled: sheet.ruled() }
}

fn ruled(row: &UnreadableRow, count: u64) -> RuledRow {
    RuledRow { digest: hex::encode(row.digest), count }
}

fn show(
    dataset: &DatasetFile,
    row: &UnreadableRow,
    count: u64,
    number: usize,
    total: usize,
    screen: &mut dyn Write,
) -> Result<(), Failure> {
    let like = if count > 1 { format!(", and {} like it", count - 1) } else { String::new() };
    writeln!(screen, "\n{number} of {total}: {}{like}", row.locator)?;
    let names =
        dataset.columns.iter().map(|column| column.name.as_str()).chain(std::iter::repeat(""));
    for (name, cell) in names.zip(&row.cells) {
        let cell = cell.as_deref().map_or_else(
            || "(NULL)".to_owned(),
            |text| if text.trim().is_empty() { "(blank)".into() } else { shown(text) },
        );
        writeln!(screen, "  {name:<20} {cell}")?;
    }
    Ok(())
}

/// `None`: the clerk stops. `Some(None)`: the row is skipped.
fn ask_whom(
    answers: &mut dyn BufRead,
    screen: &mut dyn Write,
) -> Result<Option<Option<Concerns>>, Failure> {
    loop {
        write!(
            screen,
            "  which persons can it concern? (`nobody`, resident ids with commas, `born 1952`, \
             `born 1950-1955`; `s` skip, `q` stop): "
        )?;
        screen.flush()?;
        let Some(answer) = line(answers)? else { return Ok(None) };
        match answer.as_str() {
            "q" => return Ok(None),
            "" | "s" => return Ok(Some(None)),
            text => match Concerns::parse(text) {
                Ok(concerns) => return Ok(Some(Some(concerns))),
                Err(why) => writeln!(screen, "  not understood: {}", shown(&why))?,
            },
        }
    }
}

fn line(answers: &mut dyn BufRead) -> Result<Option<String>, Failure> {
    let mut text = String::new();
    let read = answers.read_line(&mut text)?;
    Ok((read > 0).then(|| text.trim().chars().filter(|c| !c.is_control()).take(400).collect()))
}
