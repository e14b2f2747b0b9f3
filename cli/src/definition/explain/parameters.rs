//! What a requester says, and within which bounds.

use zerotrip_checks::definition::Parameter;
use zerotrip_datasets::ParameterType;
use zerotrip_datasets::parameter::LastMonth;
use zerotrip_identification::IdentityTerms;
use zerotrip_text::Bilingual;

use super::{age, joined, named};

/// A parameter by its title, and what it can be.
pub(crate) fn said(parameter: &Parameter) -> Bilingual {
    let name = named(&parameter.name, parameter.title.as_ref());
    let what = kind(parameter);
    Bilingual::new(format!("{}: {}", name.en, what.en), format!("{}：{}", name.zh, what.zh))
}

/// How the person must have been identified, and what is told of it.
pub(crate) fn identified(terms: &IdentityTerms) -> Bilingual {
    let IdentityTerms { parameter, level, within } = terms;
    let (level, (age, age_zh)) = (level.words(), age(*within));
    Bilingual::new(
        format!(
            "The person that the request names (`{parameter}`) must have been identified for this \
             very request, at level \"{}\" at least and at most {age} ago, by a provider that the \
             data authority trusts. A yes and its certificate say by whom, at which level and \
             when; the holder can withhold that. A list of persons cannot be asked about.",
            level.en
        ),
        format!(
            "请求所载人员（`{parameter}`）须已就本次请求经数据主管部门信任的机构核验身份，级别不低于\
             “{}”，距今不超过 {age_zh}。肯定答复及电子证明载明核验机构、级别和时间，持有人可以隐去。\
             不得以名单批量查询。",
            level.zh
        ),
    )
}

fn kind(parameter: &Parameter) -> Bilingual {
    match &parameter.declared {
        ParameterType::ResidentId => {
            Bilingual::new("the number of the person asked about", "被查询人员的居民身份号码")
        }
        ParameterType::Enterprise => Bilingual::new(
            "the unified social credit code of the enterprise asked about",
            "被查询企业的统一社会信用代码",
        ),
        ParameterType::Vessel => Bilingual::new(
            "the ship identification number of the vessel asked about",
            "被查询船舶的船舶识别号",
        ),
        ParameterType::Vehicle => Bilingual::new(
            "the vehicle identification number of the vehicle asked about",
            "被查询车辆的车辆识别代号",
        ),
        ParameterType::PropertyUnit => Bilingual::new(
            "the code of the real-property unit asked about",
            "被查询不动产单元的代码",
        ),
        ParameterType::Uscc => Bilingual::new(
            "the unified social credit code of another enterprise, which no register is \
             asked about",
            "另一企业的统一社会信用代码（不以其检索登记）",
        ),
        ParameterType::Date(bounds) => {
            let (en, zh) = match bounds.not_after {
                Some(day) => (day.to_string(), day.to_string()),
                None => ("the day of the question".to_owned(), "查询当日".to_owned()),
            };
            let first = bounds.not_before;
            Bilingual::new(
                format!("a day, such as `2024-03-01`, from {first} to {en}"),
                format!("日期，如 `2024-03-01`，自 {first} 至 {zh}"),
            )
        }
        ParameterType::Period(bounds) => {
            let (en, zh) = match bounds.not_after {
                LastMonth::This => ("the month of the question", "查询当月"),
                LastMonth::Before => ("the month before the question", "查询上月"),
            };
            let most = bounds.most_months;
            Bilingual::new(
                format!(
                    "at most {most} months, such as `2024-01/2025-12`, until {en} at the latest"
                ),
                format!("不超过 {most} 个月的期间，如 `2024-01/2025-12`，至迟到{zh}"),
            )
        }
        ParameterType::Number(bounds) => Bilingual::new(
            format!("a whole number from {} to {}", bounds.min, bounds.max),
            format!("{} 至 {} 的整数", bounds.min, bounds.max),
        ),
        ParameterType::Region(level) => Bilingual::new(
            format!("the code of a {} that there is today", level.name()),
            format!("现行{}行政区划代码", level.zh()),
        ),
        ParameterType::Code(_) => {
            let words: Vec<Bilingual> =
                parameter.words.iter().map(|(word, title)| named(word, Some(title))).collect();
            let words = joined(&words);
            Bilingual::new(format!("one of {}", words.en), format!("{}之一", words.zh))
        }
    }
}
