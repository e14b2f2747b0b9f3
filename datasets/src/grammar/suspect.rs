//! Whose a cell could be that is not accounted for. A true answer is given only if no such cell
//! could be the asked-for thing's.
//!
//! The cell could be any thing's, unless each item of it (parted by `; , 、 | /` or lines) is taken
//! for something by the kind's grammar. It is folded first (escapes, guards, full-width forms,
//! blanks, hyphens, case).

use super::texts::numbers_in;
use super::{Grammar, folded};
use crate::edits::Token;
use crate::fold;
use crate::resident_id::{SEPARATORS, is_mask};

const MOST_BYTES: usize = 1024;
/// Characters of a damaged spelling.
const MOST_CHARACTERS: usize = 40;

/// A cell that is not accounted for, prepared once for being held against many things.
#[derive(Clone, Debug)]
pub struct Suspect<G: Grammar> {
    takes: Vec<G::Take>,
    anybody: bool,
}

impl<G: Grammar> Suspect<G> {
    /// Prepares the raw cell.
    pub fn new(raw: &str) -> Self {
        Self::of(raw).unwrap_or_else(Self::anybody)
    }

    fn of(raw: &str) -> Option<Self> {
        if raw.len() > MOST_BYTES {
            return None;
        }
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        let mut takes = Vec::new();
        for item in text.split(SEPARATORS) {
            if !G::is_in_groups(item) {
                return None;
            }
            let item = folded(item);
            if item.chars().count() > MOST_CHARACTERS {
                return None;
            }
            takes.extend(G::judged(&item)?);
        }
        takes.extend(numbers_in::<G>(raw).iter().map(G::exact));
        Some(Self { takes, anybody: false })
    }

    /// What can be taken in these ways.
    pub(crate) fn taken(takes: Vec<G::Take>) -> Self {
        Self { takes, anybody: false }
    }

    /// Nothing of it tells things apart.
    pub fn anybody() -> Self {
        Self { takes: Vec::new(), anybody: true }
    }

    /// This very number's.
    pub fn exact(number: &G::Number) -> Self {
        Self { takes: vec![G::exact(number)], anybody: false }
    }

    /// Whether nothing of it tells things apart.
    pub fn is_anybodys(&self) -> bool {
        self.anybody
    }

    /// Whether it could be this thing's, by the rule.
    pub fn could_match(&self, number: &G::Number) -> bool {
        self.could_be(&G::probe(number))
    }

    /// The same for a thing prepared once.
    pub fn could_be(&self, thing: &G::Probe) -> bool {
        self.anybody || self.takes.iter().any(|take| G::could_be(take, thing))
    }
}

/// The characters of a text, each known.
pub(crate) fn known_tokens(text: &str) -> Vec<Token> {
    text.bytes().map(Token::Known).collect()
}

/// What a masked text shows, and how many characters that are; what is hidden has any length.
/// `None`: it shows one that no number has.
pub(crate) fn masked(text: &str, is_of_one: impl Fn(&u8) -> bool) -> Option<(Vec<Token>, usize)> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut shown = 0;
    for c in text.chars() {
        if is_mask(c) {
            if tokens.last() != Some(&Token::Stretch) {
                tokens.push(Token::Stretch);
            }
        } else {
            tokens.push(Token::Known(u8::try_from(c).ok().filter(&is_of_one)?));
            shown += 1;
        }
    }
    Some((tokens, shown))
}
