//! Why a parameter cannot be read, and what to do about it, in both languages.

use std::fmt;

use zerotrip_text::Bilingual;

use super::bounds::Level;
use crate::StrictError;

/// Why a parameter cannot be read. The value is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// The parameter; of one that is not declared, a bounded piece of its name.
    pub name: String,
    /// What is wrong.
    pub why: ParameterFault,
}

/// What is wrong with a parameter's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterFault {
    /// Nothing that the check declares.
    Unknown {
        /// What it declares.
        known: Vec<String>,
    },
    /// Missing, or there twice.
    NotOnce,
    /// Not the number of a resident.
    Resident(StrictError),
    /// Not the code of an enterprise.
    NotUscc,
    /// Not the number of a vessel.
    NotVessel,
    /// Not the number of a vehicle.
    NotVehicle,
    /// Not the code of a real-property unit.
    NotPropertyUnit,
    /// It can be an enterprise's code and a resident's number.
    PersonsNumber,
    /// A code in another spelling than a signed message has it.
    CodeNotCanonical,
    /// Not a day.
    NotDate,
    /// Before the first day.
    TooEarly {
        /// That day.
        first: String,
    },
    /// After the last day or month.
    TooLate {
        /// That day or month.
        last: String,
    },
    /// Not a period.
    NotPeriod,
    /// Too many months.
    TooLong {
        /// As many there can be.
        most: u32,
    },
    /// Not a whole number.
    NotNumber,
    /// Beyond its bounds.
    OutOfBounds {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Not the code of a division of this level.
    NotRegion {
        /// The level.
        level: Level,
    },
    /// A division that there is no more.
    Abolished {
        /// Since that year.
        year: u16,
    },
    /// None of the words.
    NotWord {
        /// All of them.
        known: Vec<String>,
    },
    /// Readable, and spelled otherwise than a signed message has it.
    NotCanonical {
        /// As it has to be.
        canonical: String,
    },
}

/// Characters of an unknown name that are repeated.
const MOST_NAME: usize = 64;

impl ParameterError {
    pub(super) fn new(name: &str, why: ParameterFault) -> Self {
        Self { name: name.chars().take(MOST_NAME).collect(), why }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        let joint = if self.why == ParameterFault::NotOnce { " " } else { "：" };
        format!("参数 `{}`{joint}{}", self.name, self.why.zh())
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = if self.why == ParameterFault::NotOnce { " " } else { ": " };
        write!(f, "parameter `{}`{joint}{}", self.name, self.why)
    }
}

impl std::error::Error for ParameterError {}

impl ParameterFault {
    /// What is wrong, and what to do about it.
    pub fn said(&self) -> (Bilingual, Bilingual) {
        let list = |known: &[String]| known.join("`, `");
        match self {
            Self::Unknown { known } => both(
                ("the check has no such parameter", "该核验事项没有此参数"),
                (&format!("give `{}`", list(known)), &format!("请填写：`{}`", list(known))),
            ),
            Self::NotOnce => both(("must be given exactly once", "必须填写且只填一次"), ("", "")),
            Self::Resident(why) => {
                (Bilingual::new(why.to_string(), why.zh()), Bilingual::default())
            }
            Self::NotUscc => both(
                ("this is not a unified social credit code", "这不是统一社会信用代码"),
                (
                    "copy its 18 characters from the licence, where a 15-digit registration number \
                     and a 9-character organisation code do not do",
                    "请照营业执照填写 18 位代码，不接受 15 位注册号和 9 位组织机构代码",
                ),
            ),
            Self::NotVessel => both(
                ("this is not a ship identification number", "这不是船舶识别号"),
                (
                    "copy `CN` and its 11 digits, the first four of them the year of the keel, \
                     from the certificate of nationality, where an IMO number and an official \
                     number do not do",
                    "请照船舶国籍证书填写 `CN` 加 11 位数字（前四位为安放龙骨年份），不接受 IMO 编号和登记号码",
                ),
            ),
            Self::NotVehicle => both(
                (
                    "this is not a vehicle identification number with the right check digit",
                    "这不是校验位正确的车辆识别代号",
                ),
                (
                    "copy its 17 characters, which have no I, O or Q, from the registration \
                     certificate, where a number without a check digit (of older and of some \
                     imported vehicles), a number plate and an engine number do not do",
                    "请照机动车登记证书填写 17 位代号（不含字母 I、O、Q），不接受无校验位的代号（早年车辆及\
                     部分进口车辆）、号牌号码和发动机号",
                ),
            ),
            Self::NotPropertyUnit => both(
                ("this is not the code of a real-property unit", "这不是不动产单元代码"),
                (
                    "copy its 28 characters from the certificate, where the 19 characters of a \
                     parcel, a code given out until the parcel is surveyed and the number of the \
                     certificate do not do",
                    "请照不动产权证书填写 28 位代码，不接受 19 位宗地代码、虚拟单元代码和证书号",
                ),
            ),
            Self::PersonsNumber => both(
                (
                    "this is in form a resident id, and could be a person's",
                    "该号码符合居民身份号码的格式，可能属于个人",
                ),
                (
                    "compare it with the licence, for a code that cannot be told from a person's \
                     number cannot be given here",
                    "请对照营业执照，与居民身份号码无法区分的代码不能在此填写",
                ),
            ),
            Self::CodeNotCanonical => both(
                ("this code is not in its one spelling", "该代码的写法不规范"),
                (
                    "sign its 18 characters and nothing else, in upper case",
                    "请只签发 18 位代码本身，字母用大写",
                ),
            ),
            Self::NotDate => both(
                ("this is not a day", "这不是日期"),
                ("write it as `2024-03-01`", "请写作 `2024-03-01`"),
            ),
            Self::TooEarly { first } => both(
                (&format!("it is before {first}"), &format!("早于 {first}")),
                (&format!("give {first} or a later day"), &format!("请填写 {first} 或之后的日期")),
            ),
            Self::TooLate { last } => both(
                (&format!("it ends after {last}"), &format!("晚于 {last}")),
                (&format!("end it by {last}"), &format!("请填写不晚于 {last} 的时间")),
            ),
            Self::NotPeriod => both(
                ("this is not a period of months", "这不是以月计的期间"),
                (
                    "write its first and its last month as `2024-01/2025-12`",
                    "请写明首月和末月，如 `2024-01/2025-12`",
                ),
            ),
            Self::TooLong { most } => both(
                (&format!("it is longer than {most} months"), &format!("超过 {most} 个月")),
                ("ask about a shorter period", "请缩短期间"),
            ),
            Self::NotNumber => both(
                ("this is not a whole number", "这不是整数"),
                ("write digits alone, such as `12`", "请只写数字，如 `12`"),
            ),
            Self::OutOfBounds { min, max } => both(
                (
                    &format!("it is not between {min} and {max}"),
                    &format!("不在 {min} 至 {max} 之间"),
                ),
                ("give a number within these bounds", "请填写此范围内的整数"),
            ),
            Self::NotRegion { level } => both(
                (
                    &format!("this is not the code of a {}", level.name()),
                    &format!("这不是{}行政区划代码", level.zh()),
                ),
                (
                    &format!("give the six digits of GB/T 2260 of a {}", level.name()),
                    &format!("请填写{}行政区划的 6 位代码（GB/T 2260）", level.zh()),
                ),
            ),
            Self::Abolished { year } => both(
                (
                    &format!("this division was abolished in {year}"),
                    &format!("该行政区划已于 {year} 年撤销"),
                ),
                (
                    "give the code of the division that its area belongs to today",
                    "请填写其区域现所属行政区划的代码",
                ),
            ),
            Self::NotWord { known } => both(
                ("this is none of its words", "这不是可选的代码"),
                (&format!("give one of `{}`", list(known)), &format!("请选填：`{}`", list(known))),
            ),
            Self::NotCanonical { canonical } => both(
                ("a signed request has it in one spelling alone", "签名请求中的写法必须唯一"),
                (&format!("sign it as `{canonical}`"), &format!("请按 `{canonical}` 签发")),
            ),
        }
    }

    /// In Chinese.
    pub fn zh(&self) -> String {
        let (what, remedy) = self.said();
        if remedy.zh.is_empty() { what.zh } else { format!("{}；{}", what.zh, remedy.zh) }
    }
}

impl fmt::Display for ParameterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, remedy) = self.said();
        f.write_str(&what.en)?;
        if remedy.en.is_empty() { Ok(()) } else { write!(f, "; {}", remedy.en) }
    }
}

fn both(what: (&str, &str), remedy: (&str, &str)) -> (Bilingual, Bilingual) {
    (Bilingual::new(what.0, what.1), Bilingual::new(remedy.0, remedy.1))
}
