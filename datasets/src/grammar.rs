//! What cells of numbers of things have in common, whatever the things are: enterprises, vessels,
//! vehicles, real-property units. A kind of thing brings its [`Grammar`]; from that follow
//! whose a cell is ([`accounted`]), whose one could be that is not accounted for ([`Suspect`]), and
//! which numbers are in a text
//! ([`numbers_in`], [`damaged_in`]).
//!
//! Residents have rules of their own ([`crate::resident_id`]): their numbers have birth dates, and
//! name persons of several schemes.

mod cells;
mod damaged;
mod spelt;
mod suspect;
mod texts;

use std::fmt::Debug;

use crate::resident_id::Declared;

pub(crate) use cells::{accounted, folded};
pub(crate) use damaged::damaged_in;
pub use spelt::{Shape, Spelt};
pub use suspect::Suspect;
pub(crate) use suspect::{known_tokens, masked};
pub(crate) use texts::numbers_in;

/// What the numbers of one kind of thing look like. Texts are folded ([`folded`]): without blanks,
/// hyphens and case.
pub trait Grammar: Clone + Copy + Debug {
    /// A whole number of a thing.
    type Number: Copy + PartialEq;
    /// What an item of a cell can name a thing by: its number, or a part of it.
    type Name: Copy + PartialEq;
    /// One way to take a cell that is not accounted for.
    type Take: Clone + Debug;
    /// A thing, prepared once for being held against many cells.
    type Probe;

    /// Characters of a whole number.
    const LENGTH: usize;
    /// Characters of the shortest text in which a damaged one is told.
    const FEWEST_OF_DAMAGED: usize;

    /// What one item names, by its owner's declarations; `Some(None)`: no such thing. `None`: it is
    /// not accounted for, which is the safe answer. `raw` is the item as it is written.
    fn name(declared: &Declared, raw: &str, folded: &str) -> Option<Option<Self::Name>>;

    /// The number that stands in a text, to the letter, among other things; `run` is of how many
    /// letters and digits side by side it is a part.
    fn within_text(window: &str, run: usize) -> Option<Self::Number>;

    /// Whether blanks and hyphens stand in an item, before it is folded, as in a number of this
    /// kind.
    fn is_in_groups(_: &str) -> bool {
        true
    }

    /// What one item that is not accounted for can be taken for; `None`: for anybody's, which is
    /// the safe answer.
    fn judged(folded: &str) -> Option<Vec<Self::Take>>;

    /// Whether a run of letters, digits and masks in a text is what is left of a number, and of
    /// nothing else.
    fn looks_damaged(run: &str) -> bool;

    /// This very number.
    fn exact(number: &Self::Number) -> Self::Take;

    /// Prepares a thing.
    fn probe(number: &Self::Number) -> Self::Probe;

    /// Whether what a cell was taken for could be this thing.
    fn could_be(take: &Self::Take, thing: &Self::Probe) -> bool;
}
