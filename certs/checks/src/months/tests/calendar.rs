//! A naive account of payments, counted by walking the calendar day by day: it knows which payment
//! each taking back is of, and nothing of [`super::super`].

use std::collections::BTreeMap;

use chrono::NaiveDate;

/// A payment, and what of it was taken back later.
#[derive(Clone, Debug)]
pub struct Payment {
    /// A day of the month that it is for.
    pub of: NaiveDate,
    pub amount: i128,
    pub kind: &'static str,
    pub paid_on: NaiveDate,
    pub taken_back: Vec<i128>,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub payments: Vec<Payment>,
}

/// A row of the register.
#[derive(Clone, Debug)]
pub struct Entry {
    pub of: NaiveDate,
    pub amount: i128,
    pub kind: &'static str,
    pub entered_on: NaiveDate,
    pub number: String,
}

/// The months of the range, by their names, and whether each counts.
#[derive(Debug)]
pub struct Truth {
    pub months: Vec<String>,
    pub counts: Vec<bool>,
}

fn name(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// The names of that many months that are over before the one of that day, the last first.
fn months_before(day: NaiveDate, count: usize) -> Vec<String> {
    let (mut names, mut walked) = (Vec::new(), day);
    while names.len() < count {
        walked = walked.pred_opt().unwrap();
        if name(walked) != name(day) && names.last() != Some(&name(walked)) {
            names.push(name(walked));
        }
    }
    names
}

/// How many times the month changes from one day to a later one.
fn turns(from: NaiveDate, to: NaiveDate) -> u32 {
    let (mut turns, mut walked) = (0, from);
    while walked < to {
        let next = walked.succ_opt().unwrap();
        turns += u32::from(name(next) != name(walked));
        walked = next;
    }
    turns
}

impl Account {
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (at, payment) in self.payments.iter().enumerate() {
            let Payment { of, amount, kind, paid_on, .. } = *payment;
            entries.push(Entry { of, amount, kind, entered_on: paid_on, number: format!("{at}") });
            for (nth, taken) in payment.taken_back.iter().enumerate() {
                let number = format!("{at}-{nth}");
                let entered_on = paid_on + chrono::Days::new(70);
                entries.push(Entry { of, amount: -taken, kind, entered_on, number });
            }
        }
        entries
    }

    pub fn takes_nothing_back(&self) -> bool {
        self.payments.iter().all(|payment| payment.taken_back.is_empty())
    }

    pub fn truth(
        &self,
        today: NaiveDate,
        last: u32,
        until: u32,
        paid_within: Option<u32>,
        kinds: &[&str],
    ) -> Truth {
        let mut months = months_before(today, (last + until - 1) as usize);
        months.drain(..(until - 1) as usize);
        months.reverse();
        let mut left: BTreeMap<(String, &str), i128> = BTreeMap::new();
        for payment in &self.payments {
            let in_time =
                paid_within.is_none_or(|within| turns(payment.of, payment.paid_on) <= within);
            if in_time && kinds.contains(&payment.kind) {
                let taken: i128 = payment.taken_back.iter().sum();
                *left.entry((name(payment.of), payment.kind)).or_default() +=
                    payment.amount - taken;
            }
        }
        let counts = months.iter().map(|month| {
            kinds.iter().any(|kind| left.get(&(month.clone(), *kind)).is_some_and(|left| *left > 0))
        });
        let counts = counts.collect();
        Truth { months, counts }
    }
}

impl Truth {
    pub fn counted(&self) -> u32 {
        self.counts.iter().map(|counts| u32::from(*counts)).sum()
    }

    pub fn longest_run(&self) -> u32 {
        let (mut longest, mut run) = (0, 0);
        for counts in &self.counts {
            run = if *counts { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        longest
    }

    pub fn last_run(&self) -> u32 {
        let mut run = 0;
        for counts in &self.counts {
            run = if *counts { run + 1 } else { 0 };
        }
        run
    }

    fn names(&self, counting: bool) -> Vec<String> {
        let names = self.months.iter().zip(&self.counts);
        names.filter(|(_, counts)| **counts == counting).map(|(name, _)| name.clone()).collect()
    }

    pub fn first(&self) -> Option<String> {
        self.names(true).first().cloned()
    }

    pub fn last(&self) -> Option<String> {
        self.names(true).last().cloned()
    }

    pub fn gaps(&self) -> Vec<(String, String)> {
        let missing = self.names(false);
        let mut gaps: Vec<(String, String)> = Vec::new();
        for name in missing {
            let place = |name: &String| self.months.iter().position(|one| one == name).unwrap();
            match gaps.last_mut().filter(|gap| place(&gap.1) + 1 == place(&name)) {
                Some(gap) => gap.1 = name,
                None => gaps.push((name.clone(), name)),
            }
        }
        gaps
    }
}
