//! Conditions on a row's cells as they are read, not as they are spelled.
//!
//! A blank cell equals nothing and is neither below nor above anything; it is `Blank`. A cell that
//! cannot be read may be anything: a condition on it is [`Truth::Unknown`], and so is whatever
//! hangs on that (Kleene's logic).

use crate::cell::{self, CellReading};
use crate::nearest::nearest;
use crate::{Column, fold};
use zerotrip_proto::v1::SemanticType;

/// Most values of one condition.
pub const MOST_VALUES: usize = 1000;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does.
    True,
    /// It does not.
    False,
    /// A cell that it needs cannot be read.
    Unknown,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The same.
    Equal,
    /// Before, or less.
    Below,
    /// Before, less, or the same.
    AtMost,
    /// After, or more.
    Above,
    /// After, more, or the same.
    AtLeast,
}

/// A value, in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Days since 1970-01-01.
    Date(i32),
    /// An amount, in fen.
    Money(i128),
    /// An id, a code's meaning, a name: compared only for equality.
    Text(String),
}

/// A condition; columns by their place in the dataset file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// The cell is so to that value.
    Compare {
        /// Which.
        column: usize,
        /// How.
        op: Op,
        /// To what.
        value: Value,
    },
    /// There is nothing.
    Blank(usize),
    /// The other way round.
    Not(Box<Predicate>),
    /// All of them; none: always.
    All(Vec<Predicate>),
    /// One of them; none: never.
    Any(Vec<Predicate>),
}

impl Op {
    /// Whether it holds.
    pub fn holds<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Above => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl Value {
    /// What a cell holds; `None` where it is blank, or cannot be read.
    pub fn of(reading: CellReading<'_>) -> Option<Self> {
        match reading {
            CellReading::Id(id) => Some(Self::Text(id.as_str().to_owned())),
            CellReading::OtherId(text) => Some(Self::Text(text)),
            CellReading::Text(text) => Some(Self::Text(text.into_owned())),
            CellReading::Code(text) => Some(Self::Text(text.to_owned())),
            CellReading::Date(day) => Some(Self::Date(day)),
            CellReading::Money(fen) => Some(Self::Money(fen)),
            CellReading::Null
            | CellReading::Part(_)
            | CellReading::Several(_)
            | CellReading::Unreadable
            | CellReading::UnknownCode => None,
        }
    }
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Predicate {
    /// Whether it holds of a row, whose cell at a place is read by `cell`.
    pub fn truth<'a>(&self, cell: &impl Fn(usize) -> CellReading<'a>) -> Truth {
        match self {
            Self::Compare { column, op, value } => match cell(*column) {
                reading if reading.is_spoilt() => Truth::Unknown,
                reading => match (Value::of(reading), value) {
                    (None, _) => Truth::False,
                    (Some(found), value)
                        if std::mem::discriminant(&found) == std::mem::discriminant(value) =>
                    {
                        Truth::of(op.holds(&found, value))
                    }
                    // A value of another type was never read from this column.
                    _ => Truth::Unknown,
                },
            },
            Self::Blank(column) => match cell(*column) {
                reading if reading.is_spoilt() => Truth::Unknown,
                reading => Truth::of(reading == CellReading::Null),
            },
            Self::Not(predicate) => predicate.truth(cell).not(),
            Self::All(all) => fold_truths(all, cell, Truth::False),
            Self::Any(any) => fold_truths(any, cell, Truth::True),
        }
    }

    /// Adds the columns that it needs.
    pub fn columns(&self, needed: &mut Vec<usize>) {
        match self {
            Self::Compare { column, .. } | Self::Blank(column) => {
                if !needed.contains(column) {
                    needed.push(*column);
                }
            }
            Self::Not(predicate) => predicate.columns(needed),
            Self::All(some) | Self::Any(some) => some.iter().for_each(|one| one.columns(needed)),
        }
    }

    /// Reads `column=value`, `column!=value`, `column<value` and the like; several values between
    /// commas mean any of them, none means blank. A code is named by its meaning.
    pub fn parse(text: &str, columns: &[Column]) -> Result<Self, String> {
        let usage = || {
            format!(
                "`{text}` is no condition; write `column=value`, with `=`, `!=`, `<`, `<=`, `>` \
                 or `>=`"
            )
        };
        let at = text.find(['=', '!', '<', '>']).ok_or_else(usage)?;
        let (name, rest) = text.split_at(at);
        let signs = [
            ("!=", None),
            ("<=", Some(Op::AtMost)),
            (">=", Some(Op::AtLeast)),
            ("=", Some(Op::Equal)),
            ("<", Some(Op::Below)),
            (">", Some(Op::Above)),
        ];
        let (sign, op, values) = signs
            .iter()
            .find_map(|(sign, op)| Some((*sign, *op, rest.strip_prefix(sign)?)))
            .ok_or_else(usage)?;
        let column = place(name.trim(), columns)?;
        let described = columns.get(column).ok_or_else(usage)?;
        let values = if fold::trimmed(values).is_empty() {
            Vec::new()
        } else {
            values
                .split(',')
                .map(|value| canonical(described, value))
                .collect::<Result<Vec<_>, _>>()?
        };
        let ordered = matches!(described.semantic, SemanticType::Date | SemanticType::Money);
        match (op, values.as_slice()) {
            (Some(Op::Equal), []) => Ok(Self::Blank(column)),
            (None, []) => Ok(Self::Not(Box::new(Self::Blank(column)))),
            (Some(Op::Equal), values) => Ok(Self::one_of(column, values)),
            // What is blank is not something else: it is nothing.
            (None, values) => Ok(Self::All(vec![
                Self::Not(Box::new(Self::one_of(column, values))),
                Self::Not(Box::new(Self::Blank(column))),
            ])),
            (Some(op), [value]) if ordered => {
                Ok(Self::Compare { column, op, value: value.clone() })
            }
            (Some(_), _) if !ordered => {
                Err(format!("`{text}`: column `{name}` has no order; compare it with `=` or `!=`"))
            }
            _ => Err(format!("`{text}`: `{sign}` takes one value")),
        }
    }

    fn one_of(column: usize, values: &[Value]) -> Self {
        let mut any = values
            .iter()
            .map(|value| Self::Compare { column, op: Op::Equal, value: value.clone() })
            .collect::<Vec<_>>();
        if any.len() == 1 { any.remove(0) } else { Self::Any(any) }
    }
}

/// The place of the column of that name.
pub fn place(name: &str, columns: &[Column]) -> Result<usize, String> {
    columns.iter().position(|column| column.name == name).ok_or_else(|| {
        let near = nearest(name, columns.iter().map(|column| column.name.as_str()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("no column `{name}`{near}")
    })
}

fn canonical(column: &Column, text: &str) -> Result<Value, String> {
    let text = fold::trimmed(text);
    if column.semantic == SemanticType::Code {
        if column.codes.values().any(|meaning| meaning == text) {
            return Ok(Value::Text(text.to_owned()));
        }
        let known: std::collections::BTreeSet<&str> =
            column.codes.values().map(String::as_str).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(format!(
            "no code of column `{}` means `{text}`; they mean {known}",
            column.name
        ));
    }
    Value::of(cell::read(column, Some(text)))
        .ok_or_else(|| format!("`{text}` cannot be read as a value of column `{}`", column.name))
}

fn fold_truths<'a>(
    all: &[Predicate],
    cell: &impl Fn(usize) -> CellReading<'a>,
    decisive: Truth,
) -> Truth {
    let mut truth = decisive.not();
    for one in all {
        match one.truth(cell) {
            found if found == decisive => return decisive,
            Truth::Unknown => truth = Truth::Unknown,
            _ => {}
        }
    }
    truth
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::collections::BTreeMap;

    use zerotrip_proto::v1::Grade;

    use super::*;

    fn columns() -> Vec<Column> {
        let column = |name: &str, semantic, codes: &[(&str, &str)]| Column {
            name: name.into(),
            field: name.to_uppercase(),
            semantic,
            grade: Grade::L2,
            codes: codes
                .iter()
                .map(|(code, meaning)| ((*code).to_owned(), (*meaning).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            ..Column::default()
        };
        vec![
            column("owner", SemanticType::ResidentId, &[]),
            column(
                "status",
                SemanticType::Code,
                &[("1", "current"), ("2", "cancelled"), ("现势", "current")],
            ),
            column("filed_on", SemanticType::Date, &[]),
            column("price", SemanticType::Money, &[]),
        ]
    }

    fn truth(condition: &str, row: [Option<&str>; 4]) -> Truth {
        let columns = columns();
        let predicate = Predicate::parse(condition, &columns).unwrap();
        predicate.truth(&|place| cell::read(&columns[place], row[place]))
    }

    #[test]
    fn conditions_are_on_what_cells_mean() {
        let row = [Some("110105491231002"), Some(" 现势 "), Some("1990.1.1"), None];
        for (condition, expected) in [
            ("owner=11010519491231002X", Truth::True),
            ("owner = 110105491231002", Truth::True),
            ("status=current", Truth::True),
            ("status=cancelled,current", Truth::True),
            ("status!=current", Truth::False),
            ("filed_on<1990-01-02", Truth::True),
            ("filed_on>=1990-01-02", Truth::False),
            ("price=", Truth::True),
            ("price!=", Truth::False),
            ("price<100", Truth::False),
            ("price!=100", Truth::False),
        ] {
            assert_eq!(truth(condition, row), expected, "{condition}");
        }
        let spoilt = [Some("1101**********002X"), Some("9"), Some("不详"), Some("about 12")];
        for condition in
            ["owner=11010519491231002X", "status!=current", "filed_on<1990-01-02", "price="]
        {
            assert_eq!(truth(condition, spoilt), Truth::Unknown, "{condition}");
        }
    }

    #[test]
    fn the_unknown_hangs_on_only_where_it_decides() {
        let (yes, no, unknown) =
            (Predicate::All(Vec::new()), Predicate::Any(Vec::new()), Predicate::Blank(0));
        let of = |predicate: &Predicate| predicate.truth(&|_| CellReading::Unreadable);
        assert_eq!(of(&Predicate::All(vec![unknown.clone(), no.clone()])), Truth::False);
        assert_eq!(of(&Predicate::All(vec![unknown.clone(), yes.clone()])), Truth::Unknown);
        assert_eq!(of(&Predicate::Any(vec![unknown.clone(), yes])), Truth::True);
        assert_eq!(of(&Predicate::Any(vec![unknown.clone(), no])), Truth::Unknown);
        assert_eq!(of(&Predicate::Not(Box::new(unknown))), Truth::Unknown);
    }

    #[test]
    fn what_is_no_condition_is_refused_by_name() {
        for (text, why) in [
            ("status", "is no condition"),
            ("status~1", "is no condition"),
            ("state=current", "did you mean `status`?"),
            ("status=1", "no code of column `status` means `1`; they mean cancelled, current"),
            ("status<current", "has no order"),
            ("filed_on<1990-01-01,1991-01-01", "takes one value"),
            ("filed_on=1990-13-01", "cannot be read"),
            ("owner=110105194912310029", "cannot be read"),
        ] {
            let said = Predicate::parse(text, &columns()).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
