//! How months are counted, for who reads no TOML.

use std::collections::BTreeSet;

use zerotrip_checks::definition::{Definition, ExpectedDataset, Measure, Months, Variant};
use zerotrip_text::Bilingual;

use super::{joined, word};

/// What each step of a variant that counts months counts, and what of.
pub(super) fn counted(definition: &Definition, variant: &Variant) -> Vec<Bilingual> {
    let steps = variant.counts().filter_map(|(name, months)| {
        let dataset = &variant.scan(&months.of)?.dataset;
        let shape = definition.datasets.iter().find(|shape| shape.id == *dataset)?;
        Some([range(name, months), rows(months, shape), enough(months)])
    });
    steps.flatten().collect()
}

fn range(name: &str, months: &Months) -> Bilingual {
    let (of, last, until) = (&months.of, months.last, months.until);
    let (end, end_zh) = match until {
        1 => ("the month before that of the question".to_owned(), "查询当月的上一个月".to_owned()),
        more => (
            format!("the month that is {more} months before that of the question"),
            format!("查询当月之前第 {more} 个月"),
        ),
    };
    Bilingual::new(
        format!(
            "`{name}` counts months in the rows of `{of}`: of the {last} months up to and \
             including {end}. The register must have every row of these months, from the first day \
             of the first of them on, must keep them all, and must have been read after the last \
             of them was over."
        ),
        format!(
            "`{name}` 按 `{of}` 的记录计算月数：截至{end_zh}（含该月）的 {last} 个月。该登记须自其中\
             第一个月的首日起载有全部记录，记录不得删除，且须在最后一个月结束之后读取。"
        ),
    )
}

fn rows(months: &Months, shape: &ExpectedDataset) -> Bilingual {
    let column = |name: &str| word(shape, name);
    let words = |column: &str, words: &BTreeSet<String>| {
        let words = words.iter().map(|one| word(shape, &format!("{column}.{one}")));
        joined(&words.collect::<Vec<_>>())
    };
    let month = column(&months.month);
    let mut en = format!(
        "A row is for the month in {}. A month counts once, however many rows it has, if more was \
         entered for it than taken back.",
        month.en
    );
    let mut zh = format!(
        "每条记录所属月份见{}。同一月份无论有几条记录只计一个月，且扣除冲减后须有余额。",
        month.zh
    );
    let mut add = |line_en: String, line_zh: String| {
        en.push(' ');
        en.push_str(&line_en);
        zh.push_str(&line_zh);
    };
    match (&months.direction, &months.amount) {
        (Some(direction), amount) => {
            let of = column(&direction.column);
            let takes = words(&direction.column, &direction.takes);
            let (size, size_zh) = match amount {
                Some(amount) => {
                    let amount = column(amount);
                    (format!("the amount in {}", amount.en), format!("{}所载金额", amount.zh))
                }
                None => ("one entry".to_owned(), "一笔".to_owned()),
            };
            let is_signed = direction.signed && amount.is_some();
            add(
                match is_signed {
                    true => format!(
                        "A row takes back where {size} is below 0; one whose {} says {} never \
                         adds.",
                        of.en, takes.en
                    ),
                    false => format!("Rows whose {} says {} take back {size}.", of.en, takes.en),
                },
                match is_signed {
                    true => format!(
                        "{size_zh}为负数的记录为冲减；{}为{}的记录一律不增加。",
                        of.zh, takes.zh
                    ),
                    false => format!("{}为{}的记录冲减{size_zh}。", of.zh, takes.zh),
                },
            );
        }
        (None, Some(amount)) => {
            let amount = column(amount);
            add(
                format!("A row whose {} is below 0 takes back.", amount.en),
                format!("{}为负数的记录为冲减。", amount.zh),
            );
        }
        (None, None) => {}
    }
    if let Some(kind) = &months.kind {
        let (of, is) = (column(&kind.column), words(&kind.column, &kind.is));
        add(
            format!("Only rows whose {} is {} count, each kind by itself.", of.en, is.en),
            format!("只计{}为{}的记录，各种类分别计算。", of.zh, is.zh),
        );
        if !kind.beside.is_empty() {
            let beside = words(&kind.column, &kind.beside);
            add(
                format!(
                    "What rows whose {} is {} take back of a month beyond what they added to it \
                     can be of these kinds: then that month is not known to count.",
                    of.en, beside.en
                ),
                format!(
                    "{}为{}的记录在某月的冲减额超出其本月入账额的，可能冲减的是上述种类：该月是否计入\
                     即无法确定。",
                    of.zh, beside.zh
                ),
            );
        }
    }
    if let Some(identity) = &months.identity {
        let identity = column(identity);
        add(
            format!("Rows that agree in {} and in all the rest are one.", identity.en),
            format!("{}及其余内容均相同的记录视为一条。", identity.zh),
        );
    }
    match (&months.paid_on, months.paid_within) {
        (Some(day), Some(within)) => {
            let day = column(day);
            add(
                format!(
                    "A row counts if {} is in the month that it is for, or at most {within} \
                     calendar months later; what is later than that does not count.",
                    day.en
                ),
                format!(
                    "{}在所属月份当月或其后 {within} 个自然月内的记录方可计入；此后的不计入。",
                    day.zh
                ),
            );
        }
        (Some(day), None) => {
            let day = column(day);
            add(
                format!("A row counts whatever day {} is, if it says one.", day.en),
                format!("无论{}为何日均计入，但须有记载。", day.zh),
            );
        }
        (None, _) => add(
            "No day is asked for: a row counts whenever it came.".to_owned(),
            "不问日期，无论何时入账均计入。".to_owned(),
        ),
    }
    if let (Some(day), ahead) = (&months.paid_on, months.paid_ahead) {
        let day = column(day);
        add(
            format!(
                "Where {} is more than {ahead} calendar months before the month that the row is \
                 for, that day cannot be, and the row is not known to have been paid.",
                day.en
            ),
            format!("{}早于所属月份超过 {ahead} 个自然月的，该日期不可能，不视为已到账。", day.zh),
        );
    }
    Bilingual::new(en, zh)
}

fn enough(months: &Months) -> Bilingual {
    let least = months.enough.least;
    let (en, zh) = match months.enough.measure {
        Measure::Months => (
            format!("at least {least} of these months count, in a row or not"),
            format!("上述月份中累计不少于 {least} 个月"),
        ),
        Measure::LongestRun => (
            format!("at least {least} months in a row count, anywhere among these months"),
            format!("上述月份中任一时段连续不少于 {least} 个月"),
        ),
        Measure::LastRun => (
            format!("at least {least} months in a row count, up to the last of these months"),
            format!("截至上述最后一个月连续不少于 {least} 个月"),
        ),
    };
    Bilingual::new(
        format!(
            "It is enough where {en}. A cell that is empty or cannot be read makes the answer \
             unavailable where it could change this, or what is told; elsewhere it does not \
             matter."
        ),
        format!(
            "{zh}即为足够。空白或不可读的内容如可能改变该结论或所告知的内容，答复即为“无法确定”；\
             不可能改变的，不影响答复。"
        ),
    )
}
