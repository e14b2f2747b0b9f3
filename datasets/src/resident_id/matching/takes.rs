//! What a damaged spelling can be taken for, and whose it is then.

use super::id_patterns::{LONG_IDS, SHORT_IDS};
use super::{Probe, ResidentId, rounded_digits};
use crate::edits::{Counts, Ends, Form, Token, within};

/// Digits that a spreadsheet keeps of a number.
const DIGITS_OF_A_NUMBER: usize = 15;
/// Fewer are not what is left of an id that was cut.
const FEWEST_OF_PART: usize = 8;
/// Fewest characters that can contain a whole form.
const SHORTEST_OVERLONG: usize = 16;
/// One way to take a cell.
#[derive(Clone, Debug)]
pub(super) struct Take {
    pub(super) tokens: Vec<Token>,
    pub(super) known: Counts,
    /// Edits that the whole cell may be away from a form.
    pub(super) most: usize,
    /// Edits that it may be away from some part of a form, if it may be one.
    pub(super) part: Option<usize>,
    /// Whether a form may be inside it, as far away as that: something was written before or
    /// behind it.
    pub(super) overlong: bool,
    /// Edits that it may be away from a form that any id could have, to count as a damaged id.
    pub(super) least: usize,
}

impl Take {
    /// As a spelling of this very id.
    pub(super) fn exact(person: &ResidentId) -> Self {
        let tokens: Vec<Token> = person.0.iter().map(|c| Token::Known(*c)).collect();
        Self {
            known: Counts::known(&tokens),
            tokens,
            most: 0,
            part: None,
            overlong: false,
            least: 0,
        }
    }

    /// As typed by a person, with slips, and perhaps cut off.
    pub(super) fn typed(text: &[char]) -> Self {
        let token = |c: &char| {
            u8::try_from(*c)
                .ok()
                .filter(|c| c.is_ascii_digit() || *c == b'X')
                .map_or(Token::One, Token::Known)
        };
        let tokens: Vec<Token> = text.iter().map(token).collect();
        let known = Counts::known(&tokens);
        let (most, part) = match known.total() {
            13.. => (2, Some(1)),
            11 | 12 => (1, Some(0)),
            FEWEST_OF_PART.. => (0, Some(0)),
            _ => (0, None),
        };
        let part = part.filter(|_| !tokens.contains(&Token::One));
        // Two slips in what tells an id from another number would explain half of all numbers.
        let least = most.min(1);
        Self {
            overlong: text.len() >= SHORTEST_OVERLONG && most > 0,
            tokens,
            known,
            most,
            part,
            least,
        }
    }

    /// By what is shown; what is hidden has any length, and machines do not mistype.
    pub(super) fn masked(text: &[char], masks: &[bool]) -> Self {
        let mut tokens: Vec<Token> = Vec::new();
        for (c, hidden) in text.iter().zip(masks) {
            match u8::try_from(*c).ok().filter(|_| !hidden) {
                Some(c) => tokens.push(Token::Known(c)),
                None if tokens.last() == Some(&Token::Stretch) => {}
                None => tokens.push(Token::Stretch),
            }
        }
        Self {
            known: Counts::known(&tokens),
            tokens,
            most: 0,
            part: None,
            overlong: false,
            least: 0,
        }
    }

    /// By these digits at the beginning, and nothing else: machines do not mistype.
    pub(super) fn beginning(digits: &[u8]) -> Self {
        let mut tokens: Vec<Token> = digits.iter().map(|c| Token::Known(*c)).collect();
        tokens.push(Token::Stretch);
        Self {
            known: Counts::known(&tokens),
            tokens,
            most: 0,
            part: Some(0),
            overlong: false,
            least: 0,
        }
    }

    pub(super) fn could_be(&self, person: &Probe) -> bool {
        // Every known character that the person has not got is an edit, which spares most persons
        // the long way.
        let near = || self.known.beyond(&person.counts) <= self.most;
        let is_near = near();
        let fits = |form: &Form, spent: usize| {
            let is_within = |most: Option<usize>, ends| {
                let left = most.and_then(|most| most.checked_sub(spent));
                left.is_some_and(|left| within(&self.tokens, form, ends, left))
            };
            (is_near
                && (is_within(Some(self.most), Ends::Both)
                    || is_within(self.part, Ends::PartOfForm)))
                || (self.overlong && is_within(Some(self.most), Ends::PartOfCell))
        };
        person.forms().any(|form| fits(form, 0))
            || person.exchanged.iter().flatten().any(|form| fits(form, 1))
    }

    /// Whether it has the shape of an id, to the letter.
    pub(super) fn is_shape(&self) -> bool {
        [&*LONG_IDS, &*SHORT_IDS].iter().any(|shape| shape.is_near(&self.tokens, 0))
    }

    /// Whether some id could have become this: without it, nothing says that it ever was one.
    pub(super) fn is_some_ids(&self) -> bool {
        let cut = |end: bool| {
            let mut tokens = self.tokens.clone();
            tokens.insert(if end { tokens.len() } else { 0 }, Token::Stretch);
            tokens
        };
        let (prefix, suffix) = (cut(true), cut(false));
        let is_mobile = self.tokens.len() == 11
            && matches!(
                self.tokens.as_slice(),
                [Token::Known(b'1'), Token::Known(b'3'..=b'9'), ..]
            );
        let part = self.part.filter(|_| !is_mobile && !self.tokens.contains(&Token::Stretch));
        [&*LONG_IDS, &*SHORT_IDS].iter().any(|shape| {
            shape.is_near(&self.tokens, self.least)
                // Cut off and mistyped: that would explain nearly everything.
                || part.is_some_and(|_| shape.is_near(&prefix, 0) || shape.is_near(&suffix, 0))
        })
    }
}

/// Those 15 as written, and the number before, which may have been rounded up.
pub(super) fn rounded(raw: &str) -> Vec<Take> {
    rounded_digits(raw).map(|begin| Take::beginning(format!("{begin:015}").as_bytes())).collect()
}

/// The digits that a rounded number shows, and the number before, which may have been rounded up.
/// Behind 15 digits a number's last ones are anything.
pub(super) fn rounded_to(shown: &[u8]) -> Vec<Take> {
    let certain = shown.get(..DIGITS_OF_A_NUMBER).unwrap_or(shown);
    let number = certain.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?))
    });
    let beside = |number: u64| {
        [number.checked_sub(1), number.checked_add(1).filter(|_| certain.len() < shown.len())]
    };
    let others = number
        .into_iter()
        .flat_map(beside)
        .flatten()
        .map(|other| format!("{other:0width$}", width = certain.len()));
    std::iter::once(Take::beginning(certain))
        .chain(others.map(|other| Take::beginning(other.as_bytes())))
        .collect()
}

/// The digits of the mantissa of a folded cell such as `3.30108E+17`, without the zeros at its end,
/// if it is of as many digits as an id.
pub(super) fn exponent_form(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = text.split_once('E')?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let length =
        exponent.parse::<usize>().ok().filter(|_| digits(exponent))?.checked_add(whole.len())?;
    let is_filled = fraction.ends_with("00000");
    // One digit before the point, or no point.
    let fits = (whole.len() == 1 || (!whole.is_empty() && fraction.is_empty()))
        && digits(whole)
        && digits(fraction)
        && !is_filled
        && matches!(length, 15 | 18);
    let all = || [whole, fraction].concat().trim_end_matches('0').as_bytes().to_vec();
    fits.then(all)
}
