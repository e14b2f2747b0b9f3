//! Which part of a driver's error may be passed on. Drivers put connection strings into their
//! messages, and systems put values of rows into them.

use zerotrip_odbc_wire::{Failure, Secret, Sort};

use crate::driver::DriverError;

/// Characters of a message.
const MOST_WORDS: usize = 400;
/// A message with this many consecutive characters of a secret is dropped like one with all of it.
const TELLING: usize = 6;
/// Classes of states whose messages hold no value of a row: connecting, authorisation, syntax
/// and names, time-outs, what a driver or its manager lacks.
const HARMLESS: [&str; 10] = ["08", "28", "3D", "3F", "42", "HYC", "HYT", "IM", "S00", "S1C"];

/// The words by which an error in connecting is classified.
const SORTS: [(Sort, &[&str]); 3] = [
    (
        Sort::NotLetIn,
        &[
            "authentication failed",
            "access denied",
            "login failed",
            "ora-01017",
            "invalid username",
        ],
    ),
    (
        Sort::NoDriver,
        &[
            "can't open lib",
            "no default driver",
            "driver's sqlallochandle",
            "specified driver could not be",
        ],
    ),
    (Sort::NoDatabase, &["unknown database", "cannot open database", "\" does not exist"]),
];

/// The secrets that no message may hold.
#[derive(Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// These secrets.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self(
            secrets
                .into_iter()
                .map(|secret| secret.0.to_lowercase())
                .filter(|secret| !secret.is_empty())
                .collect(),
        )
    }

    /// Whether the words hold a secret or a large part of one, or seem to.
    fn is_in(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let part = |secret: &String| {
            let chars: Vec<char> = secret.chars().collect();
            chars
                .windows(TELLING.min(chars.len()))
                .any(|part| words.contains(&part.iter().collect::<String>()))
        };
        words.contains("pwd=") || words.contains("password=") || self.0.iter().any(part)
    }
}

/// What the connector learns of an error.
pub fn failure(error: &DriverError, hidden: &Hidden, connecting: bool) -> Failure {
    let (state, native, words) = match error {
        DriverError::Odbc(
            odbc_api::Error::Diagnostics { record, .. }
            | odbc_api::Error::UnableToRepresentNull(record),
        ) => (
            record.state.as_str().to_owned(),
            record.native_error,
            String::from_utf8_lossy(&record.message).into_owned(),
        ),
        DriverError::Odbc(odbc_api::Error::NoDiagnostics { function }) => {
            let words = format!("the driver does not say why {function} failed");
            return Failure {
                state: "HY000".to_owned(),
                native: 0,
                sort: Sort::Other,
                words: Some(words),
            };
        }
        DriverError::Odbc(
            odbc_api::Error::FailedAllocatingEnvironment
            | odbc_api::Error::UnsupportedOdbcApiVersion(_),
        ) => {
            let words = "unixODBC cannot be used; it must know ODBC 3.80".to_owned();
            return Failure {
                state: "IM000".to_owned(),
                native: 0,
                sort: Sort::Other,
                words: Some(words),
            };
        }
        DriverError::Odbc(_) => ("HY000".to_owned(), 0, String::new()),
        other => {
            return Failure {
                state: "HY000".to_owned(),
                native: 0,
                sort: Sort::Other,
                words: Some(other.to_string()),
            };
        }
    };
    // Some drivers leave garbage in the state.
    let state =
        if state.bytes().all(|c| c.is_ascii_alphanumeric()) { state } else { "HY000".to_owned() };
    let may_say = connecting || HARMLESS.iter().any(|class| state.starts_with(class));
    let said = !words.trim().is_empty() && may_say && !hidden.is_in(&words);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let sort = if connecting { sort(&words) } else { Sort::Other };
    Failure {
        sort,
        words: said.then(|| words.trim().chars().map(plain).take(MOST_WORDS).collect()),
        state,
        native,
    }
}

fn sort(words: &str) -> Sort {
    let words = words.to_lowercase();
    let says = |(_, parts): &&(Sort, &[&str])| parts.iter().any(|part| words.contains(part));
    SORTS.iter().find(says).map_or(Sort::Other, |(sort, _)| *sort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_sorted_all_the_same() {
        assert_eq!(sort("FATAL:  password authentication failed for user \"x\""), Sort::NotLetIn);
        assert_eq!(sort("FATAL:  database \"x\" does not exist"), Sort::NoDatabase);
        assert_eq!(
            sort("[unixODBC][Driver Manager]Can't open lib 'x' : file not found"),
            Sort::NoDriver
        );
        assert_eq!(sort("Connection refused"), Sort::Other);
    }

    #[test]
    fn no_good_part_of_a_secret_is_said() {
        let hidden = Hidden::new(vec![
            Secret("Tr0ub4dor&3".into()),
            Secret("xy".into()),
            Secret(String::new()),
        ]);
        for words in ["near \"TR0UB4DOR&3\"", "…b4dor&", "`xy`", "Driver=x;PWD=", "password=…"]
        {
            assert!(hidden.is_in(words), "{words}");
        }
        for words in ["no such server", "dor&", ""] {
            assert!(!hidden.is_in(words), "{words}");
        }
    }
}
