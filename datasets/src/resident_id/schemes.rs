//! Identifiers of persons and organisations that are not resident ids. None of them is recognised
//! by its looks: an owner states which ones a column holds, and then a cell must have the whole
//! form of one.

use crate::date;

/// A scheme that an owner can state a column to hold, besides resident ids and unified social
/// credit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A passport's number (ICAO 9303): one or two letters, the first none of `I`, `O`, `X`, then 6
    /// to 8 digits, 8 or 9 characters in all.
    Passport,
    /// 港澳居民来往内地通行证: `H` or `M`, then 8 digits, or 10 in the old booklet.
    HongKongMacauPermit,
    /// 台湾居民来往大陆通行证: 8 digits, which are not a date.
    TaiwanPermit,
    /// 外国人永久居留证 as issued until 2023: three letters for the country, then 12 digits.
    PermanentResidence,
    /// 军官证 and the like: a character for the arm of service, `字第`, up to eight digits, `号`.
    MilitaryId,
    /// 组织机构代码 (GB 11714): eight characters and a check character.
    OrganisationCode,
}

/// Every scheme, by its name in a dataset file.
pub const SCHEMES: &[(&str, Scheme)] = &[
    ("passport", Scheme::Passport),
    ("hong_kong_macau_permit", Scheme::HongKongMacauPermit),
    ("taiwan_permit", Scheme::TaiwanPermit),
    ("permanent_residence", Scheme::PermanentResidence),
    ("military_id", Scheme::MilitaryId),
    ("organisation_code", Scheme::OrganisationCode),
];

/// Characters for arms of service on military ids.
const ARMS: &str = "军士文兵武警海空后装政参联火战";

impl Scheme {
    /// The scheme of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }

    /// Whether the folded text has the whole form of such a number, and is not a mere filling.
    pub(super) fn fits(self, text: &str) -> bool {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let digits = text.get(letters..).unwrap_or_default();
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        let filled = || {
            digits.bytes().all(|c| digits.starts_with(char::from(c)))
                || (letters == 0 && is_filler(text))
        };
        let fits = match self {
            Self::Passport => {
                (1..=2).contains(&letters)
                    && !text.starts_with(['I', 'O', 'X'])
                    && all_digits(digits)
                    && (8..=9).contains(&text.len())
            }
            Self::HongKongMacauPermit => {
                letters == 1
                    && text.starts_with(['H', 'M'])
                    && all_digits(digits)
                    && matches!(digits.len(), 8 | 10)
            }
            Self::TaiwanPermit => {
                text.len() == 8 && all_digits(text) && date::parse(text).is_none()
            }
            Self::PermanentResidence => letters == 3 && digits.len() == 12 && all_digits(digits),
            Self::MilitaryId => return is_military(text),
            Self::OrganisationCode => is_organisation(text),
        };
        fits && !filled()
    }
}

/// Digits that no one typed from a document: one of them again and again, or all in their order.
fn is_filler(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).take(8).collect();
    super::plausible::filled(&digits).iter().all(|filled| *filled)
}

fn is_military(text: &str) -> bool {
    let number = text
        .strip_prefix(|arm: char| ARMS.contains(arm))
        .and_then(|rest| rest.strip_prefix("字第")?.strip_suffix('号'));
    let number = number
        .map(|number| number.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(number));
    number.is_some_and(|number| {
        (4..=8).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit())
    })
}

/// Weights 3 7 9 10 5 8 4 2, check = 11 − sum mod 11, where 10 is `X` and 11 is 0.
fn is_organisation(text: &str) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let text = text.replace('-', "");
    let Some((body, check)) = text.split_at_checked(8).filter(|(_, check)| check.len() == 1) else {
        return false;
    };
    let value = |c: char| c.is_ascii_alphanumeric().then(|| c.to_digit(36)).flatten();
    let sum: Option<u32> =
        body.chars().zip(WEIGHTS).map(|(c, weight)| Some(value(c)? * weight)).sum();
    let right = sum.map(|sum| match 11 - sum % 11 {
        10 => "X".to_owned(),
        11 => "0".to_owned(),
        digit => digit.to_string(),
    });
    right.as_deref() == Some(check)
}
