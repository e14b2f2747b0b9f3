//! The one function that reads parameters: exactly those that are declared, each once, each by its
//! grammar and within its bounds.

use zerotrip_proto::v1;

use super::argument::{Argument, Value};
use super::bounds::{self, Level};
use super::declared::ParameterType;
use super::fault::{ParameterError, ParameterFault};
use crate::normal::division;
use crate::normal::unit_code::UnitCode;
use crate::normal::uscc::Uscc;
use crate::normal::vessel_number::VesselNumber;
use crate::normal::vin::Vin;
use crate::{CivilDay, CivilMonth, ResidentId, StrictError, fold, vessel};

/// Longest text of a parameter, in bytes.
const MOST_TEXT: usize = 4096;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As a person types it: blanks, full-width forms and the case of an id are forgiven.
    Typed,
    /// As a request carries it: canonical, or refused. What is signed is shown again, in answers
    /// and certificates: it must be the very text that was asked about.
    Signed,
}

/// Reads what is given for the declared parameters: each exactly once, and no other. The answer is
/// in the order of the declarations. `today` is the day of the question; without it, bounds that
/// depend on it are not looked at.
pub fn read_all<'d>(
    declared: impl IntoIterator<Item = (&'d str, &'d ParameterType)>,
    given: &[v1::Parameter],
    spelling: Spelling,
    today: Option<CivilDay>,
) -> Result<Vec<Argument>, ParameterError> {
    let declared: Vec<(&str, &ParameterType)> = declared.into_iter().collect();
    let is_declared = |name: &str| declared.iter().any(|(known, _)| *known == name);
    if let Some(unknown) = given.iter().find(|given| !is_declared(&given.name)) {
        let known = declared.iter().map(|(name, _)| (*name).to_owned()).collect();
        return Err(ParameterError::new(&unknown.name, ParameterFault::Unknown { known }));
    }
    let mut read = Vec::with_capacity(declared.len());
    for (name, declared) in declared {
        let mut given = given.iter().filter(|given| given.name == name);
        let (Some(one), None) = (given.next(), given.next()) else {
            return Err(ParameterError::new(name, ParameterFault::NotOnce));
        };
        read.push(declared.read(name, &one.value, spelling, today)?);
    }
    Ok(read)
}

impl ParameterType {
    /// Reads the parameter `name`.
    pub fn read(
        &self,
        name: &str,
        text: &str,
        spelling: Spelling,
        today: Option<CivilDay>,
    ) -> Result<Argument, ParameterError> {
        let read = self.value(text, today).map(|value| Argument::new(name, value));
        let read = read.and_then(|argument| match spelling {
            Spelling::Signed if argument.text() != text => Err(self.not_canonical(&argument)),
            Spelling::Signed | Spelling::Typed => Ok(argument),
        });
        read.map_err(|why| ParameterError::new(name, why))
    }

    fn not_canonical(&self, argument: &Argument) -> ParameterFault {
        match self {
            Self::ResidentId => ParameterFault::Resident(StrictError::NotCanonical),
            Self::Enterprise | Self::Uscc => ParameterFault::CodeNotCanonical,
            _ => ParameterFault::NotCanonical { canonical: argument.text().to_owned() },
        }
    }

    fn value(&self, text: &str, today: Option<CivilDay>) -> Result<Value, ParameterFault> {
        let short = text.get(..text.len().min(MOST_TEXT)).unwrap_or_default();
        match self {
            Self::ResidentId => {
                let id = match today {
                    Some(today) => ResidentId::issued(text, today),
                    None => ResidentId::new_strict(text),
                };
                id.map(Value::from).map_err(ParameterFault::Resident)
            }
            Self::Enterprise => enterprise(short).map(Value::from),
            Self::Vessel => numbered(short, today).map(Value::from),
            Self::Vehicle => Vin::read(short).map(Value::from).ok_or(ParameterFault::NotVehicle),
            Self::PropertyUnit => {
                UnitCode::read(short).map(Value::from).ok_or(ParameterFault::NotPropertyUnit)
            }
            Self::Uscc => enterprise(short).map(Value::Enterprise),
            Self::Date(bounds) => date(short, *bounds, today),
            Self::Period(bounds) => period(short, *bounds, today),
            Self::Number(bounds) => {
                let number = number(short).ok_or(ParameterFault::NotNumber)?;
                let fits = (bounds.min..=bounds.max).contains(&number);
                let out = ParameterFault::OutOfBounds { min: bounds.min, max: bounds.max };
                fits.then_some(Value::Number(number)).ok_or(out)
            }
            Self::Region(level) => region(short, *level),
            Self::Code(words) => {
                let word = fold::narrowed(short).trim().to_owned();
                if words.contains(&word) {
                    return Ok(Value::Code(word));
                }
                Err(ParameterFault::NotWord { known: words.iter().cloned().collect() })
            }
        }
    }
}

/// A code that is a person's number too is nobody's in particular.
fn enterprise(text: &str) -> Result<Uscc, ParameterFault> {
    if ResidentId::new_strict(text).is_ok() {
        return Err(ParameterFault::PersonsNumber);
    }
    Uscc::read(text).ok_or(ParameterFault::NotUscc)
}

/// A vessel's number, of a keel that can have been laid by that day.
fn numbered(text: &str, today: Option<CivilDay>) -> Result<VesselNumber, ParameterFault> {
    let number = VesselNumber::read(text).ok_or(ParameterFault::NotVessel)?;
    let is_to_come = today.is_some_and(|today| vessel::is_to_come(&number, today));
    if is_to_come { Err(ParameterFault::NotVessel) } else { Ok(number) }
}

fn date(
    text: &str,
    bounds: bounds::DateBounds,
    today: Option<CivilDay>,
) -> Result<Value, ParameterFault> {
    let day = bounds::day(&fold::identifier(text)).ok_or(ParameterFault::NotDate)?;
    if day < bounds.not_before {
        return Err(ParameterFault::TooEarly { first: bounds.not_before.to_string() });
    }
    let last = bounds.not_after.or(today.map(CivilDay::date));
    match last.filter(|last| day > *last) {
        Some(last) => Err(ParameterFault::TooLate { last: last.to_string() }),
        None => Ok(Value::Date(day)),
    }
}

fn period(
    text: &str,
    bounds: bounds::PeriodBounds,
    today: Option<CivilDay>,
) -> Result<Value, ParameterFault> {
    let folded = fold::identifier(text);
    let ends = folded.split_once('/');
    let ends =
        ends.and_then(|(first, last)| Some((CivilMonth::parse(first)?, CivilMonth::parse(last)?)));
    let (first, last) = ends.ok_or(ParameterFault::NotPeriod)?;
    if last < first {
        return Err(ParameterFault::NotPeriod);
    }
    // Both months count.
    if i64::from(last.since(first)) >= i64::from(bounds.most_months) {
        return Err(ParameterFault::TooLong { most: bounds.most_months });
    }
    // A day without a month before it is not one of this calendar.
    let latest = today.map(|today| bounds.not_after.on(today).ok_or(ParameterFault::NotPeriod));
    match latest.transpose()?.filter(|latest| last > *latest) {
        Some(latest) => Err(ParameterFault::TooLate { last: latest.to_string() }),
        None => Ok(Value::Period { first, last }),
    }
}

/// Digits, after a sign where it is below 0.
fn number(text: &str) -> Option<i64> {
    let folded = fold::identifier(text);
    let digits = folded.strip_prefix('-').unwrap_or(&folded);
    let is_number = (1..=18).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| folded.parse().ok()).flatten()
}

fn region(text: &str, level: Level) -> Result<Value, ParameterFault> {
    let folded = fold::identifier(text);
    let is_code = folded.len() == 6 && folded.bytes().all(|c| c.is_ascii_digit());
    // Rows name the district that it belongs to now: with its old code none of them would be found.
    if let Some(year) = division::abolished(&folded).filter(|_| is_code) {
        return Err(ParameterFault::Abolished { year });
    }
    let code = division::read(&folded).filter(|_| is_code);
    let code = code.filter(|code| Level::of(code) == level);
    code.map(Value::Region).ok_or(ParameterFault::NotRegion { level })
}
