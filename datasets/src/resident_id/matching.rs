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
//! 4. **overlong**: a stretch of at least 15 characters without a mask holds, somewhere inside, a form with at most 2 edits;
//! 5. **separated**: the same cell without its separators (single characters that are neither letter nor digit) is so;
//! 6. **in exponent form**, as spreadsheets show long numbers (`3.30108E+17`): the mantissa without its point and its zeros at the
//!    end, its last digit replaced by a wildcard since it is rounded, and any stretch behind it, is so;
//! 7. **rounded**, as spreadsheets keep 15 digits of a number: the cell is 18 digits that end in `000`, and its first 15, or the number
//!    before these 15, begin a form.
//!
//! A cell of the last kind can be a valid id and yet somebody else's, and so can one of 15 digits: `fifteen.rs` tells of those.

use super::ResidentId;
use super::fifteen::rounded_digits;
use crate::fold;

pub(super) const MOST_CHARACTERS: usize = 256;
const MOST_ROW_BYTES: usize = 64 << 10;
const FEWEST_KNOWN: usize = 4;
/// A form cannot stand whole inside less.
const SHORTEST_OVERLONG: usize = 15;
const OVERLONG_EDITS: usize = 2;
/// The most edits that anything is asked about, and one.
const LEVELS: usize = 3;
/// In a ragged row: shorter runs are house numbers and shares, not what is left of an id.
const FEWEST_IN_ROW: usize = 6;

/// An unreadable cell, prepared once for being held against many persons. The rule is in the module's doc:
/// too little known, mistyped, masked, truncated, overlong, separated, or spoilt by a spreadsheet.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// What the cell can be taken for; it is a person's if one of these is.
    takes: Vec<Take>,
    anybody: bool,
}

/// One way to take a cell.
#[derive(Clone, Debug)]
struct Take {
    tokens: Vec<Token>,
    known: Counts,
    /// Edits that the whole cell may be away from a form.
    most: usize,
    overlong: Vec<Overlong>,
}

/// A stretch of a cell, without a mask, that is long enough to hold a form somewhere inside.
#[derive(Clone, Debug)]
struct Overlong {
    tokens: Vec<Token>,
    known: Counts,
    wild: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Known(u8),
    /// Any one character.
    One,
    /// Any stretch of characters.
    Stretch,
}

/// Whether the unreadable cell `raw` could be `key`'s. Many persons for one cell: use [`Suspect`]; many cells for one person: also
/// [`Probe`].
pub fn could_match(raw: &str, key: &ResidentId) -> bool {
    Suspect::new(raw).could_match(key)
}

/// A person, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The characters of the 18-character form: the 15-digit form has no others.
    counts: Counts,
    forms: [Option<Form>; 2],
}

/// One spelling of a person's, as the automaton of [`within`] wants it.
#[derive(Clone, Debug)]
struct Form {
    length: usize,
    /// For each of the eleven characters: the places where it stands, as bits.
    places: [u32; 11],
    counts: Counts,
}

impl Probe {
    /// Prepares the person.
    pub fn new(key: &ResidentId) -> Self {
        let short = key.first_generation();
        Self { counts: Counts::of(&key.0), forms: [Some(Form::new(&key.0)), short.map(|short| Form::new(short.as_bytes()))] }
    }

    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter().flatten()
    }
}

impl Form {
    fn new(text: &[u8]) -> Self {
        let mut places = [0; 11];
        for (at, c) in text.iter().enumerate() {
            if let Some(bits) = places.get_mut(place_of(*c)) {
                *bits |= 1 << at;
            }
        }
        Self { length: text.len(), places, counts: Counts::of(text) }
    }
}

/// A ragged row, prepared once for being held against many persons.
#[derive(Clone, Debug)]
pub struct SuspectRow {
    runs: Vec<Suspect>,
    anybody: bool,
}

/// Whether a ragged row, whose columns can't be told apart, could concern `key`. Many persons for one row: use [`SuspectRow`].
///
/// The row is folded but for tabs and line ends, which separate, and is cut into fields and into runs of digits, `X` and `*`. Unless one
/// of them is a person's id or a credit code, the row's id is lost and it could be anybody's: neither a date nor a contract's number
/// is an identifier, and a number with letters before it may be a contract's as well as a passport's. Else it could concern the
/// person if any run of at least 6 characters, or any field in exponent form, could be the person's as a cell could. A row of more
/// than 64 KiB could be anybody's.
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
        let runs = || folded.split(|c: char| !(c.is_ascii_digit() || c == 'X' || c == '*'));
        let fields = || folded.split([',', ';', '|', '、']);
        let found = runs().chain(fields()).any(super::is_certain);
        let runs = runs().filter(|run| run.len() >= FEWEST_IN_ROW);
        let runs: Vec<Suspect> = runs.chain(fields().filter(|field| exponent_form(field).is_some())).map(Suspect::new).collect();
        let anybody = !found || runs.iter().any(Suspect::is_anybodys);
        Self { runs, anybody }
    }

    /// Too little is known of it to tell persons apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could concern this person, by the rule of [`row_could_match`].
    pub fn could_match(&self, key: &ResidentId) -> bool {
        self.could_be(&Probe::new(key))
    }

    /// The same for a person prepared once.
    pub fn could_be(&self, person: &Probe) -> bool {
        self.anybody || self.runs.iter().any(|run| run.could_be(person))
    }
}

impl Suspect {
    /// Prepares the raw cell.
    pub fn new(raw: &str) -> Self {
        let text: Vec<char> = folded(raw).take(MOST_CHARACTERS + 1).collect();
        let plain = Take::new(&text);
        let mut anybody = plain.known.total() < FEWEST_KNOWN || text.len() > MOST_CHARACTERS;
        let mut takes = vec![plain];
        let together = without_separators(&text);
        if together.len() < text.len() {
            takes.push(Take::new(&together));
        }
        if let Some(begin) = exponent_form(&text.iter().collect::<String>()) {
            let take = Take::beginning(&begin, true);
            anybody |= take.known.total() < FEWEST_KNOWN;
            takes.push(take);
        }
        takes.extend(rounded(raw));
        Self { takes, anybody }
    }

    /// Prepares a cell for which [`super::is_spreadsheet_rounded`] holds, as nothing but that: for one that is a valid id besides.
    pub fn rounded(raw: &str) -> Self {
        let takes = rounded(raw);
        Self { anybody: takes.is_empty(), takes }
    }

    /// Too little is known of it to tell persons apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could be this person's, by the rule.
    pub fn could_match(&self, key: &ResidentId) -> bool {
        self.could_be(&Probe::new(key))
    }

    /// The same for a person prepared once.
    pub fn could_be(&self, person: &Probe) -> bool {
        self.anybody || self.takes.iter().any(|take| take.could_be(person))
    }
}

impl Take {
    /// By the characters as they stand.
    fn new(text: &[char]) -> Self {
        let mut tokens = Vec::new();
        for c in text {
            match (u8::try_from(*c).ok().filter(|c| c.is_ascii_digit() || *c == b'X'), tokens.last()) {
                (Some(c), _) => tokens.push(Token::Known(c)),
                (None, Some(Token::Stretch)) => {}
                (None, Some(Token::One)) => {
                    tokens.pop();
                    tokens.push(Token::Stretch);
                }
                (None, _) => tokens.push(Token::One),
            }
        }
        let known = Counts::known(&tokens);
        let most = match known.total() {
            13.. => 2,
            11 | 12 => 1,
            _ => 0,
        };
        let stretches = tokens.split(|token| *token == Token::Stretch).filter(|stretch| stretch.len() >= SHORTEST_OVERLONG);
        let overlong = stretches.map(Overlong::new).collect();
        Self { tokens, known, most, overlong }
    }

    /// By these digits at the beginning, the last of them perhaps `blurred`, and nothing else: machines do not mistype.
    fn beginning(digits: &[u8], blurred: bool) -> Self {
        let mut tokens: Vec<Token> = digits.iter().map(|c| Token::Known(*c)).collect();
        if blurred && tokens.pop().is_some() {
            tokens.push(Token::One);
        }
        tokens.push(Token::Stretch);
        Self { known: Counts::known(&tokens), tokens, most: 0, overlong: Vec::new() }
    }

    fn could_be(&self, person: &Probe) -> bool {
        // Every known character that the person has not got is an edit, which spares most persons the long way.
        let near = || self.known.beyond(&person.counts) <= self.most;
        let whole = |form: &Form| {
            within(&self.tokens, form, Ends::Both, self.most) || within(&self.tokens, form, Ends::PartOfForm, self.most.saturating_sub(1))
        };
        (near() && person.forms().any(whole)) || self.overlong.iter().any(|stretch| stretch.holds(person))
    }
}

/// Those 15 as they stand, and the number before, which may have been rounded up.
fn rounded(raw: &str) -> Vec<Take> {
    rounded_digits(raw).map(|begin| Take::beginning(format!("{begin:015}").as_bytes(), false)).collect()
}

/// The digits of the mantissa of a folded cell such as `3.30108E+17`, without the zeros at its end.
fn exponent_form(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = text.split_once('E')?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let fits = !whole.is_empty() && !exponent.is_empty() && digits(whole) && digits(fraction) && digits(exponent);
    let all = || [whole, fraction].concat().trim_end_matches('0').as_bytes().to_vec();
    fits.then(all)
}

/// The text without characters that stand alone and are neither letter nor digit.
fn without_separators(text: &[char]) -> Vec<char> {
    let separates = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| !c.is_alphanumeric());
    let alone = |at: usize| separates(Some(at)) && !separates(at.checked_sub(1)) && !separates(at.checked_add(1));
    text.iter().enumerate().filter(|(at, _)| !alone(*at)).map(|(_, c)| *c).collect()
}

/// The cell's characters: narrow, upper case, without blanks.
pub(super) fn folded(raw: &str) -> impl Iterator<Item = char> {
    raw.chars().map(fold::narrow).filter(|c| !fold::is_blank(*c)).map(|c| c.to_ascii_uppercase())
}

impl Overlong {
    fn new(tokens: &[Token]) -> Self {
        let known = Counts::known(tokens);
        Self { tokens: tokens.to_vec(), wild: tokens.len() - known.total(), known }
    }

    fn holds(&self, person: &Probe) -> bool {
        // Every character of a form that is not here is an edit; a wildcard stands for any one.
        let near = |form: &Form| form.counts.beyond(&self.known) <= OVERLONG_EDITS + self.wild;
        person.forms().any(|form| near(form) && within(&self.tokens, form, Ends::PartOfCell, OVERLONG_EDITS))
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

/// Whether the cell is at most `most` edits (fewer than [`LEVELS`]) from the form: what [`align`] tells, but for all places of the form
/// at once. Bit *j* of `reached[d]` says that the cell so far can be the form's first *j* characters after *d* edits (Wu and Manber,
/// "Fast text searching allowing errors", 1992).
fn within(cell: &[Token], form: &Form, ends: Ends, most: usize) -> bool {
    let all = (1_u32 << (form.length + 1)) - 1;
    let end = 1_u32 << form.length;
    let mut reached = [0_u32; LEVELS];
    for (edits, here) in reached.iter_mut().enumerate() {
        *here = if ends == Ends::PartOfForm { all } else { (1 << (edits + 1)) - 1 };
    }
    let holds = |reached: &[u32; LEVELS], bits: u32| reached.iter().take(most + 1).any(|here| here & bits != 0);
    for token in cell {
        let fits = match token {
            Token::Known(c) => form.places.get(place_of(*c)).copied().unwrap_or(0),
            Token::One | Token::Stretch => all,
        };
        let (mut before, mut fewer) = (0, 0);
        for here in &mut reached {
            let was = *here;
            *here = if *token == Token::Stretch {
                was | was.wrapping_neg() // the lowest place, and everything after it
            } else {
                // Fits; or with one edit fewer: dropped from the cell, replaced, inserted from the form.
                ((was & fits) << 1) | before | (before << 1) | (fewer << 1) | u32::from(ends == Ends::PartOfCell)
            } & all;
            (before, fewer) = (was, *here);
        }
        if ends == Ends::PartOfCell && holds(&reached, end) {
            return true;
        }
    }
    match ends {
        Ends::Both => holds(&reached, end),
        Ends::PartOfForm => holds(&reached, all),
        Ends::PartOfCell => false,
    }
}

/// Levenshtein's distance by its definition, a row at a time; `fits` says whether a known character may stand at that place of the form.
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

/// Where a character of an id stands among the eleven.
fn place_of(c: u8) -> usize {
    if c == b'X' { 10 } else { usize::from(c.wrapping_sub(b'0')) }
}

/// How often each of the eleven characters of an id occurs; of a cell of at most 256 characters, so that a full count of one of them
/// stays far beyond what any form holds.
#[derive(Clone, Copy, Debug, Default)]
struct Counts([u8; 16]);

impl Counts {
    fn of(characters: &[u8]) -> Self {
        let mut counts = Self::default();
        for c in characters {
            counts.add(*c);
        }
        counts
    }

    fn known(tokens: &[Token]) -> Self {
        let mut counts = Self::default();
        for token in tokens {
            if let Token::Known(c) = token {
                counts.add(*c);
            }
        }
        counts
    }

    fn add(&mut self, c: u8) {
        if let Some(count) = self.0.get_mut(place_of(c)) {
            *count = count.saturating_add(1);
        }
    }

    fn total(&self) -> usize {
        self.0.iter().map(|count| usize::from(*count)).sum()
    }

    /// Characters here that `other` has not got.
    fn beyond(&self, other: &Self) -> usize {
        self.0.iter().zip(other.0).map(|(mine, theirs)| usize::from(mine.saturating_sub(theirs))).sum()
    }
}

#[cfg(test)]
mod tests;
