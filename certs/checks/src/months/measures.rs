//! What months come to that each count or do not: how many there are, and in a row.

use zerotrip_datasets::CivilMonth;

use crate::definition::{Measure, Period};

/// Which months of a range count.
#[derive(Debug)]
pub(super) struct Bounds {
    /// For sure.
    pub(super) sure: Vec<bool>,
    /// Those that may count.
    pub(super) may: Vec<bool>,
    /// Those of them that may count without a row that could be of any month.
    pub(super) may_alone: Vec<bool>,
    /// How many rows could be of any month. Each is of one.
    pub(super) fills: usize,
}

impl Bounds {
    /// The least that it can be.
    pub(super) fn least(&self, measure: Measure) -> u32 {
        most_with(measure, &self.sure, &self.sure, 0)
    }

    /// The most that it can be.
    pub(super) fn most(&self, measure: Measure) -> u32 {
        most_with(measure, &self.may_alone, &self.may, self.fills)
    }
}

/// The most that it can be where so many of the months that may be filled are.
fn most_with(measure: Measure, filled: &[bool], may: &[bool], fills: usize) -> u32 {
    let months: Vec<(bool, bool)> = filled.iter().copied().zip(may.iter().copied()).collect();
    let most = match measure {
        Measure::Months => {
            let count = |months: &[bool]| months.iter().filter(|counts| **counts).count();
            count(may).min(count(filled).saturating_add(fills))
        }
        Measure::LongestRun => {
            let ends = (1..=months.len()).filter_map(|end| months.get(..end));
            ends.map(|months| run(months, fills)).max().unwrap_or(0)
        }
        Measure::LastRun => run(&months, fills),
    };
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// How many months in a row there are up to the last, where so many can be filled.
fn run(months: &[(bool, bool)], mut fills: usize) -> usize {
    let counts = |(is_filled, may_be): &&(bool, bool)| {
        if *is_filled {
            return true;
        }
        let can = *may_be && fills > 0;
        fills -= usize::from(can);
        can
    };
    months.iter().rev().take_while(counts).count()
}

/// The months of a range that do not count, by the first and the last of each stretch.
pub(super) fn gaps(range: Period, months: &[bool]) -> Vec<(CivilMonth, CivilMonth)> {
    let mut gaps: Vec<(CivilMonth, CivilMonth)> = Vec::new();
    let mut is_open = false;
    for (at, counts) in months.iter().enumerate() {
        if let (false, Some(month)) = (*counts, range.month(at)) {
            match gaps.last_mut().filter(|_| is_open) {
                Some(gap) => gap.1 = month,
                None => gaps.push((month, month)),
            }
        }
        is_open = !counts;
    }
    gaps
}
