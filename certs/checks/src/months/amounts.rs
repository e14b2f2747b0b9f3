//! What rows add to a month and take back from it, each as the least and the most that it can be.

use super::row::Row;
use crate::definition::Months;

/// More than all rows of a register add up to.
const ANY: i128 = 1_000_000_000_000_000_000_000_000_000_000;

/// The least and the most that a row adds; below 0 where it takes back.
pub(super) fn effect(rule: &Months, row: &Row<'_>) -> (i128, i128) {
    let Some(direction) = &rule.direction else {
        // Where nothing says how much, each row is one; a definition must say it.
        return match (&rule.amount, row.amount) {
            (None, _) => (1, 1),
            (Some(_), Some(amount)) => (amount, amount),
            (Some(_), None) => (-ANY, ANY),
        };
    };
    if direction.signed && rule.amount.is_some() {
        let stated = row.amount.map_or((-ANY, ANY), |amount| (amount, amount));
        let taken = row.amount.map_or((-ANY, 0), |amount| match amount {
            // It takes back, and says that it adds: as much as that, or nothing.
            1.. => (-amount, 0),
            // It takes back, and does not say how much.
            0 => (-ANY, 0),
            _ => (amount, amount),
        });
        return match row.direction {
            Some(word) if direction.adds.contains(word) => stated,
            Some(word) if direction.takes.contains(word) => taken,
            _ => (stated.0.min(taken.0), stated.1.max(taken.1)),
        };
    }
    let size = match (&rule.amount, row.amount) {
        (None, _) => (1, 1),
        (Some(_), Some(amount)) if amount >= 0 => (amount, amount),
        // The word says which way it goes; an amount below 0 says it once more, or the contrary.
        (Some(_), Some(_)) => return (-ANY, ANY),
        (Some(_), None) => (0, ANY),
    };
    match row.direction {
        Some(word) if direction.adds.contains(word) => size,
        Some(word) if direction.takes.contains(word) => (-size.1, -size.0),
        _ => (-size.1, size.1),
    }
}

/// The least and the most of a sum.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    least: i128,
    most: i128,
}

impl Span {
    fn add(&mut self, least: i128, most: i128) {
        self.least = self.least.saturating_add(least.clamp(-ANY, ANY));
        self.most = self.most.saturating_add(most.clamp(-ANY, ANY));
    }
}

/// What the rows of a month add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Paid in time.
    in_time: Span,
    /// Paid later than that.
    late: Span,
    /// Taken back, of either.
    taken: Span,
}

impl Sums {
    /// One more row: `late` is `None` where that is not known.
    pub(super) fn add(
        &mut self,
        (least, most): (i128, i128),
        late: Option<bool>,
        is_certain: bool,
    ) {
        // Of a row that may be of another month, or none at all, there may be nothing.
        let floor = |least: i128| if is_certain { least } else { 0 };
        let (paid, paid_most) = (floor(least.max(0)), most.max(0));
        match late {
            Some(false) => self.in_time.add(paid, paid_most),
            Some(true) => self.late.add(paid, paid_most),
            None => {
                self.in_time.add(0, paid_most);
                self.late.add(0, paid_most);
            }
        }
        self.taken.add(floor(most.saturating_neg().max(0)), least.saturating_neg().max(0));
    }

    /// The most that is taken back beyond what was surely paid in time: it can have been paid as
    /// another kind.
    pub(super) fn beyond(&self, anywhere: &Self) -> i128 {
        let taken = self.taken.most.saturating_add(anywhere.taken.most);
        taken.saturating_sub(self.in_time.least).max(0)
    }

    /// The least and the most that is left, with what rows add and take that may be of this month.
    /// Where there are late payments, it is not known of what is taken back whether it was paid in
    /// time.
    pub(super) fn left(&self, anywhere: &Self) -> (i128, i128) {
        let most = |of: fn(&Self) -> Span| of(self).most.saturating_add(of(anywhere).most);
        let taken_least = self.taken.least.saturating_sub(most(|sums| sums.late)).max(0);
        (
            self.in_time.least.saturating_sub(most(|sums| sums.taken)),
            most(|sums| sums.in_time).saturating_sub(taken_least),
        )
    }
}
