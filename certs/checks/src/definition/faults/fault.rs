//! One fault of a definition.

use std::fmt;

use zerotrip_text::shown;

/// One fault: in which file, where in it, what it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, with its folder.
    pub file: String,
    /// Where in the file; empty where it is all of it.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do; empty where the fault says it.
    pub remedy: String,
}

impl Fault {
    /// Some faults repeat a definition's own words. They are escaped, so that they cannot move the
    /// terminal's cursor.
    pub fn new(file: &str, place: &str, what: &str, remedy: &str) -> Self {
        Self { file: shown(file), place: shown(place), what: shown(what), remedy: shown(remedy) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.file, &self.place, &self.what];
        let said: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&said.join(": "))?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

/// Every fault of a definition.
#[derive(Debug)]
pub struct DefinitionError(pub Vec<Fault>);

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&faults.join("\n"))
    }
}

impl std::error::Error for DefinitionError {}
