//! What all ids look like: without it, nothing says that a cell ever was one.

use std::sync::LazyLock;

use crate::edits::{Ends, Form, Token, within};

/// What ids of one generation look like.
pub(super) struct IdPatterns {
    /// All of `patterns` at once, and more: what is far from this is far from each.
    loose: Form,
    /// Which characters are possible at which place, for each kind of province, century, month and
    /// day.
    patterns: Vec<Form>,
}

impl IdPatterns {
    fn of(patterns: Vec<Form>) -> Self {
        let mut loose =
            Form { length: patterns.first().map_or(0, |form| form.length), places: [0; 11] };
        for form in &patterns {
            loose.places.iter_mut().zip(form.places).for_each(|(all, one)| *all |= one);
        }
        Self { loose, patterns }
    }

    /// Whether these are at most `most` edits from what some id can look like.
    pub(super) fn is_near(&self, tokens: &[Token], most: usize) -> bool {
        let near = |form: &Form| within(tokens, form, Ends::Both, most);
        near(&self.loose) && self.patterns.iter().any(near)
    }
}

/// Ids of 18 characters. Sequence and check character are any.
pub(super) static LONG_IDS: LazyLock<IdPatterns> = LazyLock::new(|| {
    const CENTURIES: [[&str; 3]; 3] = [["1", "8", "789"], ["1", "9", ANY], ["2", "0", "012"]];
    let long = |(province, date): ([&'static str; 2], [&'static str; 4])| {
        CENTURIES.map(|century| {
            let sets = province
                .into_iter()
                .chain([ANY; 4])
                .chain(century)
                .chain([ANY])
                .chain(date)
                .chain([ANY; 3]);
            Form::of_sets(&sets.chain(["0123456789X"]).collect::<Vec<_>>())
        })
    };
    IdPatterns::of(provinces_and_days().flat_map(long).collect())
});

/// Ids of 15 digits. Permits and foreigners' ids are younger than the last of these.
pub(super) static SHORT_IDS: LazyLock<IdPatterns> = LazyLock::new(|| {
    let old = provinces_and_days().filter(|([first, _], _)| !matches!(*first, "8" | "9"));
    let short = |(province, date): ([&'static str; 2], [&'static str; 4])| {
        let sets = province.into_iter().chain([ANY; 4]).chain([ANY; 2]).chain(date).chain([ANY; 3]);
        Form::of_sets(&sets.collect::<Vec<_>>())
    };
    IdPatterns::of(old.map(short).collect())
});

const ANY: &str = "0123456789";

/// The first two characters of divisions, each with every kind of month and day.
fn provinces_and_days() -> impl Iterator<Item = ([&'static str; 2], [&'static str; 4])> {
    const PROVINCES: [[&str; 2]; 9] = [
        ["1", "12345"],
        ["2", "123"],
        ["3", "1234567"],
        ["4", "123456"],
        ["5", "01234"],
        ["6", "12345"],
        ["7", "1"],
        ["8", "123"],
        ["9", "12345678"],
    ];
    // Months of 31, of 30 and of fewer days.
    const MONTHS: [([&str; 2], &str); 5] = [
        (["0", "13578"], "01"),
        (["1", "02"], "01"),
        (["0", "469"], "0"),
        (["1", "1"], "0"),
        (["0", "2"], ""),
    ];
    const DAYS: [[&str; 2]; 2] = [["0", "123456789"], ["12", ANY]];
    let last = |end: &'static str| Some(["3", end]).filter(|_| !end.is_empty());
    let days = MONTHS.into_iter().flat_map(move |([ten, one], end)| {
        DAYS.into_iter()
            .chain(last(end))
            .map(move |[day_ten, day_one]| [ten, one, day_ten, day_one])
    });
    PROVINCES.into_iter().flat_map(move |province| days.clone().map(move |day| (province, day)))
}
