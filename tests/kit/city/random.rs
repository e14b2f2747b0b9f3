//! A small generator of our own (splitmix64), so that a city is the same on every machine and with
//! every release of every crate.

use chrono::{Days, NaiveDate};
use zerotrip_datasets::plausible::is_placeholder;

pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if `limit` is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // The bias of the remainder is below 2^-40 for every limit used here.
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True `per_mille` times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// True `per` times in a hundred thousand, for what is rare.
    pub(super) fn rarely(&mut self, per: u64) -> bool {
        self.below(100_000) < per
    }

    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len() as u64) as usize;
        from.get(at).copied().unwrap_or_default()
    }

    /// A day from `first` to `last`, both included; `first` if they are the wrong way round. None
    /// that systems write where there is no date: a day before it then.
    pub(super) fn day(&mut self, first: NaiveDate, last: NaiveDate) -> NaiveDate {
        let days = u64::try_from((last - first).num_days()).unwrap_or(0);
        let day = first.checked_add_days(Days::new(self.below(days + 1))).unwrap_or(first);
        if is_placeholder(day) { day.pred_opt().unwrap_or(day).max(first) } else { day }
    }
}
