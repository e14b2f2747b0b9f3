//! How many of a column's values can be read as each type.

use zerotrip_proto::v1::SemanticType;

use super::people::{is_address, is_name};
use crate::normal::unit_code::UnitCode;
use crate::normal::vessel_number::VesselNumber;
use crate::normal::vin::Vin;
use crate::normal::{division, money, month, person_name, phone, uscc};
use crate::resident_id::{Declared, SCHEMES, is_irregular};
use crate::{Reading, date, fold, parse};

/// What is tried, the strictest first: where two types fit alike, the first is meant.
const TRIED: [SemanticType; 12] = [
    SemanticType::ResidentId,
    SemanticType::Uscc,
    SemanticType::VesselNumber,
    SemanticType::Vin,
    SemanticType::UnitCode,
    SemanticType::Phone,
    SemanticType::Date,
    SemanticType::Month,
    SemanticType::DivisionCode,
    SemanticType::Money,
    SemanticType::PersonName,
    SemanticType::Address,
];

/// The values of a column, each with what it can be read as.
pub(super) struct Tally<'a> {
    sample: &'a [String],
    /// By their places in [`TRIED`].
    read: [u64; TRIED.len()],
    pub(super) values: u64,
    distinct: u64,
}

impl<'a> Tally<'a> {
    pub(super) fn of(sample: &'a [String]) -> Self {
        let mut read = [0; TRIED.len()];
        for (count, semantic) in read.iter_mut().zip(TRIED) {
            *count = sample.iter().filter(|value| reads(semantic, value)).count() as u64;
        }
        let mut words: Vec<&str> = sample.iter().map(String::as_str).collect();
        words.sort_unstable();
        words.dedup();
        Self { sample, read, values: sample.len() as u64, distinct: words.len() as u64 }
    }

    pub(super) fn read(&self, semantic: SemanticType) -> u64 {
        TRIED
            .iter()
            .zip(self.read)
            .find(|(tried, _)| **tried == semantic)
            .map_or(self.values, |(_, read)| read)
    }

    /// The type as which at least half of the values can be read; the strictest of those, unless a
    /// later one reads clearly more.
    pub(super) fn best(&self) -> Option<SemanticType> {
        let fitting = TRIED.into_iter().filter(|semantic| {
            self.read(*semantic) * 2 >= self.values.max(1) && self.is_plausible(*semantic)
        });
        fitting.reduce(
            |first, later| if self.read(later) * 4 > self.read(first) * 5 { later } else { first },
        )
    }

    /// The type that reads most of the values.
    pub(super) fn nearest(&self) -> SemanticType {
        let most = TRIED
            .into_iter()
            .reduce(|first, later| if self.read(later) > self.read(first) { later } else { first });
        most.unwrap_or(SemanticType::Text)
    }

    /// Numbers that run on are not divisions, of which a register has few.
    fn is_plausible(&self, semantic: SemanticType) -> bool {
        semantic != SemanticType::DivisionCode
            || self.values < 10
            || self.distinct * 2 <= self.values
    }

    /// Values that cannot be read as this type.
    pub(super) fn unread(&self, semantic: SemanticType) -> impl Iterator<Item = &'a str> {
        let known = TRIED.contains(&semantic);
        self.sample.iter().map(String::as_str).filter(move |value| known && !is_of(semantic, value))
    }

    /// What speaks for the type, in numbers.
    pub(super) fn reason(&self, semantic: SemanticType) -> String {
        let mut reason =
            format!("{} of {} values {}", self.read(semantic), self.values, said(semantic));
        let mut add = |count: usize, what: &str| {
            if count > 0 {
                reason.push_str(&format!("; {count} {what}"));
            }
        };
        let count =
            |fits: &dyn Fn(&str) -> bool| self.sample.iter().filter(|value| fits(value)).count();
        if semantic == SemanticType::ResidentId {
            add(
                count(&|value| {
                    is_person(value) && value.chars().filter(char::is_ascii_digit).count() == 15
                }),
                "have 15 digits",
            );
            add(count(&is_irregular), "are spelled irregularly");
            add(
                count(&|value| fold::unguarded(value) != value),
                "stand in a spreadsheet's guard, such as =\"…\"",
            );
            add(count(&|value| matches!(parse(value), Reading::Code(_))), "are of an enterprise");
            for (name, scheme) in SCHEMES {
                let declared = Declared { schemes: [*scheme].into(), ..Declared::default() };
                let is_one = |value: &str| {
                    matches!(parse(value), Reading::Unreadable)
                        && declared.accounted(value).is_some_and(|of| of.is_empty())
                };
                add(count(&is_one), &format!("of the form of a `{name}` number (see `schemes`)"));
            }
        }
        add(self.unread(semantic).count(), "cannot be read");
        reason
    }

    pub(super) fn text_reason(&self, nearest: SemanticType) -> String {
        match self.read(nearest) {
            0 => format!(
                "{} values, {} of them distinct, fit no other type",
                self.values, self.distinct
            ),
            read => format!(
                "{} values, {} of them distinct; only {read} {}",
                self.values,
                self.distinct,
                said(nearest)
            ),
        }
    }
}

/// What is said of values of a type.
fn said(semantic: SemanticType) -> &'static str {
    match semantic {
        SemanticType::ResidentId => "are resident ids",
        SemanticType::Uscc => "are unified social credit codes",
        SemanticType::VesselNumber => "are ship identification numbers",
        SemanticType::Vin => "are vehicle identification numbers",
        SemanticType::UnitCode => "are codes of real-property units",
        SemanticType::Phone => "are telephone numbers",
        SemanticType::Date => "are dates",
        SemanticType::Month => "are months",
        SemanticType::DivisionCode => "are division codes",
        SemanticType::Money => "are amounts of money",
        SemanticType::PersonName => "are built like persons' names",
        SemanticType::Address => "are built like addresses",
        SemanticType::Code | SemanticType::Text | SemanticType::Unspecified => "are text",
    }
}

/// Whether a value speaks for the type. Stricter than reading it: any number can be read as an
/// amount.
fn reads(semantic: SemanticType, value: &str) -> bool {
    match semantic {
        SemanticType::ResidentId => is_person(value),
        SemanticType::Money => is_marked_money(value),
        SemanticType::PersonName => person_name::read(value).is_some_and(|name| is_name(&name)),
        SemanticType::Address => is_address(value),
        other => is_of(other, value),
    }
}

/// Whether a value can be read as the type.
fn is_of(semantic: SemanticType, value: &str) -> bool {
    match semantic {
        SemanticType::ResidentId => !matches!(parse(value), Reading::Unreadable),
        SemanticType::Uscc => uscc::read(value).is_some(),
        SemanticType::VesselNumber => VesselNumber::read(value).is_some(),
        SemanticType::Vin => Vin::read(value).is_some(),
        SemanticType::UnitCode => UnitCode::read(value).is_some(),
        SemanticType::Phone => phone::read(value).is_some(),
        SemanticType::Date => date::parse(value).is_some(),
        // Whether the day of a whole date can be ignored is its owner's to say.
        SemanticType::Month => month::read(value, false).is_some(),
        SemanticType::DivisionCode => division::read(value).is_some(),
        SemanticType::Money => money::read(value).is_some(),
        SemanticType::PersonName => person_name::read(value).is_some(),
        SemanticType::Address
        | SemanticType::Code
        | SemanticType::Text
        | SemanticType::Unspecified => true,
    }
}

fn is_person(value: &str) -> bool {
    matches!(parse(value), Reading::Person(_))
}

/// An amount that is written as one: with its currency, its two decimals, or commas every three
/// digits.
fn is_marked_money(value: &str) -> bool {
    let text = fold::identifier(value);
    let decimals = text
        .trim_end_matches(['元', '万'])
        .rsplit_once('.')
        .is_some_and(|(_, decimals)| decimals.len() == 2);
    let marked =
        text.contains(['¥', '￥', '元', '万', ',']) || text.contains("RMB") || text.contains("CNY");
    (decimals || marked) && money::read(value).is_some()
}

/// Whether a column's name is a value, which no name is: a date, a telephone number, or digits in
/// such number that they could be of an id, masked or not.
pub fn is_value(name: &str) -> bool {
    /// Digits and masks side by side; what separates them, or pads them, is left out of
    /// account.
    const MOST: usize = 8;
    let (mut run, mut digits, mut longest) = (0_usize, 0_usize, 0_usize);
    for c in fold::identifier(name).chars() {
        match c {
            '0'..='9' => (run, digits) = (run + 1, digits + 1),
            'X' | '*' if run > 0 => run += 1,
            '-' | '.' | '·' | '/' if run > 0 => {}
            _ => (run, digits) = (0, 0),
        }
        if digits >= MOST / 2 {
            longest = longest.max(run);
        }
    }
    longest > MOST || date::parse(name).is_some() || phone::read(name).is_some()
}
