//! Whose a cell could be that is not accounted for. A true answer is given only if no such cell
//! could be the asked-for enterprise's.
//!
//! # The rule
//!
//! The cell could be any enterprise's, unless it is a *damaged spelling of one number*, or a list
//! of such and of whole ones (parted by `; , 、 | /` or lines). It is folded first (escapes, guards,
//! full-width forms, blanks, hyphens, case). A damaged spelling is
//!
//! 1. **mistyped**: 17 to 19 characters of which some code is one edit away (a character replaced,
//!    inserted, dropped, or swapped with its neighbour), or 16 of which one is two away; it could
//!    be every code's that is within two, but for digits that begin with a province, which can be
//!    another number with something behind it. `I`, `O`, `S`, `V`, `Z`, which no code has, each
//!    stand for any character, at most two of them;
//! 2. **cut**: the first 10 to 16 characters of some code, with one edit from 13 on, where some
//!    code begins so to the letter; but for 15 digits, which can be a registration number;
//! 3. **masked**: every run of masks hides any stretch, and the rest holds to the letter; at least
//!    six characters are shown, and fewer than a code has; what has four `X` or five `0` in a row,
//!    and is no code, could be masked so, and be anybody's;
//! 4. **rounded**: 18 digits that end in `000`, of which the first 15, or the number before these,
//!    begin a code;
//! 5. **a part**: an organisation code whose check character holds, or a tax number with a letter
//!    in it, where the owner has not stated that such numbers are there.
//!
//! With a division where some code has one: otherwise nothing says that the cell ever was a code.
//!
//! What is mistyped, cut or masked can be a damaged organisation code or tax number too. It is also
//! every enterprise's whose organisation code, alone or behind a division, is so far from it (two
//! edits; none where masks hide the rest), or stands in it whole.

use super::patterns::{LENGTH, begins_one, is_near};
use super::{KNOWN_ENOUGH, code, known, organisation_code, tax_number};
use crate::edits::{Counts, Ends, Form, OF_ENTERPRISES, Token, within};
use crate::grammar::{known_tokens, masked};
use crate::normal::division::PROVINCES;
use crate::normal::organisation_code::OrganisationCode;
use crate::normal::uscc::{ALPHABET, Uscc};
use crate::resident_id::{Reading, ResidentId, is_mask, parse};

/// Fewer are not what is left of a code that was cut.
const FEWEST_OF_CUT: usize = 10;
/// Digits that a spreadsheet keeps of a number, and those of a registration number.
const DIGITS_OF_A_NUMBER: usize = 15;
/// Characters of a cut code in which one can be mistyped.
const ENOUGH_FOR_A_SLIP: usize = 13;
/// Edits of an organisation code that was mistyped.
const MOST_SLIPS: usize = 2;
/// Digits of the division in a tax number.
const DIVISION: usize = 6;
/// Look-alikes in one code.
const MOST_LOOK_ALIKES: usize = 2;

/// One way to take a cell.
#[derive(Clone, Debug)]
pub struct Take(Way);

#[derive(Clone, Debug)]
enum Way {
    /// This very code.
    Exact(Uscc),
    /// A spelling at most so many edits from the whole code, or from its organisation code alone.
    Spelt { tokens: Vec<Token>, known: Counts, most: usize, most_of_part: usize },
    /// Whose organisation code this is.
    Part(OrganisationCode),
}

/// An enterprise, prepared once for being held against many cells.
#[derive(Clone, Debug)]
pub struct Probe {
    code: Uscc,
    counts: Counts,
    form: Form<OF_ENTERPRISES>,
    part: Option<Box<Part>>,
}

/// What an enterprise was known by before 2015.
#[derive(Clone, Debug)]
struct Part {
    code: OrganisationCode,
    alone: Form<OF_ENTERPRISES>,
    /// Behind any division.
    tax: Form<OF_ENTERPRISES>,
}

impl Part {
    fn of(code: OrganisationCode) -> Self {
        let text = code.as_str().as_bytes();
        let division = (0..DIVISION).flat_map(|at| (b'0'..=b'9').map(move |digit| (at, digit)));
        let behind = text.iter().enumerate().map(|(at, c)| (DIVISION + at, *c));
        let tax = Form::of(DIVISION + text.len(), division.chain(behind));
        Self { code, alone: Form::new(text), tax }
    }

    fn could_be(&self, tokens: &[Token], most: usize) -> bool {
        let text = self.code.as_str().as_bytes();
        let is_whole =
            |window: &[Token]| window.iter().zip(text).all(|(token, c)| *token == Token::Known(*c));
        within(tokens, &self.alone, Ends::Both, most)
            || within(tokens, &self.tax, Ends::Both, most)
            || tokens.windows(text.len()).any(is_whole)
    }
}

impl Probe {
    /// Prepares the enterprise.
    pub fn new(code: &Uscc) -> Self {
        Self {
            code: *code,
            counts: Counts::of(code.bytes()),
            form: Form::new(code.bytes()),
            part: code.organisation().map(|code| Box::new(Part::of(code))),
        }
    }
}

impl Take {
    pub(super) fn exact(code: &Uscc) -> Self {
        Self(Way::Exact(*code))
    }

    fn part(code: OrganisationCode) -> Self {
        Self(Way::Part(code))
    }

    fn spelt(tokens: Vec<Token>, (most, most_of_part): (usize, usize)) -> Self {
        Self(Way::Spelt { known: Counts::known(&tokens), tokens, most, most_of_part })
    }

    fn beginning(text: &str, most: usize) -> Self {
        let mut tokens = known_tokens(text);
        tokens.push(Token::Stretch);
        Self::spelt(tokens, (most, MOST_SLIPS))
    }

    /// The beginning that is left, perhaps with a slip, where enough of it is.
    fn cut(text: &str) -> Self {
        Self::beginning(text, usize::from(text.len() >= ENOUGH_FOR_A_SLIP))
    }

    pub(super) fn could_be(&self, enterprise: &Probe) -> bool {
        match &self.0 {
            Way::Part(part) => enterprise.part.as_ref().is_some_and(|own| own.code == *part),
            Way::Exact(code) => enterprise.code == *code,
            Way::Spelt { tokens, known, most, most_of_part } => {
                let is_whole = known.beyond(&enterprise.counts) <= *most
                    && within(tokens, &enterprise.form, Ends::Both, *most);
                let part = enterprise.part.as_ref();
                is_whole || part.is_some_and(|part| part.could_be(tokens, *most_of_part))
            }
        }
    }
}

/// Whether a part of it can be what hides the number: programs mask with `X`, and fill with `0`.
fn is_filled(text: &str) -> bool {
    ["XXXX", "00000"].iter().any(|run| text.contains(run))
}

/// What one item can be taken for; `None`: for anybody's.
pub(super) fn judged(text: &str) -> Option<Vec<Take>> {
    if let Some(code) = code(text) {
        return Some(vec![Take::exact(&code)]);
    }
    let length = text.chars().count();
    if text.chars().any(is_mask) {
        // Machines do not mistype.
        let (tokens, shown) = masked(text, |c| ALPHABET.contains(c))?;
        let is_one = (KNOWN_ENOUGH..LENGTH).contains(&shown) && is_near(&tokens, 0);
        return is_one.then(|| vec![Take::spelt(tokens, (0, 0))]);
    }
    if !text.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    if is_filled(text) {
        return None;
    }
    let is_digits = text.bytes().all(|c| c.is_ascii_digit());
    if length == LENGTH && is_digits && text.ends_with("000") {
        return rounded(text);
    }
    // The number of a person can be what their business was known by; and what a machine filled in
    // says nothing.
    let is_persons =
        matches!(parse(text), Reading::Person(_)) || ResidentId::new_strict(text).is_ok();
    if is_persons || known(text.as_bytes()) < KNOWN_ENOUGH {
        return None;
    }
    // Digits that begin with a province can be a registration number, with or without what was
    // written behind it, or a person's number with a slip.
    let begins_with_province = || PROVINCES.iter().any(|province| text.starts_with(province));
    if is_digits
        && (length == DIGITS_OF_A_NUMBER || length > DIGITS_OF_A_NUMBER && begins_with_province())
    {
        return None;
    }
    let tokens: Vec<Token> = text
        .bytes()
        .map(|c| if ALPHABET.contains(&c) { Token::Known(c) } else { Token::One })
        .collect();
    let look_alikes = tokens.iter().filter(|token| **token == Token::One).count();
    if look_alikes > MOST_LOOK_ALIKES {
        return None;
    }
    let part = match length {
        9 => organisation_code(text.as_bytes()),
        DIGITS_OF_A_NUMBER => tax_number(text),
        _ => None,
    };
    let mut takes: Vec<Take> = part.map(Take::part).into_iter().collect();
    let is_cut = look_alikes == 0 && begins_one(&tokens);
    if is_cut && (!takes.is_empty() || (FEWEST_OF_CUT..LENGTH - 1).contains(&length)) {
        takes.push(Take::cut(text));
    }
    if (LENGTH - 2..=LENGTH + 1).contains(&length) && is_near(&tokens, 2) {
        // Without a code one edit away, nothing says that it ever was one.
        let is_one = length == LENGTH - 2 || is_near(&tokens, 1);
        takes.extend(is_one.then(|| Take::spelt(tokens, (2, MOST_SLIPS))));
    }
    (!takes.is_empty()).then_some(takes)
}

/// 15 digits of 18, or the number before, which may have been rounded up; or mistyped as they are.
fn rounded(text: &str) -> Option<Vec<Take>> {
    let kept: u64 = text.get(..DIGITS_OF_A_NUMBER)?.parse().ok()?;
    let begins = [Some(kept), kept.checked_sub(1)].into_iter().flatten();
    let begins: Vec<String> = begins.map(|begin| format!("{begin:015}")).collect();
    let mut takes: Vec<Take> = begins.iter().map(|begin| Take::beginning(begin, 0)).collect();
    takes.push(Take::spelt(known_tokens(text), (2, MOST_SLIPS)));
    begins.iter().any(|begin| begins_one(&known_tokens(begin))).then_some(takes)
}
