//! What is wrong with a definition: every fault at once, each naming the thing and the remedy.

mod claims;
mod datasets;
mod steps;
mod variants;

use std::time::Duration;

use zerotrip_datasets::ParameterType;
use zerotrip_text::{Bilingual, cut, shown};

use super::model::{Definition, Parameter};
use super::names::{is_code, is_name};
use super::raw::RawParameter;

/// Longest type of a certificate, in bytes.
const MOST_VCT: usize = 256;
/// Most characters of a text that people read.
const MOST_WORDS: usize = 1000;

/// Every fault of a definition, each naming the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct DefinitionError(pub Vec<String>);
/// What was found so far.
pub(super) struct Faults<'a> {
    origin: &'a str,
    found: Vec<String>,
}

impl<'a> Faults<'a> {
    /// `origin` names the file.
    pub(super) fn new(origin: &'a str) -> Self {
        Self { origin, found: Vec::new() }
    }

    /// The definition, if nothing was found in it.
    pub(super) fn none_in(self, definition: Definition) -> Result<Definition, DefinitionError> {
        if self.found.is_empty() { Ok(definition) } else { Err(DefinitionError(self.found)) }
    }

    /// Some faults repeat a definition's own words. They are escaped, so that they cannot move the
    /// terminal's cursor.
    pub(super) fn add(&mut self, fault: String) {
        self.found.push(shown(&format!("{}: {fault}", self.origin)));
    }

    /// What people read, and what goes into certificates and answers under the check's name.
    pub(super) fn check_words(&mut self, definition: &Definition) {
        self.text("check.title", &definition.title);
        for variant in &definition.variants {
            self.text(&format!("variant `{}`: title", cut(&variant.name)), &variant.title);
        }
        for reason in &definition.reasons {
            let at = format!("reason `{}`", cut(&reason.code));
            for code in [Some(&reason.code), reason.requester_code.as_ref()]
                .into_iter()
                .flatten()
                .filter(|code| !is_code(code))
            {
                self.add(format!(
                    "{at}: `{}` is not a code; use upper-case letters, digits and `_`, at most \
                     64, a letter first",
                    cut(code)
                ));
            }
            self.text(&format!("{at}: requester"), &reason.requester);
            self.text(&format!("{at}: citizen"), &reason.citizen);
        }
        self.text("certificate.statement", &definition.certificate.statement);
        let vct = &definition.certificate.vct;
        if !(1..=MOST_VCT).contains(&vct.len()) || !vct.bytes().all(|byte| byte.is_ascii_graphic())
        {
            self.add(format!(
                "certificate.vct: `{}` is not a type; use 1 to {MOST_VCT} visible ASCII \
                 characters, no blanks",
                cut(vct)
            ));
        }
    }

    /// The parameters, each with its declared type.
    pub(super) fn parameters(&mut self, raw: &[RawParameter]) -> Vec<Parameter> {
        let mut parameters = Vec::with_capacity(raw.len());
        for parameter in raw {
            self.name("parameter.name", &parameter.name);
            let declared = ParameterType::from_name(&parameter.declared).unwrap_or_else(|| {
                let known = ParameterType::ALL.map(ParameterType::name).join("`, `");
                self.add(format!(
                    "parameter `{}`: type `{}` is not known; use `{known}`",
                    parameter.name, parameter.declared
                ));
                // The definition is refused; its other faults are named by this one's name.
                ParameterType::ResidentId
            });
            parameters.push(Parameter { name: parameter.name.clone(), declared });
        }
        // How many variants may be asked is counted by person: with two, each of them could be
        // asked about again beside another.
        let persons = parameters.iter().filter(|one| one.declared == ParameterType::ResidentId);
        if let Some(second) = persons.skip(1).map(|one| one.name.clone()).next() {
            self.add(format!(
                "parameter `{second}` is a second person; a check is about one. Reach the other by \
                 a register that relates the two"
            ));
        }
        parameters
    }

    fn text(&mut self, key: &str, text: &Bilingual) {
        for (language, text) in [("en", &text.en), ("zh", &text.zh)] {
            if text.trim().is_empty()
                || text.chars().count() > MOST_WORDS
                || text.chars().any(char::is_control)
            {
                self.add(format!(
                    "{key}.{language}: write 1 to {MOST_WORDS} characters in one line"
                ));
            }
        }
    }

    pub(super) fn name(&mut self, key: &str, name: &str) {
        if !is_name(name) {
            self.add(format!(
                "{key}: `{name}` is not a name; use lower-case letters, digits, `-` and `_`, at \
                 most 64, a letter first"
            ));
        }
    }

    pub(super) fn duration(&mut self, key: &str, text: &str, most: Duration) -> Duration {
        match zerotrip_text::duration(text) {
            Some(duration) if !duration.is_zero() && duration <= most => duration,
            _ => {
                self.add(format!(
                    "{key}: `{text}` is not a duration of 1s to {}s; write for example `10s` or \
                     `30d`",
                    most.as_secs()
                ));
                Duration::ZERO
            }
        }
    }
}
