//! A spelling at most so many edits from a whole number, for kinds whose numbers have one form.

use crate::edits::{Counts, Ends, Form, OF_ENTERPRISES, Token, within};

/// One way to take a cell: a spelling at most so many edits from the whole number.
#[derive(Clone, Debug)]
pub struct Spelt {
    tokens: Vec<Token>,
    known: Counts,
    most: usize,
}

/// A thing, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub struct Shape {
    counts: Counts,
    form: Form<OF_ENTERPRISES>,
}

impl Spelt {
    pub(crate) fn new(tokens: Vec<Token>, most: usize) -> Self {
        Self { known: Counts::known(&tokens), tokens, most }
    }

    /// Whether it could be this thing's number.
    pub(crate) fn could_be(&self, thing: &Shape) -> bool {
        self.known.beyond(&thing.counts) <= self.most
            && within(&self.tokens, &thing.form, Ends::Both, self.most)
    }
}

impl Shape {
    /// Prepares the number.
    pub(crate) fn of(number: &[u8]) -> Self {
        Self { counts: Counts::of(number), form: Form::new(number) }
    }
}
