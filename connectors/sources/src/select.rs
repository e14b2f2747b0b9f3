//! Rows of a whole table by a condition, and how much of that a system can do itself.
//!
//! A system knows cells as they are spelled; conditions are on what they mean. So what is handed
//! down is always *wider* than what is asked: it leaves out only rows of which the condition
//! certainly does not hold, whatever else is in it. The rest is decided on normalised
//! values, by [`run`]. Sums are ours too: a cell that cannot be read would vanish in a server's
//! own. But a server can send equal cells once, with how many rows have them, and that is exact for
//! every condition, group and sum.

use std::time::SystemTime;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::aggregate::{Answer, Question};
use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::predicate::{Op, Predicate, Value};
use zerotrip_datasets::{Column, date};
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::{Rows, Source, SourceError};

/// Most texts that one condition hands down; with more, the rest is decided here.
const MOST_TEXTS: usize = 4096;

/// What to read of a table.
#[derive(Clone, Debug)]
pub struct Select {
    /// The columns whose cells are wanted, by place in the dataset file, each once.
    pub columns: Vec<usize>,
    /// Rows of which this does not hold may be left out.
    pub only: Predicate,
    /// Whether equal rows may come once, with how many there are.
    pub counted: bool,
    /// The first rows suffice, where all of them would come.
    pub first: Option<u64>,
    /// Most rows that are sent; over them, it ends with `SOURCE_LIMIT`.
    pub most_rows: u64,
    /// When to give up.
    pub cancellation: Cancellation,
}

/// The end of a selection: every row was sent.
#[derive(Clone, Copy, Debug)]
pub struct SelectEnd {
    /// When the source was as it answered.
    pub as_of: SystemTime,
    /// Rows that could not be split into columns: of them nothing is known.
    pub ragged: u64,
}

/// What a system is asked to leave out rows by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The cell is NULL, or its text is none of these.
    NoneOf(usize, Vec<String>),
    /// The cell, of the system's own type for dates, is NULL, or not a day as `YYYY-MM-DD`, or is
    /// so to this one.
    Day(usize, Op, String),
    /// All of them.
    All(Vec<Condition>),
    /// One of them.
    Any(Vec<Condition>),
}

impl Condition {
    /// What holds of every row of which the predicate holds or could hold. `is_day` says which
    /// columns have the system's own type for dates.
    pub fn of(predicate: &Predicate, columns: &[Column], is_day: impl Fn(usize) -> bool) -> Self {
        let condition = widened(predicate, true, columns, &is_day);
        if condition.texts() <= MOST_TEXTS { condition } else { Self::All(Vec::new()) }
    }

    /// Whether it leaves nothing out.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    fn texts(&self) -> usize {
        match self {
            Self::NoneOf(_, texts) => texts.len(),
            Self::Day(..) => 1,
            Self::All(some) | Self::Any(some) => some.iter().map(Self::texts).sum(),
        }
    }

    /// As SQL; `none_of` and `day` write the two kinds of leaves, in the order in which their
    /// values are bound.
    pub fn sql(
        &self,
        none_of: &mut impl FnMut(usize, &[String]) -> String,
        day: &mut impl FnMut(usize, Op, &str) -> String,
    ) -> String {
        let (parts, join, none) = match self {
            Self::NoneOf(place, texts) => return none_of(*place, texts),
            Self::Day(place, op, text) => return day(*place, *op, text),
            Self::All(parts) => (parts, " and ", "1 = 1"),
            Self::Any(parts) => (parts, " or ", "1 = 0"),
        };
        if parts.is_empty() {
            return none.to_owned();
        }
        let parts: Vec<String> = parts.iter().map(|part| part.sql(none_of, day)).collect();
        format!("({})", parts.join(join))
    }
}

/// As SQL writes it.
pub fn sign(op: Op) -> &'static str {
    match op {
        Op::Equal => "=",
        Op::Below => "<",
        Op::AtMost => "<=",
        Op::Above => ">",
        Op::AtLeast => ">=",
    }
}

/// What holds wherever the predicate could be `wanted`.
fn widened(
    predicate: &Predicate,
    wanted: bool,
    columns: &[Column],
    is_day: &impl Fn(usize) -> bool,
) -> Condition {
    let all = || Condition::All(Vec::new());
    let each = |some: &[Predicate]| {
        some.iter().map(|one| widened(one, wanted, columns, is_day)).collect::<Vec<_>>()
    };
    match predicate {
        Predicate::Not(predicate) => widened(predicate, !wanted, columns, is_day),
        Predicate::All(some) if wanted => {
            Condition::All(each(some).into_iter().filter(|one| !one.is_all()).collect())
        }
        Predicate::Any(some) if !wanted => {
            Condition::All(each(some).into_iter().filter(|one| !one.is_all()).collect())
        }
        Predicate::All(some) | Predicate::Any(some) => {
            let any = each(some);
            if any.iter().any(Condition::is_all) { all() } else { Condition::Any(any) }
        }
        Predicate::Compare { column, .. } | Predicate::Blank(column) => {
            let Some(described) = columns.get(*column) else { return all() };
            match (described.semantic, predicate) {
                (SemanticType::Code, _) => none_of(predicate, wanted, *column, described),
                (SemanticType::Date, Predicate::Compare { op, value: Value::Date(day), .. })
                    if is_day(*column) =>
                {
                    match (wanted, op) {
                        (true, op) => on_day(*column, *op, *day),
                        (false, Op::Equal) => Condition::Any(vec![
                            on_day(*column, Op::Below, *day),
                            on_day(*column, Op::Above, *day),
                        ]),
                        (false, Op::Below) => on_day(*column, Op::AtLeast, *day),
                        (false, Op::AtMost) => on_day(*column, Op::Above, *day),
                        (false, Op::Above) => on_day(*column, Op::AtMost, *day),
                        (false, Op::AtLeast) => on_day(*column, Op::Below, *day),
                    }
                }
                _ => all(),
            }
        }
    }
}

/// Leaves out the codes of the closed list that decide the predicate the other way. Every other
/// spelling comes: it could mean anything.
fn none_of(predicate: &Predicate, wanted: bool, place: usize, column: &Column) -> Condition {
    use zerotrip_datasets::predicate::Truth;
    let unwanted = if wanted { Truth::False } else { Truth::True };
    let decided = |code: &&String| predicate.truth(&|_| cell::read(column, Some(code))) == unwanted;
    let texts: Vec<String> = column.codes.keys().filter(decided).cloned().collect();
    if texts.is_empty() { Condition::All(Vec::new()) } else { Condition::NoneOf(place, texts) }
}

fn on_day(place: usize, op: Op, day: i32) -> Condition {
    match date::from_date32(day) {
        // Before the year 1000 and after 9999 texts do not sort as days do.
        Some(day) if (1000..=9999).contains(&chrono::Datelike::year(&day)) => {
            Condition::Day(place, op, day.to_string())
        }
        _ => Condition::All(Vec::new()),
    }
}

/// What a question about a whole dataset comes to.
pub async fn run(
    source: &dyn Source,
    columns: &[Column],
    question: &Question,
    most_rows: u64,
    cancellation: Cancellation,
) -> Result<(Answer, SelectEnd), SourceError> {
    let needed = question.columns();
    let select = Select {
        columns: needed.clone(),
        only: question.only.clone(),
        counted: true,
        first: None,
        most_rows,
        cancellation: cancellation.clone(),
    };
    let (sender, mut rows) = mpsc::channel::<Rows>(2);
    let answered = async {
        let mut answer = Answer::default();
        while let Some(batch) = rows.recv().await {
            for (cells, times) in batch.counted() {
                let cell = |place: usize| {
                    let at = needed.iter().position(|known| *known == place);
                    let raw = at.and_then(|at| cells.get(at));
                    columns
                        .get(place)
                        .map_or(CellReading::Unreadable, |column| cell::read(column, raw))
                };
                answer
                    .note(question, times, &cell)
                    .map_err(|error| SourceError::new(ErrorCode::SourceLimit, error.to_string()))?;
            }
            // Others on this thread have a turn.
            tokio::task::yield_now().await;
        }
        Ok::<_, SourceError>(answer)
    };
    let (end, answer) = tokio::join!(source.select(select, sender), async {
        let answer = answered.await;
        if answer.is_err() {
            cancellation.cancel();
        }
        answer
    });
    let mut answer: Answer = answer?;
    let end = end?;
    answer.undecided += end.ragged;
    Ok((answer, end))
}
