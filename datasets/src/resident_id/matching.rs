//! Whose an unreadable cell could be. An absence is proven only if no such cell could be the asked-for person's, so this errs towards
//! "could be"; but not so far that one smudged row stops everybody.
//!
//! # The rule
//!
//! The cell is folded (full-width forms, blanks, case). Digits and `X` are *known* characters; any other single character is a
//! wildcard for exactly one character, and two or more adjacent ones stand for any stretch of characters, the empty one included
//! (masks are seldom as long as what they hide). Then the cell could be the person's if any of these holds, where edits are
//! Levenshtein's (replace, insert, drop; wildcards match for free) and the person's forms are the 18 characters and, where it
//! exists, the 15-digit form:
//!
//! 1. **too little is known**: fewer than 4 known characters, or more than 256 in all;
//! 2. **mistyped or masked**: the whole cell is at most *n* edits from a form, with *n* = 2 if at least 13 characters are known,
//!    1 if 11 or 12 are, else 0 (masks are made by machines, which do not mistype);
//! 3. **truncated**: the cell is at most *n* − 1 edits (never less than 0) from some part of a form;
//! 4. **overlong**: a stretch of at least 18 characters without a mask holds, somewhere inside, a form with at most 2 edits.

use super::ResidentId;
use crate::fold;

const MOST_CHARACTERS: usize = 256;
const MOST_ROW_BYTES: usize = 64 << 10;
const FEWEST_KNOWN: usize = 4;
/// In a ragged row: shorter runs are house numbers and shares, not what is left of an id.
const FEWEST_IN_ROW: usize = 6;

/// An unreadable cell, prepared once for being held against many persons. The rule is in the module's doc:
/// too little known, mistyped, masked, truncated or overlong.
#[derive(Clone, Debug)]
pub struct Suspect {
    tokens: Vec<Token>,
    known: Counts,
    anybody: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Known(u8),
    /// Any one character.
    One,
    /// Any stretch of characters.
    Stretch,
}

/// Whether the unreadable cell `raw` could be `key`'s. Many persons for one cell: use [`Suspect`].
pub fn could_match(raw: &str, key: &ResidentId) -> bool {
    Suspect::new(raw).could_match(key)
}

/// A ragged row, prepared once for being held against many persons.
#[derive(Clone, Debug)]
pub struct SuspectRow {
    runs: Vec<Suspect>,
    anybody: bool,
}

/// Whether a ragged row, whose columns can't be told apart, could concern `key`. Many persons for one row: use [`SuspectRow`].
///
/// The row is folded but for tabs and line ends, which separate, and is cut into runs of digits, `X` and `*`. It could concern the
/// person if any run of at least 6 characters could be the person's as a cell could, or if no run has at least 6 digits: then
/// the row's id is lost and it could be anybody's. So could a row of more than 64 KiB.
pub fn row_could_match(raw: &str, key: &ResidentId) -> bool {
    SuspectRow::new(raw).could_match(key)
}

impl SuspectRow {
    /// Prepares the raw row, its fields joined by a comma.
    pub fn new(raw: &str) -> Self {
        if raw.len() > MOST_ROW_BYTES {
            return Self { runs: Vec::new(), anybody: true };
        }
        let folded: String = raw
            .chars()
            .map(|c| if matches!(c, '\t' | '\n' | '\r') { ',' } else { fold::narrow(c) })
            .filter(|c| !fold::is_blank(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let runs = || folded.split(|c: char| !(c.is_ascii_digit() || c == 'X' || c == '*')).filter(|run| run.len() >= FEWEST_IN_ROW);
        let lost = !runs().any(|run| run.bytes().filter(u8::is_ascii_digit).count() >= FEWEST_IN_ROW);
        let runs: Vec<Suspect> = runs().map(Suspect::new).collect();
        let anybody = lost || runs.iter().any(Suspect::is_anybodys);
        Self { runs, anybody }
    }

    /// Too little is known of it to tell persons apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could concern this person, by the rule of [`row_could_match`].
    pub fn could_match(&self, key: &ResidentId) -> bool {
        self.anybody || self.runs.iter().any(|run| run.could_match(key))
    }
}

impl Suspect {
    /// Prepares the raw cell.
    pub fn new(raw: &str) -> Self {
        let mut tokens = Vec::new();
        let mut known = Counts::default();
        for c in raw.chars().map(fold::narrow).filter(|c| !fold::is_blank(*c)).map(|c| c.to_ascii_uppercase()).take(MOST_CHARACTERS + 1) {
            match (u8::try_from(c).ok().filter(|c| c.is_ascii_digit() || *c == b'X'), tokens.last()) {
                (Some(c), _) => {
                    known.add(c);
                    tokens.push(Token::Known(c));
                }
                (None, Some(Token::Stretch)) => {}
                (None, Some(Token::One)) => {
                    tokens.pop();
                    tokens.push(Token::Stretch);
                }
                (None, _) => tokens.push(Token::One),
            }
        }
        let anybody = known.total() < FEWEST_KNOWN || raw.chars().filter(|c| !fold::is_blank(*c)).count() > MOST_CHARACTERS;
        Self { tokens, known, anybody }
    }

    /// Too little is known of it to tell persons apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could be this person's, by the rule.
    pub fn could_match(&self, key: &ResidentId) -> bool {
        if self.anybody {
            return true;
        }
        let most: usize = match self.known.total() {
            13.. => 2,
            11 | 12 => 1,
            _ => 0,
        };
        let of_key = Counts::of(&key.0);
        let short = key.first_generation();
        let forms = || [Some(key.0.as_slice()), short.as_deref().map(str::as_bytes)].into_iter().flatten();

        // Every known character that the key has not got is an edit, which spares most keys the long way.
        let near = self.known.beyond(&of_key) <= most;
        near && forms().any(|form| {
            distance(&self.tokens, form, Ends::Both) <= most || distance(&self.tokens, form, Ends::PartOfForm) <= most.saturating_sub(1)
        }) || self.tokens.split(|token| *token == Token::Stretch).filter(|stretch| stretch.len() >= 18).any(|stretch| {
            forms().any(|form| Counts::of(form).beyond_tokens(stretch) <= 2 && distance(stretch, form, Ends::PartOfCell) <= 2)
        })
    }
}

/// True when no resident id at all is within two edits of these 18 characters: held against a pattern that every id fits
/// (century 18, 19 or 20; month and day by their first digits), they differ in more than two places.
pub(super) fn far_from_any(text: &[u8]) -> bool {
    [*b"18", *b"19", *b"20"].into_iter().all(|[thousands, hundreds]| {
        let fits = |at: usize, c: u8| match at {
            6 => c == thousands,
            7 => c == hundreds,
            10 => (b'0'..=b'1').contains(&c),
            12 => (b'0'..=b'3').contains(&c),
            17 => c.is_ascii_digit() || c == b'X',
            _ => c.is_ascii_digit(),
        };
        let tokens: Vec<Token> = text.iter().map(|c| Token::Known(*c)).collect();
        align(&tokens, 18, Ends::Both, |c, at| fits(at, c)) > 2
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The whole cell against the whole form.
    Both,
    /// The whole cell against any part of the form.
    PartOfForm,
    /// Any part of the cell against the whole form.
    PartOfCell,
}

fn distance(cell: &[Token], form: &[u8], ends: Ends) -> usize {
    align(cell, form.len(), ends, |c, at| form.get(at) == Some(&c))
}

/// Levenshtein's distance, a row at a time; `fits` says whether a known character may stand at that place of the form.
fn align(cell: &[Token], form: usize, ends: Ends, fits: impl Fn(u8, usize) -> bool) -> usize {
    let mut row: Vec<usize> = (0..=form).map(|at| if ends == Ends::PartOfForm { 0 } else { at }).collect();
    let mut best = form;
    for token in cell {
        let mut left: Option<usize> = None;
        let mut diagonal = usize::MAX;
        for (at, here) in row.iter_mut().enumerate() {
            let above = *here;
            let drop = match token {
                Token::Stretch => above,
                Token::Known(_) | Token::One if at == 0 && ends == Ends::PartOfCell => 0,
                Token::Known(_) | Token::One => above + 1,
            };
            *here = match left {
                None => drop,
                Some(left) => {
                    let insert = if *token == Token::Stretch { left } else { left + 1 };
                    let replace = diagonal + usize::from(matches!(token, Token::Known(c) if !fits(*c, at - 1)));
                    drop.min(insert).min(replace)
                }
            };
            diagonal = above;
            left = Some(*here);
        }
        best = best.min(row.last().copied().unwrap_or(form));
    }
    match ends {
        Ends::Both => row.last().copied().unwrap_or(form),
        Ends::PartOfForm => row.iter().copied().min().unwrap_or(form),
        Ends::PartOfCell => best,
    }
}

/// How often each of the eleven characters of an id occurs.
#[derive(Clone, Copy, Debug, Default)]
struct Counts([usize; 11]);

impl Counts {
    fn of(characters: &[u8]) -> Self {
        let mut counts = Self::default();
        for c in characters {
            counts.add(*c);
        }
        counts
    }

    fn add(&mut self, c: u8) {
        let place = if c == b'X' { 10 } else { usize::from(c.wrapping_sub(b'0')) };
        if let Some(count) = self.0.get_mut(place) {
            *count += 1;
        }
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Characters here that `other` has not got.
    fn beyond(&self, other: &Self) -> usize {
        self.0.iter().zip(other.0).map(|(mine, theirs)| mine.saturating_sub(theirs)).sum()
    }

    /// The same against a stretch of a cell, whose wildcards stand for anything.
    fn beyond_tokens(&self, tokens: &[Token]) -> usize {
        let mut other = Self::default();
        let mut wild = 0;
        for token in tokens {
            match token {
                Token::Known(c) => other.add(*c),
                Token::One | Token::Stretch => wild += 1,
            }
        }
        self.beyond(&other).saturating_sub(wild)
    }
}
