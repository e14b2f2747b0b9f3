//! Changes of the steps that count months, for cases to notice: each thing that such a step says is
//! said otherwise once.

use std::collections::BTreeSet;

use zerotrip_checks::definition::{Definition, Measure, Months, StepKind, Variant};
use zerotrip_text::Bilingual;

/// One change of a step.
#[derive(Debug)]
pub(super) struct CountChange {
    /// The step.
    pub(super) step: String,
    /// The variants in which it is changed, of which a case must come out otherwise.
    pub(super) variants: BTreeSet<String>,
    /// What is changed.
    pub(super) what: Bilingual,
    to: To,
}

/// What a step says instead.
#[derive(Clone, Debug)]
enum To {
    NothingTakesBack,
    EveryKind,
    WithoutKind(String),
    RowsMoreThanOnce,
    Measure(Measure),
    Least(i64),
    Last(i64),
    Until(i64),
    PaidWithin(Option<i64>),
    PaidEver,
}

impl CountChange {
    /// The definition with it.
    pub(super) fn applied(&self, definition: &Definition) -> Definition {
        let mut changed = definition.clone();
        let variants = changed.variants.iter_mut();
        let steps = variants
            .filter(|variant| self.variants.contains(&variant.name))
            .flat_map(|variant| &mut variant.steps)
            .filter(|step| step.name == self.step);
        for step in steps {
            if let StepKind::Months(months) = &mut step.kind {
                self.to.change(months);
            }
        }
        changed
    }
}

impl To {
    fn change(&self, months: &mut Months) {
        let moved =
            |number: u32, by: i64| u32::try_from(i64::from(number).saturating_add(by)).unwrap_or(0);
        match self {
            Self::NothingTakesBack => (months.amount, months.direction) = (None, None),
            Self::EveryKind => months.kind = None,
            Self::WithoutKind(word) => {
                if let Some(kind) = &mut months.kind {
                    kind.is.remove(word);
                }
            }
            Self::RowsMoreThanOnce => months.identity = None,
            Self::Measure(measure) => months.enough.measure = *measure,
            Self::Least(by) => months.enough.least = moved(months.enough.least, *by),
            Self::Last(by) => months.last = moved(months.last, *by),
            Self::Until(by) => months.until = moved(months.until, *by),
            Self::PaidEver => months.paid_ahead = u32::MAX,
            Self::PaidWithin(by) => {
                let within = months.paid_within.unwrap_or(0);
                months.paid_within = by.map(|by| moved(within, by));
            }
        }
    }

    fn what(&self) -> Bilingual {
        let by = |by: i64| match by {
            1.. => ("one more", "多一"),
            _ => ("one less", "少一"),
        };
        match self {
            Self::NothingTakesBack => {
                Bilingual::new("rows that take back add instead", "冲减记录改作增加")
            }
            Self::EveryKind => Bilingual::new("rows of every kind count", "不分种类一律计算"),
            Self::WithoutKind(word) => Bilingual::new(
                format!("rows of kind `{word}` do not count"),
                format!("种类 `{word}` 不再计算"),
            ),
            Self::RowsMoreThanOnce => Bilingual::new(
                "a row that was read in twice counts twice",
                "重复载入的记录重复计算",
            ),
            Self::Measure(measure) => Bilingual::new(
                format!("`{}` is what is enough", measure.name()),
                format!("改以 `{}` 判断是否足够", measure.name()),
            ),
            Self::Least(number) => {
                let (en, zh) = by(*number);
                Bilingual::new(format!("{en} is needed"), format!("所需月数{zh}"))
            }
            Self::Last(number) => {
                let (en, zh) = by(*number);
                Bilingual::new(format!("{en} month is looked at"), format!("所查月数{zh}"))
            }
            Self::Until(number) => {
                let (en, zh) = match number {
                    1.. => ("earlier", "提前"),
                    _ => ("later", "延后"),
                };
                Bilingual::new(
                    format!("the months end one {en}"),
                    format!("所查月份的终点{zh}一个月"),
                )
            }
            Self::PaidEver => Bilingual::new(
                "payments count however long before their month they were made",
                "无论早于所属月份多久缴纳均计算在内",
            ),
            Self::PaidWithin(None) => Bilingual::new("late payments count too", "补缴也计算在内"),
            Self::PaidWithin(Some(number)) => {
                let (en, zh) = by(*number);
                Bilingual::new(
                    format!("payments count {en} month after their own, or not at all"),
                    format!("可计入的补缴期限{zh}个月"),
                )
            }
        }
    }
}

/// Every change of a definition's steps. What a step says for all its variants is changed in all of
/// them at once, the numbers in each variant by itself.
pub(super) fn count_changes(definition: &Definition) -> Vec<CountChange> {
    let mut changes = Vec::new();
    let mut shared: Vec<(&str, Months, BTreeSet<String>)> = Vec::new();
    for variant in &definition.variants {
        for (step, months) in variant.counts() {
            let own = BTreeSet::from([variant.name.clone()]);
            changes.extend(numbers(months).into_iter().map(|to| change(step, own.clone(), to)));
            let same = shared.iter_mut().find(|(name, known, _)| {
                *name == step && without_numbers(known, months) == *months
            });
            match same {
                Some((_, _, variants)) => variants.extend(own),
                None => shared.push((step, months.clone(), own)),
            }
        }
    }
    for (step, months, variants) in shared {
        let made = of_columns(&months).into_iter();
        changes.extend(made.map(|to| change(step, variants.clone(), to)));
    }
    changes
}

fn change(step: &str, variants: BTreeSet<String>, to: To) -> CountChange {
    CountChange { step: step.to_owned(), variants, what: to.what(), to }
}

/// A step with another's numbers.
fn without_numbers(of: &Months, other: &Months) -> Months {
    Months {
        paid_within: other.paid_within,
        last: other.last,
        until: other.until,
        enough: other.enough,
        ..of.clone()
    }
}

fn of_columns(months: &Months) -> Vec<To> {
    let mut changes = vec![To::NothingTakesBack];
    if let Some(kind) = &months.kind {
        changes.push(To::EveryKind);
        if kind.is.len() > 1 {
            changes.extend(kind.is.iter().cloned().map(To::WithoutKind));
        }
    }
    changes.extend(months.identity.as_ref().map(|_| To::RowsMoreThanOnce));
    changes.extend(months.paid_on.as_ref().map(|_| To::PaidEver));
    changes
}

/// Changes that make a difference for some register.
fn numbers(months: &Months) -> Vec<To> {
    let enough = months.enough;
    let mut changes = vec![To::Least(-1), To::Least(1), To::Until(-1), To::Until(1)];
    // Where every month of the range is needed, they are all in a row, and the last ones.
    if enough.least < months.last {
        let others = Measure::ALL.into_iter().filter(|measure| *measure != enough.measure);
        changes.extend(others.map(To::Measure));
    }
    // The last months in a row are the same in a longer range.
    if enough.measure != Measure::LastRun {
        changes.extend([To::Last(-1), To::Last(1)]);
    }
    match months.paid_within {
        Some(within) => {
            changes.extend([To::PaidWithin(Some(1)), To::PaidWithin(None)]);
            changes.extend((within > 0).then_some(To::PaidWithin(Some(-1))));
        }
        None => changes.extend(months.paid_on.as_ref().map(|_| To::PaidWithin(Some(0)))),
    }
    changes
}

/// Of which variants' steps they are, for people.
pub(super) fn shown(change: &CountChange, variants: &[Variant]) -> Bilingual {
    let CountChange { step, what, .. } = change;
    let named = variants.iter().filter(|variant| change.variants.contains(&variant.name));
    let named: Vec<&str> = named.map(|variant| variant.name.as_str()).collect();
    let named = named.join(", ");
    Bilingual::new(
        format!("step `{step}` ({named}): where {}, every case comes out the same", what.en),
        format!("步骤 `{step}`（{named}）：{}时，所有案例结果不变", what.zh),
    )
}
