//! What all credit codes look like: without it, nothing says that a cell ever was one.

use std::sync::LazyLock;

use crate::edits::{Ends, Form, OF_ENTERPRISES, Token, within};
use crate::normal::division::PROVINCES;
use crate::normal::uscc::{ALPHABET, AUTHORITIES};

/// Characters of a code.
pub(super) const LENGTH: usize = 18;
const CATEGORIES: &[u8] = b"123459";

/// Codes by the first digit of their province, and those of bodies that the state itself registers.
static CODES: LazyLock<Vec<Form<OF_ENTERPRISES>>> = LazyLock::new(|| {
    let firsts = b"12345678".iter().map(|first| {
        let of_it = PROVINCES.iter().map(|province| province.as_bytes());
        let seconds: Vec<u8> = of_it
            .filter(|province| province.first() == Some(first))
            .filter_map(|province| province.get(1).copied())
            .collect();
        [vec![*first], seconds, DIGITS.to_vec(), DIGITS.to_vec(), DIGITS.to_vec(), DIGITS.to_vec()]
    });
    let state = [b"1", b"0", b"0", b"0", b"0", b"0"].map(|digit| digit.to_vec());
    firsts.chain([state]).map(form).collect()
});
const DIGITS: &[u8] = b"0123456789";

fn form(division: [Vec<u8>; 6]) -> Form<OF_ENTERPRISES> {
    let mut sets = vec![AUTHORITIES.to_vec(), CATEGORIES.to_vec()];
    sets.extend(division);
    sets.resize(LENGTH, ALPHABET.to_vec());
    let places = sets.iter().enumerate().flat_map(|(at, set)| set.iter().map(move |c| (at, *c)));
    Form::of(LENGTH, places)
}

/// Whether some code is at most so many edits away.
pub(super) fn is_near(tokens: &[Token], most: usize) -> bool {
    CODES.iter().any(|form| within(tokens, form, Ends::Both, most))
}

/// Whether some code begins so, to the letter.
pub(super) fn begins_one(tokens: &[Token]) -> bool {
    let mut tokens = tokens.to_vec();
    tokens.push(Token::Stretch);
    is_near(&tokens, 0)
}
