//! Where a view takes its tables, so that one that joins a table with itself is known: rows could
//! hide other rows of the same table, as `distinct` and `row_number` do.

use super::Token;

/// A table or view that a query takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableUse {
    /// Which of the queries whose rows follow one another.
    pub query: usize,
    /// The database, and the table.
    pub table: (String, String),
    /// Whether it only adds columns to the rows that are there without it: the outer side of a
    /// `left join` on which no other condition rests.
    pub is_beside: bool,
}

/// What is taken by these words, in which the tables begin at these places.
pub fn taken(tokens: &[Token], tables: &[usize]) -> Vec<TableUse> {
    let one = |at: &usize| {
        let (Some(Token::Name(base)), Some(Token::Name(table))) =
            (tokens.get(*at), tokens.get(at + 2))
        else {
            return None;
        };
        let query = own(tokens, *at, "union").count();
        Some(TableUse {
            query,
            table: (base.clone(), table.clone()),
            is_beside: is_beside(tokens, tables, *at),
        })
    };
    tables.iter().filter_map(one).collect()
}

/// The places before this one at which such a word of the text's own queries is, not of those
/// within.
fn own<'a>(tokens: &'a [Token], end: usize, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut depth = 0_i32;
    tokens.iter().take(end).enumerate().filter_map(move |(at, token)| {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            Token::Word(found) if depth == 0 && found == word => return Some(at),
            _ => {}
        }
        None
    })
}

/// Whether the table at this place only adds columns: its own are in the condition of its own `left
/// join`, and else only shown.
fn is_beside(tokens: &[Token], tables: &[usize], at: usize) -> bool {
    let is_word = |at: Option<usize>, wanted: &str| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| is(token, wanted))
    };
    let (name, next) = match (tokens.get(at + 2), tokens.get(at + 3)) {
        (_, Some(Token::Name(alias))) => (alias, at + 4),
        (Some(Token::Name(table)), _) => (table, at + 3),
        _ => return false,
    };
    let is_outer = is_word(at.checked_sub(1), "join")
        && is_word(at.checked_sub(2), "left")
        && is_word(Some(next), "on");
    let Some(condition) = closed(tokens, next + 1).filter(|_| is_outer) else { return false };
    let is_shown = |at: usize| own(tokens, at, "select").last() > own(tokens, at, "from").last();
    let is_own = |at: usize| {
        let starts = at.checked_sub(1).and_then(|at| tokens.get(at)) != Some(&Token::Sign('.'));
        starts
            && !tables.contains(&at)
            && parts(tokens, at).iter().rev().nth(1).is_some_and(|table| same(table, name))
    };
    (0..tokens.len())
        .filter(|at| is_own(*at))
        .all(|at| (next < at && at < condition) || is_shown(at))
}

/// Where the bracket ends that is opened at this place.
fn closed(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (place > at).then_some(place);
        }
    }
    None
}

/// The parts of the name that begins at this place.
fn parts(tokens: &[Token], mut at: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some(Token::Name(name)) = tokens.get(at) {
        parts.push(name.as_str());
        if tokens.get(at + 1) != Some(&Token::Sign('.')) {
            break;
        }
        at += 2;
    }
    parts
}

fn is(token: &Token, wanted: &str) -> bool {
    matches!(token, Token::Word(word) if word == wanted)
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
