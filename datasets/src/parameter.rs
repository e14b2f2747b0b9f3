//! A check's parameters: texts in a request, read by the type that the check's definition declares.
//! Client, hub and connector read them by this one function.

use crate::{CivilDay, ResidentId, StrictError, Subject};

/// What a parameter is. The set is closed: a definition that declares another type is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// A resident id of 18 characters.
    ResidentId,
}

/// What a request says for a parameter, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name in the definition.
    pub name: String,
    /// The person it names.
    pub value: Subject,
}

/// Why a parameter cannot be read, and what to do about it. The value is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}`: {why}")]
pub struct ParameterError {
    /// The parameter.
    pub name: String,
    /// What is wrong with its text; the remedy is part of it.
    pub why: StrictError,
}

impl ParameterError {
    /// The same in Chinese.
    pub fn zh(&self) -> String {
        format!("参数 `{}`：{}", self.name, self.why.zh())
    }
}

impl ParameterType {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::ResidentId];

    /// As a definition declares it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|declared| declared.name() == name)
    }

    /// Reads the parameter `name`. Blanks, full-width digits and a lower-case `x` are forgiven; the
    /// value is canonical. With `today` given, an id that no one can hold by that day is refused
    /// too.
    pub fn parse(
        self,
        name: &str,
        text: &str,
        today: Option<CivilDay>,
    ) -> Result<Argument, ParameterError> {
        let value = match self {
            Self::ResidentId => match today {
                Some(today) => ResidentId::issued(text, today),
                None => ResidentId::new_strict(text),
            }
            .map(Subject::Resident),
        };
        match value {
            Ok(value) => Ok(Argument { name: name.to_owned(), value }),
            Err(why) => Err(ParameterError { name: name.to_owned(), why }),
        }
    }
}

impl ParameterType {
    /// Reads the parameter `name` of a signed request, which is canonical or refused. What is
    /// signed is shown again, in answers and certificates: it must be the very text that was
    /// asked about.
    pub fn read_signed(
        self,
        name: &str,
        text: &str,
        today: Option<CivilDay>,
    ) -> Result<Argument, ParameterError> {
        let argument = self.parse(name, text, today)?;
        if argument.value.as_key() == text {
            Ok(argument)
        } else {
            Err(ParameterError { name: name.to_owned(), why: StrictError::NotCanonical })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn a_parameter_is_canonical_or_its_name_and_the_remedy_are_said() {
        let resident = ParameterType::from_name("resident_id").unwrap();
        let parse = |text: &str, today| resident.parse("applicant", text, today);
        let read = parse(" 11010519491231002x", None).unwrap();
        assert_eq!((read.name.as_str(), read.value.as_key()), ("applicant", "11010519491231002X"));
        assert!(!format!("{read:?}").contains("19491231"), "{read:?}");
        let error = parse("110105194912310021", None).unwrap_err();
        assert!(error.to_string().starts_with("parameter `applicant`: "), "{error}");
        assert!(error.to_string().ends_with("compare with the card"), "{error}");
        assert!(error.zh().starts_with("参数 `applicant`：") && error.zh().ends_with("请对照证件"));
        // Of someone who is not born yet: in form, and refused where the day is known.
        let later = NaiveDate::from_ymd_opt(1949, 12, 30).map(CivilDay::of);
        let born = NaiveDate::from_ymd_opt(1949, 12, 31).map(CivilDay::of);
        assert!(parse("11010519491231002X", born).is_ok());
        let error = parse("11010519491231002X", later).unwrap_err();
        assert!(matches!(error.why, StrictError::NeverIssued { .. }), "{error}");
    }

    /// An id with marks that turn the order of reading looks like another one.
    #[test]
    fn what_is_signed_is_canonical() {
        let resident = ParameterType::ResidentId;
        let read = |text: &str| resident.read_signed("applicant", text, None);
        assert_eq!(read("11010519491231002X").unwrap().value.as_key(), "11010519491231002X");
        let folded =
            ["11010519491231002x", " 11010519491231002X", "１１０１０５１９４９１２３１００２Ｘ"];
        let marks =
            ['\u{200f}', '\u{200e}', '\u{ad}', '\u{feff}', '\u{2060}', '\r', '\0', '\u{202c}'];
        let marked = marks.map(|mark| format!("110{mark}10519491231002X"));
        for text in folded.into_iter().map(str::to_owned).chain(marked) {
            let error = read(&text).unwrap_err();
            let is_readable = resident.parse("applicant", &text, None).is_ok();
            assert!(!is_readable || error.why == StrictError::NotCanonical, "{text:?}: {error}");
        }
    }

    #[test]
    fn types_are_found_by_their_names_alone() {
        for declared in ParameterType::ALL {
            assert_eq!(ParameterType::from_name(declared.name()), Some(declared));
        }
        assert_eq!(ParameterType::from_name("text"), None);
    }
}
