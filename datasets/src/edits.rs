//! How far a cell is from what an identifier can look like: replaced, inserted and dropped
//! characters, and neighbours that were swapped, also where one was then inserted between them, or
//! before dropped from there (Lowrance and Wagner, "An extension of the string-to-string correction
//! problem", 1975).

/// The most edits that anything is asked about, and one.
pub(crate) const LEVELS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Known(u8),
    /// Any one character.
    One,
    /// Any stretch of characters.
    Stretch,
}

/// The characters of a person's id: ten digits and `X`.
pub(crate) const OF_PERSONS: usize = 11;
/// Digits and all capital letters, as [`place_of`] has them.
pub(crate) const OF_ENTERPRISES: usize = 43;

/// One spelling, of at most 31 of so many characters, as the automaton of [`within`] wants it.
#[derive(Clone, Debug)]
pub(crate) struct Form<const N: usize = OF_PERSONS> {
    pub(crate) length: usize,
    /// For each of the characters: its places, as bits.
    pub(crate) places: [u32; N],
}

impl<const N: usize> Form<N> {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self::of(text.len(), text.iter().enumerate().map(|(at, c)| (at, *c)))
    }

    /// Where any of several characters may be.
    pub(crate) fn of_sets(sets: &[&str]) -> Self {
        Self::of(
            sets.len(),
            sets.iter().enumerate().flat_map(|(at, set)| set.bytes().map(move |c| (at, c))),
        )
    }

    pub(crate) fn of(length: usize, characters: impl Iterator<Item = (usize, u8)>) -> Self {
        let mut places = [0; N];
        for (at, c) in characters {
            if let Some(bits) = places.get_mut(place_of(c)) {
                *bits |= 1 << at;
            }
        }
        Self { length, places }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// The whole cell against the whole form.
    Both,
    /// The whole cell against any part of the form.
    PartOfForm,
    /// Any part of the cell against the whole form.
    PartOfCell,
}

/// Whether the cell is at most `most` edits (fewer than [`LEVELS`]) from the form: what [`align`]
/// tells, but for all places of the form at once. Bit *j* of `reached[d]` says that the cell so far
/// can be the form's first *j* characters after *d* edits (Wu and Manber, "Fast text searching
/// allowing errors", 1992).
pub(crate) fn within<const N: usize>(
    cell: &[Token],
    form: &Form<N>,
    ends: Ends,
    most: usize,
) -> bool {
    let all = (1_u32 << (form.length + 1)) - 1;
    let end = 1_u32 << form.length;
    let mut reached = [0_u32; LEVELS];
    for (edits, here) in reached.iter_mut().enumerate() {
        *here = if ends == Ends::PartOfForm { all } else { (1 << (edits + 1)) - 1 };
    }
    let holds = |reached: &[u32; LEVELS], bits: u32| {
        reached.iter().take(most + 1).any(|here| here & bits != 0)
    };
    // Before each of the last two tokens, and where that one fits.
    let mut earlier: Option<([u32; LEVELS], u32)> = None;
    let mut earliest: Option<([u32; LEVELS], u32)> = None;
    for token in cell {
        let fits = match token {
            Token::Known(c) => form.places.get(place_of(*c)).copied().unwrap_or(0),
            Token::One | Token::Stretch => all,
        };
        let now = reached;
        let (mut before, mut fewer, mut swapped) = (0, 0, 0);
        // What came in between, or went, costs the second edit.
        let between = earlier.map_or(0, |(rows, fit)| (((rows[0] & fits) << 2) & fit) << 1)
            | earliest.map_or(0, |(rows, fit)| (((rows[0] & fits) << 1) & fit) << 1);
        for (edits, here) in reached.iter_mut().enumerate() {
            let was = *here;
            *here = if *token == Token::Stretch {
                was | was.wrapping_neg() // the lowest place, and everything after it
            } else {
                // Fits; or with one edit fewer: dropped from the cell, replaced, inserted from the
                // form, or swapped with the one before.
                let parted = if edits == 2 { between } else { 0 };
                let edited = before | (before << 1) | (fewer << 1) | swapped | parted;
                ((was & fits) << 1) | edited | u32::from(ends == Ends::PartOfCell)
            } & all;
            swapped = earlier
                .as_ref()
                .and_then(|(rows, fit)| Some((((rows.get(edits)? & fits) << 1) & fit) << 1))
                .unwrap_or(0);
            (before, fewer) = (was, *here);
        }
        earliest = earlier.filter(|_| *token != Token::Stretch);
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

/// The distance by its definition, a row at a time, with at most one character between two that
/// were swapped; `fits` says whether a known character may be at that place of
/// the form.
pub(crate) fn align(
    cell: &[Token],
    form: usize,
    ends: Ends,
    fits: impl Fn(u8, usize) -> bool,
) -> usize {
    let fit = |token: &Token, at: usize| !matches!(token, Token::Known(c) if !fits(*c, at));
    let first: Vec<usize> =
        (0..=form).map(|at| if ends == Ends::PartOfForm { 0 } else { at }).collect();
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
            if let (Some(left), Some(diagonal)) =
                (row.last(), at.checked_sub(1).and_then(|before| above.get(before)))
            {
                least = least.min(if *token == Token::Stretch { *left } else { left + 1 });
                least = least.min(diagonal + usize::from(!fit(token, at - 1)));
            }
            // Two that were swapped: with so many before them in the cell, up to so many places of
            // the form, at that cost.
            let mut swapped = |first: usize, second: usize, apart: usize, cost: usize| {
                let (Some(first), Some(second)) =
                    (number.checked_sub(first), at.checked_sub(second))
                else {
                    return;
                };
                let tokens = cell.get(first..=number).unwrap_or_default();
                if !tokens.contains(&Token::Stretch)
                    && tokens.first().is_some_and(|earlier| fit(earlier, second + apart))
                    && fit(token, second)
                    && let Some(before) = rows.get(first).and_then(|row| row.get(second))
                {
                    least = least.min(before + cost);
                }
            };
            swapped(1, 2, 1, 1);
            swapped(2, 2, 1, 2);
            swapped(1, 3, 2, 2);
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

/// The index of a character: of a digit and of `X` among the eleven of a person's id, of any other
/// capital letter behind them.
pub(crate) fn place_of(c: u8) -> usize {
    if c == b'X' { 10 } else { usize::from(c.wrapping_sub(b'0')) }
}

/// Groups of letters other than `X` that are counted apart.
const LETTERS: usize = 5;

/// How often each digit and `X` occurs, and other letters by groups of them; of a cell of at most
/// 256 characters, so that a full count of one of them stays far beyond what any form holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts([u8; 16]);

impl Counts {
    pub(crate) fn of(characters: &[u8]) -> Self {
        let mut counts = Self::default();
        for c in characters {
            counts.add(*c);
        }
        counts
    }

    pub(crate) fn known(tokens: &[Token]) -> Self {
        let mut counts = Self::default();
        for token in tokens {
            if let Token::Known(c) = token {
                counts.add(*c);
            }
        }
        counts
    }

    pub(crate) fn add(&mut self, c: u8) {
        let place = place_of(c);
        let group = if place < OF_PERSONS { place } else { OF_PERSONS + place % LETTERS };
        if let Some(count) = self.0.get_mut(group) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.0.iter().map(|count| usize::from(*count)).sum()
    }

    /// Characters here that `other` has not got.
    pub(crate) fn beyond(&self, other: &Self) -> usize {
        self.0
            .iter()
            .zip(other.0)
            .map(|(mine, theirs)| usize::from(mine.saturating_sub(theirs)))
            .sum()
    }
}
