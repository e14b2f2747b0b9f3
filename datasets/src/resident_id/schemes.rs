//! Identifiers that a column holds besides those by which it is looked up. None of them is
//! recognised by its looks: an owner states which ones a column holds, and then a cell must have
//! the whole form of one.

use zerotrip_proto::v1::SemanticType;

use crate::date;
use crate::normal::organisation_code::OrganisationCode;

/// A scheme that an owner can state a column to hold: of resident ids (which tells credit codes by
/// themselves), of credit codes, or of numbers of things.
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
    /// 纳税人识别号 of before 2015: a division of six digits and an organisation code.
    TaxNumber,
    /// 公民身份号码 (GB 11643), in a column of enterprises.
    ResidentId,
    /// 船舶识别号 without its `CN`, in a column of vessels.
    VesselDigits,
    /// 车架号后八位: the last eight characters of a vehicle identification number, in a column of
    /// vehicles. Which vehicle is meant they do not say for sure.
    VinTail,
}

/// Every scheme, by its name in a dataset file.
pub const SCHEMES: &[(&str, Scheme)] = &[
    ("passport", Scheme::Passport),
    ("hong_kong_macau_permit", Scheme::HongKongMacauPermit),
    ("taiwan_permit", Scheme::TaiwanPermit),
    ("permanent_residence", Scheme::PermanentResidence),
    ("military_id", Scheme::MilitaryId),
    ("organisation_code", Scheme::OrganisationCode),
    ("tax_number", Scheme::TaxNumber),
    ("resident_id", Scheme::ResidentId),
    ("vessel_digits", Scheme::VesselDigits),
    ("vin_tail", Scheme::VinTail),
];

/// Characters for arms of service on military ids.
const ARMS: &str = "军士文兵武警海空后装政参联火战";

impl Scheme {
    /// The scheme of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }

    /// Whether a column that holds numbers of this type can hold such numbers besides.
    pub fn is_beside(self, semantic: SemanticType) -> bool {
        match semantic {
            SemanticType::ResidentId => !matches!(
                self,
                Self::TaxNumber | Self::ResidentId | Self::VesselDigits | Self::VinTail
            ),
            SemanticType::Uscc => {
                matches!(self, Self::OrganisationCode | Self::TaxNumber | Self::ResidentId)
            }
            SemanticType::VesselNumber => self == Self::VesselDigits,
            SemanticType::Vin => self == Self::VinTail,
            _ => false,
        }
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
            Self::OrganisationCode => {
                OrganisationCode::of(text.replace('-', "").as_bytes()).is_some()
            }
            // Beside enterprises or things alone, by their own grammar.
            Self::TaxNumber | Self::ResidentId | Self::VesselDigits | Self::VinTail => {
                return false;
            }
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
