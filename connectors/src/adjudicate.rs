//! Walks a clerk through the rows that cannot be read: shows each, asks whom it can concern, and keeps every answer at once.

use std::io::{BufRead, Write};
use std::path::Path;

use serde::Serialize;
use zerotrip_channel::SystemHome;
use zerotrip_datasets::DatasetFile;

use crate::adjudications::{Concerns, MOST_RULINGS, Ruling, Worksheet};
use crate::cli::Failure;
use crate::progress::with_progress;
use crate::shown::shown;
use crate::source::{Source, UnreadableRow};

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Rows that nobody has decided yet.
    pub open: usize,
    /// Decided now.
    pub decided: usize,
    /// Decided in all, rows included that are gone since.
    pub rulings: usize,
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
    let rows = with_progress("looking for rows that cannot be read", source.unreadable(MOST_RULINGS)).await?;
    let undecided: Vec<&UnreadableRow> = rows.iter().filter(|row| !is_decided(&sheet, row)).collect();
    let mut progress = Progress { open: undecided.len(), decided: 0, rulings: sheet.rulings.len() };
    writeln!(
        screen,
        "{}: {} rows cannot be read, {} of them undecided. Each undecided row makes every answer about whomever it could concern unavailable.",
        dataset.id,
        rows.len(),
        undecided.len()
    )?;
    let total = undecided.len();
    for (number, row) in undecided.into_iter().enumerate() {
        // The same row twice is decided once.
        if is_decided(&sheet, row) {
            progress.open -= 1;
            continue;
        }
        show(dataset, row, number + 1, total, screen)?;
        let Some(concerns) = ask_whom(answers, screen)? else { break };
        let Some(concerns) = concerns else { continue };
        write!(screen, "  grounds (a file number, a source): ")?;
        screen.flush()?;
        let grounds = line(answers)?.unwrap_or_default();
        sheet.rulings.push(Ruling { row: hex::encode(row.digest), locator: row.locator.clone(), concerns, grounds });
        sheet.write(folder, &dataset.id)?;
        progress.decided += 1;
        progress.open -= 1;
        progress.rulings += 1;
    }
    Ok(progress)
}

/// Signs what is on the worksheet.
pub fn sign(home: &SystemHome, dataset: &str) -> Result<usize, Failure> {
    Ok(Worksheet::read(&home.folder, dataset)?.sign(home, dataset)?)
}

fn is_decided(sheet: &Worksheet, row: &UnreadableRow) -> bool {
    let digest = hex::encode(row.digest);
    sheet.rulings.iter().any(|ruling| ruling.row == digest)
}

fn show(dataset: &DatasetFile, row: &UnreadableRow, number: usize, total: usize, screen: &mut dyn Write) -> Result<(), Failure> {
    writeln!(screen, "\n{} of {total}: {}", number, row.locator)?;
    let names = dataset.columns.iter().map(|column| column.name.as_str()).chain(std::iter::repeat(""));
    for (name, cell) in names.zip(&row.cells) {
        let cell =
            cell.as_deref().map_or_else(|| "(NULL)".to_owned(), |text| if text.trim().is_empty() { "(blank)".into() } else { shown(text) });
        writeln!(screen, "  {name:<20} {cell}")?;
    }
    Ok(())
}

/// `None`: stop. `Some(None)`: another time.
fn ask_whom(answers: &mut dyn BufRead, screen: &mut dyn Write) -> Result<Option<Option<Concerns>>, Failure> {
    loop {
        write!(screen, "  whom can it concern? (`nobody`, resident ids with commas, `born 1952`, `born 1950-1955`; `s` skip, `q` stop): ")?;
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
