//! Whose an unreadable cell could be. An absence is proven only if no such cell could be the asked-for person's.
//!
//! # The rule
//!
//! A cell that is not accounted for ([`super::Declared`]) could be anybody's, unless it is a *damaged
//! spelling of an id*: then it could be those persons' whose id can have become it. The cell is folded
//! (escapes, guards, full-width forms, blanks, case). What is between `; , 、 | /` or on lines of its own
//! is judged by itself; each part must be whole or a damaged spelling, an empty one is neither. Blanks
//! divide one id or several: words side by side that are not whole must make one, and beside a whole one
//! each must be one by itself, too. The number of a birth to come is nobody's yet, and so damaged.
//! Characters besides digits and `X` are masks, dividers or look-alikes; with any other character, or with
//! a whole id and any further mark beside it, nobody knows who is meant. Whose whole id is there, with
//! other digits before it, behind it or blanks inside, is never passed over. A damaged spelling is
//!
//! 1. **mistyped**: at most two edits (a character replaced, inserted, dropped, or swapped with its neighbour; or month and day exchanged)
//!    from a form, one if 11 or 12 characters are known; up to two look-alikes (`O`, `I`, `L` …) each stand for any character. A person's
//!    forms are the 18 characters and the 15 without century and check character; in 16 characters and more a form may also be inside;
//! 2. **truncated**: at least 8 characters, one edit less away from some part of a form, where a beginning or an end of an id can look so;
//! 3. **masked**: every run of masks hides any stretch, and the rest holds to the letter: masks are made by machines, which do not mistype.
//!    An `X` that is not the last character is one. A single mask may hide one character of a cell with one slip;
//! 4. **in exponent form**, as spreadsheets show long numbers (`3.30108E+17`): the mantissa without its point and its zeros at the end, or the
//!    number before it, begins a form, where that makes 18 digits or 15;
//! 5. **rounded**, as spreadsheets keep 15 digits of a number: 18 digits that end in `000`, and their first 15, or the number before these 15,
//!    begin a form of 18, within one edit, for it may have been mistyped before, or within two, where no id
//!    begins so to the letter, but one does within one edit.
//!
//! One kind of damage explains a cell: masks with look-alikes or dividers do not, nor dividers in less than 13 characters. At least six
//! characters must be known, none of them filled in by a machine (`00000`, `123456`, `0000` or `9999` at the end), and *some* id must be able to look so: a province, a century, a month and a day that there are,
//! within one edit. Otherwise nothing says that the cell ever was an id.
//!
//! A cell of the last kind can be a valid id and yet somebody else's, and so can one of 15 digits: `fifteen.rs` tells of those.

use chrono::NaiveDate;

use super::accounted::{SEPARATORS, persons_in};
use super::fifteen::rounded_digits;
use super::plausible::sequences;
use super::{Reading, ResidentId, is_doubtful, parse};
use crate::{date, fold};
use shapes::{LONG_IDS, SHORT_IDS};

mod shapes;

pub(super) const MOST_CHARACTERS: usize = 256;
const MOST_BYTES: usize = 1024;
/// Fewer characters tell nobody from anybody.
pub(super) const KNOWN_ENOUGH: usize = 6;
/// In exponent form, where their places are known.
const KNOWN_OF_EXPONENT: usize = 5;
/// What somebody misread is whole.
const FEWEST_MISREAD: usize = 17;
/// Digits that a spreadsheet keeps of a number.
const DIGITS_OF_A_NUMBER: usize = 15;
/// What is divided is whole, but for a slip or two.
const FEWEST_DIVIDED: usize = 13;
/// Fewer are not what is left of an id that was cut.
const FEWEST_OF_PART: usize = 8;
/// A form does not stand whole inside less.
const SHORTEST_OVERLONG: usize = 16;
/// An id with two characters too many.
const LONGEST: usize = 20;
/// Look-alikes in one id.
const MOST_SLIPS: usize = 2;
/// The most edits that anything is asked about, and one.
const LEVELS: usize = 3;
/// Where the month begins; the day is behind it.
const MONTH_OF_LONG: usize = 10;
/// The same of 15 digits.
const MONTH_OF_SHORT: usize = 8;
/// What hides characters.
const MASKS: &str = "*#…~×○●□■※•_·—–⋯";
/// What hides one, or says that nobody could read it: `\u{fffd}` is what no decoder knew.
const UNCERTAIN: &str = "?\u{fffd}";
/// What divides an id.
const DIVIDERS: &str = "-.:‐−";
/// Letters that are taken for digits, and digits for letters.
const LOOK_ALIKES: &str = "OILSBZ〇";

/// A cell that is not accounted for, prepared once for being held against many persons, by the rule of the module's doc.
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
    /// Edits that it may be away from some part of a form, if it may be one.
    part: Option<usize>,
    /// Whether a form may be inside it, as far away as that: something was written before or behind it.
    overlong: bool,
    /// Edits that it may be away from a form that any id could have, to count as a damaged id.
    least: usize,
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
    forms: [Form; 2],
    /// The same with month and day exchanged, which is an edit by itself; none where that makes no other.
    exchanged: Option<[Form; 2]>,
}

/// One spelling of a person's, as the automaton of [`within`] wants it.
#[derive(Clone, Debug)]
struct Form {
    length: usize,
    /// For each of the eleven characters: the places where it stands, as bits.
    places: [u32; 11],
}

impl Probe {
    /// Prepares the person.
    pub fn new(key: &ResidentId) -> Self {
        let (long, short) = (&key.0, &key.short());
        let exchanged = exchange(long, MONTH_OF_LONG).zip(exchange(short, MONTH_OF_SHORT));
        Self {
            counts: Counts::of(long),
            forms: [Form::new(long), Form::new(short)],
            exchanged: exchanged.filter(|(other, _)| other != long).map(|(long, short)| [Form::new(&long), Form::new(&short)]),
        }
    }

    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter()
    }
}

impl Form {
    fn new(text: &[u8]) -> Self {
        Self::of(text.len(), text.iter().enumerate().map(|(at, c)| (at, *c)))
    }

    /// Where any of several characters may stand.
    fn of_sets(sets: &[&str]) -> Self {
        Self::of(sets.len(), sets.iter().enumerate().flat_map(|(at, set)| set.bytes().map(move |c| (at, c))))
    }

    fn of(length: usize, characters: impl Iterator<Item = (usize, u8)>) -> Self {
        let mut places = [0; 11];
        for (at, c) in characters {
            if let Some(bits) = places.get_mut(place_of(c)) {
                *bits |= 1 << at;
            }
        }
        Self { length, places }
    }
}

/// A form with its month and its day exchanged.
fn exchange<const N: usize>(form: &[u8; N], month: usize) -> Option<[u8; N]> {
    let mut other = *form;
    let (month, day) = other.get_mut(month..month + 4)?.split_at_mut(2);
    month.swap_with_slice(day);
    Some(other)
}

impl Suspect {
    /// Prepares the raw cell, whenever it is read: whoever has a whole id in it is born by then.
    pub fn new(raw: &str) -> Self {
        Self::on(raw, NaiveDate::MAX)
    }

    /// Prepares the raw cell, as it is read on that day: nobody has the number of a birth to come, so it
    /// is damaged, alone or in a list.
    pub fn on(raw: &str, today: NaiveDate) -> Self {
        if raw.len() > MOST_BYTES {
            return Self::anybody();
        }
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        // What stands between two of these is somebody of its own: none of them may be unexplained.
        let items: Vec<&str> = text.split(|c: char| SEPARATORS.contains(&c) && !fold::is_blank(c)).collect();
        // What nobody sees divides nothing.
        let words: Vec<&str> = text.split(char::is_whitespace).filter(|word| !fold::trimmed(word).is_empty()).collect();
        let takes = match (items.len(), words.len()) {
            (1, 0 | 1) => judged(text),
            (1, _) => in_words(&words, today),
            (_, _) => all_judged(&items, today),
        };
        let Some(mut takes) = takes else { return Self::anybody() };
        // Whoever stands there to the letter, whatever is written beside the id or between its digits.
        takes.extend(persons_in(raw).iter().map(Take::exact));
        Self { takes, anybody: false }
    }

    /// Nothing of it tells persons apart.
    pub fn anybody() -> Self {
        Self { takes: Vec::new(), anybody: true }
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

/// A person's id or a credit code, from its first character to its last.
fn is_whole(text: &str) -> bool {
    !matches!(parse(text), Reading::Unreadable)
}

/// What words with nothing but blanks between them can be taken for. Blanks divide one id, or several:
/// words that are not whole, side by side, must make one, and beside a whole one each must be one, too.
fn in_words(words: &[&str], today: NaiveDate) -> Option<Vec<Take>> {
    let each = all_judged(words, today);
    let mut takes = if words.iter().any(|word| is_whole(word)) { each? } else { each.unwrap_or_default() };
    for run in words.chunk_by(|a, b| !is_whole(a) && !is_whole(b)).filter(|run| run.len() > 1) {
        takes.extend(judged(&run.join(" "))?);
    }
    Some(takes)
}

/// What each of these can be taken for; `None` if one of them is no damaged id.
fn all_judged(items: &[&str], today: NaiveDate) -> Option<Vec<Take>> {
    let mut takes = Vec::new();
    for item in items {
        match parse(item) {
            Reading::Person(person) if person.birth_date() > today => takes.extend(judged(item)?),
            Reading::Person(person) => takes.push(Take::exact(&person)),
            Reading::Code(_) => {}
            Reading::Unreadable => takes.extend(judged(item)?),
        }
        // A whole id of 15 digits, or one that a spreadsheet rounded, may be another's.
        takes.extend(rounded(item));
        if is_doubtful(item) {
            let digits: Vec<char> = folded(item).collect();
            takes.push(Take::typed(&digits));
        }
    }
    Some(takes)
}

/// What a text can be taken for, if it is a damaged spelling of one id, by the rule.
fn judged(raw: &str) -> Option<Vec<Take>> {
    let text: Vec<char> = folded(raw).collect();
    let plain: String = text.iter().collect();
    if let Some(shown) = exponent_form(&plain) {
        // Nothing that shows numbers so puts blanks into them.
        let is_divided = fold::trimmed(raw).contains(fold::is_blank);
        return if is_divided { None } else { explained(rounded_to(&shown), KNOWN_OF_EXPONENT) };
    }
    // A whole id, and something that is no slip of the pen behind or before it: nobody knows who else is meant.
    let is_known = |c: char| c.is_ascii_digit() || c == 'X';
    let mut runs = text.split(|c| !is_known(*c));
    let is_whole =
        |run: &[char]| is_whole(&run.iter().collect::<String>()) || (matches!(run.len(), 15 | 18) && Take::typed(run).is_shape());
    if runs.any(|run| run.len() < text.len() && is_whole(run)) {
        return None;
    }
    let kinds = text.iter().map(|c| Character::of(*c)).collect::<Option<Vec<_>>>()?;
    let count = |kind: Character| kinds.iter().filter(|one| **one == kind).count();
    let (known, slips, dividers) = (count(Character::Known), count(Character::LookAlike), count(Character::Divider));
    // More than one id can be: nobody knows where the one ends, and who the other is.
    // And a point behind the first digit is a number's, of which nobody knows how many digits it had.
    let is_number = text.get(1) == Some(&'.');
    if known > LONGEST || slips > MOST_SLIPS || is_date(&plain) || is_number || (dividers > 0 && known < FEWEST_DIVIDED) {
        return None;
    }
    let whole: Vec<char> = text.iter().zip(&kinds).filter(|(_, kind)| **kind != Character::Divider).map(|(c, _)| *c).collect();
    let masks = hidden(&whole);
    let is_masked = masks.contains(&true);
    let marks = masks.iter().filter(|hidden| **hidden).count();
    let shown: String = whole.iter().zip(&masks).filter(|(_, hidden)| !**hidden).map(|(c, _)| *c).collect();
    let is_rounded = whole.ends_with(&['0', '0', '0']);
    // One kind of damage explains a cell; two would explain nearly everything. A mask that hides nothing is no mask. And what a filling machine
    // wrote says nothing, nor what is beside it.
    let hides_nothing = is_whole(&shown.chars().collect::<Vec<_>>()) || shown.len() >= 18 || (shown.len() >= 15 && marks > 1);
    let is_twice = (is_masked && (slips + dividers > 0 || is_rounded)) || (slips > 0 && (is_rounded || whole.len() < FEWEST_MISREAD));
    if is_filled(&whole) || is_twice || (is_masked && hides_nothing) {
        return None;
    }
    let mut takes = Vec::new();
    if is_masked {
        takes.push(Take::masked(&whole, &masks));
    }
    // What one mark hides may be one character, or a slip of the pen.
    match marks {
        0 => takes.push(Take::typed(&whole)),
        1 if !whole.iter().any(|c| MASKS.contains(*c)) => takes.push(Take::typed(&whole)),
        1 => takes.push(Take { least: 0, ..Take::typed(&whole) }),
        _ => {}
    }
    // A look-alike may stand for any character of the person's, but an id must be there to be seen.
    let meant: Vec<char> = whole.iter().map(|c| meant(*c)).collect();
    if slips > 0 && !Take::typed(&meant).is_some_ids() {
        return None;
    }
    let rounded = rounded(&whole.iter().collect::<String>());
    if !rounded.is_empty() {
        // The number may have been mistyped before; where it begins no id to the letter, it was. That it
        // looks like one of 15 by chance says nothing, for those are never cut so.
        let slips = (0..LEVELS - 1).find(|slips| rounded.iter().any(|take| LONG_IDS.is_near(&take.tokens, *slips)))?;
        takes.extend(rounded.into_iter().map(|take| Take { most: slips + 1, least: slips, ..take }));
    }
    explained(takes, KNOWN_ENOUGH)
}

/// What a character can be in a damaged spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Character {
    Known,
    Mask,
    Uncertain,
    Divider,
    LookAlike,
}

impl Character {
    /// `None`: no damage to an id leaves it there.
    fn of(c: char) -> Option<Self> {
        let kinds = [(MASKS, Self::Mask), (UNCERTAIN, Self::Uncertain), (DIVIDERS, Self::Divider), (LOOK_ALIKES, Self::LookAlike)];
        if c.is_ascii_digit() || c == 'X' {
            return Some(Self::Known);
        }
        kinds.into_iter().find(|(characters, _)| characters.contains(c)).map(|(_, kind)| kind)
    }
}

/// The digit that a look-alike is taken for.
fn meant(c: char) -> char {
    match c {
        'O' | '〇' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'B' => '8',
        c => c,
    }
}

/// For each character, whether it hides others: a mask; an `X` that is not at the end, or more than two of them there.
fn hidden(text: &[char]) -> Vec<bool> {
    let last = text.iter().rev().take_while(|c| **c == 'X').count();
    let end = if last > 2 { text.len() } else { text.len() - last };
    let hides = |(at, c): (usize, &char)| match Character::of(*c) {
        Some(Character::Mask | Character::Uncertain) => true,
        Some(Character::Known) => *c == 'X' && at < end,
        _ => false,
    };
    text.iter().enumerate().map(hides).collect()
}

/// Whether digits stand there that nobody typed from a card: a long run of one digit or of digits in their order, or `0000` or `9999` at the
/// end. A year and a month can bring four zeros.
fn is_filled(text: &[char]) -> bool {
    let digits: Vec<u8> = text.iter().map(|c| u8::try_from(*c).ok().filter(u8::is_ascii_digit).unwrap_or(b'*')).collect();
    let runs = digits.chunk_by(|a, b| a == b).filter(|run| run.first() != Some(&b'*'));
    let is_long = |run: &[u8]| run.len() > 4;
    let tail = digits.get(14..18).filter(|_| digits.len() == 18).unwrap_or_default();
    let mut runs_and_tail = runs.map(is_long).chain([tail == b"0000" || tail == b"9999"]);
    runs_and_tail.any(|filled| filled) || sequences(&digits).any(|filled| filled)
}

/// A day, however it is written: a birth date that stands in the wrong column, say.
fn is_date(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits <= 8 && date::parse(text.trim_matches(|c| DIVIDERS.contains(c))).is_some()
}

/// These, if at least one of them could be some id's.
fn explained(takes: Vec<Take>, fewest: usize) -> Option<Vec<Take>> {
    let enough = takes.iter().all(|take| take.known.total() >= fewest);
    (enough && takes.iter().any(Take::is_some_ids)).then_some(takes)
}

impl Take {
    /// As a spelling of this very id.
    fn exact(person: &ResidentId) -> Self {
        let tokens: Vec<Token> = person.0.iter().map(|c| Token::Known(*c)).collect();
        Self { known: Counts::known(&tokens), tokens, most: 0, part: None, overlong: false, least: 0 }
    }

    /// As typed by somebody, with slips, and perhaps cut off.
    fn typed(text: &[char]) -> Self {
        let token = |c: &char| u8::try_from(*c).ok().filter(|c| c.is_ascii_digit() || *c == b'X').map_or(Token::One, Token::Known);
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
        Self { overlong: text.len() >= SHORTEST_OVERLONG && most > 0, tokens, known, most, part, least }
    }

    /// By what is shown; what is hidden has any length, and machines do not mistype.
    fn masked(text: &[char], masks: &[bool]) -> Self {
        let mut tokens: Vec<Token> = Vec::new();
        for (c, hidden) in text.iter().zip(masks) {
            match u8::try_from(*c).ok().filter(|_| !hidden) {
                Some(c) => tokens.push(Token::Known(c)),
                None if tokens.last() == Some(&Token::Stretch) => {}
                None => tokens.push(Token::Stretch),
            }
        }
        Self { known: Counts::known(&tokens), tokens, most: 0, part: None, overlong: false, least: 0 }
    }

    /// By these digits at the beginning, and nothing else: machines do not mistype.
    fn beginning(digits: &[u8]) -> Self {
        let mut tokens: Vec<Token> = digits.iter().map(|c| Token::Known(*c)).collect();
        tokens.push(Token::Stretch);
        Self { known: Counts::known(&tokens), tokens, most: 0, part: Some(0), overlong: false, least: 0 }
    }

    fn could_be(&self, person: &Probe) -> bool {
        // Every known character that the person has not got is an edit, which spares most persons the long way.
        let near = || self.known.beyond(&person.counts) <= self.most;
        let is_near = near();
        let fits = |form: &Form, spent: usize| {
            let is_within = |most: Option<usize>, ends| {
                let left = most.and_then(|most| most.checked_sub(spent));
                left.is_some_and(|left| within(&self.tokens, form, ends, left))
            };
            (is_near && (is_within(Some(self.most), Ends::Both) || is_within(self.part, Ends::PartOfForm)))
                || (self.overlong && is_within(Some(self.most), Ends::PartOfCell))
        };
        person.forms().any(|form| fits(form, 0)) || person.exchanged.iter().flatten().any(|form| fits(form, 1))
    }

    /// Whether it has the shape of an id, to the letter.
    fn is_shape(&self) -> bool {
        [&*LONG_IDS, &*SHORT_IDS].iter().any(|shape| shape.is_near(&self.tokens, 0))
    }

    /// Whether some id could have become this: without it, nothing says that it ever was one.
    fn is_some_ids(&self) -> bool {
        let cut = |end: bool| {
            let mut tokens = self.tokens.clone();
            tokens.insert(if end { tokens.len() } else { 0 }, Token::Stretch);
            tokens
        };
        let (prefix, suffix) = (cut(true), cut(false));
        let is_mobile = self.tokens.len() == 11 && matches!(self.tokens.as_slice(), [Token::Known(b'1'), Token::Known(b'3'..=b'9'), ..]);
        let part = self.part.filter(|_| !is_mobile && !self.tokens.contains(&Token::Stretch));
        [&*LONG_IDS, &*SHORT_IDS].iter().any(|shape| {
            shape.is_near(&self.tokens, self.least)
                // Cut off and mistyped: that would explain nearly everything.
                || part.is_some_and(|_| shape.is_near(&prefix, 0) || shape.is_near(&suffix, 0))
        })
    }
}

/// Those 15 as they stand, and the number before, which may have been rounded up.
fn rounded(raw: &str) -> Vec<Take> {
    rounded_digits(raw).map(|begin| Take::beginning(format!("{begin:015}").as_bytes())).collect()
}

/// The digits that a rounded number shows, and the number before, which may have been rounded up. Behind 15 digits a number's last ones are
/// anything.
fn rounded_to(shown: &[u8]) -> Vec<Take> {
    let certain = shown.get(..DIGITS_OF_A_NUMBER).unwrap_or(shown);
    let number = certain.iter().try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?)));
    let beside = |number: u64| [number.checked_sub(1), number.checked_add(1).filter(|_| certain.len() < shown.len())];
    let others = number.into_iter().flat_map(beside).flatten().map(|other| format!("{other:0width$}", width = certain.len()));
    std::iter::once(Take::beginning(certain)).chain(others.map(|other| Take::beginning(other.as_bytes()))).collect()
}

/// The digits of the mantissa of a folded cell such as `3.30108E+17`, without the zeros at its end, if it is of as many digits as an id.
fn exponent_form(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = text.split_once('E')?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let length = exponent.parse::<usize>().ok().filter(|_| digits(exponent))?.checked_add(whole.len())?;
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

/// Whether the character hides others.
pub(super) fn is_mask(c: char) -> bool {
    matches!(Character::of(c), Some(Character::Mask | Character::Uncertain))
}

/// Whether some id of 18 characters is one slip away.
pub(super) fn looks_mistyped(text: &str) -> bool {
    LONG_IDS.is_near(&tokens_of(text), 1)
}

/// Whether some id of 18 characters begins so, to the letter.
pub(super) fn looks_cut(text: &str) -> bool {
    let mut tokens = tokens_of(text);
    tokens.push(Token::Stretch);
    LONG_IDS.is_near(&tokens, 0)
}

fn tokens_of(text: &str) -> Vec<Token> {
    text.bytes().map(Token::Known).collect()
}

/// The cell's characters, folded.
pub(super) fn folded(raw: &str) -> impl Iterator<Item = char> {
    fold::identifier(raw).chars().collect::<Vec<_>>().into_iter()
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
    // Before the last token, and where that one fits.
    let mut earlier: Option<([u32; LEVELS], u32)> = None;
    for token in cell {
        let fits = match token {
            Token::Known(c) => form.places.get(place_of(*c)).copied().unwrap_or(0),
            Token::One | Token::Stretch => all,
        };
        let now = reached;
        let (mut before, mut fewer, mut swapped) = (0, 0, 0);
        for (edits, here) in reached.iter_mut().enumerate() {
            let was = *here;
            *here = if *token == Token::Stretch {
                was | was.wrapping_neg() // the lowest place, and everything after it
            } else {
                // Fits; or with one edit fewer: dropped from the cell, replaced, inserted from the form, or swapped with the one before.
                let edited = before | (before << 1) | (fewer << 1) | swapped;
                ((was & fits) << 1) | edited | u32::from(ends == Ends::PartOfCell)
            } & all;
            swapped = earlier.as_ref().and_then(|(rows, fit)| Some((((rows.get(edits)? & fits) << 1) & fit) << 1)).unwrap_or(0);
            (before, fewer) = (was, *here);
        }
        earlier = (*token != Token::Stretch).then_some((now, fits));
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

/// The distance by its definition, a row at a time: replaced, inserted and dropped characters, and neighbours that were swapped; `fits` says
/// whether a known character may stand at that place of the form.
fn align(cell: &[Token], form: usize, ends: Ends, fits: impl Fn(u8, usize) -> bool) -> usize {
    let fit = |token: &Token, at: usize| !matches!(token, Token::Known(c) if !fits(*c, at));
    let first: Vec<usize> = (0..=form).map(|at| if ends == Ends::PartOfForm { 0 } else { at }).collect();
    let mut best = form;
    let mut rows = vec![first];
    for (number, token) in cell.iter().enumerate() {
        let above = rows.last().cloned().unwrap_or_default();
        let mut row: Vec<usize> = Vec::with_capacity(form + 1);
        for (at, above_here) in above.iter().copied().enumerate() {
            let drop = match token {
                Token::Stretch => above_here,
                Token::Known(_) | Token::One if at == 0 && ends == Ends::PartOfCell => 0,
                Token::Known(_) | Token::One => above_here + 1,
            };
            let mut least = drop;
            if let (Some(left), Some(diagonal)) = (row.last(), at.checked_sub(1).and_then(|before| above.get(before))) {
                least = least.min(if *token == Token::Stretch { *left } else { left + 1 });
                least = least.min(diagonal + usize::from(!fit(token, at - 1)));
            }
            let before = number.checked_sub(1).and_then(|number| Some((cell.get(number)?, rows.get(number)?)));
            if let (Some((previous, two_above)), Some(two_left)) = (before, at.checked_sub(2))
                && *token != Token::Stretch
                && *previous != Token::Stretch
                && fit(token, two_left)
                && fit(previous, two_left + 1)
            {
                least = least.min(two_above.get(two_left).map_or(usize::MAX, |cost| cost + 1));
            }
            row.push(least);
        }
        best = best.min(row.last().copied().unwrap_or(form));
        rows.push(row);
    }
    let last = rows.last().cloned().unwrap_or_default();
    match ends {
        Ends::Both => last.last().copied().unwrap_or(form),
        Ends::PartOfForm => last.iter().copied().min().unwrap_or(form),
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
